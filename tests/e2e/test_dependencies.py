"""The whole job with its storage on Azurite, and with everything that it depends on failing in turn: behind proxies that break what passes.

usage: test_dependencies.py PROGRAMS LIBRARY [NAME...]
"""
import json
import os
import pathlib
import subprocess
import sys
import time

LIBRARY = sys.argv.pop(2)
import harness  # noqa: E402
from fault_proxy import Fault, FaultProxy  # noqa: E402
from harness import ROOT, Home, check, kill, processes_of  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/harness"))
from azurite import Azurite, free_port  # noqa: E402

FEW_EPOCHS = {"replace": {"epochs: 40": "epochs: 3", "runs: 3": "runs: 1000"}}


class Stack(Home):
    """A home whose services and storage stand behind proxies."""

    def __init__(self, azurite):
        super().__init__()
        self.storage = FaultProxy(("127.0.0.1", azurite.port), upstream_tls=False)
        own, public = free_port(), free_port()
        ready, ready_write = os.pipe()
        self.home.mkdir(mode=0o700)
        self.local = subprocess.Popen([self.bin / "coffer-local", "--home", self.home, "--port", str(own), "--public-url",
                                       f"https://localhost:{public}", "--ready-fd", str(ready_write)], pass_fds=[ready_write])
        os.close(ready_write)
        with os.fdopen(ready, "rb") as stream:
            self.info = json.loads(stream.readline())
        tls = self.home / "local/ca"
        self.services = FaultProxy(("localhost", own), tls / "tls.pem", tls / "tls.key", tls / "root.pem", public)
        azurite.credential_file(self.home / "storage.json")
        (self.home / "coffer.yaml").write_text(f"storage: azure:{azurite.url('coffer', self.storage.port)}/{public}\nstorage_credential: storage.json\npatience: 3s\n")
        self.job = self.wdbc(**FEW_EPOCHS)

    def __exit__(self, *arguments):
        self.storage.stop()
        self.services.stop()
        self.local.terminate()
        self.local.wait(timeout=10)
        super().__exit__(*arguments)

    def plan(self, plan):
        self.services.reset(plan)
        self.storage.reset(plan)

    def run(self, check_exit=0):
        began = time.monotonic()
        result, process = self.run_job(self.job, "out", "--new-run", check_exit=check_exit)
        return result, process, time.monotonic() - began

    def model(self):
        return (self.work / "out/model.safetensors").read_bytes()


azurite = Azurite(LIBRARY)
azurite.create_container("coffer")
stack = Stack(azurite)
KINDS = ["token", "attest", "release", "read", "write", "properties"]


def a_job_with_its_objects_in_blob_storage_gives_what_it_gives_with_a_folder():
    stack.run()
    check(stack.services.count("release") > 0 and stack.storage.count("write") > 0, "nothing went through the proxies")
    with Home() as home:
        home.run_job(home.wdbc(**FEW_EPOCHS))
        ours = [json.loads(line) for line in stack.coffer("verify", "out/receipt.json", "--json").out.splitlines()][-1]
        check(ours["verdict"] == "verified", ours)
        check(len((home.work / "out/model.safetensors").read_bytes()) == len(stack.model()), "models of different sizes")
    check(not any((stack.home / "store").glob("**/*.sealed")) if (stack.home / "store").exists() else True, "objects are in a folder")


def once(fault):
    return lambda request: fault if request.kind in KINDS and request.count == 1 else None


def survives(fault):
    stack.run()
    expected = stack.model()
    stack.plan(once(fault))
    result, _, took = stack.run()
    check(result["status"] == "succeeded", result)
    check(stack.model() == expected, "another model")
    for kind in ("token", "attest", "release", "read", "write"):
        proxy = stack.services if kind in ("token", "attest", "release") else stack.storage
        check(proxy.count(kind) >= 2, kind, "was not sent again")
    stack.plan(None)
    return took


def every_dependency_too_busy_once_is_asked_again_after_the_time_that_it_says():
    check(survives(Fault(status=429, headers={"Retry-After": "1"})) >= 1, "nobody waited")


def every_dependency_that_fails_once_is_asked_again():
    survives(Fault(status=500))


def every_dependency_unavailable_once_is_asked_again():
    survives(Fault(status=503))


def every_dependency_that_hangs_up_once_is_asked_again():
    survives(Fault(drop=True))


def every_answer_cut_in_half_once_is_asked_for_again():
    survives(Fault(cut=True))


def slow_dependencies_are_waited_for():
    stack.plan(once(Fault(delay=1.5)))
    result, _, took = stack.run()
    check(result["status"] == "succeeded" and took > 1.5, result, took)
    stack.plan(None)


def fails_for_good(kind, fault, statuses, seconds=30):
    """The job fails in bounded time with the right status, nothing is lost, and the same command goes on afterwards."""
    stack.plan(lambda request: fault if request.kind == kind else None)
    result, process, took = stack.run(check_exit=None)
    check(process.returncode != 0, kind, "did not fail")
    check(result["status"] in statuses or result.get("code") in statuses, kind, result)
    check(took < seconds, kind, "took", took)
    proxy = stack.services if kind in ("token", "attest", "release", "key") else stack.storage
    check(proxy.count(kind) <= 40, kind, proxy.count(kind), "requests")
    stack.plan(None)
    process = stack.coffer("run", stack.job, "--out", "out", "--json")
    check('"succeeded"' in process.out, process.out)
    check(len(processes_of(stack.home)) <= 1, "something still runs")  # coffer-local


def a_dependency_that_stays_unavailable_fails_the_job_in_bounded_time_and_it_can_go_on():
    for kind in ("token", "attest", "release", "read", "write"):
        fails_for_good(kind, Fault(status=503), ("REMOTE_ERROR", "NETWORK", "TIMEOUT", "BUSY"))


def a_dependency_that_always_hangs_up_fails_the_job_in_bounded_time_and_it_can_go_on():
    for kind in ("attest", "read"):
        fails_for_good(kind, Fault(drop=True), ("NETWORK", "REMOTE_ERROR", "TIMEOUT"))


def an_access_token_refused_in_the_middle_of_a_job_is_renewed_once():
    refusal = Fault(status=401, headers={"WWW-Authenticate": f'Bearer authorization="{stack.info["authority"]}/{stack.info["tenant"]}", '
                                         'resource="https://vault.azure.net"', "Content-Type": "application/json"})
    state = {"killed": False, "refused": 0}

    def plan(request):
        if request.kind == "release" and "Authorization" in request.headers and state["killed"] and state["refused"] == 0:
            state["refused"] += 1
            return refusal
        return None

    stack.plan(plan)
    job = stack.work / "long"
    job.mkdir()
    for path in (stack.work / "wdbc").iterdir():
        (job / path.name).write_bytes(path.read_bytes())
    (job / "job.yaml").write_text((job / "job.yaml").read_text().replace("epochs: 3", "epochs: 3000"))
    process = stack.start("run", job / "job.yaml", "--out", "long-out", "--json")
    for line in process.stdout:
        event = json.loads(line)
        if event.get("step") == "provisioned":
            worker = event["detail"]["pid"]
        if event.get("step") == "training" and not state["killed"]:
            state["killed"] = True  # the next worker needs the key again, and the agent has a token already
            kill(worker)
    check(process.wait() == 0, process.stderr.read()[-2000:])
    check(state["refused"] == 1 and stack.services.count("token") >= 3, state, stack.services.count("token"))
    stack.plan(None)
    fails_for_good("release", refusal, ("UNAUTHORIZED",))


def a_request_that_is_refused_for_good_is_not_repeated():
    forbidden = Fault(status=403, headers={"Content-Type": "application/xml", "x-ms-error-code": "AuthorizationPermissionMismatch"},
                      body=b'<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthorizationPermissionMismatch</Code><Message>x</Message></Error>')
    stack.plan(lambda request: forbidden if request.kind == "write" else None)
    result, _, _ = stack.run(check_exit=None)
    check(result.get("status") == "FORBIDDEN" or result.get("code") == "FORBIDDEN", result)
    check(stack.storage.count("write") <= 3, stack.storage.count("write"), "tries")
    stack.plan(None)


def a_wrong_certificate_is_refused_at_once_and_nothing_is_sent():
    folder = pathlib.Path(stack.path)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "x.key", "-out",
                    folder / "x.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    impostor = FaultProxy(("127.0.0.1", 1), folder / "x.pem", folder / "x.key")
    config = stack.home / "coffer.yaml"
    text = config.read_text()
    config.write_text(text + f"attestation: https://localhost:{impostor.port}\nca: local/ca/root.pem\n")
    try:
        began = time.monotonic()
        result, process, took = stack.run(check_exit=None)
        check(process.returncode != 0 and (result.get("status") in ("NETWORK", "TLS") or result.get("code") == "NETWORK"), result)
        check("certificate" in process.err.lower(), process.err)
        check(not impostor.seen, "a request was sent to a server with a wrong certificate")
        check(time.monotonic() - began < 30, took)
    finally:
        config.write_text(text)
        impostor.stop()


def a_name_that_does_not_resolve_fails_the_job_with_its_name():
    config = stack.home / "coffer.yaml"
    text = config.read_text()
    config.write_text(text + "attestation: https://nowhere.invalid\n")
    try:
        result, process, took = stack.run(check_exit=None)
        check(process.returncode != 0, result)
        check("nowhere.invalid" in process.err, process.err)
        check(took < 30, took)
    finally:
        config.write_text(text)


def a_second_attestation_service_is_asked_when_the_first_is_down_and_its_token_is_as_good():
    config = stack.home / "coffer.yaml"
    text = config.read_text()
    config.write_text(text + f"attestation: [https://localhost:{free_port()}, {stack.info['attest']}]\nca: local/ca/root.pem\n")
    try:
        result, _, took = stack.run()
        check(result["status"] == "succeeded" and took < 20, result, took)
        check(stack.services.count("attest") == 1, "the second was not asked")
        verdict = json.loads(stack.coffer("verify", "out/receipt.json", "--json").out.splitlines()[-1])
        check(verdict["verdict"] == "verified", verdict)
    finally:
        config.write_text(text)


try:
    harness.main(a_job_with_its_objects_in_blob_storage_gives_what_it_gives_with_a_folder,
                 every_dependency_too_busy_once_is_asked_again_after_the_time_that_it_says,
                 every_dependency_that_fails_once_is_asked_again,
                 every_dependency_unavailable_once_is_asked_again,
                 every_dependency_that_hangs_up_once_is_asked_again,
                 every_answer_cut_in_half_once_is_asked_for_again,
                 slow_dependencies_are_waited_for,
                 a_dependency_that_stays_unavailable_fails_the_job_in_bounded_time_and_it_can_go_on,
                 a_dependency_that_always_hangs_up_fails_the_job_in_bounded_time_and_it_can_go_on,
                 an_access_token_refused_in_the_middle_of_a_job_is_renewed_once,
                 a_request_that_is_refused_for_good_is_not_repeated,
                 a_second_attestation_service_is_asked_when_the_first_is_down_and_its_token_is_as_good,
                 a_wrong_certificate_is_refused_at_once_and_nothing_is_sent,
                 a_name_that_does_not_resolve_fails_the_job_with_its_name)
finally:
    stack.__exit__(None, None, None)
    azurite.close()
