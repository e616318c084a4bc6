"""coffer key explain: a refusal in words, claim by claim; and that nobody else learns it."""
import json
import os
import subprocess
import sys

import jose
import tap
from attestation import MRENCLAVE, Attester
from local_server import Server, b64url
from tap import claim, equal

server = Server(sys.argv[1])
attester = Attester(server, sys.argv[2])
COFFER = sys.argv[3]
base = server.info["vault"]
CONTRACT = "ab" * 32
TRANSFER = jose.new_key()


def runtime(**change):
    keys = [jose.public_jwk(TRANSFER, "coffer-transfer", ["encrypt"])]
    return dict({"contract": CONTRACT, "run": os.urandom(16).hex(), "keys": keys}, **change)


def make_key(name, digest=CONTRACT, tags=None):
    policy = {"version": "1.0.0", "anyOf": [{"authority": base, "allOf": [
        {"claim": "x-ms-sgx-is-debuggable", "equals": False}, {"claim": "x-ms-sgx-mrenclave", "equals": MRENCLAVE},
        {"claim": "x-ms-runtime.contract", "equals": digest}]}]}
    body = {"kty": "RSA-HSM", "key_size": 2048, "attributes": {"exportable": True}, "tags": tags or {},
            "release_policy": {"data": b64url(json.dumps(policy).encode())}}
    equal(server.vault("owner", "POST", f"/keys/{name}/create", body).status, 200)


def release(name, token, who="agent"):
    return server.vault(who, "POST", f"/keys/{name}/release", {"target": token})


def coffer(*arguments, expect=0):
    done = subprocess.run([COFFER, *arguments, "--home", server.home], capture_output=True, check=False, text=True,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, LC_ALL="C.UTF-8"))
    equal(done.returncode, expect, done.stdout + done.stderr)
    return done.stdout + done.stderr


def explain(*arguments):
    return json.loads(coffer("key", "explain", *arguments, "--json").splitlines()[0])


@claim
def another_measurement_is_shown_with_what_was_expected():
    make_key("data")
    equal(release("data", attester.token(runtime(), mrenclave="5b" * 32)).status, 403)
    text = coffer("key", "explain", "data")
    for part in ("ReleasePolicyNotMet", "x-ms-sgx-mrenclave", MRENCLAVE, "5b" * 32, "Another program was measured", "consent again"):
        assert part in text, (part, text)
    found = explain("data")
    equal((found["decision"], found["why"]), ("refused", "ReleasePolicyNotMet"))
    equal([c["claim"] for c in found["checks"] if not c["met"]], ["x-ms-sgx-mrenclave"])
    assert "Another program" in found["explanation"] and found["remedy"]


@claim
def each_kind_of_refusal_has_its_words():
    for name, given, more, words in (
            ("debug", {}, {"debug": True}, "debuggable"), ("contract", {"contract": "cd" * 32}, {}, "another contract"),
            ("key", {"keys": []}, {}, "no RSA key")):
        make_key(name)
        equal(release(name, attester.token(runtime(**given), **more)).status, 403)
        assert words in explain(name)["explanation"], name
    make_key("closed", digest="none")
    equal(release("closed", attester.token(runtime())).status, 403)
    assert "Nobody has consented" in explain("closed")["explanation"]
    make_key("late", tags={f"coffer.expires.{CONTRACT[:32]}": "5"})
    equal(release("late", attester.token(runtime())).status, 403)
    assert "expired" in explain("late")["explanation"]
    make_key("once", tags={f"coffer.runs.{CONTRACT[:32]}": "1"})
    equal([release("once", attester.token(runtime())).status for _ in range(2)], [200, 403])
    assert "All runs" in explain("once")["explanation"]
    make_key("forged")
    equal(release("forged", server.token("agent")).status, 403)
    found = explain("forged")
    equal(found["why"], "AttestationInvalid")
    assert "no keys of the authority" in found["detail"], found


@claim
def who_may_not_release_is_told_which_right_is_missing():
    make_key("nobody")
    equal(release("nobody", attester.token(runtime()), who="owner").status, 403)
    found = explain("nobody")
    equal((found["why"], found["action"]), ("ForbiddenByRbac", "keys/release"))
    assert "no right" in found["explanation"]


@claim
def one_run_and_the_last_decisions_are_shown():
    make_key("many")
    runs = [runtime() for _ in range(3)]
    for given in runs:
        release("many", attester.token(given))
    bad = runtime(contract="cd" * 32)
    release("many", attester.token(bad))
    lines = [json.loads(line) for line in coffer("key", "explain", "many", "--last", "3", "--json").splitlines()]
    equal([line["run"] for line in lines], [bad["run"], runs[2]["run"], runs[1]["run"]])
    equal(explain("many", "--run", bad["run"])["run"], bad["run"])
    assert "No release of many was refused" in coffer("key", "explain", "many", "--run", runs[0]["run"])
    assert "No release of nothing" in coffer("key", "explain", "nothing")
    assert bad["run"][:8] in coffer("key", "explain", f"{base}/keys/many", "--last", "1")


@claim
def what_an_enclave_says_does_not_reach_the_terminal_as_it_is():
    make_key("terminal")
    evil = "\x1b[2J" + "x" * 8
    release("terminal", attester.token(runtime(contract=evil)))
    assert "\x1b[2J" not in coffer("key", "explain", "terminal")


@claim
def wrong_arguments_are_usage_errors():
    for arguments in (("a b",), ("data", "--last", "0"), ("data", "--last", "101"), ("data", "--run", "xyz"), ("https://x/none/y",),
                      (f"{base}/keys/data&decision=released",), (f"{base}/keys/data#",), (f"{base}/keys/" + "x" * 128,)):
        coffer("key", "explain", *arguments, expect=64)


try:
    tap.run()
finally:
    server.close()
