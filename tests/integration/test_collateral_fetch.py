"""Fetching collateral from the vendors' services, and all the ways in which those fail. Standard library only; recorded
answers of the vendors are used where they are."""
import base64
import json
import os
import ssl
import subprocess
import time
import urllib.parse

import tap
from collateral_case import *
from playback import Service

# ---- fetching from Intel and PCCS ----

@tap.claim
def a_pccs_gives_everything_that_a_quote_is_verified_with():
    with Case() as c:
        c.ask(f"verify={c.made}/pin.txt")
        tap.equal(sorted(urllib.parse.urlparse(path).path for path in c.service.log), sorted([TCB, QE, PCK_CRL, ROOT_CRL]))


@tap.claim
def tcb_info_and_identity_are_asked_for_as_one_set():
    with Case() as c:
        c.ask()
        asked = {urllib.parse.urlparse(p).path: urllib.parse.parse_qs(urllib.parse.urlparse(p).query) for p in c.service.log}
        tap.equal(asked[TCB], {"fmspc": ["00806f050000"], "update": ["standard"]})
        tap.equal(asked[QE], {"update": ["standard"]})
        tap.equal(asked[PCK_CRL], {"ca": ["platform"], "encoding": ["der"]})


@tap.claim
def sgx_has_its_own_paths_and_the_processor_ca_its_own_list():
    made = intel("sgx3", "", 0, "processor")
    with Case(made, pccs(made, "sgx")) as c:
        c.ask(f"verify={made}/pin.txt")
        tap.equal([p for p in c.service.log if p.startswith("/tdx")], [])
        tap.equal([p for p in c.service.log if "ca=" in p], [PCK_CRL + "?ca=processor&encoding=der"])


@tap.claim
def intel_s_own_service_has_the_root_s_list_elsewhere():
    with Case() as c:
        c.service.rules["/IntelSGXRootCA.der"] = [{"body": read(c.made, "root_crl.der")}]
        del c.service.rules[ROOT_CRL]
        c.ask("pcs")
        tap.equal(ROOT_CRL in c.service.log, False)


@tap.claim
def a_pccs_without_the_root_s_list_is_no_obstacle():
    with Case() as c:
        c.service.rules["/IntelSGXRootCA.der"] = [{"body": read(c.made, "root_crl.der")}]
        del c.service.rules[ROOT_CRL]
        c.ask("root-crl")
        tap.equal(c.service.log[-2:], [ROOT_CRL, "/IntelSGXRootCA.der"])


@tap.claim
def azure_s_cache_is_asked_without_an_update_option():
    with Case() as c:
        c.ask("azure")
        tap.equal([p for p in c.service.log if "update" in p], [])


@tap.claim
def the_older_name_of_the_chain_s_header_is_known():
    with Case() as c:
        answer = c.service.rules[TCB][0]
        answer["headers"] = {"SGX-TCB-Info-Issuer-Chain": answer["headers"]["TCB-Info-Issuer-Chain"]}
        c.ask()


@tap.claim
def a_plus_of_the_chain_s_base64_survives():
    for _ in range(40):  # until a chain has one
        made = intel()
        if b"+" in read(made, "tcb_chain.pem"):
            break
    tap.equal(b"+" in read(made, "tcb_chain.pem"), True)
    with Case(made) as c:
        tap.equal("+" in c.service.rules[TCB][0]["headers"]["TCB-Info-Issuer-Chain"], True)
        c.ask()


@tap.claim
def a_set_of_two_evaluations_is_asked_for_again():
    old = intel(evaluation=16)
    with Case() as c:
        c.service.rules[QE].insert(0, pccs(old)[QE][0])
        answer = c.ask()
        tap.equal(answer["notes"], "")
        tap.equal(len([p for p in c.service.log if p.startswith(QE)]), 2)


@tap.claim
def a_warning_of_the_service_is_passed_on():
    with Case() as c:
        c.service.rules[TCB][0]["headers"]["Warning"] = '299 - "this version is deprecated"'
        tap.equal("deprecated" in c.ask()["notes"], True)


# ---- services that fail ----

@tap.claim
def a_busy_service_is_asked_again_when_it_says():
    with Case() as c:
        c.service.rules[TCB].insert(0, {"status": 429, "headers": {"Retry-After": "1"}})
        begin = time.monotonic()
        c.ask()
        tap.equal(time.monotonic() - begin >= 1, True)


@tap.claim
def a_service_that_stumbles_once_is_asked_again():
    with Case() as c:
        c.service.rules[TCB].insert(0, {"status": 500})
        c.service.rules[PCK_CRL].insert(0, {"status": 503})
        c.ask()


@tap.claim
def a_service_that_stays_busy_is_an_error_that_says_so():
    with Case() as c:
        c.service.rules[TCB] = [{"status": 429, "headers": {"Retry-After": "100000"}}]
        tap.equal("too many requests" in c.ask(expect="REMOTE_ERROR")["detail"], True)
        tap.equal(len(c.service.log), 1)


@tap.claim
def a_service_that_does_not_answer_is_given_up():
    with Case() as c:
        c.service.rules[TCB] = [{"wait": 3}]
        c.ask("timeout=300", "attempts=1", expect="TIMEOUT")


@tap.claim
def a_body_that_is_cut_off_is_not_collateral():
    with Case() as c:
        c.service.rules[PCK_CRL][0]["missing"] = 10
        c.ask("attempts=2", expect="NETWORK")
        tap.equal(c.entries("pck-crl"), [])


@tap.claim
def an_answer_over_the_limit_is_refused():
    with Case() as c:
        c.service.rules[ROOT_CRL] = [{"body": b"30" * (1200 * 1024)}]
        c.ask(expect="LIMIT")
        c.service.rules[ROOT_CRL] = [{"body": b"30" * (1024 * 1024 + 1)}]
        c.ask(expect="COLLATERAL_INVALID")


@tap.claim
def an_error_page_with_status_200_is_not_kept():
    page = b"<html><body>Please log in</body></html>"
    for path in (TCB, QE, PCK_CRL, ROOT_CRL):
        with Case() as c:
            c.service.rules[path][0]["body"] = page
            c.ask(expect="COLLATERAL_INVALID")
            name = {TCB: "tcb", QE: "tcb", PCK_CRL: "pck-crl", ROOT_CRL: "root-crl"}[path]
            tap.equal(c.entries(name + "-"), [])


@tap.claim
def tcb_info_without_its_chain_is_refused():
    with Case() as c:
        c.service.rules[TCB][0]["headers"] = {}
        c.ask(expect="COLLATERAL_INVALID")


@tap.claim
def a_redirect_is_not_followed():
    with Case() as c:
        c.service.rules[TCB] = [{"status": 302, "headers": {"Location": c.service.url + "/elsewhere"}}]
        c.ask(expect="REMOTE_ERROR")
        tap.equal("/elsewhere" in c.service.log, False)


@tap.claim
def an_unknown_platform_stays_absent_and_is_not_asked_for_again_at_once():
    with Case() as c:
        c.service.rules[TCB] = [{"status": 404}]
        answer = c.ask(items=["pck_crl.der", "root_crl.der"])
        tap.equal("404" in answer["notes"], True)
        asked = len(c.service.log)
        answer = c.ask(items=["pck_crl.der", "root_crl.der"], now=NOW + 60)
        tap.equal(len(c.service.log), asked)
        tap.equal(answer["notes"] != "", True)
        c.service.rules[TCB] = pccs(c.made)[TCB]
        c.ask(now=NOW + 601)


@tap.claim
def a_retired_evaluation_is_no_collateral_either():
    with Case() as c:
        c.service.rules[TCB] = [{"status": 410}]
        c.ask(items=["pck_crl.der", "root_crl.der"])
        c.ask(verb="refresh", expect="NOT_FOUND")


# ---- TLS ----

def certificate():
    made = folder("tls-")
    files = os.path.join(made, "c.pem"), os.path.join(made, "k.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files


@tap.claim
def a_service_is_spoken_to_over_tls_and_its_certificate_must_hold():
    files = certificate()
    with Case() as c:
        c.service.close()
        c.service = Service(pccs(c.made), files)
        c.ask("ca=" + files[0])
        c.cache = folder("cache-")
        c.ask("attempts=1", expect="NETWORK")
        c.ask("attempts=1", "ca=" + certificate()[0], expect="NETWORK")


@tap.claim
def plain_http_behind_an_https_address_is_refused():
    with Case() as c:
        c.service.url = c.service.url.replace("http:", "https:")
        c.ask("attempts=1", expect="NETWORK")
        tap.equal(c.service.log, [])


@tap.claim
def no_proxy_of_the_environment_is_used():
    with Case() as c:
        os.environ["http_proxy"] = os.environ["all_proxy"] = "http://127.0.0.1:9"
        try:
            c.ask("attempts=1")
        finally:
            del os.environ["http_proxy"], os.environ["all_proxy"]


# ---- AMD ----

@tap.claim
def the_kds_is_asked_for_chip_and_versions():
    case, chip, report = amd_case("milan")
    tcb = report[0x180:0x188]
    with case as c:
        c.ask(items=AMD_ITEMS)
        tap.equal(f"/vcek/v1/Milan/{chip}?blSPL={tcb[0]:02}&teeSPL={tcb[1]:02}&snpSPL={tcb[6]:02}&ucodeSPL={tcb[7]:02}"
                  in c.service.log, True, c.service.log)
        c.ask(items=AMD_ITEMS, now=NOW + 20 * 3600)
        tap.equal(len(c.service.log), 3)


@tap.claim
def turin_has_a_short_chip_id_and_one_more_version():
    case, chip, report = amd_case("turin")
    tcb = report[0x180:0x188]
    with case as c:
        c.ask(items=AMD_ITEMS)
        tap.equal(len(chip), 16)
        tap.equal(f"/vcek/v1/Turin/{chip}?fmcSPL={tcb[0]:02}&blSPL={tcb[1]:02}&teeSPL={tcb[2]:02}&snpSPL={tcb[3]:02}"
                  f"&ucodeSPL={tcb[7]:02}" in c.service.log, True, c.service.log)


@tap.claim
def the_product_of_an_old_report_is_found_by_asking():
    made = amd("genoa", "version2")
    case, _, _ = amd_case("genoa", made)
    with case as c:
        c.ask(items=AMD_ITEMS)
        tap.equal(["Milan" in path for path in c.service.log], [True, False, False, False])


@tap.claim
def a_product_that_nobody_names_leaves_the_rest_absent():
    made = amd("genoa", "version2")
    case, _, _ = amd_case("genoa", made)
    with case as c:
        tap.equal("does not name" in c.ask("has-leaf", items=[])["notes"], True)


@tap.claim
def a_vlek_comes_with_the_evidence_only():
    made = amd("genoa", "vlek")
    rules = {"/vlek/v1/Genoa/cert_chain": [{"body": read(made, "amd_chain.pem")}],
             "/vlek/v1/Genoa/crl": [{"body": read(made, "amd_crl.der")}]}
    with Case(made, rules) as c:
        c.ask(items=["amd_chain.pem", "amd_crl.der"])
        tap.equal(sorted(c.service.log), sorted(rules))


@tap.claim
def another_chip_s_certificate_is_not_kept():
    case, _, _ = amd_case("milan")
    with case as c:
        report = bytearray(read(c.made, "evidence.bin"))
        report[0x1A0] ^= 1
        with open(os.path.join(c.made, "evidence.bin"), "wb") as f:
            f.write(report)
        path = next(p for p in c.service.rules if len(p) > 100)
        c.service.rules[f"/vcek/v1/Milan/{report[0x1A0:0x1E0].hex()}"] = c.service.rules[path]
        c.ask(expect="COLLATERAL_MISMATCH")
        tap.equal(c.entries("vcek"), [])


def metadata(case, report, tcb=None):
    leaf = ssl.DER_cert_to_PEM_cert(read(case.made, "amd_leaf.der"))
    body = {"vcekCert": leaf, "certificateChain": read(case.made, "amd_chain.pem").decode(), "cacheControl": "120",
            "tcbm": (tcb or report[0x180:0x188])[::-1].hex().upper()}
    case.service.rules["/metadata/THIM/amd/certification"] = [{"body": json.dumps(body).encode()}]


@tap.claim
def a_vm_of_azure_asks_its_metadata_service():
    case, _, report = amd_case("milan")
    with case as c:
        metadata(c, report)
        c.ask("azure", items=AMD_ITEMS)
        tap.equal([p for p in c.service.log if p.startswith("/vcek") and not p.endswith("/crl")], [])
        tap.equal({h["Metadata"] for h in c.service.headers}, {"true"})
        c.ask("azure", items=AMD_ITEMS, now=NOW + 121)
        tap.equal(c.service.log.count("/metadata/THIM/amd/certification"), 4)


@tap.claim
def the_metadata_service_of_another_machine_is_no_help():
    case, _, report = amd_case("milan")
    with case as c:
        metadata(c, report, bytes(8))
        tap.equal("--from intel" in c.ask("azure", expect="COLLATERAL_MISMATCH")["detail"], True)


@tap.claim
def a_broken_answer_of_the_metadata_service_is_refused():
    case, _, report = amd_case("milan")
    with case as c:
        metadata(c, report)
        good = json.loads(c.service.rules["/metadata/THIM/amd/certification"][0]["body"])
        for member in ("vcekCert", "certificateChain", "tcbm"):
            for value in (None, 7, "", good[member][:-2]):
                bad = dict(good, **{member: value})
                c.service.rules["/metadata/THIM/amd/certification"] = [{"body": json.dumps(bad).encode()}]
                if member == "certificateChain" and value and value == good[member][:-2]:
                    continue  # without its last line end: the same chain
                c.ask("azure", expect="COLLATERAL_INVALID")


# ---- recorded answers ----

if VECTORS:
    def recorded(kind, name):
        with open(os.path.join(VECTORS, kind, "matter-labs_teepot", name)) as f:
            return json.load(f)

    @tap.claim
    def intel_s_recorded_answers_are_taken_as_they_were():
        info, identity = recorded("tdx", "tdx_tcb_info_00806F050000.json"), recorded("tdx", "tdx_qe_identity.json")
        crl = recorded("sgx", "pck_crl_platform.json")
        made = intel()
        root_crl = read(VECTORS, "bundles/tdx/phala-network-tdx-quote-250619/root_crl.der")
        rules = {TCB: [{"body": info["tcb_info_json"].encode(), "headers": {"TCB-Info-Issuer-Chain": quote(info["issuer_chain"])}}],
                 QE: [{"body": identity["enclave_identity_json"].encode(),
                       "headers": {"SGX-Enclave-Identity-Issuer-Chain": quote(identity["issuer_chain"])}}],
                 PCK_CRL: [{"body": crl["crl_data"].encode(), "headers": {"SGX-PCK-CRL-Issuer-Chain": quote(crl["issuer_chain"])}}],
                 ROOT_CRL: [{"body": root_crl}]}
        with Case(made, rules) as c:
            out = folder()
            answer = run(*c.arguments("get", 1748380000, out, []))
            tap.equal(answer["status"], "OK", answer["detail"])
            tap.equal(read(out, "tcbinfo.json"), info["tcb_info_json"].encode())
            tap.equal(read(out, "tcb_chain.pem"), info["issuer_chain"].encode())
            tap.equal(read(out, "qeid.json"), identity["enclave_identity_json"].encode())
            pem = "".join(crl["crl_data"].strip().splitlines()[1:-1])
            tap.equal(read(out, "pck_crl.der"), base64.b64decode(pem))
            tap.equal(read(out, "root_crl.der"), root_crl)

    @tap.claim
    def amd_s_recorded_answers_are_taken_as_they_were():
        case, _, _ = amd_case("turin")
        crl = read(VECTORS, "snp/amd_kds_crl/turin_crl_2026-08.der")
        chain = read(VECTORS, "snp/google_go-sev-guest/ask_ark_turin_vcek.pem")
        with case as c:
            c.service.rules["/vcek/v1/Turin/crl"] = [{"body": crl}]
            c.service.rules["/vcek/v1/Turin/cert_chain"] = [{"body": chain}]
            out = folder()
            answer = run(*c.arguments("get", 1788000000, out, []))
            tap.equal(answer["status"], "OK", answer["detail"])
            tap.equal(read(out, "amd_crl.der"), crl)
            tap.equal(read(out, "amd_chain.pem"), chain)


tap.run()
