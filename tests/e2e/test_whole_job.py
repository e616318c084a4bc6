"""The main job, as a user runs it."""
import base64
import hashlib
import json
import shutil
import subprocess

from harness import ROOT, Home, check, main, processes_of


def last_steps(process):
    return [json.loads(line).get("step") for line in process.out.splitlines()]


def a_job_trains_is_proven_and_leaves_nothing_running():
    with Home() as home:
        job = home.wdbc()
        result, process = home.run_job(job)
        check(result["status"] == "succeeded", result)
        check(set(result) >= {"status", "contract", "receipt", "outputs", "metrics", "seconds"}, result)
        check(result["metrics"]["test"]["auc"] >= 0.985, result["metrics"])
        check(set(result["outputs"]) == {"model", "report"}, result["outputs"])
        for path in list(result["outputs"].values()) + [result["receipt"]]:
            check((home.work / path).stat().st_size > 0, path)
        steps = last_steps(process)
        order = ["requested", "configured", "prepared", "checked", "provisioned", "attested", "released", "loaded", "validated",
                 "initialised", "training", "saved", "sealed", "cleaned"]
        places = [steps.index(step) for step in order]
        check(places == sorted(places), steps)
        check(not processes_of(home.home), "something still runs")
        statement = json.loads(base64.b64decode(json.loads((home.work / "out/receipt.json").read_text())["payload"]))
        digests = {item["name"]: item["digest"]["sha256"] for item in statement["subject"]}
        model = (home.work / "out/model.safetensors").read_bytes()
        check(digests["model"] == hashlib.sha256(model).hexdigest(), "the receipt names another model")


def a_receipt_verifies_without_services_network_or_home():
    with Home() as home:
        home.run_job(home.wdbc())
        shutil.rmtree(home.home)
        verdict = json.loads(home.coffer("verify", "out/receipt.json", "--json").out)
        check(verdict["verdict"] == "verified", verdict)
        names = {item["name"].split(".")[0] for item in verdict["checks"]}
        for name in ("envelope", "statement", "contract", "evidence", "policy", "binding", "runtime", "signature", "token", "outputs",
                     "inputs", "disclosure", "consents", "files", "log"):
            check(name in names, "no check", name, "in", sorted(names))
        if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode != 0:
            return  # this host has no network namespace for us; the services are gone and the home is removed all the same
        unshared = subprocess.run(["unshare", "-rn", home.bin / "coffer", "verify", home.work / "out/receipt.json", "--home", home.home],
                                  capture_output=True, text=True, timeout=60)
        check(unshared.returncode == 0, unshared.stdout, unshared.stderr)


def the_same_job_again_is_a_further_run_with_the_same_model_until_the_runs_are_used_up():
    with Home() as home:
        job = home.wdbc()
        models = set()
        for i in range(3):
            home.run_job(job, f"out{i}")
            models.add((home.work / f"out{i}/model.safetensors").read_bytes())
        check(len(models) == 1, "three runs made", len(models), "different models")
        refused = home.coffer("run", job, "--out", "out3", check_exit=77)
        check("RUNS_EXHAUSTED" in refused.err, refused.err)
        check(not (home.work / "out3/receipt.json").exists(), "a refused run left a receipt")


def one_and_two_threads_make_the_same_model():
    with Home() as home:
        models = []
        for threads in (1, 2):
            job = home.wdbc(replace={"seed: 7": f"seed: 7\n  threads: {threads}"})
            home.run_job(job, f"out{threads}")
            models.append((home.work / f"out{threads}/model.safetensors").read_bytes())
        check(models[0] == models[1], "models differ")


def only_what_is_disclosed_leaves():
    with Home() as home:
        job = home.wdbc(replace={"[progress, loss, accuracy, auc]": "[progress]"})
        result, process = home.run_job(job)
        outside = process.out + (home.work / "out/receipt.json").read_text() + (home.work / "out/log.jsonl").read_text()
        statement = json.loads(base64.b64decode(json.loads((home.work / "out/receipt.json").read_text())["payload"]))
        for metric in ("loss", "accuracy", "auc"):
            check(f'"{metric}":' not in process.out, metric, "was disclosed in events")
            check(metric not in json.dumps(statement["predicate"]["metrics"]), metric, "was disclosed in the receipt")
        check("epoch" in outside, "progress was not disclosed")
        report = (home.work / "out/report.json").read_text()
        check("auc" in report, "the sealed report lacks what its recipient may see")


def images_reach_the_accuracy_that_the_example_promises():
    prepare = subprocess.run([ROOT / "examples/fashion-mnist/prepare"], capture_output=True, text=True, timeout=300)
    check(prepare.returncode == 0, prepare.stderr)
    with Home() as home:
        result, _ = home.run_job(ROOT / "examples/fashion-mnist/job.yaml")
        check(result["metrics"]["epochs"] <= 10 and result["metrics"]["test"]["accuracy"] >= 0.87, result["metrics"])


def the_independent_reader_agrees():
    with Home() as home:
        home.run_job(home.wdbc())
        done = subprocess.run(["/usr/bin/python3", ROOT / "tests/reader/coffer_reader.py", "receipt", home.work / "out/receipt.json",
                               "--log", home.work / "out/log.jsonl"], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, done.stdout, done.stderr)


def sealed_data_opens_for_its_owner_and_is_rewrapped_for_another():
    with Home() as home:
        secret = home.work / "secret.bin"
        secret.write_bytes(bytes(range(256)) * 700)
        home.coffer("key", "create", "alice")
        home.coffer("key", "create", "bob")
        sealed = json.loads(home.coffer("data", "seal", secret, "--for", "alice", "--json").out)
        shown = json.loads(home.coffer("data", "inspect", "secret.bin.sealed", "--json").out)
        check(shown["digest"] == sealed["digest"] and shown["size"] == secret.stat().st_size, shown)
        refused = home.coffer("data", "open", "secret.bin.sealed", "--out", "b.bin", "--as", "bob", check_exit=77)
        check("NOT_A_RECIPIENT" in refused.err and not (home.work / "b.bin").exists(), refused.err)
        home.coffer("data", "rewrap", "secret.bin.sealed", "--as", "alice", "--for", "bob")
        check(json.loads(home.coffer("data", "inspect", "secret.bin.sealed", "--json").out)["digest"] == sealed["digest"], "the digest changed")
        home.coffer("data", "open", "secret.bin.sealed", "--out", "b.bin", "--as", "bob")
        check((home.work / "b.bin").read_bytes() == secret.read_bytes(), "opened bytes differ")
        refused = home.coffer("data", "open", "secret.bin.sealed", "--out", "a.bin", "--as", "alice", check_exit=77)
        check("NOT_A_RECIPIENT" in refused.err, refused.err)


def services_start_stay_and_stop():
    with Home() as home:
        info = json.loads(home.coffer("up", "--json").out)
        check(home.coffer("up").returncode == 0, "up twice")
        first = json.loads(home.coffer("key", "create", "alice", "--json").out)
        home.coffer("down")
        check(not processes_of(home.home), "something still runs")
        check(json.loads(home.coffer("up", "--json").out)["vault"] == info["vault"], "the port moved")
        check(json.loads(home.coffer("key", "show", "alice", "--json").out) == first, "the identity changed")
        home.coffer("down")
        home.coffer("down")


def a_home_with_a_very_long_path_works():
    with Home() as home:
        home.home = home.path / ("d" * 120) / ("e" * 60) / "home"
        home.run_job(home.wdbc())


main(a_job_trains_is_proven_and_leaves_nothing_running, a_receipt_verifies_without_services_network_or_home,
     the_same_job_again_is_a_further_run_with_the_same_model_until_the_runs_are_used_up, one_and_two_threads_make_the_same_model,
     only_what_is_disclosed_leaves, images_reach_the_accuracy_that_the_example_promises, the_independent_reader_agrees, sealed_data_opens_for_its_owner_and_is_rewrapped_for_another,
     services_start_stay_and_stop, a_home_with_a_very_long_path_works)
