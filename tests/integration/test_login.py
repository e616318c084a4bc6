"""coffer login and logout: a person signs in with a code, and the session becomes a credential in the state folder."""
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse

import directory
import tap
from local_server import VAULT, Server
from tap import claim, equal

CLI = "c0ffe2c1-1ca1-4c11-8f3b-5d9a7be04a52"

server = Server(sys.argv[1])
COFFER = sys.argv[2]
tenant, base = server.info["tenant"], server.info["authority"]
alice = directory.user("alice", "correct horse")
directory.edit(server, lambda table: table["users"].append(alice))
FILE = os.path.join(server.home, "login.json")


def coffer(*arguments):
    return subprocess.Popen([COFFER, *arguments, "--home", server.home, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def enter(code, action="sign-in"):
    page = server.request("GET", f"/{tenant}/oauth2/deviceauth")
    ticket = re.search(r'name="ticket" value="([0-9a-f]+)"', page.body.decode()).group(1)
    form = {"user_code": code, "name": "alice", "password": "correct horse", "action": action, "ticket": ticket}
    answer = server.request("POST", f"/{tenant}/oauth2/deviceauth", urllib.parse.urlencode(form), {
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": page.headers["set-cookie"].split(";")[0]})
    equal(answer.status, 200)


def finish(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


def refresh(token):
    return server.ask_token({"grant_type": "refresh_token", "client_id": CLI, "refresh_token": token, "scope": VAULT + "/.default"})


# All three wait for as long: at once. The flags name what the other two find by themselves.
programs = {"good": coffer("login"), "refused": coffer("login", "--authority", base, "--tenant", tenant, "--ca", server.info["ca"]),
            "interrupted": coffer("login")}
codes = {name: json.loads(p.stdout.readline()) for name, p in programs.items()}
enter(codes["good"]["user_code"])
enter(codes["refused"]["user_code"], "refuse")


@claim
def the_page_and_the_code_are_shown():
    shown = codes["good"]
    equal((shown["event"], shown["verification_uri"], shown["expires_in"]), ("code", f"{base}/{tenant}/oauth2/deviceauth", 900))


@claim
def an_interrupt_leaves_nothing():
    programs["interrupted"].send_signal(signal.SIGINT)
    code, _, err = finish(programs["interrupted"])
    assert code != 0 and "interrupted" in err, (code, err)
    equal([n for n in os.listdir(server.home) if "login" in n], [])


@claim
def a_request_that_is_refused_ends_with_a_code():
    code, lines, err = finish(programs["refused"])
    equal((code, "refused in the browser" in err), (77, True), err)
    equal(lines[-1]["code"], "FORBIDDEN")


@claim
def the_session_is_kept_for_its_owner_alone():
    code, lines, err = finish(programs["good"])
    equal((code, lines[-1]), (0, {"event": "signed-in", "name": "alice@localhost", "file": FILE}), err)
    equal(os.stat(FILE).st_mode & 0o777, 0o600)
    with open(FILE) as f:
        kept = json.load(f)
    equal(sorted(kept), ["authority", "ca", "client_id", "refresh_token", "tenant"])
    equal((kept["authority"], kept["tenant"], kept["client_id"]), (base, tenant, CLI))
    answer = refresh(kept["refresh_token"])
    equal(answer.status, 200)
    kept["refresh_token"] = answer.json()["refresh_token"]
    with open(FILE, "w") as f:
        json.dump(kept, f)


@claim
def logging_out_ends_the_session_and_removes_it():
    with open(FILE) as f:
        token = json.load(f)["refresh_token"]
    equal(finish(coffer("logout"))[:2], (0, [{"status": "signed out", "revoked": True}]))
    assert not os.path.exists(FILE)
    equal((refresh(token).status, refresh(token).json()["error_codes"]), (400, [700082]))
    equal(finish(coffer("logout"))[:2], (0, [{"status": "not signed in", "revoked": False}]))


@claim
def half_an_authority_is_refused():
    code, _, err = finish(coffer("login", "--authority", base))
    equal((code, "belong together" in err), (64, True), err)


try:
    tap.run()
finally:
    server.close()
