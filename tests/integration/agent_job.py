"""Jobs for tests of the agent: a contract with its data, its key in the vault, and the job file. The last four arguments of the test
are coffer-local, coffer-agent, coffer-worker and agent_tool."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from local_server import Server, b64url
from tap import equal

LOCAL, AGENT, WORKER, TOOL = sys.argv[-4:]
server = Server(LOCAL)
base = server.info["vault"]
with open(WORKER, "rb") as f:
    MEASUREMENT = hashlib.sha256(f.read()).hexdigest()
numbers = iter(range(10000))


def run_tool(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True)


class Job:
    """A contract with its sealed data, its key in the vault, and the job file of an agent."""

    def __init__(self, consented=True, measurement=MEASUREMENT, **spec):
        self.folder = tempfile.mkdtemp(prefix="coffer-agent-")
        self.store = self.path("store")
        os.mkdir(self.store)
        self.run = os.urandom(16).hex()
        self.name = f"agent-test-{next(numbers)}"
        stored = self.create_key({"claim": "x-ms-runtime.contract", "equals": "00" * 32})
        self.kid = stored["key"]["kid"]
        spec = dict({"store": self.store, "contract": self.path("contract.json"), "key": self.path("recipient.der"),
                     "owner_kid": self.kid, "owner_jwk": {k: stored["key"][k] for k in ("n", "e")} | {"kty": "RSA"},
                     "measurement": measurement, "root": server.info["root"], "authority": base, "epochs": 6, "every_epochs": 2}, **spec)
        with open(self.path("spec.json"), "w") as f:
            json.dump(spec, f)
        made = run_tool("make", self.path("spec.json"))
        equal(made.returncode, 0, made.stderr)
        self.contract = made.stdout.strip()
        if consented:
            self.consent(measurement)
        self.write_job()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def blob(self, tail):
        return os.path.join(self.store, "jobs", self.contract, self.run, tail)

    def policy(self, *conditions):
        return {"data": b64url(json.dumps({"version": "1.0.0", "anyOf": [{"authority": base, "allOf": list(conditions)}]}).encode())}

    def create_key(self, *conditions):
        answer = server.vault("owner", "POST", f"/keys/{self.name}/create",
                              {"kty": "RSA-HSM", "key_size": 2048, "attributes": {"exportable": True},
                               "release_policy": self.policy(*conditions)})
        equal(answer.status, 200, answer.body)
        return answer.json()

    def consent(self, measurement, expires=2000000000, runs=3):
        tags = {"coffer.expires." + self.contract[:32]: str(expires), "coffer.runs." + self.contract[:32]: str(runs)}
        policy = self.policy({"claim": "x-ms-attestation-type", "equals": "sgx"}, {"claim": "x-ms-sgx-is-debuggable", "equals": False},
                             {"anyOf": [{"claim": "x-ms-sgx-mrenclave", "equals": measurement}]},
                             {"claim": "x-ms-runtime.contract", "equals": self.contract})
        answer = server.vault("owner", "PATCH", self.kid[len(base):], {"release_policy": policy, "tags": tags})
        equal(answer.status, 200, answer.body)

    def write_job(self, **change):
        self.job = dict({"contract": self.path("contract.json"), "run": self.run, "store": {"where": "dir:" + self.store},
                         "attestation": [server.info["attest"]], "ca": server.info["ca"],
                         "vaults": [{"url": server.info["vault"], "credential": server.info["clients"]["agent"]}], "platform": {"type": "simulated", "socket": server.info["platform"], "worker": WORKER},
                         "kernel": "best", "journal": self.path("journal.jsonl")}, **change)
        with open(self.path("job.json"), "w") as f:
            json.dump(self.job, f)

    def start(self, *more, **options):
        return subprocess.Popen([AGENT, "--job", self.path("job.json"), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def finish(self, process, seen=()):
        # Through the same buffers as lines that were read before, which communicate() goes around.
        timer = threading.Timer(60, process.kill)
        timer.start()
        out, error = process.stdout.read(), process.stderr.read()
        process.wait()
        timer.cancel()
        return Result(process.returncode, list(seen) + [json.loads(line) for line in out.splitlines()], error)

    def go(self):
        return self.finish(self.start())

    def model(self):
        opened = run_tool("open", self.blob("outputs/model.sealed"), self.path("recipient.der"))
        equal(opened.returncode, 0, opened.stderr)
        return opened.stdout

    def verify(self):
        with open(self.path("certs.json"), "wb") as f:
            f.write(server.request("GET", "/certs").body)
        verified = run_tool("verify", self.blob("receipt.json"), self.blob("log.jsonl"), self.path("certs.json"))
        equal(verified.returncode, 0, verified.stdout)

    def close(self):
        shutil.rmtree(self.folder)


class Result:
    def __init__(self, code, events, error):
        self.code, self.events, self.error = code, events, error

    def steps(self):
        return [e["step"] for e in self.events if "step" in e]

    def notes(self):
        return [e["note"] for e in self.events if "note" in e]

    def last(self):
        return self.events[-1]

    def failed_with(self, code, exit_code):
        last = self.last()
        equal((self.code, last.get("step"), last["detail"].get("code")), (exit_code, "failed", code), self.error)


def read_until(process, step, count=1):
    """The events up to the count-th of a step."""
    seen = []
    while count > 0:
        line = process.stdout.readline()
        assert line, f"the agent ended before {step}: {seen}: {process.stderr.read()}"
        seen.append(json.loads(line))
        count -= seen[-1].get("step") == step
    return seen


def worker_of(events):
    return [e["detail"]["pid"] for e in events if e.get("step") == "provisioned"][-1]
