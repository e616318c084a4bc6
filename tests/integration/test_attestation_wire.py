"""The attestation service, in Microsoft Azure Attestation's wire forms."""
import base64
import hashlib
import sys

import jose
import tap
from attestation import MRENCLAVE, Attester
from local_server import Server, b64url, unb64url
from tap import claim, equal

server = Server(sys.argv[1])
attester = Attester(server, sys.argv[2])
base = server.info["attest"]
RUNTIME = {"contract": "ab" * 32, "keys": []}


def refused(body, inner=None):
    answer = attester.post(body)
    equal((answer.status, answer.code()), (400, "InvalidParameter"))
    if inner:
        equal(answer.inner(), inner)


@claim
def discovery_names_issuer_and_keys():
    body = server.request("GET", "/.well-known/openid-configuration").json()
    equal((body["issuer"], body["jwks_uri"]), (base, base + "/certs"))


@claim
def the_kid_is_the_digest_of_the_public_key():
    key = server.request("GET", "/certs").json()["keys"][0]
    pem = jose.openssl("x509", "-inform", "DER", "-pubkey", "-noout", data=base64.b64decode(key["x5c"][0]))
    equal(key["kid"], base64.b64encode(hashlib.sha256(pem + b"\0").digest()).decode())
    assert "n" not in key and (key["alg"], key["use"], key["kty"]) == ("RS256", "sig", "RSA")


@claim
def the_certificate_is_named_by_the_url_and_signs_itself():
    der = base64.b64decode(server.request("GET", "/certs").json()["keys"][0]["x5c"][0])
    text = jose.openssl("x509", "-inform", "DER", "-noout", "-subject", "-issuer", data=der).decode()
    equal(text.count(f"CN = {base}\n"), 2)


@claim
def a_token_verifies_and_has_every_claim_with_its_type():
    body = attester.body(RUNTIME)
    body["nonce"] = "once"
    token = attester.post(body).json()["token"]
    key = server.request("GET", "/certs").json()["keys"][0]
    assert jose.verify(token, base64.b64decode(key["x5c"][0]))
    header, claims, _ = jose.parts(token)
    equal((header["alg"], header["typ"], header["jku"], header["kid"]), ("RS256", "JWT", base + "/certs", key["kid"]))
    report = hashlib.sha256(unb64url(body["runtimeData"]["data"])).digest() + bytes(32)
    expected = {"iss": base, "x-ms-ver": "1.0", "x-ms-attestation-type": "sgx", "x-ms-sgx-is-debuggable": False,
                "x-ms-sgx-mrenclave": MRENCLAVE, "x-ms-sgx-product-id": 1, "x-ms-sgx-svn": 1,
                "x-ms-sgx-mrsigner": hashlib.sha256(b"coffer simulated signer").hexdigest(), "x-ms-sgx-report-data": report.hex(),
                "x-ms-runtime": RUNTIME, "nonce": "once", "is-debuggable": False, "sgx-mrenclave": MRENCLAVE, "tee": "sgx",
                "product-id": 1, "svn": 1, "coffer-platform": "simulated"}
    for name, value in expected.items():
        equal(claims[name], value, name)
        equal(type(claims[name]), type(value), name)
    equal(claims["exp"] - claims["iat"], 28800)
    equal(claims["nbf"], claims["iat"])
    equal(len(claims["jti"]), 64)
    equal(claims["x-ms-policy"]["tee"], "sgx")
    quote_hash = hashlib.sha256(unb64url(body["quote"])).hexdigest()
    equal(claims["x-ms-sgx-collateral"], {"quotehash": quote_hash})
    equal(len(unb64url(claims["x-ms-policy-hash"])), 32)
    assert "x-ms-sgx-ehd" not in claims


@claim
def binary_runtime_data_comes_back_as_held_data():
    _, claims, _ = jose.parts(attester.token(b"\x01\x02", data_type="Binary"))
    equal(claims["x-ms-sgx-ehd"], b64url(b"\x01\x02"))
    assert "x-ms-runtime" not in claims


@claim
def a_number_as_nonce_comes_back_as_text():
    body = dict(attester.body(RUNTIME), nonce=12345)
    equal(jose.parts(attester.post(body).json()["token"])[1]["nonce"], "12345")


@claim
def padded_base64url_is_accepted():
    body = attester.body(RUNTIME)
    for place, name in ((body, "quote"), (body["runtimeData"], "data")):
        place[name] += "=" * (-len(place[name]) % 4)
    equal(attester.post(body).status, 200)


@claim
def a_quote_without_runtime_data_is_attested():
    equal(attester.post({"quote": attester.quote(bytes(64))}).status, 200)


@claim
def the_path_is_matched_without_regard_to_case():
    equal(attester.post(attester.body(RUNTIME), "/attest/sgxenclave?api-version=2022-08-01").status, 200)


@claim
def a_debuggable_enclave_gets_a_token_that_says_so():
    _, claims, _ = jose.parts(attester.token(RUNTIME, debug=True))
    equal(claims["x-ms-sgx-is-debuggable"], True)


@claim
def runtime_data_that_the_quote_does_not_bind_is_refused():
    body = attester.body(RUNTIME)
    body["runtimeData"]["data"] = b64url(b'{"contract":"%s"}' % (b"cd" * 32))
    refused(body, "EVIDENCE_BINDING")


@claim
def duplicate_members_in_runtime_data_are_refused():
    refused(attester.body(b'{"contract":"%s","contract":"%s"}' % (b"ab" * 32, b"cd" * 32)), "BAD_JSON")


@claim
def runtime_data_that_is_no_object_is_refused():
    refused(attester.body(b"[1]"))


@claim
def a_flipped_bit_of_the_quote_is_refused():
    body = attester.body(RUNTIME)
    quote = bytearray(unb64url(body["quote"]))
    for place in (60, 112, 200, 368, 440, 520, 600, 1000, 1100):
        altered = bytearray(quote)
        altered[place] ^= 1
        refused(dict(body, quote=b64url(bytes(altered))))


@claim
def a_quote_of_another_installation_is_refused():
    other = Server(sys.argv[1])
    try:
        body = Attester(other, sys.argv[2]).body(RUNTIME)
    finally:
        other.close()
    refused(body, "EVIDENCE_UNTRUSTED")


@claim
def a_request_without_a_quote_is_refused():
    for body in ("", "{}", "[]", "nonsense", '{"quote":5}', '{"quote":"!!"}', '{"quote":""}'):
        refused(body)


@claim
def a_draft_policy_is_refused():
    refused(dict(attester.body(RUNTIME), draftPolicyForAttestation="version= 1.0;"), "UNSUPPORTED")


@claim
def other_kinds_of_evidence_are_refused():
    for kind in ("SevSnpVm", "TdxVm", "OpenEnclave", "Tpm"):
        equal(attester.post({}, f"/attest/{kind}?api-version=2022-08-01").status, 400, kind)


@claim
def every_decision_is_in_the_audit_trail():
    decisions = [line["decision"] for line in server.audit() if line["action"] == "attest"]
    assert decisions.count("attested") >= 5 and decisions.count("refused") >= 10, decisions


try:
    tap.run()
finally:
    server.close()
