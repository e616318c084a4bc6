"""kill -9 at random moments: the job goes on, ends with the same model, and leaves nothing behind."""
import os
import random
import resource
import signal
import struct
import time

from harness import Home, check, kill, main, processes_of, wait_until

KILLS = int(os.environ.get("COFFER_TEST_KILLS", "50"))
# Long enough to be hit in the middle: many epochs of small batches, a checkpoint after each.
SLOW = {"epochs: 40": "epochs: 400", "batch: 32": "batch: 2", "every_epochs: 5": "every_epochs: 1", "\n  stop: {metric: loss, patience: 8}": ""}


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def targets(home, process):
    """Process ids by role."""
    found = {"cli": [process.pid], "agent": [], "worker": []}
    for pid in processes_of(home.home):
        command = command_of(pid)
        if "coffer-agent" in command:
            found["agent"].append(pid)
        elif pid != process.pid and "coffer-local" not in command:
            found["worker"].append(pid)
    return found


def finish(process):
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def killed_fifty_times_a_job_ends_with_the_byte_identical_model():
    random.seed(20)
    with Home() as home:
        job = home.wdbc(replace=SLOW)
        began = time.monotonic()
        home.run_job(job, "reference")
        whole = time.monotonic() - began
        reference = (home.work / "reference/model.safetensors").read_bytes()
        kills = {"cli": 0, "agent": 0, "worker": 0}
        runs = 0
        while sum(kills.values()) < KILLS:
            # Every job is a fresh contract, since a contract allows three runs only.
            runs += 1
            job.write_text(job.read_text().replace("purpose: research", f"purpose: research {runs}", 1) if runs == 1 else
                           job.read_text().replace(f"purpose: research {runs - 1}", f"purpose: research {runs}", 1))
            out = f"out{runs}"
            here = 0
            process = home.start("run", job, "--out", out, "--json")
            while process.poll() is None and here < 10 and sum(kills.values()) < KILLS:
                time.sleep(random.random() * min(whole, 2.0) * 0.7)
                if process.poll() is not None:
                    break
                role = random.choice(["cli", "agent", "worker"])
                pids = targets(home, process)[role]
                if not pids:
                    continue
                for pid in pids:
                    kill(pid)
                kills[role] += 1
                here += 1
                if role == "cli":
                    finish(process)
                    wait_until(lambda: not processes_of(home.home), 20, "everything that the killed command had started has ended")
                    process = home.start("run", job, "--out", out, "--json")
            code, text, err = finish(process)
            tries = 0
            while code != 0 and tries < 3:  # a status that may pass: the user runs the command again
                check(code in (75, 69, 71), "exit", code, err[-2000:])
                tries += 1
                code, text, err = finish(home.start("run", job, "--out", out, "--json"))
            check(code == 0, "did not finish:", code, err[-2000:])
            check((home.work / out / "model.safetensors").read_bytes() == reference, "another model after", kills)
            home.coffer("verify", home.work / out / "receipt.json")
            check(not processes_of(home.home), "something still runs")
        print(f"# kills: {kills}, jobs: {runs}")
        check(min(kills.values()) > 0, "a program was never killed", kills)


def plain_texts(home):
    """Pieces that only plaintext has: lines of the data as text, and rows of it as numbers in memory."""
    lines = (home.work / "wdbc/wdbc.csv").read_bytes().splitlines()
    pieces = [lines[i][:60] for i in (1, 100, 569)]
    for i in (1, 100, 569):
        values = [float(value) for value in lines[i].split(b",")[:6]]
        pieces.append(struct.pack("<6f", *values))
    model = (home.work / "out/model.safetensors").read_bytes()
    pieces.append(model[len(model) // 2:len(model) // 2 + 32])
    return pieces


def files_with(folder, pieces):
    return [path for path in folder.rglob("*") if path.is_file() and any(piece in path.read_bytes() for piece in pieces)]


def no_plaintext_is_on_disk_during_and_after_a_job_nor_in_a_core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)) if os.geteuid() == 0 else None
    with Home() as home:
        job = home.wdbc(replace=SLOW)
        home.run_job(job, "out")
        pieces = plain_texts(home)
        check(files_with(home.work, pieces), "the search does not find plaintext where it is")
        check(not files_with(home.home, pieces), files_with(home.home, pieces))
        process = home.start("run", job, "--out", home.work / "out2", "--json", preexec_fn=lambda: os.chdir(home.home))
        worker = wait_until(lambda: targets(home, process)["worker"], 20, "a worker")
        wait_until(lambda: list((home.home / "store/jobs").rglob("checkpoint.sealed")), 20, "a checkpoint")
        check(not files_with(home.home, pieces), "plaintext on disk during the job")
        for pid in worker:
            try:
                os.kill(pid, signal.SIGABRT)
            except ProcessLookupError:
                pass
        code, _, err = finish(process)
        check(code == 0, err[-2000:])
        cores = [path for folder in (home.path, home.bin) for path in folder.rglob("core*") if path.is_file() and path.name.startswith("core")]
        check(not cores, "core dumps:", cores)
        check(not files_with(home.home, pieces), "plaintext on disk after an abort")


def checkpoint_of_another_path_is_refused_with_its_own_status():
    with Home() as home:
        job = home.wdbc(replace=SLOW)
        process = home.start("run", job, "--out", "out", "--json", "--kernel", "scalar")
        wait_until(lambda: list((home.home / "store/jobs").rglob("checkpoint.sealed")), 30, "a checkpoint")
        kill(process.pid)
        finish(process)
        wait_until(lambda: not processes_of(home.home), 20, "everything has ended")
        refused = home.coffer("run", job, "--out", "out", "--kernel", "avx2", check_exit=65)
        check("KERNEL_MISMATCH" in refused.err, refused.err)


main(killed_fifty_times_a_job_ends_with_the_byte_identical_model, no_plaintext_is_on_disk_during_and_after_a_job_nor_in_a_core_dump,
     checkpoint_of_another_path_is_refused_with_its_own_status)
