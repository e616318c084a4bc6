"""`coffer evidence verify` as an auditor runs it: verdicts, exit statuses, and what it prints."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tap import claim, equal, run

COFFER, RIG_TOOL = sys.argv[1], sys.argv[2]
BUNDLES = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
RIG_TIME = "2027-01-01T00:00:00Z"
REFUSED = 77  # of the status table: attestation

INTEL = {  # Intel's own verdicts, as our statuses
    "STATUS_OK": "UpToDate",
    "STATUS_TCB_SW_HARDENING_NEEDED": "SWHardeningNeeded",
    "STATUS_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED": "ConfigurationAndSWHardeningNeeded",
    "STATUS_TCB_OUT_OF_DATE": "OutOfDate",
    "STATUS_TCB_NOT_SUPPORTED": "TCB_UNKNOWN",
}


def verify(file, *options):
    found = subprocess.run([COFFER, "evidence", "verify", file, "--json", *options], capture_output=True, text=True,
                           timeout=60, check=False)
    lines = found.stdout.splitlines()
    return found.returncode, json.loads(lines[0]) if lines else {}, found.stderr


def rig(folder):
    """A good bundle under a root that nobody trusts."""
    subprocess.run([RIG_TOOL, "tdx4", folder], check=True, capture_output=True, timeout=60)
    return folder


def check_shape(decision):
    for member in ("verdict", "type", "status", "code", "reason", "checks", "claims", "advisories"):
        assert member in decision, member
    for check in decision["checks"]:
        equal(sorted(check), ["actual", "expected", "name", "ok", "source"], "members of a check")


@claim
def evidence_under_a_root_of_ones_own_is_refused_whole_as_it_is():
    with tempfile.TemporaryDirectory() as folder:
        rig(folder)
        code, decision, _ = verify(f"{folder}/quote.bin", "--collateral", folder, "--at", RIG_TIME)
        check_shape(decision)
        equal((code, decision["verdict"], decision["code"]), (REFUSED, "refused", "EVIDENCE_UNTRUSTED"))


@claim
def what_is_no_evidence_is_refused_with_a_verdict():
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("empty", b""), ("zeros", bytes(5000)), ("text", b"hello\n"), ("json", b"{}"),
                              ("deep", b"[" * 100000), ("large", os.urandom(200 * 1024)),
                              ("header", b"\x03\x00\x02\x00" + bytes(1000))):
            path = pathlib.Path(folder, name)
            path.write_bytes(content)
            code, decision, _ = verify(str(path))
            check_shape(decision)
            equal((code, decision["verdict"], decision["code"]), (REFUSED, "refused", "EVIDENCE_INVALID"), name)


@claim
def mistakes_on_the_command_line_are_no_verdict():
    with tempfile.TemporaryDirectory() as folder:
        rig(folder)
        quote = f"{folder}/quote.bin"
        for options, code in ((["--at", "yesterday"], 64), (["--report-data", "00"], 64),
                              (["--collateral", f"{folder}/nowhere"], 66), (["--policy", f"{folder}/nowhere"], 66)):
            found, decision, error = verify(quote, *options)
            equal(found, code, " ".join(options))
            assert "verdict" not in decision
            assert error != ""
        found, _, _ = verify(f"{folder}/nowhere")
        equal(found, 66, "no such file")


@claim
def a_policy_file_that_is_wrong_is_shown_with_its_place():
    with tempfile.TemporaryDirectory() as folder:
        rig(folder)
        policy = pathlib.Path(folder, "policy.yaml")
        policy.write_text("accept:\n  - {type: sgx, measurement: [00]}\n")
        found, decision, error = verify(f"{folder}/quote.bin", "--policy", str(policy))
        assert found != 0 and "verdict" not in decision
        assert "policy.yaml:2:17" in error and "did you mean" in error, error


def vectors():
    for file in sorted(BUNDLES.glob("*/*/bundle.json")):
        bundle = json.loads(file.read_text())
        if isinstance(bundle.get("intel_qvl"), dict):
            yield file.parent, bundle


def every_public_vector_gets_the_verdict_of_intels_library():
    count = 0
    for folder, bundle in vectors():
        at = str(bundle["verify_at"])
        code, decision, _ = verify(str(folder / "quote.bin"), "--collateral", str(folder), "--at", at)
        check_shape(decision)
        status = INTEL[bundle["intel_qvl"]["quote"]]
        debug = bundle["body"].get("debug", False)
        accepted = status != "TCB_UNKNOWN" and not debug
        equal(decision["status"], status, bundle["name"])
        equal(decision["verdict"], "accepted" if accepted else "refused", bundle["name"])
        equal(code, 0 if accepted else REFUSED, bundle["name"])
        if debug:
            equal(decision["code"], "EVIDENCE_DEBUG", bundle["name"])
        count += 1
    assert count >= 20, count


def a_piece_that_is_missing_broken_or_swapped_is_refused():
    seen = set()
    for folder, bundle in vectors():
        kind = (bundle["tee"], bundle["version"])
        if bundle["intel_qvl"]["quote"] == "STATUS_TCB_NOT_SUPPORTED" or bundle["body"].get("debug") or kind in seen:
            continue
        seen.add(kind)
        at = str(bundle["verify_at"])
        for name in ("tcbinfo.json", "tcb_chain.pem", "qeid.json", "qe_chain.pem", "root_crl.der", "pck_crl.der"):
            for change in ("missing", "empty", "cut", "flipped", "longer", "swapped"):
                with tempfile.TemporaryDirectory() as copy:
                    shutil.copytree(folder, copy, dirs_exist_ok=True)
                    file = pathlib.Path(copy, name)
                    old = file.read_bytes()
                    flipped = bytearray(old)
                    flipped[len(old) // 2] ^= 1
                    other = {"tcbinfo.json": "qeid.json", "qeid.json": "tcbinfo.json", "root_crl.der": "pck_crl.der",
                             "pck_crl.der": "root_crl.der"}.get(name, "pck_chain.pem")
                    new = {"missing": None, "empty": b"", "cut": old[:-7], "flipped": bytes(flipped),
                           "longer": old + b"0", "swapped": (folder / other).read_bytes()}[change]
                    file.unlink()
                    if new is not None:
                        file.write_bytes(new)
                    code, decision, _ = verify(str(folder / "quote.bin"), "--collateral", copy, "--at", at)
                    check_shape(decision)
                    what = f"{bundle['name']} {name} {change}"
                    equal((code, decision["verdict"]), (REFUSED, "refused"), what)
                    assert decision["code"].startswith(("COLLATERAL_", "EVIDENCE_")), what + decision["code"]
    equal(len(seen), 3, "SGX 3, TDX 4 and 5")


def other_times_other_bytes_and_other_policies_are_refused():
    folder, bundle = next(v for v in vectors() if v[1]["intel_qvl"]["quote"] == "STATUS_OK")
    quote, at = folder / "quote.bin", bundle["verify_at"]
    collateral = ["--collateral", str(folder)]
    year = 365 * 86400
    for when, codes in ((at + year, ("COLLATERAL_OLD",)), (at - year, ("COLLATERAL_EARLY", "EVIDENCE_EARLY")),
                        (at + 40 * year, ("EVIDENCE_OLD", "COLLATERAL_OLD")), (0, ("EVIDENCE_EARLY", "COLLATERAL_EARLY"))):
        code, decision, _ = verify(str(quote), *collateral, "--at", str(when))
        equal(code, REFUSED, str(when))
        assert decision["code"] in codes, (when, decision["code"])
    with tempfile.TemporaryDirectory() as temporary:
        hexed = pathlib.Path(temporary, "quote.hex")
        hexed.write_text(quote.read_bytes().hex() + "\n")
        equal(verify(str(hexed), *collateral, "--at", str(at))[0], 0, "hex")
        broken = pathlib.Path(temporary, "broken")
        for place in range(0, 4900, 97):
            bytes_ = bytearray(quote.read_bytes())
            bytes_[place] ^= 0x10
            broken.write_bytes(bytes_)
            equal(verify(str(broken), *collateral, "--at", str(at))[0], REFUSED, f"byte {place}")
        policy = pathlib.Path(temporary, "policy.yaml")
        mrtd = bundle["body"]["mrtd"]
        for text, expected in ((f"accept: [{{type: tdx, measurements: [{mrtd}]}}]", "OK"),
                               (f"accept: [{{type: tdx, measurements: [{'0' * 96}]}}]", "MEASUREMENT_REFUSED"),
                               (f"accept: [{{type: tdx, measurements: [{mrtd}], rtmrs: {{3: {'1' * 96}}}}}]",
                                "MEASUREMENT_REFUSED"),
                               (f"accept: [{{type: tdx, measurements: [{mrtd}], tcb: {{statuses: [OutOfDate]}}}}]",
                                "TCB_REFUSED"),
                               (f"accept: [{{type: sgx, measurements: [{'0' * 64}]}}]", "PLATFORM_REFUSED"),
                               (f"accept: [{{type: sev-snp, measurements: [{mrtd}]}}]", "EVIDENCE_UNTRUSTED")):
            policy.write_text(text)
            _, decision, _ = verify(str(quote), *collateral, "--at", str(at), "--policy", str(policy))
            equal(decision["code"], expected, text)
    report_data = bundle["body"]["report_data"]
    equal(verify(str(quote), *collateral, "--at", str(at), "--report-data", report_data)[0], 0, "its report data")
    _, decision, _ = verify(str(quote), *collateral, "--at", str(at), "--report-data", "00" * 64)
    equal(decision["code"], "EVIDENCE_BINDING", "other report data")


def public_evidence_of_other_kinds_is_accepted_as_what_it_is():
    vectors_ = BUNDLES.parent
    turin = vectors_ / "snp/microsoft_TEE-Attestation-Verification"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(turin / "turin_vcek.pem", f"{folder}/vcek.pem")
        chain = (turin / "turin_ask.pem").read_text() + (turin / "turin_ark.pem").read_text()
        pathlib.Path(folder, "cert_chain.pem").write_text(chain)
        shutil.copy(vectors_ / "snp/amd_kds_crl/turin_crl_2026-08.der", f"{folder}/crl.der")
        report = str(turin / "turin_attestation_report.bin")
        code, decision, _ = verify(report, "--collateral", folder, "--at", "2026-09-01T00:00:00Z")
        check_shape(decision)
        equal((code, decision["type"], decision["status"]), (0, "sev-snp", "Genuine"), "Turin")
        code, decision, _ = verify(report, "--collateral", folder, "--at", "2026-11-01T00:00:00Z")
        equal((code, decision["code"]), (REFUSED, "COLLATERAL_OLD"), "Turin, after its list")
        pathlib.Path(folder, "crl.der").unlink()
        code, decision, _ = verify(report, "--collateral", folder, "--at", "2026-09-01T00:00:00Z")
        equal((code, decision["code"]), (REFUSED, "COLLATERAL_MISSING"), "Turin, without its list")
    bundle = BUNDLES / "tdx/confidential-containers-az-tdx-vtpm-evidence-v1-260127"
    code, decision, error = verify(str(vectors_ / "azure/confidential-containers_trustee/az-tdx-vtpm_evidence-v1.json"),
                                   "--collateral", str(bundle), "--at", "1770801952")
    equal((code, decision["verdict"], error), (0, "accepted", ""), "Azure")
    equal((decision["type"], decision["hardware"], decision["status"]), ("azure-cvm", "tdx", "OutOfDate"), "Azure")


if BUNDLES is not None:
    claim(public_evidence_of_other_kinds_is_accepted_as_what_it_is)
    claim(every_public_vector_gets_the_verdict_of_intels_library)
    claim(a_piece_that_is_missing_broken_or_swapped_is_refused)
    claim(other_times_other_bytes_and_other_policies_are_refused)

run()
