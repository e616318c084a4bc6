"""Runs tests with the official client libraries: run.py NAME FOLDER COFFER_LOCAL QUOTE_TOOL runs test_NAME.mjs.

The libraries come from npm into FOLDER, at the versions that package-lock.json pins, and only when they changed. Where it
cannot be had (no network), the test fails; `run.py --install FOLDER` only installs."""
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("package.json", "package-lock.json")


def lock_digest():
    digest = hashlib.sha256()
    for name in FILES:
        with open(os.path.join(HERE, name), "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def install(folder):
    """True when the pinned versions are in the folder. Tests that run at once wait for the one that installs."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return install_alone(folder)


def install_alone(folder):
    stamp = os.path.join(folder, "installed")
    if os.path.exists(stamp):
        with open(stamp) as f:
            if f.read() == lock_digest():
                return True
    for name in FILES:
        shutil.copy(os.path.join(HERE, name), folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode())
        return False
    with open(stamp, "w") as f:
        f.write(lock_digest())
    return True


def main(arguments):
    if arguments[0] == "--install":
        return 0 if install(arguments[1]) else 1
    name, folder, program, tool = arguments
    if not install(folder):
        print("1..1\nnot ok 1 - npm installs the libraries")
        return 1
    # Node.js reads the certificate authorities once, at its start: so the folder's root comes first.
    return subprocess.run(["node", os.path.join(HERE, "main.mjs"), name, folder, program, tool], check=False).returncode


sys.exit(main(sys.argv[1:]))
