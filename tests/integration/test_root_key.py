"""The root key in a file, under a passphrase, and in a PKCS#11 token (SoftHSM); and moves between them."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap
from local_server import Server
from tap import claim, equal

PROGRAM = sys.argv[1]
credentials = tempfile.mkdtemp(prefix="coffer-credentials-")
os.environ["CREDENTIALS_DIRECTORY"] = credentials
MODULES = [name for pattern in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so",
                                "/usr/lib64/pkcs11/libsofthsm2.so") for name in glob.glob(pattern)]
tokens = tempfile.mkdtemp(prefix="coffer-token-")
PIN = "246802"


def say(name, text):
    with open(os.path.join(credentials, name), "w") as f:
        f.write(text)


def make_token(label):
    os.environ["SOFTHSM2_CONF"] = os.path.join(tokens, "softhsm2.conf")
    with open(os.environ["SOFTHSM2_CONF"], "w") as f:
        f.write(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "13579246"], check=True,
                   stdout=subprocess.DEVNULL)


def uri(token="coffer", key="root"):
    return f"pkcs11:token={token};object={key}?module-path={MODULES[0]}"


def start(home=None, *more):
    server = Server.__new__(Server)
    server.program, server.more, server.process = PROGRAM, list(more), None
    server.home = home or tempfile.mkdtemp(prefix="coffer-test-")
    return server.start()


def fails(home, *more):
    try:
        server = start(home, *more)
    except RuntimeError as e:
        return str(e)
    server.close()
    raise AssertionError("it started")


def change(home, *more, inputs=()):
    pipes, arguments = [], []
    for option, text in inputs:
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        pipes.append(read)
        arguments += [option, str(read)]
    done = subprocess.run([PROGRAM, "--home", home, *more, *arguments], pass_fds=pipes, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, start_new_session=True)
    for read in pipes:
        os.close(read)
    return done


def kept(home):
    return sorted(name for name in os.listdir(os.path.join(home, "local", "vault")) if name.startswith("root."))


def record(home):
    with open(os.path.join(home, "local", "vault", "root.json")) as f:
        return json.load(f)


def put(server):
    equal(server.vault("owner", "PUT", "/secrets/s", {"value": "sealed"}).status, 200)


def opens(home, *more):
    server = start(home, *more)
    try:
        equal(server.vault("owner", "GET", "/secrets/s").json()["value"], "sealed")
    finally:
        server.stop()


server = start()
put(server)
HOME = server.home
server.stop()


@claim
def a_home_moves_from_a_file_to_a_passphrase():
    equal(kept(HOME), ["root.key"])
    done = change(HOME, "--change-root-key", "passphrase", inputs=[("--new-passphrase-fd", "first one\n")])
    equal((done.returncode, done.stderr), (0, b""))
    equal(kept(HOME), ["root.json"])
    say("coffer-passphrase", "first one\n")
    opens(HOME, "--root-key", "passphrase")


@claim
def a_wrong_passphrase_is_refused_and_changes_nothing():
    before = record(HOME)
    say("coffer-passphrase", "first 0ne")
    for _ in range(2):
        assert "UNAUTHORIZED" in fails(HOME, "--root-key", "passphrase")
    done = change(HOME, "--root-key", "passphrase", "--change-root-key", "file", inputs=[("--passphrase-fd", "wrong")])
    equal(done.returncode, 77)
    assert b"passphrase" in done.stderr and b"wrong" not in done.stderr, done.stderr
    equal((record(HOME), kept(HOME)), (before, ["root.json"]))


@claim
def without_a_passphrase_the_way_to_give_it_is_said():
    os.unlink(os.path.join(credentials, "coffer-passphrase"))
    done = change(HOME, "--root-key", "passphrase", "--change-root-key", "file")
    assert b"--passphrase-fd" in done.stderr, done.stderr
    assert "--root-key" in fails(HOME), "how it is kept is not a guess"


@claim
def a_change_while_a_server_runs_is_refused():
    say("coffer-passphrase", "first one")
    running = start(HOME, "--root-key", "passphrase")
    try:
        done = change(HOME, "--root-key", "passphrase", "--change-root-key", "file")
        assert b"BUSY" in done.stderr, done.stderr
    finally:
        running.stop()


@claim
def a_home_moves_from_a_passphrase_to_a_token_and_back():
    make_token("coffer")
    say("coffer-new-pin", PIN)
    done = change(HOME, "--root-key", "passphrase", "--change-root-key", uri())
    equal((done.returncode, done.stderr), (0, b""))
    equal((record(HOME)["kind"], kept(HOME)), ("pkcs11", ["root.json"]))
    say("coffer-pin", PIN)
    opens(HOME, "--root-key", uri())
    opens(HOME, "--root-key", uri())
    done = change(HOME, "--root-key", uri(), "--change-root-key", "file", inputs=[("--pin-fd", PIN)])
    equal((done.returncode, kept(HOME)), (0, ["root.key"]))
    opens(HOME)
    equal(change(HOME, "--change-root-key", uri()).returncode, 0)


@claim
def a_wrong_pin_token_key_or_module_is_refused():
    before = record(HOME)
    say("coffer-pin", "111111")
    assert "UNAUTHORIZED" in fails(HOME, "--root-key", uri())
    say("coffer-pin", PIN)
    assert "NOT_FOUND" in fails(HOME, "--root-key", uri(token="other"))
    assert "NOT_FOUND" in fails(HOME, "--root-key", uri(key="other")), "no key is made by opening"
    assert "NOT_FOUND" in fails(HOME, "--root-key", f"pkcs11:token=coffer;object=root?module-path={tokens}/none.so")
    for wrong in ("pkcs11:token=coffer;object=root", "pkcs11:", f"{uri()}&pin-value={PIN}", "pkcs11:token=%zz", "tpm"):
        assert "BAD_ARGUMENT" in fails(HOME, "--root-key", wrong), wrong
    make_token("second")
    equal(change(HOME, "--root-key", uri(), "--change-root-key", uri(token="second")).returncode, 0)
    opens(HOME, "--root-key", uri(token="second"))
    with open(os.path.join(HOME, "local", "vault", "root.json"), "w") as f:
        json.dump(before, f)
    assert "KEY_MISMATCH" in fails(HOME, "--root-key", uri(token="second"))
    opens(HOME, "--root-key", uri())


@claim
def a_home_with_keys_or_secrets_and_no_root_key_gets_no_new_one():
    for method, target, body in (("PUT", "/secrets/s", {"value": "x"}), ("POST", "/keys/k/create", {"kty": "EC"})):
        fresh = start()
        equal(fresh.vault("owner", method, target, body).status, 200)
        fresh.stop()
        file = os.path.join(fresh.home, "local", "vault", "root.key")
        os.rename(file, file + ".away")
        assert "CONFIG" in fails(fresh.home), target
        equal(kept(fresh.home), ["root.key.away"])
        os.rename(file + ".away", file)
        again = start(fresh.home)
        equal(again.vault("owner", "GET", target.removesuffix("/create")).status, 200)
        again.close()


@claim
def a_first_start_with_a_token_leaves_no_root_key_on_disk():
    fresh = start(None, "--root-key", uri(key="fresh"))
    try:
        put(fresh)
        fresh.stop()
        equal(kept(fresh.home), ["root.json"])
        equal(set(record(fresh.home)), {"coffer", "kind", "iv", "sealed"})
        opens(fresh.home, "--root-key", uri(key="fresh"))
    finally:
        shutil.rmtree(fresh.home)


try:
    tap.run()  # without softhsm2, which ./check installs, the claims about tokens fail
finally:
    server.close()
    shutil.rmtree(credentials)
    shutil.rmtree(tokens)
