"""The vault is killed at any moment under load: what it answered is there afterwards, and nothing is half there.

test_vault_crashes.py COFFER_LOCAL KILLS [SEED]"""
import http.client
import json
import os
import random
import resource
import shlex
import ssl
import sys
import tempfile
import threading
import time

import tap
from local_server import Server, b64url
from tap import claim, equal

KILLS = int(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
WORKERS, NAMES, VERSIONS, CHANGES = 4, 4, 8, 3
GONE = {"state": "none", "kids": [], "tag": None}
DIGEST = b64url(bytes(range(32)))



def deaf_to_limits(program):
    """A file that is too large is an error of write, as on a full disk, and not a signal."""
    fd, script = tempfile.mkstemp(prefix="coffer-local-")
    with os.fdopen(fd, "w") as f:
        f.write(f"#!/bin/sh\ntrap '' XFSZ\nexec {shlex.quote(program)} \"$@\"\n")
    os.chmod(script, 0o700)
    return script


script = deaf_to_limits(sys.argv[1])
server = Server(script)
base = server.info["vault"]
token = server.token("owner")


class Client:
    def __init__(self):
        self.connection = http.client.HTTPSConnection("localhost", server.port, context=server.context, timeout=20)

    def call(self, method, target, body=None):
        separator = "&" if "?" in target else "?"
        target = target if "api-version=" in target else f"{target}{separator}api-version=7.5"
        self.connection.request(method, target, json.dumps(body) if body is not None else None,
                                {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None


class Worker(threading.Thread):
    """Has keys of its own, and remembers what the vault said of them."""

    def __init__(self, number, keys, seed):
        super().__init__()
        self.keys, self.pending, self.problem = keys, None, None
        self.random = random.Random(seed)
        self.count = 0
        self.number = number

    def run(self):
        try:
            client = Client()
            while True:
                self.step(client)
        except (OSError, http.client.HTTPException, ssl.SSLError):
            pass  # it was killed
        except Exception as problem:  # told by the main thread
            self.problem = problem

    def step(self, client):
        name = self.random.choice(sorted(self.keys))
        key = self.keys[name]
        for act in self.actions(name, key):
            method, target, body, after = act
            self.pending = (name, after)
            status, answer = client.call(method, target, body)
            if status not in (200, 204):
                raise AssertionError(f"{method} {target}: {status} {answer}")
            if callable(after.get("then")):
                after["then"](answer)
            self.keys[name] = {m: v for m, v in after.items() if m != "then"}
            if after.get("new"):
                self.keys[name]["kids"] = self.keys[name]["kids"] + [answer["key"]["kid"]]
                del self.keys[name]["new"]
            self.pending = None
            self.count += 1

    def actions(self, name, key):
        """(method, path, body, state afterwards): "new" is a version whose id the answer tells."""
        if key["state"] == "none":
            yield "POST", f"/keys/{name}/create", {"kty": "EC", "tags": {"t": "0"}}, dict(key, state="active", tag="0", new=True)
            return
        if key["state"] == "deleted":
            if self.random.random() < 0.7:
                yield "POST", f"/deletedkeys/{name}/recover", None, dict(key, state="active")
            else:
                yield "DELETE", f"/deletedkeys/{name}", None, GONE
            return
        kind = self.random.choice(["create", "rotate", "update", "delete", "restore"])
        if kind in ("create", "rotate") and len(key["kids"]) >= VERSIONS:
            kind = "delete"
        if kind == "create":
            yield "POST", f"/keys/{name}/create", {"kty": "EC", "tags": {"t": "c"}}, dict(key, tag="c", new=True)
        elif kind == "rotate":
            yield "POST", f"/keys/{name}/rotate", None, dict(key, new=True)
        elif kind == "update":
            tag = str(self.random.randrange(1000))
            yield "PATCH", f"/keys/{name}", {"tags": {"t": tag}}, dict(key, tag=tag)
        elif kind == "delete":
            yield "DELETE", f"/keys/{name}", None, dict(key, state="deleted")
        else:
            blob = {}
            yield "POST", f"/keys/{name}/backup", None, dict(key, then=blob.update)
            yield "DELETE", f"/keys/{name}", None, dict(key, state="deleted")
            yield "DELETE", f"/deletedkeys/{name}", None, GONE
            yield "POST", "/keys/restore", blob, key


def read_all(client, target):
    items = []
    while target:
        status, page = client.call("GET", target)
        assert status == 200, (target, status, page)
        items += page["value"]
        target = page["nextLink"][len(base):] if page["nextLink"] else None
    return items


def observe(client, name, active, deleted):
    if name in deleted:
        return {"state": "deleted"}
    if name not in active:
        return GONE
    versions = read_all(client, f"/keys/{name}/versions")
    return {"state": "active", "kids": [v["kid"] for v in versions], "tag": versions[-1]["tags"]["t"]}


def fits(seen, expected):
    """Is it what was seen, as far as it can be seen?"""
    if seen["state"] != expected["state"]:
        return False
    if seen["state"] == "deleted":
        return True
    kids = expected["kids"]
    if expected.get("new"):
        return seen["kids"][:-1] == kids and seen["kids"][-1] not in kids and seen["tag"] == expected["tag"]
    return seen["kids"] == kids and seen["tag"] == expected["tag"]


def check_works(client, name):
    """Signs with the current version, and the signature verifies."""
    status, signed = client.call("POST", f"/keys/{name}//sign", {"alg": "ES256", "value": DIGEST})
    assert status == 200, (name, status, signed)
    status, answer = client.call("POST", signed["kid"][len(base):] + "/verify",
                                 {"alg": "ES256", "digest": DIGEST, "value": signed["value"]})
    assert (status, answer) == (200, {"value": True}), (name, status, answer)


def check(workers):
    client = Client()
    active = {item["kid"].split("/")[-1] for item in read_all(client, "/keys")}
    deleted = {item["kid"].split("/")[-1] for item in read_all(client, "/deletedkeys")}
    assert not active & deleted
    for worker in workers:
        if worker.problem:
            raise worker.problem
        for name, key in worker.keys.items():
            seen = observe(client, name, active, deleted)
            after = worker.pending[1] if worker.pending and worker.pending[0] == name else None
            if after is not None and not fits(seen, key):
                assert fits(seen, after), f"{name}: found {seen}, was {key}, asked for {after}"
                kids = seen["kids"] if "kids" in seen else after["kids"]
                worker.keys[name] = dict(GONE, state=seen["state"], kids=kids, tag=seen.get("tag", after["tag"]))
            else:
                assert fits(seen, key), f"{name}: found {seen}, answered {key}"
            if seen["state"] == "active":
                check_works(client, name)
    names = {name for worker in workers for name in worker.keys}
    assert active | deleted <= names, active | deleted
    client.connection.close()
    return len(active) + len(deleted)


def check_folder():
    """Nothing is left over on disk once the vault has started."""
    folder = server.path("vault", "keys")
    for name in os.listdir(folder):
        files = os.listdir(os.path.join(folder, name))
        assert not name.startswith(".") and files, (name, files)
        assert not [file for file in files if file.endswith(".tmp")], files


@claim
def no_answered_key_is_lost_and_none_is_half_there():
    print(f"# seed {SEED}")
    chance = random.Random(SEED)
    keys = [{f"w{w}-{n}": GONE for n in range(NAMES)} for w in range(WORKERS)]
    total, began = 0, time.monotonic()
    for _ in range(KILLS):
        workers = [Worker(w, keys[w], chance.randrange(1 << 32)) for w in range(WORKERS)]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.01, 0.12))
        latest = time.monotonic() + 5
        while sum(worker.count for worker in workers) < CHANGES and time.monotonic() < latest:
            time.sleep(0.002)  # a slow machine has its load too
        server.kill()
        for worker in workers:
            worker.join()
        server.start()
        check(workers)
        check_folder()
        total += sum(worker.count for worker in workers)
    print(f"# {KILLS} kills, {total} answered changes, {time.monotonic() - began:.1f} s")
    assert total >= CHANGES * KILLS, total


@claim
def a_full_disk_changes_nothing():
    """No file may grow over 200 bytes: neither the audit trail nor a key's file. (That the trail has room and the key has
    not is in the store's own tests.)"""
    client = Client()
    client.call("POST", "/keys/full/create", {"kty": "EC", "tags": {"t": "1"}})
    before = client.call("GET", "/keys/full")
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        for method, target, body in (("POST", "/keys/full/create", {"kty": "EC"}), ("POST", "/keys/other/create", {"kty": "EC"}),
                                     ("PATCH", "/keys/full", {"tags": {"t": "2"}}), ("DELETE", "/keys/full", None),
                                     ("POST", "/keys/full/rotate", None)):
            status, answer = client.call(method, target, body)
            assert status in (500, 507), (target, status, answer)
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    equal(client.call("GET", "/keys/full"), before)
    equal(client.call("GET", "/keys/other")[0], 404)
    server.stop()
    server.start()
    client = Client()
    equal(client.call("GET", "/keys/full"), before)
    equal(client.call("GET", "/keys/other")[0], 404)
    equal(len(read_all(client, "/keys/full/versions")), 1)


try:
    tap.run()
finally:
    server.close()
    os.unlink(script)
