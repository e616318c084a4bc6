"""Secure key release: who gets a key, and every way in which nobody does."""
import base64
import hashlib
import json
import os
import sys
import time

import jose
import tap
from attestation import MRENCLAVE, Attester
from local_server import Server, b64url, unb64url
from tap import claim, equal

server = Server(sys.argv[1])
attester = Attester(server, sys.argv[2])
base = server.info["vault"]
CONTRACT = "ab" * 32
TRANSFER = jose.new_key()
numbers = iter(range(10000))


def contract():
    return os.urandom(32).hex()


def runtime(**change):
    keys = [jose.public_jwk(TRANSFER, "coffer-transfer", ["encrypt"])]
    return dict({"contract": CONTRACT, "run": os.urandom(16).hex(), "keys": keys}, **change)


def policy(digest=CONTRACT, authority=None, **more):
    conditions = [{"claim": "x-ms-attestation-type", "equals": "sgx"}, {"claim": "x-ms-sgx-is-debuggable", "equals": False},
                  {"anyOf": [{"claim": "x-ms-sgx-mrenclave", "equals": MRENCLAVE}]},
                  {"claim": "x-ms-runtime.contract", "equals": digest}]
    return {"version": "1.0.0", "anyOf": [{"authority": authority or base, "allOf": conditions}]}


def make_key(given=None, tags=None, kty="RSA-HSM", key_size=None, crv=None, **attributes):
    text = json.dumps(given or policy())
    body = {"kty": kty, "key_size": key_size or (2048 if kty == "RSA-HSM" else None), "crv": crv,
            "attributes": dict({"exportable": True}, **attributes),
            "release_policy": {"data": b64url(text.encode())}, "tags": tags or {}}
    answer = server.vault("owner", "POST", f"/keys/key-{next(numbers)}/create", body)
    equal(answer.status, 200, answer.body)
    return answer.json()


def release(stored, token, who="agent", **more):
    return server.vault(who, "POST", stored["key"]["kid"][len(base):] + "/release", dict({"target": token}, **more))


def refused(answer, inner):
    equal((answer.status, answer.code(), answer.inner()), (403, "Forbidden", inner), answer.body)
    assert CONTRACT not in answer.body.decode() and MRENCLAVE not in answer.body.decode(), "the caller is told the code alone"


KEY = make_key()


@claim
def an_attested_enclave_gets_the_key_wrapped_to_its_own():
    for enc, digest in ((None, "sha1"), ("CKM_RSA_AES_KEY_WRAP", "sha1"), ("RSA_AES_KEY_WRAP_256", "sha256"),
                        ("RSA_AES_KEY_WRAP_384", "sha384")):
        more = {"enc": enc} if enc else {}
        answer = release(KEY, attester.token(runtime()), nonce="n-1", **more)
        equal(answer.status, 200, answer.body)
        header, payload, _ = jose.parts(answer.json()["value"])
        inner = payload["response"]["key"]["key"]
        hsm = json.loads(unb64url(inner["key_hsm"]))
        equal(hsm["header"], {"kid": "coffer-transfer", "alg": "dir", "enc": enc or "CKM_RSA_AES_KEY_WRAP"})
        equal(payload["request"], {"api-version": "7.5", "enc": enc or "CKM_RSA_AES_KEY_WRAP", "kid": KEY["key"]["kid"],
                                   "nonce": "n-1"})
        pkcs8 = jose.unwrap_released(TRANSFER, unb64url(hsm["ciphertext"]), digest)
        pem = jose.openssl("pkcs8", "-inform", "DER", "-nocrypt", data=pkcs8)
        equal(jose.public_jwk(pem, "", [])["n"], KEY["key"]["n"], "the modulus of the released key")


@claim
def the_answer_is_signed_by_a_chain_for_this_host():
    header, _, _ = jose.parts(release(KEY, attester.token(runtime())).json()["value"])
    token = release(KEY, attester.token(runtime())).json()["value"]
    leaf, root = [base64.b64decode(c) for c in header["x5c"]]
    assert jose.verify(token, leaf)
    sha1 = jose.openssl("x509", "-inform", "DER", "-noout", "-fingerprint", "-sha1", data=leaf).decode().split("=")[1]
    equal(header["kid"], sha1.strip().replace(":", ""))
    equal((header["alg"], header["typ"], header["x5t"]), ("RS256", "JWT", b64url(bytes.fromhex(header["kid"]))))
    pem = jose.openssl("x509", "-inform", "DER", data=leaf)
    checked = jose.with_file(pem, lambda name: jose.openssl("verify", "-CAfile", server.info["ca"], "-verify_hostname",
                                                           "localhost", name))
    assert checked.endswith(b": OK\n"), checked
    with open(server.info["ca"]) as f:
        assert root == jose.openssl("x509", "-outform", "DER", data=f.read().encode())


@claim
def the_current_version_can_be_released_without_naming_it():
    name = KEY["key"]["kid"].split("/")[4]
    answer = server.vault("agent", "POST", f"/keys/{name}/release", {"target": attester.token(runtime())})
    equal(jose.parts(answer.json()["value"])[1]["request"]["kid"], f"{base}/keys/{name}")


@claim
def the_owner_who_may_do_everything_else_may_not_release():
    refused(release(KEY, attester.token(runtime()), who="owner"), "ForbiddenByRbac")


@claim
def a_debuggable_enclave_gets_nothing():
    refused(release(KEY, attester.token(runtime(), debug=True)), "ReleasePolicyNotMet")


@claim
def another_measurement_gets_nothing():
    refused(release(KEY, attester.token(runtime(), mrenclave="5b" * 32)), "ReleasePolicyNotMet")


@claim
def another_contract_gets_nothing():
    refused(release(KEY, attester.token(runtime(contract="cd" * 32))), "ReleasePolicyNotMet")
    refused(release(KEY, attester.token(runtime(contract=CONTRACT.upper()))), "ReleasePolicyNotMet")
    refused(release(KEY, attester.token(runtime(contract=[CONTRACT]))), "ReleasePolicyNotMet")


@claim
def a_policy_of_another_authority_is_not_met_by_ours():
    key = make_key(policy(authority="https://sharedeus.eus.attest.azure.net"))
    refused(release(key, attester.token(runtime())), "ReleasePolicyNotMet")


def forge(change=None, header_change=None, key=None, text=None):
    header, claims, _ = jose.parts(attester.token(runtime()))
    header.update(header_change or {})
    claims.update(change or {})
    return jose.sign(key or jose.read_key(server.path("attest", "signing.key")), header, text(claims) if text else claims)


@claim
def a_forged_token_gets_nothing():
    equal(release(KEY, forge()).status, 200, "a right token made in the same way")
    own = jose.new_key()
    refused(release(KEY, forge(key=own)), "AttestationInvalid")
    refused(release(KEY, forge(key=own, header_change={"jku": "https://evil.example/certs", "kid": "mine"})), "AttestationInvalid")
    refused(release(KEY, forge(key=jose.read_key(server.path("identity", "signing.key")))), "AttestationInvalid")
    refused(release(KEY, forge({"iss": "https://evil.example"})), "AttestationInvalid")
    token = forge()
    refused(release(KEY, token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")), "AttestationInvalid")
    header, payload, _ = token.split(".")
    none = b64url(json.dumps(dict(json.loads(unb64url(header)), alg="none")).encode())
    refused(release(KEY, f"{none}.{payload}."), "AttestationInvalid")
    for text in ("", "a.b.c", "....", "x" * 70000):
        assert release(KEY, text).status in (400, 403), text[:10]


@claim
def an_access_token_is_no_evidence():
    refused(release(KEY, server.token("agent")), "AttestationInvalid")


@claim
def an_expired_token_gets_nothing():
    now = int(time.time())
    refused(release(KEY, forge({"iat": now - 30000, "nbf": now - 30000, "exp": now - 1000})), "AttestationExpired")


@claim
def a_token_of_the_future_gets_nothing():
    now = int(time.time())
    refused(release(KEY, forge({"nbf": now + 1000, "iat": now + 1000, "exp": now + 2000})), "AttestationInvalid")


@claim
def duplicate_claims_are_no_way_around_the_policy():
    def twice(claims):
        evil = json.dumps(dict(claims["x-ms-runtime"], contract="cd" * 32))
        return json.dumps(claims)[:-1] + f',"x-ms-runtime":{evil}' + "}"
    refused(release(KEY, forge(text=twice)), "AttestationInvalid")


@claim
def a_key_is_released_to_no_key_but_the_attested_one():
    own = jose.new_key()
    own_jwk = jose.public_jwk(own, "coffer-transfer", ["encrypt"])
    answer = release(KEY, attester.token(runtime()), key=own_jwk, kek=own_jwk, keys=[own_jwk],
                     **{"x-ms-runtime": {"keys": [own_jwk]}})
    blob = unb64url(json.loads(unb64url(jose.parts(answer.json()["value"])[1]["response"]["key"]["key"]["key_hsm"]))["ciphertext"])
    assert jose.unwrap_released(TRANSFER, blob, "sha1")
    try:
        jose.unwrap_released(own, blob, "sha1")
    except (RuntimeError, AssertionError):
        pass
    else:
        raise AssertionError("the requester's own key opens it")
    with_own = attester.body(runtime())
    with_own["runtimeData"]["data"] = b64url(json.dumps(runtime(keys=[own_jwk])).encode())
    equal(attester.post(with_own).status, 400, "keys that the quote does not bind are not attested")


@claim
def without_an_attested_encryption_key_nothing_is_released():
    sign_only = [jose.public_jwk(TRANSFER, "k", ["verify"])]
    for keys in ([], sign_only, "x", [5], [{"kty": "EC", "key_ops": ["encrypt"]}], None):
        refused(release(KEY, attester.token(runtime(keys=keys))), "NoEncryptionKey")
    short = {"kty": "RSA", "key_ops": ["encrypt"], "n": b64url(b"\xff" * 64), "e": "AQAB"}
    refused(release(KEY, attester.token(runtime(keys=[short]))), "NoEncryptionKey")


@claim
def disabled_and_expired_keys_are_not_released():
    refused(release(make_key(enabled=False), attester.token(runtime())), "KeyDisabled")
    refused(release(make_key(exp=int(time.time()) - 10), attester.token(runtime())), "KeyExpired")
    refused(release(make_key(nbf=int(time.time()) + 1000), attester.token(runtime())), "KeyExpired")


@claim
def keys_that_are_not_exportable_are_not_released():
    made = server.vault("owner", "POST", "/keys/inside/create", {"kty": "RSA"}).json()
    refused(release(made, attester.token(runtime())), "KeyNotExportable")


@claim
def unknown_ways_to_wrap_are_bad_parameters():
    for enc in ("RSA_AES_KEY_WRAP_512", "rsa_aes_key_wrap_256", "none", "", 5, ["CKM_RSA_AES_KEY_WRAP"]):
        equal(release(KEY, attester.token(runtime()), enc=enc).status, 400, enc)


@claim
def a_nonce_that_is_no_short_text_is_a_bad_parameter():
    for nonce in (5, True, ["n"], {"n": 1}, "n" * 257):
        equal(release(KEY, attester.token(runtime()), nonce=nonce).status, 400, str(nonce)[:9])
    equal(release(KEY, attester.token(runtime()), nonce="n" * 256).status, 200)


def material(answer):
    equal(answer.status, 200, answer.body)
    key = jose.parts(answer.json()["value"])[1]["response"]["key"]["key"]
    return key, jose.unwrap_released(TRANSFER, unb64url(json.loads(unb64url(key["key_hsm"]))["ciphertext"]), "sha1")


@claim
def elliptic_curve_keys_are_released_as_pkcs8():
    for curve, oid in (("P-256", "prime256v1"), ("P-384", "secp384r1"), ("P-521", "secp521r1"), ("P-256K", "secp256k1")):
        shown, pkcs8 = material(release(make_key(kty="EC-HSM", crv=curve), attester.token(runtime())))
        equal((shown["kty"], shown["crv"]), ("EC-HSM", curve))
        text = jose.openssl("pkey", "-inform", "DER", "-noout", "-text", data=pkcs8).decode()
        assert f"ASN1 OID: {oid}" in text, text
        public = jose.openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=pkcs8)
        assert public.endswith(unb64url(shown["x"]) + unb64url(shown["y"])), "the public key that the vault shows"


@claim
def symmetric_keys_are_released_as_their_bytes():
    for bits in (128, 192, 256):
        shown, secret = material(release(make_key(kty="oct-HSM", key_size=bits), attester.token(runtime())))
        equal((shown["kty"], len(secret) * 8), ("oct-HSM", bits))
        assert "k" not in shown


@claim
def a_request_with_duplicate_members_is_refused():
    token, other = attester.token(runtime()), attester.token(runtime(contract="cd" * 32))
    for text in (f'{{"target":"{other}","target":"{token}"}}', f'{{"target":"{token}","enc":"RSA_AES_KEY_WRAP_256","enc":null}}'):
        equal(server.vault("agent", "POST", KEY["key"]["kid"][len(base):] + "/release", text).status, 400)


@claim
def a_policy_with_duplicate_members_is_never_set():
    text = json.dumps(policy())
    for twice in (text.replace('"equals": false', '"equals": true, "equals": false'),
                  text[:-1] + ', "anyOf": [{"authority": "https://evil.example", "allOf": [{"claim": "x", "equals": 1}]}]}',
                  text.replace('"authority"', '"authority": "https://evil.example", "authority"')):
        assert twice != text
        answer = server.vault("owner", "POST", f"/keys/key-{next(numbers)}/create",
                              {"kty": "RSA", "attributes": {"exportable": True}, "release_policy": {"data": b64url(twice.encode())}})
        equal((answer.status, answer.code()), (400, "BadParameter"), answer.body)


@claim
def keys_elsewhere_in_a_token_are_not_released_to():
    own = jose.public_jwk(jose.new_key(), "mine", ["encrypt"])
    inside = runtime()
    del inside["keys"]
    for change in ({"x-ms-isolation-tee": {"x-ms-runtime": {"keys": [own]}}}, {"x-ms-policy": {"x-ms-runtime": {"keys": [own]}}},
                   {"keys": [own]}, {"x-ms-inittime": {"keys": [own]}}, {"x-ms-runtime.keys": [own]}):
        refused(release(KEY, forge(dict(change, **{"x-ms-runtime": inside}))), "NoEncryptionKey")


@claim
def a_token_by_a_draft_policy_gets_nothing():
    draft = dict(attester.body(runtime()), draftPolicyForAttestation="version=1.0;authorizationrules{=>permit();};issuancerules{};")
    answer = attester.post(draft, "/attest/SgxEnclave?api-version=2020-10-01")
    equal(answer.status, 200, answer.body)
    refused(release(KEY, answer.json()["token"]), "AttestationInvalid")


@claim
def too_long_a_token_is_a_bad_parameter():
    for size in (65537, 900000):
        answer = server.vault("agent", "POST", KEY["key"]["kid"][len(base):] + "/release", {"target": "x" * size})
        equal((answer.status, answer.code()), (400, "BadParameter"))


FOREIGN, FOREIGN_KEY = "https://attest.example", jose.new_key()


def foreign_token(change=None, key=FOREIGN_KEY, kid="theirs"):
    claims = jose.parts(attester.token(runtime()))[1]
    claims["iss"] = FOREIGN
    claims.update(change or {})
    return jose.sign(key, {"alg": "RS256", "kid": kid, "typ": "JWT"}, claims)


@claim
def another_authority_counts_where_the_policy_names_it_and_its_keys_are_known():
    key = make_key(policy(authority=FOREIGN))
    refused(release(key, foreign_token()), "AttestationInvalid")
    identity = hashlib.sha256(FOREIGN.encode()).hexdigest()
    keys = {"keys": [dict(jose.public_jwk(FOREIGN_KEY, "theirs", ["verify"]), use="sig", alg="RS256")]}
    for one in keys["keys"]:
        del one["key_ops"]
    put = server.vault("owner", "PUT", f"/authorities/{identity}", {"issuer": FOREIGN, "keys": keys})
    equal(put.status, 200, put.body)
    equal(release(key, foreign_token()).status, 200)
    refused(release(key, attester.token(runtime())), "ReleasePolicyNotMet")
    refused(release(KEY, foreign_token()), "ReleasePolicyNotMet")
    ours = jose.read_key(server.path("attest", "signing.key"))
    our_kid = jose.parts(attester.token(runtime()))[0]["kid"]
    refused(release(key, foreign_token(key=ours, kid=our_kid)), "AttestationInvalid")
    refused(release(key, foreign_token(key=ours)), "AttestationInvalid")
    refused(release(KEY, foreign_token({"iss": base})), "AttestationInvalid")
    refused(release(key, foreign_token({"exp": int(time.time()) - 1000})), "AttestationExpired")


@claim
def conditions_nest_at_the_level_of_an_authority():
    good, never = {"claim": "x-ms-attestation-type", "equals": "sgx"}, {"claim": "x-ms-attestation-type", "equals": "tdxvm"}
    for group, conditions, is_met in (
            ("anyOf", [never, {"allOf": [good, good]}], True), ("anyOf", [never, {"allOf": [good, never]}], False),
            ("allOf", [good, {"anyOf": [never, {"allOf": [good]}]}], True), ("allOf", [good, {"anyOf": [never]}], False),
            ("allof", [good], True), ("ANYOF", [never], False)):
        key = make_key({"version": "1.0.0", "anyOf": [{"authority": base + "/", group: conditions}]})
        equal(release(key, attester.token(runtime())).status, 200 if is_met else 403, (group, conditions))
    both = {"version": "1.0.0", "allOf": [{"authority": base, "allOf": [good]}, {"authority": FOREIGN, "allOf": [good]}]}
    refused(release(make_key(both), attester.token(runtime())), "ReleasePolicyNotMet")


@claim
def scalars_are_compared_as_text():
    loose = policy()
    loose["anyOf"][0]["allOf"] += [{"claim": "x-ms-sgx-is-debuggable", "equals": "FALSE"}, {"claim": "x-ms-sgx-svn", "equals": "1"},
                                   {"claim": "x-ms-ver", "equals": "1.0"}]
    equal(release(make_key(loose), attester.token(runtime())).status, 200)
    for claim_name, value in (("x-ms-sgx-svn", "01"), ("x-ms-sgx-svn", 2), ("x-ms-runtime", "x"), ("x-ms-runtime.keys.0", "x"),
                              ("absent", ""), ("x-ms-attestation-type", "SGX")):
        strict = policy()
        strict["anyOf"][0]["allOf"].append({"claim": claim_name, "equals": value})
        refused(release(make_key(strict), attester.token(runtime())), "ReleasePolicyNotMet")


def limited(digest, expires=None, runs=None):
    tags = {}
    if expires is not None:
        tags[f"coffer.expires.{digest[:32]}"] = str(expires)
    if runs is not None:
        tags[f"coffer.runs.{digest[:32]}"] = str(runs)
    return make_key(policy(digest), tags)


@claim
def an_expired_contract_gets_nothing():
    digest = contract()
    later, before = int(time.time()) + 1000, int(time.time()) - 1
    equal(release(limited(digest, later), attester.token(runtime(contract=digest))).status, 200)
    refused(release(limited(digest, before), attester.token(runtime(contract=digest))), "ContractExpired")


@claim
def runs_are_counted_and_a_counted_run_may_resume():
    digest = contract()
    key = limited(digest, runs=2)
    tokens = [attester.token(runtime(contract=digest)) for _ in range(3)]
    equal([release(key, t).status for t in tokens[:2]], [200, 200])
    refused(release(key, tokens[2]), "RunsExhausted")
    equal([release(key, t).status for t in tokens[:2]], [200, 200], "resumed")
    refused(release(key, tokens[2]), "RunsExhausted")


@claim
def the_count_survives_a_kill_of_the_server():
    digest = contract()
    key = limited(digest, runs=1)
    first, second = [attester.token(runtime(contract=digest)) for _ in range(2)]
    equal(release(key, first).status, 200)
    server.kill()
    server.start()
    refused(release(key, second), "RunsExhausted")
    equal(release(key, first).status, 200)


@claim
def the_count_of_one_key_or_contract_is_not_that_of_another():
    one, two = contract(), contract()
    both = {"version": "1.0.0", "anyOf": policy(one)["anyOf"] + policy(two)["anyOf"]}
    tags = {f"coffer.runs.{one[:32]}": "1", f"coffer.runs.{two[:32]}": "1"}
    key = make_key(both, tags)
    for digest in (one, two):
        equal(release(key, attester.token(runtime(contract=digest))).status, 200)
        refused(release(key, attester.token(runtime(contract=digest))), "RunsExhausted")
    equal(release(limited(one, runs=1), attester.token(runtime(contract=one))).status, 200)


@claim
def a_limited_key_needs_a_contract_and_a_run_that_are_well_formed():
    digest = contract()
    loose = {"version": "1.0.0", "anyOf": [{"authority": base, "allOf": [{"claim": "x-ms-attestation-type", "equals": "sgx"}]}]}
    key = make_key(loose, {f"coffer.runs.{digest[:32]}": "1", f"coffer.expires.{digest[:32]}": str(int(time.time()) + 900)})
    for change in ({"contract": digest.upper()}, {"contract": None}, {"contract": digest[:32]}, {"contract": 5}, {"run": None},
                   {"run": "x"}, {"run": "AB" * 16}, {"run": 5}):
        refused(release(key, attester.token(runtime(**dict({"contract": digest}, **change)))), "ContractInvalid")


@claim
def a_count_that_cannot_be_read_releases_nothing():
    digest = contract()
    key = limited(digest, runs=5)
    equal(release(key, attester.token(runtime(contract=digest))).status, 200)
    name, version = key["key"]["kid"].split("/")[4:]
    with open(server.path("vault", "runs", f"{name}.{version}.{digest[:32]}.json"), "w") as f:
        f.write('{"runs":[')
    answer = release(key, attester.token(runtime(contract=digest)))
    assert answer.status >= 400 and "value" not in answer.json(), answer.body


@claim
def refusals_are_in_the_audit_trail_claim_by_claim():
    token = attester.token(runtime(contract="ee" * 32))
    refused(release(KEY, token), "ReleasePolicyNotMet")
    last = [line for line in server.audit() if line["action"] == "release"][-1]
    equal((last["who"], last["decision"], last["why"], last["contract"]), ("agent", "refused", "ReleasePolicyNotMet", "ee" * 32))
    check = [c for c in last["checks"] if c["claim"] == "x-ms-runtime.contract"][0]
    equal(check, {"claim": "x-ms-runtime.contract", "expected": CONTRACT, "found": "ee" * 32, "met": False})
    met = [c["claim"] for c in last["checks"] if c["met"]]
    equal(met, ["authority", "x-ms-attestation-type", "x-ms-sgx-is-debuggable", "x-ms-sgx-mrenclave"])


@claim
def what_an_enclave_says_at_length_keeps_no_refusal_out_of_the_audit_trail():
    many = {"version": "1.0.0", "anyOf": [one for _ in range(40) for one in policy(contract())["anyOf"]]}
    key = make_key(many)
    refused(release(key, forge({"x-ms-runtime": runtime(contract="x" * 30000)})), "ReleasePolicyNotMet")
    last = [line for line in server.audit() if line["action"] == "release"][-1]
    equal((last["key"], last["why"]), (key["key"]["kid"].split("/")[4], "ReleasePolicyNotMet"))
    equal({c["found"] for c in last["checks"] if not c["met"]}, {"(a text of 30000 bytes)"})


@claim
def releases_are_in_the_audit_trail_with_contract_and_run():
    given = runtime()
    equal(release(KEY, attester.token(given)).status, 200)
    last = [line for line in server.audit() if line["action"] == "release"][-1]
    equal((last["decision"], last["contract"], last["run"], last["mrenclave"]), ("released", CONTRACT, given["run"], MRENCLAVE))
    equal((last["authority"], last["enc"], last["detail"]), (base, "CKM_RSA_AES_KEY_WRAP", ""))


def decisions(who="owner", **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    headers = {"Authorization": "Bearer " + server.token(who)}
    return server.request("GET", f"/decisions?api-version=7.5&{text}", None, headers)


@claim
def decisions_are_read_newest_first_by_those_who_may():
    key = make_key()
    name = key["key"]["kid"].split("/")[4]
    runs = [runtime() for _ in range(3)]
    for given in runs:
        equal(release(key, attester.token(given)).status, 200)
    refused(release(key, attester.token(runtime(), mrenclave="5b" * 32)), "ReleasePolicyNotMet")
    found = decisions(key=name.upper(), action="release").json()
    equal([one["decision"] for one in found["value"]], ["refused", "released", "released", "released"])
    equal([one["run"] for one in found["value"][1:]], [given["run"] for given in reversed(runs)])
    wrong = [c for c in found["value"][0]["checks"] if not c["met"]]
    equal(wrong, [{"claim": "x-ms-sgx-mrenclave", "expected": MRENCLAVE, "found": "5b" * 32, "met": False}])
    equal(len(decisions(key=name, action="release", max=2).json()["value"]), 2)
    equal([one["run"] for one in decisions(run=runs[1]["run"]).json()["value"]], [runs[1]["run"]])
    equal(decisions(key=name, since=int(time.time()) + 100).json(), {"value": [], "complete": True})
    equal({one["decision"] for one in decisions(key=name, decision="refused").json()["value"]}, {"refused"})
    equal(decisions(who="agent").inner(), "ForbiddenByRbac")
    for query in ({"max": 0}, {"max": 101}, {"max": "x"}, {"since": -1}):
        equal(decisions(**query).status, 400, query)


try:
    tap.run()
finally:
    server.close()
