"""The cache of collateral, and the commands that fetch, pack and show it. Standard library only."""
import base64
import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse

import tap
from collateral_case import *
from playback import Service

# ---- the cache ----

@tap.claim
def what_is_fresh_is_not_asked_for():
    with Case() as c:
        c.ask()
        asked = len(c.service.log)
        c.ask(now=NOW + DAY - 1)
        tap.equal(len(c.service.log), asked)
        c.ask(now=NOW + DAY)
        tap.equal(len(c.service.log), 2 * asked)


@tap.claim
def a_hit_needs_no_network():
    with Case() as c:
        c.ask()
        c.service.close()
        tap.equal(c.ask()["notes"], "")
        c.service = Service()


@tap.claim
def the_service_says_how_long():
    with Case() as c:
        c.service.rules[PCK_CRL][0]["headers"] = {"Cache-Control": "max-age=60"}
        c.service.rules[ROOT_CRL][0]["headers"] = {"Expires": "Fri, 01 Jan 2027 00:02:00 GMT",
                                                   "Date": "Fri, 01 Jan 2027 00:00:00 GMT"}
        c.service.rules[TCB][0]["headers"]["Cache-Control"] = "no-store"
        c.ask()
        tap.equal(c.entries("tcb-"), [])
        del c.service.log[:]
        c.ask(now=NOW + 59)
        tap.equal({urllib.parse.urlparse(p).path for p in c.service.log}, {TCB, QE})
        del c.service.log[:]
        c.ask(now=NOW + 61)
        tap.equal(PCK_CRL + "?ca=platform&encoding=der" in c.service.log, True)
        tap.equal(ROOT_CRL in c.service.log, False)


@tap.claim
def the_old_is_kept_while_the_service_is_down_but_not_beyond_its_end():
    with Case() as c:
        c.ask()
        c.service.rules.clear()
        for path in (TCB, QE, PCK_CRL, ROOT_CRL):
            c.service.rules[path] = [{"status": 500}]
        answer = c.ask("attempts=1", now=NOW + 2 * DAY)
        tap.equal("from the cache, good until 2027-01-19T10:00:00Z" in answer["notes"], True)
        asked = len(c.service.log)
        c.ask("attempts=1", now=NOW + 2 * DAY + 60)  # left alone for a while
        tap.equal(len(c.service.log), asked)
        c.ask("attempts=1", now=NOW + 2 * DAY + 301)
        tap.equal(len(c.service.log) > asked, True)
        c.ask("attempts=1", now=NOW + 19 * DAY, expect="REMOTE_ERROR")


@tap.claim
def offline_gives_what_there_is_and_asks_nobody():
    with Case() as c:
        answer = c.ask("offline", items=[])
        tap.equal("offline" in answer["notes"], True)
        c.ask()
        asked = len(c.service.log)
        c.ask("offline", now=NOW + 2 * DAY)
        tap.equal("expired" in c.ask("offline", now=NOW + 60 * DAY)["notes"], True)
        tap.equal(len(c.service.log), asked)
        c.ask("offline", verb="refresh", expect="BAD_ARGUMENT")


@tap.claim
def collateral_that_is_expired_when_it_comes_is_given_and_asked_for_again_soon():
    with Case() as c:
        c.ask(now=NOW + 40 * DAY)
        asked = len(c.service.log)
        c.ask(now=NOW + 40 * DAY + 599)
        tap.equal(len(c.service.log), asked)
        c.ask(now=NOW + 40 * DAY + 600)
        tap.equal(len(c.service.log) > asked, True)


@tap.claim
def refresh_asks_whatever_is_there_and_never_makes_do():
    with Case() as c:
        c.ask()
        asked = len(c.service.log)
        c.ask(verb="refresh", now=NOW + 1)
        tap.equal(len(c.service.log), 2 * asked)
        c.service.rules[QE] = [{"status": 500}]
        c.ask("attempts=1", verb="refresh", now=NOW + 2, expect="REMOTE_ERROR")
        c.ask("attempts=1", now=NOW + 2)


@tap.claim
def other_platforms_and_services_have_other_entries():
    with Case() as c, Case(intel("sgx3", "", 0, "processor")) as other:
        other.service.rules.update(pccs(other.made, "sgx"))
        other.cache = c.cache
        c.ask()
        tap.equal(len(c.entries()), 3)
        other.ask()
        tap.equal(len(c.entries()), 6)
        c.ask()


@tap.claim
def a_damaged_entry_is_fetched_again():
    with Case() as c:
        c.ask()
        for name in c.entries():
            with open(os.path.join(c.cache, name), "r+b") as f:
                f.truncate(100)
        asked = len(c.service.log)
        c.ask()
        tap.equal(len(c.service.log), 2 * asked)


@tap.claim
def processes_at_once_fetch_once():
    with Case() as c:
        for answers in c.service.rules.values():
            answers[0]["wait"] = 0.3
        out = [folder("out-") for _ in range(6)]
        processes = [subprocess.Popen([TOOL, *map(str, c.arguments("get", NOW, o, []))], stdout=subprocess.PIPE) for o in out]
        for process in processes:
            tap.equal(json.loads(process.communicate(timeout=60)[0])["status"], "OK")
        tap.equal(len(c.service.log), 4)
        for o in out:
            for item in INTEL_ITEMS:
                tap.equal(read(o, item), read(c.made, item), item)


@tap.claim
def whoever_can_do_without_does_not_wait_for_another_s_fetch():
    with Case() as c:
        c.ask()
        c.service.rules[TCB][0]["wait"] = 4
        slow = subprocess.Popen([TOOL, *map(str, c.arguments("get", NOW + 2 * DAY, folder(), []))], stdout=subprocess.PIPE)
        while len(c.service.log) < 5:
            time.sleep(0.02)
        c.ask(now=NOW + 2 * DAY)
        tap.equal(slow.poll(), None)
        slow.communicate(timeout=30)


@tap.claim
def a_process_that_dies_while_it_fetches_blocks_nobody():
    with Case() as c:
        c.service.rules[TCB][0]["wait"] = 5
        process = subprocess.Popen([TOOL, *map(str, c.arguments("get", NOW, folder(), []))], stdout=subprocess.DEVNULL)
        while not c.service.log:
            time.sleep(0.02)
        process.kill()
        process.wait()
        c.service.rules[TCB][0]["wait"] = 0
        begin = time.monotonic()
        c.ask()
        tap.equal(time.monotonic() - begin < 30, True)  # the lock's patience is three times that


@tap.claim
def a_write_that_is_killed_leaves_a_whole_entry():
    made, other, place = intel(), intel(), folder("churn-")
    entry = os.path.join(place, "e.json")
    for i in range(25):
        process = subprocess.Popen([TOOL, "churn", made + "/pck_crl.der", other + "/pck_crl.der", entry], stdout=subprocess.PIPE)
        tap.equal(process.stdout.readline(), b"ready\n")
        time.sleep(0.002 * (i % 10))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        tap.equal(subprocess.run([TOOL, "entry", entry]).returncode, 0)
    tap.equal(len(os.listdir(place)) <= 2, True, os.listdir(place))  # leftovers are swept by the next writer
    with open(entry, "r+b") as f:
        f.truncate(50)
    tap.equal(subprocess.run([TOOL, "entry", entry]).returncode, 1)


@tap.claim
def a_cache_that_cannot_be_written_does_not_stop_a_verification():
    with Case() as c:
        c.ask()
        for name in c.entries():  # a folder in an entry's place: reading and renaming fail, even for root
            os.remove(os.path.join(c.cache, name))
            os.mkdir(os.path.join(c.cache, name))
        tap.equal("could not be written" in c.ask()["notes"], True)


@tap.claim
def older_collateral_than_was_seen_is_refused():
    new, old = intel("tdx4", "2026-12-22T10:00:00Z", 18), intel("tdx4", "2026-12-20T10:00:00Z", 17)
    with Case(new) as c:
        c.ask(f"verify={new}/pin.txt")
        c.made, c.service.rules = old, pccs(old)
        c.ask(verb="refresh")
        c.ask(f"verify={old}/pin.txt", expect="COLLATERAL_ROLLED_BACK")
        c.made, c.service.rules = new, pccs(new)
        c.ask(f"verify={new}/pin.txt", verb="refresh")
        os.remove(os.path.join(c.cache, "seen.json"))  # the test can fail: without the memory it passes
        c.made, c.service.rules = old, pccs(old)
        c.ask(f"verify={old}/pin.txt", verb="refresh")


# ---- the command line ----

def coffer(*arguments, home=None):
    home = home or folder("home-")
    result = subprocess.run([COFFER, *map(str, arguments), "--home", home, "--json"], capture_output=True, timeout=100)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return result.returncode, lines[-1] if lines else None, result.stderr.decode()


@tap.claim
def the_command_fetches_into_a_bundle_that_it_can_show():
    with Case() as c:
        bundle = os.path.join(folder(), "bundle.json")
        code, answer, errors = coffer("evidence", "collateral", "fetch", c.made + "/evidence.bin", "--from", c.service.url,
                                      "--out", bundle)
        tap.equal(code, 0, errors)
        tap.equal([i["item"] for i in answer["items"]], INTEL_ITEMS)
        text = read(bundle)
        tap.equal(json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")).encode(), text)
        tap.equal(json.loads(text)["for"], {"hardware": "tdx", "fmspc": "00806f050000", "ca": "platform"})
        code, answer, errors = coffer("evidence", "collateral", "show", bundle, "--at", NOW)
        tap.equal((code, {i["state"] for i in answer["items"]}), (0, {"valid"}), errors)
        code, answer, _ = coffer("evidence", "collateral", "show", bundle, "--at", NOW + 20 * DAY)
        tap.equal([i["state"] for i in answer["items"]], ["expired", "valid", "expired", "valid", "valid", "valid"])
        code, answer, _ = coffer("evidence", "collateral", "fetch", c.made + "/evidence.bin", "--from", c.service.url,
                                 "--out", bundle)
        tap.equal((code, answer["code"]), (73, "EXISTS"))


@tap.claim
def the_command_packs_a_folder():
    made = intel("sgx3", "", 21)
    bundle = os.path.join(folder(), "bundle.json")
    code, answer, errors = coffer("evidence", "collateral", "pack", made, "--out", bundle)
    tap.equal(code, 0, errors)
    items = json.loads(read(bundle))["items"]
    tap.equal({n: base64.urlsafe_b64decode(t + "==") for n, t in items.items()}, {n: read(made, n) for n in INTEL_ITEMS})
    code, answer, _ = coffer("evidence", "collateral", "show", made, "--at", NOW)
    tap.equal((answer["items"][0]["number"], answer["items"][0]["name"]), (21, "SGX 00806f050000"))


@tap.claim
def failures_of_the_command_say_what_to_do():
    with Case() as c:
        evidence = c.made + "/evidence.bin"
        del c.service.rules[TCB]
        code, answer, _ = coffer("evidence", "collateral", "fetch", evidence, "--from", c.service.url)
        tap.equal((code, answer["code"], "--from" in answer["detail"]), (66, "NOT_FOUND", True))
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            code, answer, _ = coffer("evidence", "collateral", "fetch", evidence, "--from",
                                     f"http://127.0.0.1:{nobody.getsockname()[1]}")
        tap.equal((code, answer["code"], "--out FILE" in answer["detail"]), (69, "NETWORK", True))
        for bad in ("http://pccs.example", "intell", "ftp://localhost"):
            code, answer, _ = coffer("evidence", "collateral", "fetch", evidence, "--from", bad)
            tap.equal((code, answer["code"]), (64, "USAGE"))
        code, answer, _ = coffer("evidence", "collateral", "show", folder())
        tap.equal((code, answer["code"]), (66, "NOT_FOUND"))
        code, answer, _ = coffer("evidence", "collateral", "fetch", c.made + "/pin.txt")
        tap.equal((code, answer["code"]), (77, "EVIDENCE_INVALID"))


if VECTORS:
    @tap.claim
    def a_bundle_of_recorded_collateral_is_enough_to_verify_without_a_network():
        recorded = os.path.join(VECTORS, "bundles/tdx/google-cos-113-tdx-quote-dat-260612")
        at = json.loads(read(recorded, "bundle.json"))["verify_at"]
        bundle = os.path.join(folder(), "bundle.json")
        tap.equal(coffer("evidence", "collateral", "pack", recorded, "--out", bundle)[0], 0)
        verify = ["evidence", "verify", recorded + "/quote.bin", "--at", at]
        code, answer, errors = coffer(*verify, "--collateral", bundle)
        tap.equal((code, answer["verdict"]), (0, "accepted"), errors)
        code, answer, errors = coffer(*verify)
        tap.equal((code, "COLLATERAL_MISSING" in errors), (77, True), errors)


tap.run()
