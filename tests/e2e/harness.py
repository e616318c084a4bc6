"""What the end-to-end tests share: TAP, a throw-away home, and the programs under test.

The folder of the programs is the first argument of every test program.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/src/apps"


def main(*tests):
    """Runs test functions, whose names are claims; prints TAP; exits 1 when one fails."""
    wanted = sys.argv[2:]
    tests = [test for test in tests if not wanted or test.__name__ in wanted]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        began = time.monotonic()
        try:
            test()
            result = "ok"
        except Exception:
            failed += 1
            result = "not ok"
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        print(f"{result} {number} - {test.__name__} # {time.monotonic() - began:.1f} s", flush=True)
    sys.exit(1 if failed else 0)


def check(condition, *message):
    if not condition:
        raise AssertionError(" ".join(str(part) for part in message))


class Home:
    """A state folder and a working folder, removed at the end; with the services down."""

    def __init__(self, bin_folder=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="coffer-e2e-"))
        self.home = self.path / "home"
        self.work = self.path / "work"
        self.work.mkdir()
        self.bin = bin_folder or BIN

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.coffer("down", check_exit=None)
        shutil.rmtree(self.path, ignore_errors=True)

    def start(self, *arguments, **options):
        return subprocess.Popen([self.bin / "coffer", *map(str, arguments), "--home", self.home], cwd=self.work,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def coffer(self, *arguments, check_exit=0, timeout=300):
        """Runs a command; returns the finished process. check_exit None: any exit code."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        process.out, process.err = out, err
        if check_exit is not None:
            check(process.returncode == check_exit, "coffer", *arguments, "exited", process.returncode, "not", check_exit, "\n", out[-3000:], err[-3000:])
        return process

    def run_job(self, job, out="out", *more, check_exit=0):
        """coffer run --json; returns (last JSON line, process)."""
        process = self.coffer("run", job, "--out", out, "--json", *more, check_exit=check_exit)
        lines = [json.loads(line) for line in process.out.splitlines()]
        return (lines[-1] if lines else None), process

    def wdbc(self, **changes):
        """Copies examples/wdbc here, with texts of job.yaml replaced; returns the job's path."""
        folder = self.work / "wdbc"
        shutil.copytree(ROOT / "examples/wdbc", folder, dirs_exist_ok=True)
        job = folder / "job.yaml"
        text = job.read_text()
        for old, new in changes.get("replace", {}).items():
            check(old in text, "job.yaml has no", old)
            text = text.replace(old, new)
        job.write_text(text)
        return job

    def contract(self):
        """(digest, contract) of the newest contract of this home."""
        newest = max((self.home / "jobs").glob("*/contract.json"), key=lambda path: path.stat().st_mtime_ns)
        return newest.parent.name, json.loads(newest.read_text())


def processes_of(home):
    """Process ids of our programs that belong to a home: they name it, or are children of one that does."""
    parents, ours = {}, set()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        if stat.rsplit(")", 1)[1].split()[0] == "Z":
            continue
        parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
        if any(str(home).encode() in part for part in command):
            ours.add(int(entry.name))
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in ours and pid not in ours}
        grown = bool(more)
        ours |= more
    ours.discard(os.getpid())
    return ours


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
