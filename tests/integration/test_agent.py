"""A whole job through agent, platform, worker, attestation and vault; and what goes wrong with it."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tap
from local_server import Server, b64url
from tap import claim, equal

LOCAL, AGENT, WORKER, TOOL = sys.argv[1:5]
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
        self.job = dict({"contract": self.path("contract.json"), "run": self.run, "store": {"dir": self.store}, "attestation": server.info["attest"],
                         "tenant": server.info["tenant"], "authority": server.info["authority"], "client": server.info["clients"]["agent"],
                         "ca": server.info["ca"], "platform": {"type": "simulated", "socket": server.info["platform"], "worker": WORKER},
                         "kernel": "best", "journal": self.path("journal.jsonl")}, **change)
        with open(self.path("job.json"), "w") as f:
            json.dump(self.job, f)

    def start(self, *more, **options):
        return subprocess.Popen([AGENT, "--job", self.path("job.json"), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def finish(self, process, seen=()):
        out, error = process.communicate(timeout=60)
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


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_gone(pid):
    deadline = time.time() + 10
    while is_alive(pid):
        assert time.time() < deadline, f"{pid} is still there"
        time.sleep(0.01)


LONG = {"epochs": 2000, "every_epochs": 10}


def expected_model():
    """Of the long job, undisturbed: every disturbed one must give the same. The recipient differs, the model does not."""
    if not expected_model.value:
        job = Job(**LONG)
        result = job.go()
        equal(result.code, 0, result.error)
        expected_model.value = job.model()
        job.close()
    return expected_model.value


expected_model.value = None


@claim
def a_job_goes_through_every_step_and_its_receipt_verifies():
    job = Job()
    result = job.go()
    equal(result.code, 0, result.error)
    equal(result.steps(), ["checked", "provisioned", "attested", "released", "connected", "loaded", "transferred", "validated",
                           "initialised"] + ["training", "training", "checkpointed"] * 3 + ["saved", "sealed", "sealed", "cleaned", "succeeded"])
    equal([e["n"] for e in result.events], list(range(len(result.events))))
    stages = [e["stage"] for e in result.events]
    equal(stages, sorted(stages), "stages go forward")
    job.verify()
    assert job.model()
    job.close()


@claim
def the_checkpoint_is_removed_at_the_end_and_said_to_be():
    job = Job()
    result = job.go()
    cleaned = [e for e in result.events if e.get("step") == "cleaned"][0]
    equal([r["name"] for r in cleaned["detail"]["removed"]], [f"jobs/{job.contract}/{job.run}/checkpoint.sealed"])
    assert not os.path.exists(job.blob("checkpoint.sealed"))
    job.close()


@claim
def an_agent_started_again_after_success_only_says_so():
    job = Job()
    equal(job.go().code, 0)
    again = job.go()
    equal((again.code, again.steps()), (0, ["succeeded"]))
    job.close()


@claim
def a_killed_worker_is_replaced_and_the_model_is_the_same():
    job = Job(**LONG)
    process = job.start()
    seen = []
    for kill in range(3):
        seen += read_until(process, "provisioned") + read_until(process, "checkpointed", 3)
        os.kill(worker_of(seen), signal.SIGKILL)
    result = job.finish(process, seen)
    equal(result.code, 0, result.error)
    equal(result.notes(), ["worker-died"] * 3)
    equal([e["detail"]["signal"] for e in result.events if "note" in e], [9] * 3)
    resumed = [e["detail"]["resumed"] for e in result.events if e.get("step") == "initialised"]
    assert resumed[0] == 0 and all(a < b for a, b in zip(resumed, resumed[1:])), resumed
    equal(job.model(), expected_model())
    job.verify()
    job.close()


@claim
def a_killed_agent_is_continued_by_the_next_with_the_same_model():
    job = Job(**LONG)
    for kill in range(2):
        process = job.start()
        seen = read_until(process, "checkpointed", 3)
        process.kill()
        process.communicate()
        wait_gone(worker_of(seen))
    result = job.go()
    equal(result.code, 0, result.error)
    equal([e["detail"]["launch"] for e in result.events if e.get("step") == "provisioned"], [3])
    equal(job.model(), expected_model())
    job.close()


@claim
def sigterm_cancels_and_cleans_up():
    job = Job(**LONG)
    process = job.start()
    seen = read_until(process, "checkpointed", 2)
    process.terminate()
    result = job.finish(process, seen)
    equal((result.code, result.steps()[-2:]), (75, ["cleaned", "cancelled"]))
    equal(result.last()["detail"]["resumable"], False)
    wait_gone(worker_of(seen))
    equal(sorted(os.listdir(job.blob("."))), [])
    equal(job.go().steps(), ["cancelled"], "a cancelled run stays cancelled")
    job.close()


@claim
def the_end_of_the_lifeline_stops_agent_and_worker_and_the_run_can_go_on():
    job = Job(**LONG)
    read_end, write_end = os.pipe()
    process = job.start("--lifeline-fd", str(read_end), pass_fds=(read_end,))
    os.close(read_end)
    seen = read_until(process, "checkpointed", 2)
    os.close(write_end)
    result = job.finish(process, seen)
    equal((result.code, result.last()["step"], result.last()["detail"]["resumable"]), (75, "cancelled", True))
    wait_gone(worker_of(seen))
    assert os.path.exists(job.blob("checkpoint.sealed"))
    result = job.go()
    equal(result.code, 0, result.error)
    equal(job.model(), expected_model())
    job.close()


@claim
def two_agents_cannot_drive_one_run():
    job = Job(**LONG)
    process = job.start()
    seen = read_until(process, "checkpointed")
    other = job.finish(job.start())
    equal((other.code, other.events), (75, []))
    assert "BUSY" in other.error, other.error
    process.terminate()
    job.finish(process, seen)
    job.close()


@claim
def without_consent_no_key_leaves_the_vault():
    job = Job(consented=False)
    result = job.go()
    result.failed_with("RELEASE_REFUSED", 77)
    assert "loaded" not in result.steps() and "cleaned" in result.steps()
    job.close()


@claim
def another_worker_gets_no_key():
    job = Job()
    other = job.path("coffer-worker")
    shutil.copyfile(WORKER, other)
    with open(other, "ab") as f:
        f.write(b"one byte more")
    job.write_job(platform={"type": "simulated", "socket": server.info["platform"], "worker": other})
    job.go().failed_with("RELEASE_REFUSED", 77)
    job.close()


@claim
def another_contract_gets_no_key():
    job = Job()
    with open(job.path("contract.json")) as f:
        text = f.read()
    with open(job.path("contract.json"), "w") as f:
        f.write(text.replace('"epochs":6', '"epochs":7'))
    job.go().failed_with("RELEASE_REFUSED", 77)
    job.close()


@claim
def an_expired_contract_is_refused_by_the_vault_and_before_it_by_the_agent():
    job = Job()
    job.consent(MEASUREMENT, expires=1500000000)
    job.go().failed_with("CONTRACT_EXPIRED", 77)
    job.close()
    job = Job(expires=1500000000)
    result = job.go()
    result.failed_with("CONTRACT_EXPIRED", 77)
    assert "provisioned" not in result.steps()
    job.close()


@claim
def runs_are_counted_by_the_vault():
    job = Job()
    job.consent(MEASUREMENT, runs=1)
    equal(job.go().code, 0)
    job.run = os.urandom(16).hex()
    job.write_job(journal=job.path("journal-2.jsonl"))
    job.go().failed_with("RUNS_EXHAUSTED", 77)
    job.close()


@claim
def bad_data_ends_the_job_with_places_and_no_values():
    job = Job(cell="oops-4711")
    result = job.go()
    result.failed_with("DATA_INVALID", 65)
    problems = [e for e in result.events if e.get("step") == "invalid"][0]["detail"]["problems"]
    equal((problems[0]["kind"], problems[0]["column"], problems[0]["count"]), ("not_a_number", "size", 1))
    assert "4711" not in json.dumps(result.events)
    job.close()


@claim
def an_altered_input_is_refused_and_nothing_is_left():
    job = Job()
    folder = os.path.join(job.store, "objects")
    name = os.path.join(folder, os.listdir(folder)[0])
    with open(name, "r+b") as f:
        f.seek(-1, os.SEEK_END)
        last = f.read(1)[0]
        f.seek(-1, os.SEEK_END)
        f.write(bytes([last ^ 1]))
    job.go().failed_with("TAG_MISMATCH", 65)
    equal(sorted(os.listdir(job.blob("."))), ["log.jsonl"])
    job.close()


@claim
def a_missing_input_is_found_before_anything_starts():
    job = Job()
    shutil.rmtree(os.path.join(job.store, "objects"))
    result = job.go()
    result.failed_with("NOT_FOUND", 66)
    equal(result.steps(), ["cleaned", "failed"])
    job.close()


@claim
def the_wall_time_of_the_contract_ends_the_job():
    job = Job(epochs=100000, every_epochs=1000, wall_time=2)
    result = job.go()
    result.failed_with("TIMEOUT", 75)
    equal(result.last()["detail"]["resumable"], False)
    wait_gone(worker_of(result.events))
    job.close()


@claim
def a_platform_that_is_not_there_can_be_tried_again():
    job = Job()
    job.write_job(platform={"type": "simulated", "socket": job.path("none.sock"), "worker": WORKER})
    result = job.go()
    result.failed_with("NETWORK", 69)
    equal(result.last()["detail"]["resumable"], True)
    job.write_job()
    equal(job.go().code, 0)
    job.close()


@claim
def a_job_file_that_is_not_exact_is_refused():
    job = Job()
    for change in ({"more": 1}, {"kernel": "fast"}, {"run": "zz" * 16}, {"run": "AB" * 16}, {"store": {}}, {"platform": {"type": "sgx"}}):
        job.write_job(**change)
        result = job.go()
        equal((result.code, result.events), (78, []), change)
    job.close()


@claim
def credentials_that_others_can_read_are_refused():
    job = Job()
    copy = job.path("agent.json")
    shutil.copyfile(server.info["clients"]["agent"], copy)
    os.chmod(copy, 0o644)
    job.write_job(client=copy)
    result = job.go()
    assert result.code in (77, 78) and result.events == [], (result.code, result.events)
    job.close()


@claim
def neither_events_nor_errors_hold_the_agents_secret():
    with open(server.info["clients"]["agent"]) as f:
        secret = json.load(f)["client_secret"]
    job = Job(consented=False)
    result = job.go()
    assert secret not in json.dumps(result.events) + result.error
    job.close()


try:
    tap.run()
finally:
    server.close()
