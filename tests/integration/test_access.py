"""The directory and the grants: the API over HTTPS, `coffer access`, and that what they say counts at once."""
import json
import os
import pty
import stat
import subprocess
import sys
import tempfile
import termios
import time

from local_server import Server
from tap import claim, equal, run

server = Server(sys.argv[1])
COFFER = sys.argv[2]
API = "api://coffer"
folder = tempfile.mkdtemp(dir=server.home)


def api(method, path, body=None, who="owner", token=None, headers=None):
    given = {"Authorization": "Bearer " + (token or server.token(who, API)), "Content-Type": "application/json"}
    given.update(headers or {})
    text = json.dumps(body) if isinstance(body, (dict, list)) else body
    return server.request(method, "/access" + path, text, given)


def made(answer, status=201):
    equal(answer.status, status, answer.body)
    return answer.json() if answer.body else None


def refused(answer, status, code):
    equal((answer.status, answer.code()), (status, code), answer.body)


def app(name):
    """Makes an application with a secret; a function that asks tokens for it."""
    entry = made(api("POST", "/apps", {"name": name}))
    secret = made(api("POST", f"/apps/{name}/secrets", {"expires": 4000000000}))["secret"]

    def token(resource=API):
        answer = server.ask_token({"grant_type": "client_credentials", "client_id": entry["client_id"],
                                   "client_secret": secret, "scope": resource + "/.default"})
        equal(answer.status, 200, answer.body)
        return answer.json()["access_token"]
    token.entry, token.secret = entry, secret
    return token


def grant(who, role, scope="/", **more):
    return api("POST", "/assignments", dict({"principal": who, "role": role, "scope": scope}, **more))


def cli(*arguments, code=0, given=None):
    found = subprocess.run([COFFER, "access", *arguments, "--home", server.home, "--json"], capture_output=True, text=True,
                           timeout=60, check=False, input=given)
    equal(found.returncode, code, found.stdout + found.stderr)
    return json.loads(found.stdout.splitlines()[0])


def file(name, text, mode=0o600):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


# ---- the API ----

@claim
def without_a_token_for_it_nothing_is_told():
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer " + server.token("owner")}):
        answer = api("GET", "/apps", headers=headers)
        equal((answer.status, answer.code()), (401, "Unauthorized"))
        assert 'resource="api://coffer"' in answer.headers["www-authenticate"], answer.headers
    refused(api("GET", "/apps", who="agent"), 403, "FORBIDDEN")
    refused(api("POST", "/apps", {"name": "x"}, who="auditor"), 403, "FORBIDDEN")


@claim
def answers_hold_nothing_that_a_secret_could_be_guessed_by():
    app("plain")
    text = api("GET", "/apps").body + api("GET", "/apps/plain").body
    for word in (b"sha256", b"\"der\"", b"hash"):
        assert word not in text, word


@claim
def a_secret_is_in_the_answer_that_makes_it_and_nowhere_else():
    token = app("secretive")
    token()
    found = subprocess.run(["grep", "-rlF", token.secret, server.path()], capture_output=True, check=False)
    equal(found.returncode, 1, found.stdout)


@claim
def a_grant_counts_at_once_and_its_end_too():
    token = app("reader")
    bearer = token("https://attest.azure.net")

    def policy():
        return server.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", None,
                              {"Authorization": "Bearer " + bearer}).status
    equal(policy(), 401, "before")
    one = made(grant("reader", "Attestation Reader", "/attestation"))
    equal(policy(), 200, "granted")
    equal(api("DELETE", "/assignments/" + one["id"]).status, 204)
    equal(policy(), 401, "revoked")
    made(grant("reader", "Attestation Reader"))
    equal(policy(), 200, "granted again")
    equal(api("PATCH", "/apps/reader", {"enabled": False}).status, 200)
    equal(policy(), 401, "disabled")


@claim
def bodies_are_strict():
    for body in ("", "{", "[]", '{"name":"x","name":"y"}', '{"name":"x","admin":true}', '{"name":7}', '{"name":"X Y"}'):
        answer = api("POST", "/apps", body)
        equal(answer.status, 400, body)
    refused(grant("owner", "Key Vault Reader", "/keyz"), 400, "BAD_ARGUMENT")
    refused(grant("nobody", "Key Vault Reader"), 404, "NOT_FOUND")
    refused(grant("agent", "Key Vault Reader", expires="tomorrow"), 400, "BAD_FORMAT")
    refused(grant("agent", "Key Vault Reader", expires=5), 400, "BAD_ARGUMENT")
    refused(api("GET", "/review?unused=0"), 400, "BAD_ARGUMENT")
    refused(api("GET", "/review?unused=x"), 400, "BAD_ARGUMENT")
    refused(api("GET", "/apps/nobody"), 404, "NOT_FOUND")
    refused(api("GET", "/apps/%ff"), 404, "NOT_FOUND")
    refused(api("DELETE", "/roles/" + "%c3%a4" * 200), 404, "NOT_FOUND")
    equal(api("DELETE", "/apps/owner", "{}").status, 400)


@claim
def two_administrators_do_not_overwrite_each_other():
    made(api("POST", "/groups", {"name": "pair"}))
    seen = api("GET", "/groups/pair").headers["etag"]
    made(api("POST", "/groups", {"name": "other"}))
    refused(api("DELETE", "/groups/pair", headers={"If-Match": seen}), 412, "PreconditionFailed")
    seen = api("GET", "/groups/pair").headers["etag"]
    equal(api("DELETE", "/groups/pair", headers={"If-Match": seen}).status, 204)


@claim
def nobody_raises_himself_by_any_way():
    deputy = app("deputy")
    made(grant("deputy", "Access Administrator"))
    bearer = deputy()
    for body in ({"principal": "deputy", "role": "Key Vault Administrator"}, {"principal": "deputy", "role": "admin"},
                 {"principal": "reader", "role": "Attestation Contributor", "scope": "/attestation"}):
        refused(api("POST", "/assignments", body, token=bearer), 403, "FORBIDDEN")
    refused(api("POST", "/apps/owner/secrets", {"expires": None}, token=bearer), 403, "FORBIDDEN")
    refused(api("POST", "/apps/agent/certificates", {"pem": "x"}, token=bearer), 403, "FORBIDDEN")
    refused(api("POST", "/apps/agent/federated", {"name": "x"}, token=bearer), 403, "FORBIDDEN")
    made(api("POST", "/groups", {"name": "strong"}))
    made(grant("strong", "Key Vault Administrator"))
    refused(api("PUT", "/groups/strong/members/deputy", token=bearer), 403, "FORBIDDEN")
    made(api("POST", "/users", {"name": "boss"}))
    made(grant("boss", "Key Vault Administrator"))
    refused(api("PUT", "/users/boss/password", {"password": "correct horse battery"}, token=bearer), 403, "FORBIDDEN")
    # A role of his own is made of actions, which he lacks too.
    made(api("POST", "/roles", {"name": "Sly", "actions": ["keys/unwrapkey"]}, token=bearer))
    refused(api("POST", "/assignments", {"principal": "deputy", "role": "Sly"}, token=bearer), 403, "FORBIDDEN")
    # What he holds he may give.
    made(api("POST", "/assignments", {"principal": "plain", "role": "Access Reader"}, token=bearer))


@claim
def nobody_locks_everybody_out():
    mine = [a for a in api("GET", "/assignments").json()["value"]
            if a["role"] == "Access Administrator" and a["principal_name"] in ("owner", "deputy")]
    equal(len(mine), 2)
    by = {a["principal_name"]: a["id"] for a in mine}
    equal(api("DELETE", "/assignments/" + by["deputy"]).status, 204)
    refused(api("DELETE", "/assignments/" + by["owner"]), 403, "FORBIDDEN")
    refused(api("PATCH", "/apps/owner", {"enabled": False}), 403, "FORBIDDEN")
    refused(api("DELETE", "/apps/owner"), 403, "FORBIDDEN")
    secret = api("GET", "/apps/owner").json()["secrets"][0]["id"]
    refused(api("DELETE", "/apps/owner/credentials/" + secret), 403, "FORBIDDEN")


@claim
def every_change_is_in_the_trail_before_it_is_made_and_no_secret_is():
    made(api("POST", "/users", {"name": "noted"}))
    equal(api("PUT", "/users/noted/password", {"password": "a password that nobody sees"}).status, 204)
    one = made(grant("noted", "Key Vault Reader", "/keys/noted"))
    api("DELETE", "/assignments/" + one["id"])
    refused(api("POST", "/users", {"name": "owner"}), 409, "EXISTS")
    refused(api("POST", "/users", {"name": "x"}, who="agent"), 403, "FORBIDDEN")
    trail = server.audit()
    found = [(r["action"], r["decision"], r["why"]) for r in trail][-7:]
    equal(found, [("user-create", "allowed", ""), ("user-password-set", "allowed", ""), ("grant", "allowed", ""),
                  ("revoke", "allowed", ""), ("user-create", "allowed", ""), ("user-create", "failed", "EXISTS"),
                  ("user-create", "refused", "FORBIDDEN")])
    granted = [r for r in trail if r["action"] == "grant"][-1]
    equal((granted["who"], granted["principal"], granted["role"], granted["scope"]),
          ("owner", "noted", "Key Vault Reader", "/keys/noted"))
    assert "nobody sees" not in json.dumps(trail)


@claim
def who_is_deleted_leaves_no_grants():
    made(api("POST", "/users", {"name": "short-lived"}))
    made(grant("short-lived", "Key Vault Reader"))
    equal(api("DELETE", "/users/short-lived").status, 204)
    names = [a["principal_name"] for a in api("GET", "/assignments").json()["value"]]
    assert "short-lived" not in names and "" not in names, names


# ---- the command line ----

@claim
def an_application_made_on_the_command_line_can_sign_in_with_its_file():
    out = os.path.join(folder, "runner.json")
    said = cli("app", "create", "runner", "--role", "Key Vault Crypto Service Release User", "--role", "operator", "--scope",
               "/keys/me-data", "--out", out)
    equal(sorted(said), ["authority", "ca", "client_id", "client_secret", "expires", "file", "name", "roles", "tenant"])
    equal(stat.S_IMODE(os.stat(out).st_mode), 0o600)
    with open(out, encoding="utf-8") as f:
        credential = json.load(f)
    equal(sorted(credential), ["authority", "ca", "client_id", "client_secret", "tenant"])
    answer = server.ask_token({"grant_type": "client_credentials", "client_id": credential["client_id"],
                               "client_secret": credential["client_secret"], "scope": API + "/.default"})
    equal(answer.status, 200, answer.body)
    grants = {(g["role"], g["scope"]) for g in cli("list", "--principal", "runner")["grants"]}
    equal(grants, {("Key Vault Crypto Service Release User", "/keys/me-data"), ("operator", "/")})
    cli("app", "create", "runner", "--out", out, code=73)
    cli("app", "create", "other-runner", "--out", out, code=73)


@claim
def an_application_that_cannot_have_its_role_is_not_made():
    cli("app", "create", "half", "--role", "No Such Role", code=66)
    refused(api("GET", "/apps/half"), 404, "NOT_FOUND")


@claim
def a_role_is_granted_listed_used_and_revoked():
    said = cli("grant", "plain", "Key Vault Reader", "--scope", "/keys/x", "--expires", "30d")
    found = cli("list", "--principal", "plain", "--role", "Key Vault Reader")["grants"]
    equal([(g["id"], g["scope"]) for g in found], [(said["id"], "/keys/x")])
    cli("grant", "plain", "Key Vault Reader", "--scope", "/keys/x", code=73)
    equal(cli("revoke", "plain", "Key Vault Reader")["revoked"], [said["id"]])
    cli("revoke", said["id"], code=66)
    cli("grant", "plain", "Key Vault Reader", "--expires", "soon", code=64)


@claim
def people_and_groups_are_managed():
    password = file("password", "correct horse battery\n")
    cli("user", "create", "alice", "--password-file", password, "--display-name", "Alice Ärmel")
    user = [u for u in cli("user", "list")["value"] if u["name"] == "alice"][0]
    equal((user["display_name"], user["has_password"], user["groups"]), ("Alice Ärmel", True, []))
    cli("user", "create", "bob", "--password-file", file("open", "correct horse battery\n", 0o644), code=77)
    cli("user", "create", "bob", "--password-file", file("short", "short\n"), code=64)
    refused(api("GET", "/users/bob"), 404, "NOT_FOUND")
    cli("group", "create", "team")
    cli("group", "add", "team", "alice", "plain")
    equal([m["name"] for m in api("GET", "/groups/team").json()["members"]], ["alice", "plain"])
    cli("group", "remove", "team", "plain")
    cli("user", "disable", "alice")
    assert api("GET", "/users/alice").json()["enabled"] is False
    cli("user", "enable", "alice")
    cli("user", "password", "alice", "--password-file", password)
    cli("group", "delete", "team")
    cli("user", "delete", "alice")


@claim
def an_interrupt_at_a_password_leaves_the_terminal_as_it_was():
    process, terminal = pty.fork()
    if process == 0:
        os.execv(COFFER, [COFFER, "access", "user", "create", "zoe", "--home", server.home])
    seen = b""
    while b"password of zoe" not in seen:
        seen += os.read(terminal, 1024)
    deadline = time.time() + 10
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.time() < deadline:
        time.sleep(0.01)
    os.write(terminal, b"half a pass\x03")
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    equal((code, bool(termios.tcgetattr(terminal)[3] & termios.ECHO)), (75, True))
    os.close(terminal)
    refused(api("GET", "/users/zoe"), 404, "NOT_FOUND")


@claim
def secrets_and_certificates_come_and_go():
    made_secret = cli("app", "secret", "add", "plain", "--ttl", "12h")
    cli("app", "secret", "remove", "plain", made_secret["id"])
    cli("app", "secret", "remove", "plain", made_secret["id"], code=66)
    before = cli("app", "show", "plain")["secrets"]
    cli("app", "secret", "add", "plain", "--out", os.path.join(folder, "no", "such", "folder"), code=66)
    equal(cli("app", "show", "plain")["secrets"], before)
    key, pem = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "20",
                    "-subj", "/CN=plain"], check=True, capture_output=True)
    both = file("both.pem", open(key, encoding="ascii").read() + open(pem, encoding="ascii").read())
    one = cli("app", "certificate", "add", "plain", both)
    cli("app", "certificate", "add", "plain", key, code=65)
    assert "PRIVATE" not in json.dumps(server.audit())
    equal([c["id"] for c in cli("app", "show", "plain")["certificates"]], [one["id"]])
    finding = [f for f in cli("review")["findings"] if f["kind"] == "expiring-credential"]
    equal([f["principal"] for f in finding], ["plain"])
    cli("app", "certificate", "remove", "plain", one["id"])


@claim
def a_role_of_ones_own_is_made_used_and_deleted():
    cli("role", "create", "Peeker", "--action", "keys/get", "--action", "keys/list")
    cli("role", "create", "Peeker", "--action", "keys/get", code=73)
    cli("role", "create", "Flyer", "--action", "keys/fly", code=64)
    one = cli("grant", "plain", "Peeker")
    cli("role", "delete", "Peeker", code=75)
    cli("revoke", one["id"])
    cli("role", "delete", "Peeker")


@claim
def a_credential_file_says_who_asks():
    out = os.path.join(folder, "helper.json")
    cli("app", "create", "helper", "--role", "Access Reader", "--out", out)
    cli("list", "--credential", out)
    cli("group", "create", "forbidden", "--credential", out, code=77)


@claim
def all_is_there_after_a_restart():
    before = (api("GET", "/apps").json(), api("GET", "/users").json(),
              [{k: g[k] for k in ("id", "role", "scope")} for g in api("GET", "/assignments").json()["value"]])
    port = server.port
    server.stop()
    server.start(port)
    after = (api("GET", "/apps").json(), api("GET", "/users").json(),
             [{k: g[k] for k in ("id", "role", "scope")} for g in api("GET", "/assignments").json()["value"]])
    equal(after, before)
    mode = stat.S_IMODE(os.stat(server.path("identity", "directory.json")).st_mode)
    equal((mode, stat.S_IMODE(os.stat(server.path("identity", "access.json")).st_mode)), (0o600, 0o600))


try:
    run()
finally:
    server.close()
