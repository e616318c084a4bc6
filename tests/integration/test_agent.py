"""A whole job through agent, platform, worker, attestation and vault; and what goes wrong with it."""
import json
import os
import shutil
import signal
import time

import tap
from agent_job import MEASUREMENT, WORKER, Job, base, read_until, server, worker_of
from tap import claim, equal

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
    for change in ({"more": 1}, {"kernel": "fast"}, {"run": "zz" * 16}, {"run": "AB" * 16}, {"store": {}}, {"store": {"dir": "x"}}, {"attestation": base},
                   {"attestation": []}, {"vaults": []}, {"vaults": [{"url": base}]}, {"vaults": [{"url": "http://localhost", "credential": "x"}]},
                   {"platform": {"type": "sgx"}}, {"platform": {"type": "sgx", "command": ["a"], "connect": "b:1"}}, {"platform": {"type": "sgx", "connect": "b"}},
                   {"platform": {"type": "simulated", "command": ["a"]}}, {"platform": {"type": "tdx", "command": []}}):
        job.write_job(**change)
        result = job.go()
        equal((result.code, result.events), (78, []), change)
    job.close()


@claim
def a_key_of_a_vault_that_the_job_does_not_name_is_not_asked_for():
    job = Job()
    job.write_job(vaults=[{"url": "https://other.example", "credential": server.info["clients"]["agent"]}])
    result = job.go()
    equal((result.code, result.events), (78, []))
    assert "owner me: " in result.error and base in result.error, result.error
    job.close()


@claim
def credentials_that_others_can_read_are_refused():
    job = Job()
    copy = job.path("agent.json")
    shutil.copyfile(server.info["clients"]["agent"], copy)
    os.chmod(copy, 0o644)
    job.write_job(vaults=[{"url": base, "credential": copy}])
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
