"""What our clients send to Azure's services, and what they make of answers: against servers that answer what a test wants, and by whole jobs."""
import base64
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import jose
import tap
from agent_job import WORKER, Job, base, server
from https_script import Script
from local_server import unb64url
from tap import claim, equal

TOOL = sys.argv[1]
SCOPE = "https://vault.azure.net/.default"
SECRET = "s3cret-of-the-client-Aa0~"
GUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
folder = tempfile.mkdtemp(prefix="coffer-azure-")
everything = []  # that any program said


def path(name):
    return os.path.join(folder, name)


def tool(*arguments, **environment):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60, env=dict(os.environ, **environment))
    everything.append(done.stdout + done.stderr)
    return done.stdout.splitlines()


def answer_json(value, status=200, **headers):
    return status, dict({"Content-Type": "application/json"}, **headers), json.dumps(value).encode()


def token(text="the.access.token", **more):
    return answer_json(dict({"token_type": "Bearer", "expires_in": 3599, "access_token": text}, **more))


def credential(script, name="credential.json", mode=0o600, **members):
    members = dict({"authority": script.base, "tenant": "contoso.example", "client_id": "11111111-2222-4333-8444-555555555555", "ca": script.ca}, **members)
    return write_credential(members, name, mode)


def write_credential(members, name="credential.json", mode=0o600):
    with open(path(name), "w") as f:
        json.dump(members, f)
    os.chmod(path(name), mode)
    return path(name)


def form(request):
    equal(request.headers["content-type"], "application/x-www-form-urlencoded")
    return dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- credentials ----

@claim
def a_secret_is_exchanged_for_a_token_which_is_kept_for_each_scope():
    script = Script(lambda request: token("t" + str(len(script.requests))))
    out = tool("token", credential(script, client_secret=SECRET), SCOPE, SCOPE, "https://storage.azure.com/.default", SCOPE, "-" + SCOPE)
    equal(out, ["kind secret", "ok t1", "ok t1", "ok t2", "ok t1", "ok t3"])
    first = script.requests[0]
    equal((first.method, first.path), ("POST", "/contoso.example/oauth2/v2.0/token"))
    equal(form(first), {"grant_type": "client_credentials", "client_id": "11111111-2222-4333-8444-555555555555", "client_secret": SECRET, "scope": SCOPE})
    assert GUID.match(first.headers["x-ms-client-request-id"])
    script.close()


@claim
def a_token_that_is_soon_over_is_asked_for_anew():
    script = Script(lambda request: token("t" + str(len(script.requests)), expires_in=0))
    equal(tool("token", credential(script, client_secret=SECRET), SCOPE, SCOPE), ["kind secret", "ok t1", "ok t2"])
    script.close()


def make_certificate(name="client", *more):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path(name + ".key"), "-out", path(name + ".crt"), "-subj", "/CN=client", *more],
                   check=True, capture_output=True)
    with open(path(name + ".key"), "rb") as key, open(path(name + ".crt"), "rb") as crt, open(path(name + ".pem"), "wb") as both:
        both.write(key.read() + crt.read())
    os.chmod(path(name + ".pem"), 0o600)
    return subprocess.run(["openssl", "x509", "-in", path(name + ".crt"), "-outform", "DER"], check=True, capture_output=True).stdout


def verify_pss(assertion, der):
    """By openssl."""
    signed, signature = assertion.rsplit(".", 1)
    pem = jose.openssl("x509", "-inform", "DER", "-pubkey", "-noout", data=der)

    def check(key):
        return jose.with_file(unb64url(signature), lambda name: jose.openssl(
            "dgst", "-sha256", "-verify", key, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-signature", name, data=signed.encode()))
    return b"OK" in jose.with_file(pem, check)


@claim
def a_certificate_signs_an_assertion_that_others_verify():
    import hashlib
    der = make_certificate()
    for algorithm in ("PS256", "RS256"):
        script = Script(lambda request: token(expires_in=0))
        equal(tool("token", credential(script, certificate="client.pem", assertion_algorithm=algorithm), SCOPE, SCOPE), ["kind certificate"] + ["ok the.access.token"] * 2)
        fields = [form(r) for r in script.requests]
        equal(sorted(fields[0]), ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"])
        equal(fields[0]["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        header, payload, _ = jose.parts(fields[0]["client_assertion"])
        equal((header["alg"], header["typ"]), (algorithm, "JWT"))
        equal(unb64url(header["x5t"]), hashlib.sha1(der).digest())
        equal(unb64url(header["x5t#S256"]), hashlib.sha256(der).digest())
        equal((payload["iss"], payload["sub"], payload["aud"]), (fields[0]["client_id"],) * 2 + (script.base + "/contoso.example/oauth2/v2.0/token",))
        equal((payload["exp"] - payload["iat"], payload["nbf"]), (600, payload["iat"]))
        assert abs(payload["iat"] - time.time()) < 10 and GUID.match(payload["jti"])
        assert payload["jti"] != jose.parts(fields[1]["client_assertion"])[1]["jti"]
        assert verify_pss(fields[0]["client_assertion"], der) if algorithm == "PS256" else jose.verify(fields[0]["client_assertion"], der)
        script.close()


@claim
def a_certificate_file_that_is_none_is_refused_before_anything_is_sent():
    script = Script(lambda request: token())
    make_certificate()
    make_certificate("other")
    with open(path("client.key")) as key, open(path("other.crt")) as crt, open(path("mixed.pem"), "w") as f:
        f.write(key.read() + crt.read())
    os.chmod(path("mixed.pem"), 0o600)
    shutil.copyfile(path("client.pem"), path("open.pem"))
    os.chmod(path("open.pem"), 0o644)
    shutil.copyfile(path("client.key"), path("keyonly.pem"))
    os.chmod(path("keyonly.pem"), 0o600)
    for name, status in (("mixed.pem", "CONFIG"), ("keyonly.pem", "CONFIG"), ("open.pem", "PERMISSION"), ("none.pem", "NOT_FOUND")):
        out = tool("token", credential(script, certificate=name), SCOPE)
        equal([line.split()[0] for line in out], [status], name)
    equal(script.requests, [])
    script.close()


@claim
def a_federated_token_is_read_anew_for_each_request():
    script = Script(lambda request: rewrite())

    def rewrite():
        with open(path("federated"), "w") as f:
            f.write("second.outer.token")
        return token(expires_in=0)
    with open(path("federated"), "w") as f:
        f.write("first.outer.token\n")
    tool("token", credential(script, federated_token_file="federated"), SCOPE, SCOPE)
    equal([form(r)["client_assertion"] for r in script.requests], ["first.outer.token", "second.outer.token"])
    script.close()


@claim
def a_refresh_token_is_replaced_in_its_file_when_it_is_rotated():
    script = Script(lambda request: token("a" + str(len(script.requests)), refresh_token="rotated-" + str(len(script.requests)), expires_in=0))
    file = credential(script, refresh_token="first-refresh-token")
    equal(tool("token", file, SCOPE, SCOPE), ["kind login", "ok a1", "ok a2"])
    equal([form(r)["refresh_token"] for r in script.requests], ["first-refresh-token", "rotated-1"])
    equal(sorted(form(script.requests[0])), ["client_id", "grant_type", "refresh_token", "scope"])
    with open(file) as f:
        equal(json.load(f)["refresh_token"], "rotated-2")
    equal(stat.S_IMODE(os.stat(file).st_mode), 0o600)
    script.close()


@claim
def programs_with_one_login_use_each_refresh_token_once():
    used = []

    def rotate(request):
        used.append(form(request)["refresh_token"])
        time.sleep(0.05)
        return token(refresh_token="r" + str(len(used)))
    script = Script(rotate)
    file = credential(script, refresh_token="r0")
    threads = [threading.Thread(target=tool, args=("token", file, SCOPE)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(sorted(used), ["r0", "r1", "r2", "r3"])
    script.close()


@claim
def a_managed_identity_asks_the_metadata_service():
    answers = [(404, {}, b""), answer_json({"access_token": "of.the.vm", "refresh_token": "", "expires_in": "3599", "expires_on": "1506484173",
                                            "not_before": "1506480273", "resource": "https://vault.azure.net", "token_type": "Bearer"})] * 2
    script = Script(lambda request: answers[len(script.requests) - 1], tls=False)
    file = write_credential({"managed_identity": {"client_id": "abc", "endpoint": script.base}})
    equal(tool("token", file, SCOPE, SCOPE, http_proxy="http://127.0.0.1:1"), ["kind managed identity", "ok of.the.vm", "ok of.the.vm"])
    equal(len(script.requests), 2, "404 is asked again, and the token is kept")
    equal(script.requests[0].headers["metadata"], "true")
    equal(script.requests[0].path, "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=abc")
    file = write_credential({"managed_identity": {}})
    equal(tool("token", file, SCOPE, AZURE_POD_IDENTITY_AUTHORITY_HOST=script.base), ["kind managed identity", "ok of.the.vm"])
    equal(script.requests[2].path, "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net")
    script.close()


@claim
def a_refusal_says_what_the_service_says_and_never_the_secret():
    def refuse(request):
        return answer_json({"error": "invalid_client", "error_description": texts[len(script.requests) - 1]}, 401, **{"x-ms-request-id": "0123-service-id"})
    texts = ["AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x", "you sent " + SECRET]
    script = Script(refuse)
    out = tool("token", credential(script, client_secret=SECRET), SCOPE, SCOPE)
    assert out[1].startswith("UNAUTHORIZED ") and "AADSTS7000215" in out[1] and "answered as 0123-service-id" in out[1], out
    assert out[2].startswith("UNAUTHORIZED ") and "invalid_client" in out[2] and "you sent" not in out[2], out
    assert script.requests[0].headers["x-ms-client-request-id"] in out[1]
    script.close()


@claim
def an_answer_that_is_none_is_refused():
    bodies = [{"access_token": "a"}, {"expires_in": 5}, {"access_token": "a\nb", "expires_in": 5}, {"access_token": "", "expires_in": 5},
              {"access_token": "a", "expires_in": 5, "token_type": "pop"}, {"access_token": "a", "expires_in": "soon"}, []]
    script = Script(lambda request: answer_json(bodies[len(script.requests) - 1]))
    out = tool("token", credential(script, client_secret=SECRET), *[SCOPE] * len(bodies))
    equal([line.split()[0] for line in out[1:]], ["BAD_FORMAT"] * len(bodies), out)
    script.close()


@claim
def a_credential_file_that_is_not_exact_is_refused():
    script = Script(lambda request: token())
    good = {"authority": script.base, "tenant": "t", "client_id": "c", "client_secret": SECRET}
    for change in ({"more": 1}, {"authority": "http://localhost"}, {"authority": "https://a/?b"}, {"tenant": "a/b"}, {"tenant": ""}, {"client_id": "a b"}, {"client_secret": ""},
                   {"client_secret": None}, {"refresh_token": "x"}, {"assertion_algorithm": "RS256"}, {"managed_identity": {}}):
        members = {k: v for k, v in dict(good, **change).items() if v is not None}
        equal(tool("token", write_credential(members), SCOPE)[0].split()[0], "CONFIG", change)
    equal(tool("token", write_credential({"managed_identity": {"more": 1}}), SCOPE)[0].split()[0], "CONFIG")
    equal(tool("token", write_credential(good, mode=0o640), SCOPE)[0].split()[0], "PERMISSION")
    equal(tool("token", path("nothing.json"), SCOPE)[0].split()[0], "NOT_FOUND")
    equal(script.requests, [])
    script.close()


# ---- requests ----

@claim
def a_request_keeps_its_id_over_its_attempts_and_messages_quote_both():
    answers = [(503, {"retry-after-ms": "10"}, b""), (503, {"x-ms-retry-after-ms": "10"}, b""),
               answer_json({"error": {"code": "Gone"}}, 410, **{"x-ms-request-id": "their-id"})]
    script = Script(lambda request: answers[len(script.requests) - 1])
    out = tool("get", script.ca, script.base + "/a?sig=hidden")
    ids = {r.headers["x-ms-client-request-id"] for r in script.requests}
    equal((len(script.requests), len(ids)), (3, 1))
    mine = ids.pop()
    assert GUID.match(mine) and out[0].startswith("REMOTE_ERROR") and f"request {mine}, answered as their-id" in out[0] and "410 Gone" in out[0], out
    assert "hidden" not in out[0]
    script.close()


@claim
def a_wrong_certificate_is_never_tried_again_and_the_message_says_what_to_do():
    script, other = Script(lambda request: (200, {}, b"x")), Script(lambda request: (200, {}, b"x"))
    out = tool("get", other.ca, script.base + "/a", script.base.replace("localhost", "127.0.0.1") + "/a")
    equal((script.connections, script.requests), (2, []), "one connection for each")
    for line in out:
        assert line.startswith("NETWORK ") and "name its authority as ca" in line and "nothing was sent" in line, out
    script.close()
    other.close()


@claim
def no_service_and_no_name_are_told_apart():
    out = tool("get", "-", f"https://localhost:{closed_port()}/", "https://none.invalid/")
    assert "does the service run" in out[0] and "cannot be resolved" in out[1], out


@claim
def a_service_that_fails_in_a_row_is_left_alone_for_a_while():
    alive = []
    script = Script(lambda request: (200, {}, b"well") if alive else (500, {}, b""))
    url = script.base + "/a"
    process = subprocess.Popen([TOOL, "get", script.ca, url, url, url, "+400", url, url], stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(3)]
    alive.append(True)
    lines += process.communicate(timeout=30)[0].splitlines()
    assert lines[0].startswith("REMOTE_ERROR") and lines[1].startswith("REMOTE_ERROR"), lines
    assert lines[2].startswith("NETWORK") and re.search(r"not asked again before \d\d:\d\d:\d\dZ: it failed \d times in a row, last: HTTP status 500", lines[2]), lines
    equal([line.strip() for line in lines[3:]], ["ok well", "ok well"])
    equal(len(script.requests), 10, "twice four attempts, none, and two that worked")
    script.close()


# ---- attestation ----

@claim
def the_next_attestation_service_is_asked_when_one_cannot_answer():
    good = Script(lambda request: answer_json({"token": "a.b.c"}))
    busy = Script(lambda request: (503, {"retry-after-ms": "5"}, b""))
    other = Script(lambda request: answer_json({"token": "evil"}))
    for first in (f"https://localhost:{closed_port()}", busy.base, other.base):
        good.requests.clear()
        equal(tool("attest", good.ca if first != busy.base else bundle(good, busy), "quote", first, good.base + "/"), ["ok a.b.c"])
        equal([r.path for r in good.requests], ["/attest/SgxEnclave?api-version=2022-08-01"])
    equal(json.loads(good.requests[0].body), {"quote": "cXVvdGU", "runtimeData": {"data": "e30", "dataType": "JSON"}})
    equal((len(busy.requests), other.requests), (2, []))
    for script in (good, busy, other):
        script.close()


def bundle(*scripts):
    with open(path("both.pem"), "w") as out:
        for script in scripts:
            with open(script.ca) as f:
                out.write(f.read())
    return path("both.pem")


@claim
def a_refusal_of_the_first_service_is_final():
    refusing = Script(lambda request: answer_json({"error": {"code": "PolicyEvaluationError"}}, 400))
    good = Script(lambda request: answer_json({"token": "a.b.c"}))
    out = tool("attest", bundle(refusing, good), "quote", refusing.base, good.base)
    assert out[0].startswith("EVIDENCE_INVALID ") and "PolicyEvaluationError" in out[0], out
    equal(good.requests, [])
    refusing.close()
    good.close()


# ---- the vault ----

RELEASED = "e30." + base64.urlsafe_b64encode(json.dumps({"response": {"key": {"key": {"key_hsm": base64.urlsafe_b64encode(json.dumps(
    {"header": {"enc": "CKM_RSA_AES_KEY_WRAP"}, "ciphertext": "QUJD"}).encode()).decode()}}}}).encode()).decode().rstrip("=") + ".AAAA"
CHALLENGE = {"WWW-Authenticate": 'Bearer authorization="https://localhost/t", resource="https://vault.azure.net"', "x-ms-request-id": "v-1"}


def vault(accept, challenge=None):
    """A token service and a vault in one; accept says which tokens the vault takes."""
    def answer(request):
        if "/oauth2/" in request.path:
            return token("t" + str(sum("/oauth2/" in r.path for r in script.requests)))
        if accept(request.headers.get("authorization")):
            return answer_json({"value": RELEASED})
        return answer_json({"error": {"code": "Unauthorized"}}, 401, **(CHALLENGE if challenge is None else challenge))
    script = Script(answer)
    return script


def release(script, kid=None):
    file = credential(script, client_secret=SECRET)
    out = tool("release", script.ca, file, kid or script.base + "/keys/k/v", "the.attestation.token")
    return out[0], [r for r in script.requests if "/release" in r.path], [form(r)["scope"] for r in script.requests if "/oauth2/" in r.path]


@claim
def a_release_has_the_form_of_the_key_vaults_interface():
    script = vault(lambda bearer: bearer == "Bearer t1")
    said, asked, scopes = release(script)
    equal((said, scopes), ("ok ABC", [SCOPE]))
    equal((asked[0].method, asked[0].path), ("POST", "/keys/k/v/release?api-version=7.5"))
    equal(json.loads(asked[0].body), {"target": "the.attestation.token", "enc": "CKM_RSA_AES_KEY_WRAP"})
    equal((asked[0].headers["content-type"], len(asked)), ("application/json", 1))
    script.close()


@claim
def a_token_that_is_refused_is_renewed_once():
    script = vault(lambda bearer: bearer == "Bearer t2")
    said, asked, scopes = release(script)
    equal((said, len(asked), scopes), ("ok ABC", 2, [SCOPE, SCOPE]))
    script.close()
    script = vault(lambda bearer: False)
    said, asked, scopes = release(script)
    equal((len(asked), len(scopes)), (2, 2))
    assert said.startswith("UNAUTHORIZED ") and "answered as v-1" in said, said
    script.close()


@claim
def a_vault_elsewhere_gets_tokens_for_itself_alone():
    """Its name is not the token service's: it is asked without a token first, and may then want one for itself."""
    issuer = Script(lambda request: token(), host="127.0.0.1")
    elsewhere = Script(lambda request: answer_json({"value": RELEASED}) if "authorization" in request.headers else answer_json(
        {}, 401, **{"WWW-Authenticate": f'Bearer authorization="{issuer.base}/t", resource="{wanted}"'}))
    file = credential(issuer, client_secret=SECRET)
    for wanted in ("https://vault.azure.net", "https://management.azure.com", issuer.base):
        out = tool("release", elsewhere.ca, file, elsewhere.base + "/keys/k/v", "t")
        assert out[0].startswith("UNAUTHORIZED the vault asks for a token for another service"), out
    equal([(len(elsewhere.requests), r.headers.get("authorization")) for r in elsewhere.requests], [(3, None)] * 3)
    equal(issuer.requests, [])
    wanted = elsewhere.base
    equal(tool("release", elsewhere.ca, file, elsewhere.base + "/keys/k/v", "t"), ["ok ABC"])
    equal([form(r)["scope"] for r in issuer.requests], [elsewhere.base + "/.default"])
    elsewhere.close()
    issuer.close()


@claim
def a_key_is_made_used_rotated_and_listed():
    names = [f"life-{i}" for i in range(27)]  # a page has 25
    for name in names[1:]:
        equal(server.vault("owner", "POST", f"/keys/{name}/create", {"kty": "RSA", "key_size": 2048} if name == "life-1" else {"kty": "EC", "crv": "P-256"}).status, 200)
    out = tool("keys", server.info["ca"], server.info["clients"]["owner"], base, "life-0")
    equal(out[0], "wrapped 256, same")
    versions = [line.split()[1] for line in out if line.startswith("version ")]
    equal((len(set(versions)), {v.rsplit("/", 1)[0] for v in versions}), (2, {base + "/keys/life-0"}))
    listed = [line.split()[1] for line in out if line.startswith("key ")]
    assert {base + "/keys/" + name for name in names} <= set(listed), listed


@claim
def the_next_page_of_a_list_is_the_same_vaults():
    other = Script(lambda request: answer_json({"value": []}))
    modulus = base64.urlsafe_b64encode(b"\xc1" * 256).rstrip(b"=").decode()
    script = Script(lambda request: token() if "/oauth2/" in request.path else answer_json(
        {"key": {"kid": script.base + "/keys/k/v", "kty": "RSA", "n": modulus, "e": "AQAB"}, "value": "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" if "wrap" in request.path else [],
         "nextLink": other.base + "/keys?page=2"}))
    out = tool("keys", bundle(script, other), credential(script, client_secret=SECRET), script.base, "k")
    assert out[-1].startswith("BAD_FORMAT ") and "not its own" in out[-1], out
    equal(other.requests, [])
    script.close()
    other.close()


@claim
def an_attestation_service_shows_its_keys():
    out = tool("certs", server.info["ca"], base)
    equal((out[0][:3], [key["use"] for key in json.loads(out[0][3:])["keys"]][:1]), ("ok ", ["sig"]))


# ---- whole jobs ----

def forward(request):
    answer = server.request(request.method, request.path, request.body, {"Content-Type": request.headers["content-type"]})
    return answer.status, {"Content-Type": "application/json"}, answer.body


@claim
def a_worker_is_not_lost_in_a_storm_of_503_and_429():
    """Neither by attestation's, nor by the token service's."""
    storms = {"/attest/SgxEnclave": [(503, {"Retry-After": "1"}, b""), (429, {"x-ms-retry-after-ms": "50"}, b""), (503, {"retry-after-ms": "50"}, b"")],
              f"/{server.info['tenant']}/oauth2/v2.0/token": [(429, {"retry-after-ms": "20"}, b"")] * 6}
    script = Script(lambda request: storms[request.path.split("?")[0]].pop() if storms[request.path.split("?")[0]] else forward(request))
    job = Job()
    with open(server.info["clients"]["agent"]) as f:
        members = dict(json.load(f), authority=script.base, ca=script.ca)
    job.write_job(ca=bundle_with_local(script), attestation=[script.base], vaults=[{"url": base, "credential": write_credential(members)}])
    result = job.go()
    equal((result.code, result.steps().count("provisioned"), len(script.requests)), (0, 1, 4 + 7), result.error)
    job.verify()
    job.close()
    script.close()


def bundle_with_local(script):
    with open(path("local.pem"), "w") as out:
        for name in (server.info["ca"], script.ca):
            with open(name) as f:
                out.write(f.read())
    return path("local.pem")


@claim
def a_job_goes_on_with_the_second_attestation_service():
    job = Job()
    job.write_job(attestation=[f"https://localhost:{closed_port()}", base])
    result = job.go()
    equal(result.code, 0, result.error)
    job.close()


@claim
def without_any_attestation_service_the_job_fails_and_can_be_continued():
    job = Job()
    bad = Script(lambda request: (200, {}, b""))
    job.write_job(attestation=[f"https://localhost:{closed_port()}", bad.base])
    result = job.go()
    result.failed_with("NETWORK", 69)
    assert result.last()["detail"]["resumable"] and "none of 2" in result.last()["detail"]["detail"], result.last()
    job.write_job()
    equal(job.go().code, 0)
    job.close()
    bad.close()


@claim
def a_signal_ends_the_wait_for_a_service():
    script = Script(lambda request: (503, {"Retry-After": "20"}, b""))
    job = Job()
    job.write_job(ca=bundle_with_local(script), attestation=[script.base])
    process = job.start()
    while not script.requests:
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.time()
    process.terminate()
    result = job.finish(process)
    assert time.time() - began < 5 and result.steps()[-1] == "cancelled", result.events
    job.close()
    script.close()


RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay_worker.py")


def relay(*more):
    return [sys.executable, RELAY, server.info["platform"], WORKER, *more]


def strip_types(job):
    """A relayed worker says that its evidence is of type sgx."""
    return [e["detail"]["platform"] for e in job.events if e.get("step") == "provisioned"]


@claim
def a_worker_can_be_a_program():
    job = Job()
    job.write_job(platform={"type": "sgx", "command": relay(), "host": "http://127.0.0.1:1"})
    result = job.go()
    equal((result.code, strip_types(result)), (0, ["sgx"]), result.error + json.dumps(result.events[-2:]))
    assert job.model()
    job.close()


@claim
def a_worker_can_wait_for_its_agent():
    for where in ("unix", "tcp"):
        job = Job()
        place = "unix:" + job.path("w.sock") if where == "unix" else f"127.0.0.1:{closed_port()}"
        waiting = subprocess.Popen(relay(place))
        job.write_job(platform={"type": "sgx", "connect": place, "host": "http://127.0.0.1:1"})
        result = job.go()
        equal((result.code, strip_types(result)), (0, ["sgx"]), result.error)
        equal(waiting.wait(timeout=10), 0)
        job.close()


@claim
def a_program_of_another_type_of_evidence_is_refused():
    job = Job()
    job.write_job(platform={"type": "tdx", "command": relay(), "host": "http://127.0.0.1:1"})
    job.go().failed_with("PROTOCOL", 76)
    job.close()


@claim
def a_program_that_cannot_be_started_or_ends_at_once_is_said():
    job = Job()
    job.write_job(platform={"type": "sgx", "command": ["/nonexistent/worker"]})
    result = job.go()
    result.failed_with("NOT_FOUND", 66)
    job.close()
    job = Job()
    job.write_job(platform={"type": "sgx", "command": ["sh", "-c", "exit 7"]})
    result = job.go()
    result.failed_with("WORKER_DIED", 75)
    equal([e["detail"].get("exit") for e in result.events if e.get("note") == "worker-died"], [7, 7, 7])
    job.close()


@claim
def nothing_that_was_said_holds_a_secret():
    text = "".join(everything)
    assert len(text) > 1000 and "ok " in text
    for secret in (SECRET, "first-refresh-token", "rotated-1", "outer.token", "PRIVATE KEY"):
        assert secret not in text, secret


try:
    tap.run()
finally:
    server.close()
    shutil.rmtree(folder)
