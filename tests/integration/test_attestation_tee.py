"""The attestation service with evidence of real hardware's shape, of every kind: rigged vendors, at a time of their own."""
import base64
import hashlib
import json
import os
import sys

import jose
import tap
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key
from local_server import Server, b64url, unb64url
from tap import claim, equal

ATTEST = "https://attest.azure.net"
RUNTIME = {"keys": [], "purpose": "test"}
NOW = 1798761600


def start(intel):
    os.environ["ATTEST_SERVER_INTEL"] = intel
    return Server(sys.argv[1])


# Each vendor has one root; so the two kinds of Intel platforms have a server each.
server, tdx_server = start("sgx"), start("tdx")


def server_of(kind):
    return tdx_server if "tdx" in kind.lower() else server


def body_of(kind):
    with open(server_of(kind).path("evidence", kind + ".json")) as f:
        return json.load(f)


def post(kind, body, version="2025-06-01", to=None):
    return (to or server_of(kind)).request("POST", f"/attest/{kind}?api-version={version}", json.dumps(body), {"Content-Type": "application/json"})


def claims_of(kind, body=None, version="2025-06-01"):
    answer = post(kind, body or body_of(kind), version)
    assert answer.status == 200, answer.body
    return check_token(answer.json()["token"], server_of(kind))


def check_token(token, by):
    key = by.request("GET", "/certs").json()["keys"][0]
    assert jose.verify(token, base64.b64decode(key["x5c"][0]))
    claims = jose.parts(token)[1]
    equal((claims["iss"], claims["iat"], claims["exp"]), (by.info["attest"], NOW, NOW + 28800))
    return claims


def refused(kind, body, code="InvalidParameter", inner=None):
    answer = post(kind, body)
    equal((answer.status, answer.code()), (400, code), answer.body)
    if inner:
        equal(answer.inner(), inner)
    return answer


def manage(method, path, payload, header=None):
    jws = f"{b64url(json.dumps(header or {'alg': 'none'}).encode())}.{b64url(json.dumps(payload).encode()) if payload else ''}."
    return server.request(method, f"{path}?api-version=2025-06-01", jws,
                          {"Authorization": "Bearer " + server.token("owner", ATTEST), "Content-Type": "text/plain"})


def set_policy(kind, text):
    answer = manage("PUT", f"/policies/{kind}", {"AttestationPolicy": b64url(text.encode())})
    equal(answer.status, 200, answer.body)


def reset_policy(kind):
    equal(manage("POST", f"/policies/{kind}:reset", None).status, 200)


@claim
def an_sgx_enclave_is_attested_with_the_digests_of_its_collateral():
    body = body_of("SgxEnclave")
    claims = claims_of("SgxEnclave")
    equal((claims["x-ms-attestation-type"], claims["coffer-platform"]), ("sgx", "sgx"))
    equal(claims["x-ms-runtime"], RUNTIME)
    equal(claims["coffer-tcb-status"], "UpToDate")
    collateral = claims["x-ms-sgx-collateral"]
    equal(sorted(collateral), ["qeidcertshash", "qeidcrlhash", "qeidhash", "quotehash", "tcbinfocertshash", "tcbinfocrlhash", "tcbinfohash"])
    equal(collateral["quotehash"], hashlib.sha256(unb64url(body["quote"])).hexdigest())
    equal(len(set(collateral.values())), 5)  # one chain and one list are used twice
    equal(claims["maa-attestationcollateral"], collateral)


@claim
def an_open_enclave_report_is_attested():
    equal(claims_of("OpenEnclave")["x-ms-sgx-mrenclave"], claims_of("SgxEnclave")["x-ms-sgx-mrenclave"])


@claim
def an_snp_guest_is_attested():
    claims = claims_of("SevSnpVm", version="2022-08-01")
    report = unb64url(json.loads(unb64url(body_of("SevSnpVm")["report"]))["SnpReport"])
    equal(claims["x-ms-attestation-type"], "sevsnpvm")
    equal(claims["x-ms-sevsnpvm-launchmeasurement"], report[0x90:0xc0].hex())
    equal(claims["x-ms-sevsnpvm-reportdata"], report[0x50:0x90].hex())
    equal(claims["x-ms-runtime"], RUNTIME)
    assert "is-debuggable" not in claims


@claim
def a_tdx_guest_is_attested():
    claims = claims_of("TdxVm", version="2023-04-01-preview")
    quote = unb64url(body_of("TdxVm")["quote"])
    equal(claims["x-ms-attestation-type"], "tdxvm")
    equal(claims["tdx_mrtd"], quote[48 + 136:48 + 184].hex())
    equal(claims["tdx_report_data"], quote[48 + 520:48 + 584].hex())
    equal((claims["attester_tcb_status"], claims["dbgstat"]), ("UpToDate", "disabled"))
    equal(claims["x-ms-runtime"], RUNTIME)


def open_answer(name, sealed):
    """As Azure's guest attestation client does it, with the TPM's key at hand."""
    answer = json.loads(unb64url(sealed))
    equal(answer["EncryptionParams"]["Cipher"], "AES")
    equal((answer["EncryptionParams"]["BlockMode"], answer["EncryptionParams"]["KeySizeInBits"]), ("ChainingModeGCM", 256))
    with open(server_of(name).path("evidence", name + ".key"), "rb") as f:
        key = load_der_private_key(f.read(), None)
    inner = key.decrypt(base64.b64decode(answer["EncryptedInnerKey"]), padding.PKCS1v15())
    nonce = base64.b64decode(answer["EncryptionParams"]["Iv"])
    sealed_token = base64.b64decode(answer["Jwt"]) + base64.b64decode(answer["AuthenticationData"])
    return AESGCM(inner).decrypt(nonce, sealed_token, b"Transport Key").decode()


@claim
def azure_machines_get_a_token_that_their_vtpm_opens():
    for name, hardware in (("AzureGuest-snp", "sevsnpvm"), ("AzureGuest-tdx", "tdxvm")):
        answer = post("AzureGuest", body_of(name), "2020-10-01", server_of(name))
        equal(answer.status, 200, answer.body)
        claims = check_token(open_answer(name, answer.json()["token"]), server_of(name))
        equal((claims["x-ms-attestation-type"], claims["coffer-platform"]), ("azurevm", "azure-cvm"))
        equal(claims["x-ms-isolation-tee"]["x-ms-attestation-type"], hardware)
        equal(claims["x-ms-isolation-tee"]["x-ms-runtime"]["keys"][0]["kid"], "HCLAkPub")
        equal(claims["x-ms-azurevm-attested-pcrs"], list(range(8)))
        equal((claims["x-ms-azurevm-ostype"], claims["x-ms-azurevm-osdistro"]), ("Linux", "Ubuntu"))
        equal(claims["x-ms-runtime"]["keys"][0]["kid"], "TpmEphemeralEncryptionKey")
        equal(claims["x-ms-runtime"]["client-payload"], {"nonce": "b25jZQ=="})


@claim
def a_guest_whose_quote_was_altered_gets_nothing():
    info = json.loads(unb64url(body_of("AzureGuest-snp")["AttestationInfo"]))
    for name in ("PcrQuote", "PcrSignature", "EncKeyPub", "EncKeyCertifyInfo", "EncKeyCertifyInfoSignature"):
        altered = json.loads(json.dumps(info))
        data = bytearray(base64.b64decode(altered["TpmInfo"][name]))
        data[-1] ^= 1
        altered["TpmInfo"][name] = base64.b64encode(bytes(data)).decode()
        refused("AzureGuest", {"AttestationInfo": b64url(json.dumps(altered).encode())})
    del info["TpmInfo"]["EncKeyPub"], info["TpmInfo"]["EncKeyCertifyInfo"], info["TpmInfo"]["EncKeyCertifyInfoSignature"]
    refused("AzureGuest", {"AttestationInfo": b64url(json.dumps(info).encode())}, inner="EVIDENCE_BINDING")


@claim
def each_type_wants_its_own_evidence():
    for kind, other in (("SgxEnclave", "TdxVm"), ("TdxVm", "SgxEnclave")):
        refused(kind, body_of(other), inner="EVIDENCE_INVALID")
    for kind, other in (("SevSnpVm", "OpenEnclave"), ("OpenEnclave", "SevSnpVm")):
        refused(kind, body_of(other), inner="EVIDENCE_INVALID")
    refused("SgxEnclave", {"quote": body_of("OpenEnclave")["report"]})


@claim
def altered_evidence_is_refused_and_the_answer_says_which_check_failed():
    body = body_of("SgxEnclave")
    quote = bytearray(unb64url(body["quote"]))
    quote[48 + 64] ^= 1
    answer = refused("SgxEnclave", dict(body, quote=b64url(bytes(quote))))
    assert "expected" in answer.json()["error"]["message"], answer.body
    trail = server.audit()[-1]
    equal((trail["decision"], trail["type"]), ("refused", "SgxEnclave"))
    assert trail["check"].startswith("evidence."), trail


@claim
def runtime_data_is_bound_for_every_type():
    for kind in ("SgxEnclave", "OpenEnclave", "SevSnpVm", "TdxVm"):
        body = body_of(kind)
        body["runtimeData"]["data"] = b64url(b"{}")
        refused(kind, body, inner="EVIDENCE_BINDING")


@claim
def init_time_data_is_bound_for_every_type():
    for kind in ("SgxEnclave", "OpenEnclave", "SevSnpVm", "TdxVm"):
        refused(kind, dict(body_of(kind), initTimeData={"data": b64url(b"{}"), "dataType": "JSON"}), inner="EVIDENCE_BINDING")


@claim
def policies_judge_claims_of_their_type():
    measurement = claims_of("SevSnpVm")["x-ms-sevsnpvm-launchmeasurement"]
    rule = 'version= 1.0; authorizationrules { [type=="x-ms-sevsnpvm-launchmeasurement", value=="%s"] => permit(); }; issuancerules {};'
    set_policy("SevSnpVm", rule % measurement)
    equal(claims_of("SevSnpVm")["x-ms-sevsnpvm-launchmeasurement"], measurement)
    set_policy("SevSnpVm", rule % ("00" * 48))
    refused("SevSnpVm", body_of("SevSnpVm"), "PolicyEvaluationError")
    reset_policy("SevSnpVm")
    set_policy("AzureGuest", 'version= 1.2; configurationrules { => issueproperty(type="required_pcr_mask", value=65535); };'
               ' authorizationrules { => permit(); }; issuancerules {};')
    refused("AzureGuest", body_of("AzureGuest-snp"), "PolicyEvaluationError")
    reset_policy("AzureGuest")


@claim
def the_baselines_show_what_was_used_and_what_is_asked_for():
    claims_of("SgxEnclave")
    headers = {"Authorization": "Bearer " + server.token("agent", ATTEST)}

    def baselines(kind):
        answer = server.request("GET", f"/tcbbaselines/{kind}?api-version=2022-09-01-preview", headers=headers)
        equal(answer.status, 200)
        return answer.json()["tcbBaselines"]
    equal(baselines("SgxEnclave"), [{"tcbIdentifier": "azuredefault", "tcbEvaluationDataNumber": 17, "isSelectedTcb": True}])
    set_policy("SgxEnclave", 'version= 1.1; configurationrules { => issueproperty(type="x-ms-sgx-tcbidentifier", value="18"); };'
               ' authorizationrules { => permit(); }; issuancerules {};')
    equal([(b["tcbIdentifier"], b["isSelectedTcb"]) for b in baselines("SgxEnclave")], [("azuredefault", False), ("18", True)])
    refused("SgxEnclave", body_of("SgxEnclave"), "PolicyEvaluationError")
    reset_policy("SgxEnclave")
    equal(baselines("SevSnpVm"), [])
    equal(server.request("GET", "/tcbbaselines/SgxEnclave?api-version=2022-09-01-preview").status, 401)


@claim
def what_was_learned_of_collateral_is_on_disk():
    with open(server.path("attest", "freshness.json")) as f:
        text = f.read()
    assert "tcbinfo:" in text and "crl:" in text, text


@claim
def the_trail_names_platform_and_measurement():
    claims = claims_of("TdxVm")
    trail = tdx_server.audit()[-1]
    equal((trail["decision"], trail["platform"], trail["measurement"]), ("attested", "tdx", claims["tdx_mrtd"]))


try:
    tap.run()
finally:
    server.close()
    tdx_server.close()
