"""What stays over restarts and kills, and who may use a folder."""
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import tap
from local_server import Server, free_port
from tap import claim, equal

server = Server(sys.argv[1])


def make(name):
    return server.vault("owner", "POST", f"/keys/{name}/create", {"kty": "RSA"})


@claim
def sigterm_ends_cleanly_and_takes_its_description_along():
    equal(server.stop(), 0)
    assert not os.path.exists(server.path("local.json")) and not os.path.exists(server.path("platform.sock"))
    server.start()


@claim
def the_end_of_the_lifeline_ends_the_server():
    os.close(server.life)
    equal(server.wait(), 0)
    server.start()


@claim
def port_tenant_authority_clients_and_keys_stay():
    made = make("stays").json()
    before = (server.info["tenant"], server.port, server.info["root"], server.credentials("owner"))
    certs = server.request("GET", "/certs").body
    with open(server.info["ca"]) as f:
        ca = f.read()
    server.stop()
    server.start()
    equal((server.info["tenant"], server.port, server.info["root"], server.credentials("owner")), before)
    equal(server.request("GET", "/certs").body, certs)
    with open(server.info["ca"]) as f:
        equal(f.read(), ca)
    equal(server.vault("owner", "GET", "/keys/stays").json(), made)


@claim
def two_servers_do_not_share_a_folder():
    done = subprocess.run([server.program, "--home", server.home], capture_output=True, timeout=20, check=False)
    assert done.returncode == 75 and b"BUSY" in done.stderr, done
    equal(server.request("GET", "/certs").status, 200)


@claim
def a_port_that_is_taken_is_refused_and_not_exchanged():
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run([server.program, "--home", home, "--port", str(server.port)], capture_output=True, timeout=20,
                              check=False)
        assert done.returncode == 75 and b"is taken" in done.stderr, done


@claim
def a_folder_that_others_may_enter_is_refused():
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(os.path.join(home, "local"), 0o755)
        done = subprocess.run([server.program, "--home", home, "--port", str(free_port())], capture_output=True, timeout=20,
                              check=False)
        assert done.returncode == 77 and b"0700" in done.stderr, done


@claim
def wrong_options_are_refused():
    for arguments in ([], ["--home"], ["--port", "x", "--home", "/tmp"], ["--port", "70000", "--home", "/tmp"],
                      ["--home", "/tmp", "more"], ["--ready-fd", "77", "--home", "/tmp"]):
        done = subprocess.run([server.program, *arguments], capture_output=True, timeout=20, check=False)
        equal(done.returncode, 64, arguments)


@claim
def version_and_help_are_told():
    for option, text in (("--version", b"coffer-local "), ("--help", b"usage: coffer-local")):
        done = subprocess.run([server.program, option], capture_output=True, timeout=20, check=False)
        assert done.returncode == 0 and done.stdout.startswith(text), done


@claim
def a_torn_last_line_of_the_audit_trail_does_not_spoil_the_next():
    server.stop()
    with open(server.path("audit.jsonl"), "a") as f:
        f.write('{"action":"torn')
    server.start()
    make("after-tear")
    with open(server.path("audit.jsonl")) as f:
        lines = f.read().splitlines()
    assert '{"action":"torn' in lines and '"after-tear"' in lines[-1], lines[-2:]


@claim
def leftovers_of_a_killed_writer_are_swept():
    left = [server.path("vault", "keys", "x.123.tmp"), server.path("settings.json.1.tmp")]
    for name in left:
        with open(name, "w") as f:
            f.write("half")
    server.stop()
    server.start()
    equal([os.path.exists(name) for name in left], [False, False])


@claim
def kill_during_writes_leaves_a_usable_state():
    for round_number in range(8):
        name = f"storm-{round_number}"
        first = make(name)
        equal(first.status, 200)
        target = "/keys/" + "/".join(first.json()["key"]["kid"].split("/")[-2:])
        victim = server.process

        def storm():
            try:
                for i in range(200):
                    server.vault("owner", "PATCH", target, {"tags": {"i": str(i)}})
            except (OSError, AttributeError, Exception):  # the server is killed under it
                pass
        writer = threading.Thread(target=storm)
        writer.start()
        time.sleep(0.03 + 0.017 * round_number)
        victim.send_signal(signal.SIGKILL)
        writer.join()
        server.wait()
        server.start()
        body = server.vault("owner", "GET", target).json()
        equal(body["key"], first.json()["key"])
        wrapped = server.vault("owner", "POST", target + "/wrapkey", {"alg": "RSA-OAEP-256", "value": "AAAA"}).json()["value"]
        opened = server.vault("owner", "POST", target + "/unwrapkey", {"alg": "RSA-OAEP-256", "value": wrapped})
        equal(opened.json()["value"], "AAAA", "the private key still opens")


@claim
def a_first_start_that_is_killed_can_be_repeated():
    for delay in (0.005, 0.02, 0.05, 0.1, 0.2):
        with tempfile.TemporaryDirectory() as home:
            process = subprocess.Popen([server.program, "--home", home, "--port", str(free_port())])
            time.sleep(delay)
            process.kill()
            process.wait()
            other = Server.__new__(Server)
            other.program, other.home = server.program, home
            other.start(free_port())
            for name in ("owner", "agent"):
                assert other.token(name)
            equal(other.stop(), 0)


@claim
def a_warm_start_is_quick():
    server.stop()
    start = time.monotonic()
    server.start()
    took = time.monotonic() - start
    assert took < 1, took  # 20 ms on a quiet machine; a test is no benchmark


try:
    tap.run()
finally:
    server.close()
