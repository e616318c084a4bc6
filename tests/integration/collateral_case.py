"""Evidence, a played-back service that has its collateral, and a cache: what the tests of collateral share. The
material is made by our own rigs."""
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import tap
from playback import Service

TOOL, COFFER = sys.argv[1], sys.argv[2]
VECTORS = sys.argv[3] if len(sys.argv) > 3 else None
NOW = 1798761600  # 2027-01-01T00:00:00Z, when the rigs' evidence is good
DAY = 86400
ROOT = tempfile.mkdtemp(prefix="coffer-test-")
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)


def quote(pem):
    """As Intel writes the header: everything that is not safe, but '+' stays."""
    return urllib.parse.quote(pem, safe="+")


def folder(prefix="d-"):
    return tempfile.mkdtemp(prefix=prefix, dir=ROOT)


def read(*parts):
    with open(os.path.join(*parts), "rb") as f:
        return f.read()


def run(*arguments):
    result = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, timeout=100)
    if result.returncode != 0:
        raise AssertionError(result.stderr.decode())
    return json.loads(result.stdout) if result.stdout else None


def intel(form="tdx4", issued="", evaluation=0, *more):
    made = folder("intel-")
    run("intel", made, form, issued, evaluation, *more)
    return made


def amd(product="milan", *more):
    made = folder("amd-")
    run("amd", made, product, *more)
    return made


def pccs(made, tee="tdx", prefix="/sgx/certification/v4"):
    tcb_chain, qe_chain = (quote(read(made, name).decode()) for name in ("tcb_chain.pem", "qe_chain.pem"))
    return {
        f"/{tee}/certification/v4/tcb": [{"body": read(made, "tcbinfo.json"),
                                          "headers": {"TCB-Info-Issuer-Chain": tcb_chain}}],
        f"/{tee}/certification/v4/qe/identity": [{"body": read(made, "qeid.json"),
                                                  "headers": {"SGX-Enclave-Identity-Issuer-Chain": qe_chain}}],
        prefix + "/pckcrl": [{"body": read(made, "pck_crl.der").hex().encode()}],
        prefix + "/rootcacrl": [{"body": read(made, "root_crl.der").hex().upper().encode() + b"\n"}],
    }


TCB, QE = "/tdx/certification/v4/tcb", "/tdx/certification/v4/qe/identity"
PCK_CRL, ROOT_CRL = "/sgx/certification/v4/pckcrl", "/sgx/certification/v4/rootcacrl"
INTEL_ITEMS = ["tcbinfo.json", "tcb_chain.pem", "qeid.json", "qe_chain.pem", "root_crl.der", "pck_crl.der"]
AMD_ITEMS = ["amd_leaf.der", "amd_chain.pem", "amd_crl.der"]


class Case:
    """Evidence, a service that has its collateral, and a cache."""

    def __init__(self, made=None, rules=None):
        self.made = made or intel()
        self.service = Service(rules if rules is not None else pccs(self.made))
        self.cache = folder("cache-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.close()

    def arguments(self, verb, now, out, options):
        return [verb, self.cache, self.service.url, now, os.path.join(self.made, "evidence.bin"), out, *options]

    def ask(self, *options, verb="get", now=NOW, expect="OK", items=None):
        out = folder("out-")
        answer = run(*self.arguments(verb, now, out, options))
        tap.equal(answer["status"], expect, answer["detail"])
        for item in items if items is not None else INTEL_ITEMS if expect == "OK" else []:
            tap.equal(read(out, item), read(self.made, item), item)
        if items is not None:
            tap.equal(sorted(os.listdir(out)), sorted(items))
        return answer

    def entries(self, prefix=""):
        return [name for name in os.listdir(self.cache) if name.endswith(".json") and name.startswith(prefix)]


def amd_case(product="milan", made=None, name=None):
    made = made or amd(product)
    report = read(made, "evidence.bin")
    chip = report[0x1A0:0x1E0].hex() if product != "turin" else report[0x1A0:0x1A8].hex()
    name = name or product.capitalize()
    rules = {f"/vcek/v1/{name}/{chip}": [{"body": read(made, "amd_leaf.der")}],
             f"/vcek/v1/{name}/cert_chain": [{"body": read(made, "amd_chain.pem")}],
             f"/vcek/v1/{name}/crl": [{"body": read(made, "amd_crl.der")}]}
    return Case(made, rules), chip, report
