"""Inputs that come straight from their owner, and inputs in Azure's client-side encryption; through a whole job."""
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import tap
from local_server import Server, b64url
from tap import claim, equal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from azurite import Azurite  # noqa: E402

LOCAL, AGENT, WORKER, TOOL, COFFER, LIBRARY = sys.argv[1:7]
server = Server(LOCAL)
base = server.info["vault"]
with open(WORKER, "rb") as f:
    MEASUREMENT = hashlib.sha256(f.read()).hexdigest()
numbers = iter(range(10000))


def tool(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)
    return done.stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Job:
    """A consented job of two inputs, whose second object is not in the store but in self.object."""

    def __init__(self, missing=True, **spec):
        self.folder = tempfile.mkdtemp(prefix="coffer-transfer-")
        os.mkdir(self.path("store"))
        self.run = os.urandom(16).hex()
        name = f"transfer-test-{next(numbers)}"
        key = self.vault("POST", f"/keys/{name}/create",
                         {"kty": "RSA-HSM", "key_size": 2048, "attributes": {"exportable": True},
                          "release_policy": self.policy({"claim": "x-ms-runtime.contract", "equals": "00" * 32})})["key"]
        spec = dict({"store": self.path("store"), "contract": self.path("contract.json"), "key": self.path("recipient.der"),
                     "owner_kid": key["kid"], "owner_jwk": {k: key[k] for k in ("n", "e")} | {"kty": "RSA"}, "two_inputs": True,
                     "measurement": MEASUREMENT, "root": server.info["root"], "authority": base, "epochs": 4, "every_epochs": 2}, **spec)
        with open(self.path("spec.json"), "w") as f:
            json.dump(spec, f)
        self.contract = tool("make", self.path("spec.json"))
        short = self.contract[:32]
        self.vault("PATCH", key["kid"][len(base):],
                   {"tags": {"coffer.expires." + short: "2000000000", "coffer.runs." + short: "3"},
                    "release_policy": self.policy(
                        {"claim": "x-ms-attestation-type", "equals": "sgx"}, {"claim": "x-ms-sgx-is-debuggable", "equals": False},
                        {"anyOf": [{"claim": "x-ms-sgx-mrenclave", "equals": MEASUREMENT}]},
                        {"claim": "x-ms-runtime.contract", "equals": self.contract})})
        with open(self.path("contract.json")) as f:
            self.digest = json.load(f)["inputs"][1]["objects"][0]["digest"]
        self.port = free_port()
        tool("ticket", f"127.0.0.1:{self.port}", *(self.path(n) for n in ("ticket", "receive.pem", "receive.key")))
        with open(self.path("ticket")) as f:
            self.ticket = f.read().strip()
        self.object = self.path("object")
        stored = self.path("store", "objects", self.digest + ".sealed")
        if missing:
            os.rename(stored, self.object)
        else:
            shutil.copyfile(stored, self.object)
        self.write_job()

    def vault(self, method, path, body):
        answer = server.vault("owner", method, path, body)
        equal(answer.status, 200, answer.body)
        return answer.json()

    def policy(self, *conditions):
        return {"data": b64url(json.dumps({"version": "1.0.0", "anyOf": [{"authority": base, "allOf": list(conditions)}]}).encode())}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write_job(self):
        job = {"contract": self.path("contract.json"), "run": self.run, "journal": self.path("journal.jsonl"), "kernel": "best",
               "store": {"where": "dir:" + self.path("store")}, "attestation": [server.info["attest"]],
               "vaults": [{"url": base, "credential": server.info["clients"]["agent"]}], "ca": server.info["ca"],
               "platform": {"type": "simulated", "socket": server.info["platform"], "worker": WORKER},
               "receive": {"listen": f"127.0.0.1:{self.port}", "ticket": self.path("ticket"), "certificate": self.path("receive.pem"),
                           "key": self.path("receive.key")}}
        with open(self.path("job.json"), "w") as f:
            json.dump(job, f)

    def start(self):
        """The agent, once it waits for the sender, and the events so far."""
        agent = subprocess.Popen([AGENT, "--job", self.path("job.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return agent, self.wait_for(agent, "waiting-for-sender")

    def wait_for(self, agent, what):
        seen = []
        while not seen or what not in (seen[-1].get("note"), seen[-1].get("step")):
            line = agent.stdout.readline()
            assert line, f"the agent ended before {what}: {seen}: {agent.stderr.read()}"
            seen.append(json.loads(line))
        return seen

    def finish(self, agent, seen=()):
        out, error = agent.communicate(timeout=60)
        return agent.returncode, list(seen) + [json.loads(line) for line in out.splitlines()], error

    def send(self, *more, file=None, ticket=None):
        return subprocess.run([COFFER, "data", "send", file or self.object, "--home", self.path("home"), "--json",
                               "--ticket", ticket or self.ticket, *more], capture_output=True, text=True, timeout=60)

    def model(self):
        return tool("open", self.path("store", "jobs", self.contract, self.run, "outputs", "model.sealed"), self.path("recipient.der"))

    def leftovers(self):
        """Files of the agent that hold what was sent, or a part of it."""
        with open(self.object, "rb") as f:
            part = f.read()[-200:-100]
        found = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    if part in f.read() and os.path.join(folder, name) != self.object:
                        found.append(name)
        return found

    def close(self):
        shutil.rmtree(self.folder)


class RawSender:
    """The protocol of docs/formats/transfer.md, without Coffer's code."""

    def __init__(self, job):
        self.job = job
        place, _, rest = job.ticket[len("coffer://"):].partition("/")
        self.secret, _, self.pin = rest.partition("#")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection(place, context=context, timeout=30)
        self.sender = os.urandom(16).hex()
        deadline = time.time() + 10
        while True:
            try:
                return self.connection.connect()
            except ConnectionRefusedError:
                assert time.time() < deadline, "the agent does not listen"
                time.sleep(0.02)

    def ask(self, method, query="", body=None, digest=None):
        self.connection.request(method, f"/objects/{digest or self.job.digest}{query}", body,
                                {"Authorization": "Bearer " + self.secret, "x-coffer-sender": self.sender})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def expected_model():
    if not expected_model.value:
        job = Job(missing=False)
        code, _, error = job.finish(subprocess.Popen([AGENT, "--job", job.path("job.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        equal(code, 0, error)
        expected_model.value = job.model()
        job.close()
    return expected_model.value


expected_model.value = None


def notes(events):
    return [e["note"] for e in events if "note" in e]


@claim
def an_input_comes_straight_from_its_owner_and_nothing_of_it_stays():
    job = Job()
    early = subprocess.Popen([COFFER, "data", "send", job.object, "--ticket", job.path("ticket"), "--home", job.path("home"), "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)  # it waits: no agent listens yet
    agent, seen = job.start()
    equal(seen[-1]["detail"], {"input": "more", "part": "data", "digest": job.digest, "listen": f"127.0.0.1:{job.port}"})
    out, error = early.communicate(timeout=60)
    equal(early.returncode, 0, error)
    size = os.path.getsize(job.object)
    equal(json.loads(out.splitlines()[-1]), {"status": "sent", "digest": job.digest, "bytes": size})
    code, events, error = job.finish(agent, seen)
    equal(code, 0, error)
    equal(notes(events), ["waiting-for-sender", "received"])
    equal(job.model(), expected_model())
    equal(job.leftovers(), [])
    job.close()


@claim
def wrong_tickets_and_objects_are_refused_and_the_run_goes_on():
    job = Job()
    agent, seen = job.start()
    wrong = job.ticket.replace("/" + job.ticket.rpartition("/")[2].partition("#")[0], "/" + "A" * 43)
    equal(job.send(ticket=wrong).returncode, 77)
    with open(job.object, "rb") as f:
        other = bytearray(f.read())
    other[24] ^= 1  # in the object id: another digest
    with open(job.path("other"), "wb") as f:
        f.write(other)
    refused = job.send(file=job.path("other"))
    equal((refused.returncode, json.loads(refused.stdout.splitlines()[-1])["code"]), (66, "NOT_FOUND"))
    # Another agent's key: nothing is sent to it.
    equal(job.send("--timeout", "1", ticket=job.ticket[:-1] + ("0" if job.ticket[-1] != "0" else "1")).returncode, 69)
    with open(job.object, "rb") as f:
        cut = f.read()[:-1]
    with open(job.path("cut"), "wb") as f:
        f.write(cut)
    equal(job.send(file=job.path("cut")).returncode, 65)
    equal(job.send().returncode, 0)
    code, _, error = job.finish(agent, seen)
    equal(code, 0, error)
    job.close()


@claim
def a_broken_transfer_is_gone_on_with_by_the_next_sender():
    job = Job()
    agent, seen = job.start()
    first = RawSender(job)
    with open(job.object, "rb") as f:
        whole = f.read()
    equal(first.ask("GET"), (200, {"received": 0, "state": "waiting"}))
    equal(first.ask("PUT", f"?size={len(whole)}&at=0", whole[:3000]), (200, {"received": 3000, "state": "waiting"}))
    # While the first lives, a second one is refused.
    status, said = RawSender(job).ask("PUT", f"?size={len(whole)}&at=3000", whole[3000:])
    equal((status, said["error"]["code"]), (409, "BUSY"))
    equal(job.send("--timeout", "1").returncode, 75)
    first.connection.close()
    sent = job.send()
    equal(sent.returncode, 0, sent.stderr)
    code, _, error = job.finish(agent, seen)
    equal(code, 0, error)
    equal(job.model(), expected_model())
    job.close()


@claim
def bytes_that_are_not_the_object_end_the_run():
    job = Job()
    agent, seen = job.start()
    size = os.path.getsize(job.object)
    RawSender(job).ask("PUT", f"?size={size}&at=0", os.urandom(size))
    code, events, error = job.finish(agent, seen)
    equal((code, events[-1]["detail"]["code"]), (65, "BAD_FORMAT"), error)
    job.close()


@claim
def a_worker_that_dies_while_it_waits_is_replaced_and_asks_again():
    job = Job()
    agent, seen = job.start()
    with open(job.object, "rb") as f:
        whole = f.read()
    equal(RawSender(job).ask("PUT", f"?size={len(whole)}&at=0", whole[:5000])[0], 200)
    os.kill([e["detail"]["pid"] for e in seen if e.get("step") == "provisioned"][-1], signal.SIGKILL)
    seen += job.wait_for(agent, "waiting-for-sender")
    equal(job.send().returncode, 0)
    code, events, error = job.finish(agent, seen)
    equal(code, 0, error)
    equal(notes(events), ["waiting-for-sender", "worker-died", "waiting-for-sender", "received"])
    equal(job.model(), expected_model())
    job.close()


@claim
def a_run_that_waits_can_be_cancelled():
    job = Job()
    agent, seen = job.start()
    agent.send_signal(signal.SIGTERM)
    code, events, error = job.finish(agent, seen)
    equal((code, events[-1]["step"]), (75, "cancelled"), error)
    equal(job.send("--timeout", "0").returncode, 69)
    job.close()


class Home:
    """A user's home with one identity, and a job file over a table."""

    JOB = """name: transfer
purpose: research
platform: {accept: [simulated]}
inputs:
  - {name: cells, owner: me, INPUT, format: csv, target: kind, schema: schema.yaml}
model: {kind: linear}
training: {epochs: 3, seed: 7, threads: 1}
outputs:
  - {name: model, format: safetensors, recipients: [me]}
limits: {expires: 2036-01-01T00:00:00Z, runs: 9, memory: 64MiB, wall_time: 10m}
"""
    SCHEMA = """columns:
  - {name: size, type: number}
  - {name: kind, type: category, values: [good, bad]}
"""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="coffer-transfer-")
        with open(self.path("rows.csv"), "w") as f:
            f.write("size,kind\n" + "".join(f"{i * 37 % 101},{'bad' if i * 37 % 101 > 50 else 'good'}\n" for i in range(2000)))
        with open(self.path("schema.yaml"), "w") as f:
            f.write(self.SCHEMA)
        self.ok("key", "create", "me", "--bits", "2048")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def coffer(self, *arguments):
        return subprocess.run([COFFER, *arguments, "--home", self.path("home"), "--json"], capture_output=True, text=True,
                              cwd=self.folder, timeout=60)

    def ok(self, *arguments):
        done = self.coffer(*arguments)
        equal(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def job(self, source):
        with open(self.path("job.yaml"), "w") as f:
            f.write(self.JOB.replace("INPUT", source))

    def model(self, out):
        with open(self.path(out, "model.safetensors"), "rb") as f:
            return f.read()

    def close(self):
        shutil.rmtree(self.folder)


@claim
def an_adopted_blob_gives_the_same_model_as_the_table_stored_or_sent():
    home = Home()
    home.ok("up")
    try:
        home.job("data: rows.csv")
        home.ok("run", "job.yaml", "--out", "plain")
        tool("cse", home.path("home", "identities", "me.json"), home.path("rows.csv"), home.path("blob"))
        with open(home.path("blob"), "rb") as f:
            blob = f.read()
        adopted = home.ok("data", "adopt", "blob", "--encryptiondata", "blob.json", "--out", "blob.object")
        equal(adopted["digest"], hashlib.sha256(blob).hexdigest())
        equal(adopted["size"], os.path.getsize(home.path("rows.csv")))
        again = home.ok("data", "adopt", "dir:" + home.path("blob"), "--encryptiondata", "blob.json", "--out", "again.object")
        equal(again["digest"], adopted["digest"])
        home.job("sealed: blob.object")
        home.ok("run", "job.yaml", "--out", "stored")
        equal(home.model("stored"), home.model("plain"))
        os.makedirs(home.path("owners", "store", "objects"), mode=0o700)  # the home of an owner elsewhere
        os.rename(home.path("home", "store", "objects", adopted["digest"] + ".sealed"),
                  home.path("owners", "store", "objects", adopted["digest"] + ".sealed"))
        run = subprocess.Popen([COFFER, "run", "job.yaml", "--new-run", "--receive", f"127.0.0.1:{free_port()}", "--out", "sent",
                                "--home", home.path("home"), "--json"], cwd=home.folder, stdout=subprocess.PIPE, text=True)
        for line in run.stdout:
            said = json.loads(line)
            if said.get("note") == "send-this":
                break
        equal((said["input"], said["owner"], said["digest"]), ("cells", "me", adopted["digest"]))
        sent = subprocess.run([COFFER, "data", "send", said["digest"], "--ticket", said["ticket"], "--home", home.path("owners")],
                              capture_output=True, text=True, timeout=60)
        equal(sent.returncode, 0, sent.stderr)
        run.communicate(timeout=60)
        equal(run.returncode, 0)
        equal(home.model("sent"), home.model("plain"))
        assert not os.path.exists(home.path("home", "store", "objects", adopted["digest"] + ".sealed"))
    finally:
        home.coffer("down")
        home.close()


@claim
def a_blob_in_storage_is_adopted_with_its_own_metadata():
    home = Home()
    home.ok("up")
    try:
        with Azurite(LIBRARY) as azurite:
            azurite.create_container("blobs")
            azurite.credential_file(home.path("key.json"))
            tool("cse", home.path("home", "identities", "me.json"), home.path("rows.csv"), home.path("blob"))
            with open(home.path("blob"), "rb") as f, open(home.path("blob.json")) as data:
                status, said = azurite.request("PUT", "/blobs/cells", "", f.read(), {
                    "x-ms-blob-type": "BlockBlob", "x-ms-meta-encryptiondata": json.dumps(json.load(data)), "Content-Type": "application/octet-stream"})
            equal(status, 201, said)
            azurite.request("PUT", "/blobs/bare", "", b"x", {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"})
            where = f"azure:{azurite.url('blobs')}/"
            adopted = home.ok("data", "adopt", where + "cells", "--credential", "key.json", "--out", "cells.object")
            with open(home.path("blob"), "rb") as f:
                equal(adopted["digest"], hashlib.sha256(f.read()).hexdigest())
            refused = home.coffer("data", "adopt", where + "bare", "--credential", "key.json", "--out", "bare.object")
            equal(json.loads(refused.stdout.splitlines()[-1])["code"], "NOT_FOUND")
            assert "encryptiondata" in refused.stderr, refused.stderr
    finally:
        home.coffer("down")
        home.close()


@claim
def a_blob_that_does_not_open_is_not_adopted():
    home = Home()
    home.ok("up")
    try:
        tool("cse", home.path("home", "identities", "me.json"), home.path("rows.csv"), home.path("blob"))
        with open(home.path("blob"), "rb") as f:
            blob = bytearray(f.read())
        with open(home.path("blob.json")) as f:
            data = json.load(f)
        swapped = blob[1052:2104] + blob[:1052] + blob[2104:]
        for content, change, code in ((swapped, {}, "BAD_FORMAT"), (blob[:-1], {}, "TAG_MISMATCH"), (blob[:1060], {}, "TRUNCATED"),
                                      (blob, {"EncryptionAgent": {"Protocol": "1.0", "EncryptionAlgorithm": "AES_CBC_256"}}, "UNSUPPORTED"),
                                      (blob, {"WrappedContentKey": data["WrappedContentKey"] | {"Algorithm": "A256KW"}}, "UNSUPPORTED")):
            with open(home.path("bad"), "wb") as f:
                f.write(content)
            with open(home.path("bad.json"), "w") as f:
                json.dump(data | change, f)
            refused = home.coffer("data", "adopt", "bad", "--encryptiondata", "bad.json")
            equal((refused.returncode, json.loads(refused.stdout.splitlines()[-1])["code"]), (65, code))
            assert not os.path.exists(home.path("bad.object.json"))
        objects = home.path("home", "store", "objects")
        equal(os.listdir(objects) if os.path.isdir(objects) else [], [])
    finally:
        home.coffer("down")
        home.close()


try:
    tap.run()
finally:
    server.close()
