"""The attestation service, in Microsoft Azure Attestation's wire forms."""
import base64
import hashlib
import os
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
def an_open_enclave_report_is_attested():
    body = attester.body(RUNTIME, form="open-enclave")
    body["report"] = body.pop("quote")
    answer = attester.post(body, "/attest/OpenEnclave?api-version=2020-10-01")
    equal(answer.status, 200, answer.body)
    equal(jose.parts(answer.json()["token"])[1]["x-ms-sgx-mrenclave"], MRENCLAVE)


@claim
def empty_binary_runtime_data_is_held_too():
    body = {"quote": attester.quote(hashlib.sha256(b"").digest() + bytes(32)), "runtimeData": {"data": "", "dataType": "Binary"}}
    answer = attester.post(body)
    equal(answer.status, 200, answer.body)
    equal(jose.parts(answer.json()["token"])[1]["x-ms-sgx-ehd"], "")


@claim
def what_is_not_evidence_of_a_kind_is_refused_as_such():
    for kind in ("SevSnpVm", "TdxVm", "OpenEnclave", "AzureGuest", "Tpm", "Vbs"):
        answer = attester.post({}, f"/attest/{kind}?api-version=2022-08-01")
        equal((answer.status, answer.code()), (400, "InvalidParameter"), kind)


BUNDLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "evidence", "vectors", "bundles")


def read(*path):
    with open(os.path.join(BUNDLES, *path), "rb") as f:
        return f.read()


@claim
def hardware_is_refused_without_collateral():
    body = attester.body(RUNTIME)  # the simulated platform needs none
    equal(attester.post(body).status, 200)
    if os.path.isdir(BUNDLES):
        refused({"quote": b64url(read("sgx", "phala-network-sgx-quote-250619", "quote.bin"))}, "COLLATERAL_MISSING")


@claim
def collateral_is_found_by_platform():
    if not os.path.isdir(BUNDLES):
        return
    kinds = (("sgx", "phala-network-sgx-quote-250619"), ("tdx", "google-cos-113-tdx-quote-dat-260612"))
    more = [text for kind in kinds for text in ("--collateral", os.path.join(BUNDLES, *kind))]
    other = Server(sys.argv[1], more=more)
    try:
        for path, kind in zip(("SgxEnclave", "TdxVm"), kinds):
            answer = Attester(other, sys.argv[2]).post({"quote": b64url(read(*kind, "quote.bin"))}, f"/attest/{path}?api-version=2025-06-01")
            equal((answer.status, answer.inner()), (400, "COLLATERAL_OLD"), answer.body)
    finally:
        other.close()


@claim
def every_decision_is_in_the_audit_trail():
    decisions = [line["decision"] for line in server.audit() if line["action"] == "attest"]
    assert decisions.count("attested") >= 5 and decisions.count("refused") >= 10, decisions


try:
    tap.run()
finally:
    server.close()
