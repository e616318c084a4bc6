"""Policies of the attestation service and those who may sign them, on the wire: what the official client library cannot send."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import jose
import tap
from attestation import Attester
from local_server import Server, b64url
from tap import claim, equal

ATTEST = "https://attest.azure.net"
VERSION = "?api-version=2022-08-01"
PERMIT = "version= 1.0; authorizationrules { => permit(); }; issuancerules {};"
DENY = "version= 1.0; authorizationrules { => deny(); }; issuancerules {};"
RUNTIME = {"contract": "ab" * 32, "keys": []}
server = Server(sys.argv[1])
attester = Attester(server, sys.argv[2])


def encode(value):
    return b64url(json.dumps(value).encode())


def unsigned(text):
    return f"{encode({'alg': 'none'})}.{encode({'AttestationPolicy': b64url(text.encode())})}."


def call(method, path, body=None, who="owner", version=VERSION, content="text/plain"):
    headers = {"Content-Type": content}
    if who:
        headers["Authorization"] = "Bearer " + server.token(who, ATTEST)
    return server.request(method, path + version, body, headers)


def body_of(answer):
    equal(answer.status, 200, answer.body)
    token = answer.json()["token"]
    key = server.request("GET", "/certs").json()["keys"][0]
    assert jose.verify(token, base64.b64decode(key["x5c"][0]))
    return jose.parts(token)[1]


def refused(answer, code, status=400):
    equal((answer.status, answer.code()), (status, code), answer.body)
    return answer.json()["error"]["message"]


def policy_of(kind):
    _, payload, _ = body_of(call("GET", f"/policies/{kind}"))["x-ms-policy"].split(".")
    inner = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return base64.urlsafe_b64decode(inner["AttestationPolicy"] + "==").decode()


def reset(kind):
    equal(body_of(call("POST", f"/policies/{kind}:reset", "eyJhbGciOiJub25lIn0.."))["x-ms-policy-result"], "Removed")


class Signer:
    def __init__(self, name, days="30"):
        self.folder = tempfile.mkdtemp(prefix="coffer-signer-")
        self.key, self.pem = os.path.join(self.folder, "key"), os.path.join(self.folder, "pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.pem, "-days", days,
                        "-subj", "/CN=" + name], check=True, capture_output=True)
        with open(self.pem, "rb") as f:
            self.der = jose.openssl("x509", "-outform", "DER", data=f.read())
        self.x5c = base64.b64encode(self.der).decode()

    def sign(self, payload, alg="RS256", header=None):
        head = encode(header or {"alg": alg, "x5c": [self.x5c]})
        signed = f"{head}.{encode(payload)}"
        options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if alg == "PS256" else []
        return f"{signed}.{b64url(jose.openssl('dgst', '-sha256', '-sign', self.key, *options, data=signed.encode()))}"

    def policy(self, text, **more):
        return self.sign({"AttestationPolicy": b64url(text.encode())}, **more)

    def close(self):
        shutil.rmtree(self.folder)


@claim
def a_policy_is_set_read_enforced_and_reset():
    jws = unsigned(DENY)
    body = body_of(call("PUT", "/policies/SgxEnclave", jws))
    equal((body["x-ms-policy-result"], body["x-ms-policy-token-hash"]),
          ("Updated", b64url(hashlib.sha256(jws.encode()).digest())))
    equal(body["iss"], server.info["attest"])
    assert "x-ms-policy-signer" not in body
    equal(policy_of("SgxEnclave"), DENY)
    answer = attester.post(attester.body(RUNTIME))
    message = refused(answer, "PolicyEvaluationError")
    equal(message, "A Deny claim was issued, authorization failed.")
    reset("SgxEnclave")
    equal(attester.post(attester.body(RUNTIME)).status, 200)


@claim
def the_token_shows_the_policys_hash():
    body_of(call("PUT", "/policies/SgxEnclave", unsigned(PERMIT)))
    claims = jose.parts(attester.token(RUNTIME))[1]
    equal(claims["x-ms-policy-hash"], b64url(hashlib.sha256(b64url(PERMIT.encode()).encode()).digest()))
    assert "x-ms-policy" not in claims
    equal((claims["tee"], claims["is-debuggable"]), ("sgx", False))  # the service's own, by their old names
    reset("SgxEnclave")


@claim
def paths_and_kinds_are_matched_without_regard_to_case():
    body_of(call("PUT", "/Policies/sgxenclave", unsigned(PERMIT)))
    equal(policy_of("SGXENCLAVE"), PERMIT)
    equal(body_of(call("POST", "/policies/SgxEnclave:Reset", "eyJhbGciOiJub25lIn0.."))["x-ms-policy-result"], "Removed")


@claim
def the_api_version_is_looked_at():
    for version, code in (("", "ApiVersionUnspecified"), ("?api-version=2019-01-01", "UnsupportedApiVersion"),
                          ("?api-version=", "UnsupportedApiVersion")):
        refused(call("GET", "/policies/SgxEnclave", version=version), code)
        refused(attester.post(attester.body(RUNTIME), "/attest/SgxEnclave" + version), code)
    for version in ("2020-10-01", "2022-08-01", "2022-09-01-preview", "2023-04-01-preview", "2025-06-01"):
        equal(call("GET", "/policies/SgxEnclave", version="?api%2Dversion=" + version).status, 200)


@claim
def who_has_no_token_or_no_role_is_refused():
    for method, path in (("GET", "/policies/SgxEnclave"), ("PUT", "/policies/SgxEnclave"), ("POST", "/policies/SgxEnclave:reset"),
                         ("GET", "/certificates"), ("POST", "/certificates:add"), ("POST", "/certificates:remove"),
                         ("GET", "/tcbbaselines/SgxEnclave")):
        answer = call(method, path, unsigned(DENY), who=None)
        refused(answer, "Unauthorized", 401)
        assert f'resource="{ATTEST}"' in answer.headers["www-authenticate"], answer.headers
        wrong = {"Authorization": "Bearer " + server.token("owner")}  # for the vault
        refused(server.request(method, path + VERSION, unsigned(DENY), wrong), "Unauthorized", 401)
    for method, path in (("PUT", "/policies/SgxEnclave"), ("POST", "/policies/SgxEnclave:reset"), ("POST", "/certificates:add"),
                         ("POST", "/certificates:remove")):
        refused(call(method, path, unsigned(DENY), who="agent"), "Unauthorized", 401)
    equal(call("GET", "/policies/SgxEnclave", who="agent").status, 200)


@claim
def an_error_in_a_policy_is_located():
    message = refused(call("PUT", "/policies/TdxVm", unsigned("version= 1.0;\nauthorizationrules {\n  => perhaps();\n};")), "PolicyParsingError")
    assert message.startswith("Line 3, Column "), message
    assert "permit" in policy_of("TdxVm")


@claim
def what_is_not_a_policy_token_is_refused():
    equal(refused(call("PUT", "/policies/SgxEnclave", PERMIT.replace(".", "")), "InvalidOperation"), "Could not find first period in the token.")
    for jws in ("", "..", "e30.e30.", unsigned(PERMIT) + "AAAA", encode({"alg": "none"}) + "..",
                f"{encode({'alg': 'none'})}.{encode({'Policy': ''})}.", f"{encode({'alg': 'HS256'})}.{encode({})}.AAAA",
                json.dumps(unsigned(PERMIT))):
        refused(call("PUT", "/policies/SgxEnclave", jws), "InvalidOperation")
    refused(call("POST", "/policies/SgxEnclave:reset", "nothing"), "InvalidOperation")
    refused(call("POST", "/policies/SgxEnclave", "eyJhbGciOiJub25lIn0.."), "InvalidParameter")
    refused(call("PUT", "/policies/SgxEnclave", unsigned(PERMIT + "//" + "x" * 60000)), "InvalidOperation")


@claim
def a_draft_policy_changes_nothing_and_makes_no_token_that_counts():
    body = dict(attester.body(RUNTIME), draftPolicyForAttestation=PERMIT)
    header, claims, signature = jose.parts(attester.post(body).json()["token"])
    equal((header["alg"], signature), ("none", b""))
    equal(claims["x-ms-policy-hash"], b64url(hashlib.sha256(b64url(PERMIT.encode()).encode()).digest()))
    refused(attester.post(dict(body, draftPolicyForAttestation=DENY)), "PolicyEvaluationError")
    refused(attester.post(dict(body, draftPolicyForAttestation="version")), "PolicyParsingError")
    equal(server.audit()[-1]["draft"], True)
    assert "tcbidentifier" in policy_of("SgxEnclave")


@claim
def the_policy_sets_the_lifetime_and_what_the_header_shows():
    text = ('version= 1.2; configurationrules { => issueproperty(type="report_validity_in_minutes", value=5);'
            ' => issueproperty(type="omit_x5c", value=%s); }; authorizationrules { => permit(); }; issuancerules {};')
    for omit, member in (("false", "x5c"), ("true", "x5t")):
        body_of(call("PUT", "/policies/SgxEnclave", unsigned(text % omit)))
        header, claims, _ = jose.parts(attester.token(RUNTIME))
        equal(claims["exp"] - claims["iat"], 300)
        assert member in header, header
    reset("SgxEnclave")


@claim
def policies_and_signers_survive_a_restart():
    signer = Signer("restart")
    body_of(call("PUT", "/policies/SevSnpVm", signer.policy(PERMIT, alg="PS256")))
    body_of(call("PUT", "/policies/OpenEnclave", unsigned(DENY)))
    server.kill()
    server.start()
    equal(policy_of("SevSnpVm"), PERMIT)
    equal(policy_of("OpenEnclave"), DENY)
    refused(attester.post({"report": attester.quote(bytes(64), form="open-enclave")}, "/attest/OpenEnclave" + VERSION), "PolicyEvaluationError")
    reset("SevSnpVm")
    reset("OpenEnclave")
    signer.close()


@claim
def a_signature_that_does_not_verify_is_refused():
    signer, other = Signer("a"), Signer("b")
    jws = signer.policy(PERMIT)
    head, payload, signature = jws.split(".")
    forged = encode({"AttestationPolicy": b64url(DENY.encode())})
    refused(call("PUT", "/policies/SgxEnclave", f"{head}.{forged}.{signature}"), "InvalidOperation")
    refused(call("PUT", "/policies/SgxEnclave", other.policy(PERMIT, header={"alg": "RS256", "x5c": [signer.x5c]})), "InvalidOperation")
    refused(call("PUT", "/policies/SgxEnclave", signer.policy(PERMIT, header={"alg": "RS256"})), "InvalidOperation")
    signer.close()
    other.close()


@claim
def certificates_come_in_every_form_of_request():
    first, second = Signer("first"), Signer("second")
    add = {"policyCertificate": {"kty": "RSA", "x5c": [first.x5c]}}
    jws = first.sign(add)
    thumbprint = hashlib.sha1(first.der).hexdigest().upper()
    refused(call("POST", "/certificates:add", json.dumps(second.sign(add)), content="application/json"), "InvalidOperation")
    refused(call("POST", "/certificates:add", json.dumps(f"{encode({'alg': 'none'})}.{encode(add)}.")), "InvalidOperation")
    for body in (jws, json.dumps(jws), json.dumps({"policyCertificateToAdd": jws})):
        body = body_of(call("POST", "/certificates:add", body, content="application/json"))
        equal((body["x-ms-certificate-thumbprint"], body["x-ms-policycertificates-result"]), (thumbprint, "IsPresent"))
    listed = body_of(call("GET", "/certificates"))["x-ms-policy-certificates"]["keys"]
    equal([(k["alg"], k["kty"], k["use"], k["x5c"]) for k in listed], [("RS256", "RSA", "sig", [first.x5c])])
    for name in ("x-ms-policyCertificate", "maa-policyCertificate", "aas-policyCertificate"):
        body_of(call("POST", "/certificates:add", first.sign({name: {"kty": "RSA", "x5c": [second.x5c]}})))
    refused(call("PUT", "/policies/SgxEnclave", unsigned(PERMIT)), "InvalidOperation")
    claims = body_of(call("PUT", "/policies/SgxEnclave", second.policy(PERMIT)))
    equal(claims["x-ms-policy-signer"]["x5c"], [second.x5c])
    server.kill()
    server.start()
    refused(call("PUT", "/policies/SgxEnclave", unsigned(PERMIT)), "InvalidOperation")
    equal(jose.parts(attester.token(RUNTIME))[1]["x-ms-policy-signer"]["x5c"], [second.x5c])
    remove = first.sign({"policyCertificate": {"kty": "RSA", "x5c": [second.x5c]}})
    body = body_of(call("POST", "/certificates:remove", json.dumps({"policyCertificateToRemove": remove})))
    equal(body["x-ms-policycertificates-result"], "IsAbsent")
    refused(call("POST", "/certificates:remove", first.sign(add)), "InvalidOperation")
    refused(call("PUT", "/policies/SgxEnclave", second.policy(DENY)), "InvalidOperation")
    for body in ("", "{}", "[]", '{"policyCertificateToAdd":5}', json.dumps(first.sign({})),
                 json.dumps(first.sign({"policyCertificate": {"x5c": ["AAAA"]}}))):
        refused(call("POST", "/certificates:add", body), "InvalidOperation")
    first.close()
    second.close()


@claim
def every_change_is_in_the_audit_trail():
    lines = [line for line in server.audit() if line["action"] in ("policy-set", "policy-reset", "certificate-add", "certificate-remove")]
    for action in ("policy-set", "policy-reset", "certificate-add", "certificate-remove"):
        assert {"refused"} <= {line["decision"] for line in lines if line["action"] == action}, action
    done = [line for line in lines if line["decision"] == "done"]
    assert all(line["who"] == "owner" and line["token_hash"] for line in done), done
    refusals = [line for line in server.audit() if line["action"].startswith("attestation/")]
    assert refusals and all(line["who"] == "agent" for line in refusals), refusals


try:
    tap.run()
finally:
    server.close()
