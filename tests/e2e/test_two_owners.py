"""Two owners, each with a home, a vault and a policy of their own: one job, and every way around the other's consent."""
import copy
import fcntl
import hashlib
import http.server
import json
import os
import pty
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import ROOT, Home, check, main

EXAMPLE = ROOT / "examples/two-hospitals"


def canonical(value):
    """RFC 8785, as far as contracts go: Python writes an exponent of one digit with two."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return re.sub(r"(?<=\de-)0(?=\d\b)", "", text)


def last(process):
    return json.loads(process.out.splitlines()[-1])


def fails(process, code, exit_code):
    """The command failed with this status, and says so in its last line."""
    said = last(process)
    check(said.get("code") == code, "expected", code, "got", process.out[-600:], process.err[-600:])
    check(process.returncode == exit_code, "exit code", process.returncode)
    return said


class Hospital(Home):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def json(self, *arguments, check_exit=0):
        return last(self.coffer(*arguments, "--json", check_exit=check_exit))

    def refused(self, code, exit_code, *arguments):
        return fails(self.coffer(*arguments, "--json", check_exit=None), code, exit_code)

    def up(self):
        self.info = self.json("up")
        self.vault = self.info["vault"]
        self.identity = self.json("key", "create", self.name, "--bits", "2048")

    def decisions(self):
        lines = (self.home / "local/audit.jsonl").read_text().splitlines()
        return [record for record in map(json.loads, lines) if record.get("action") == "release"]

    def call(self, method, url, token=None, body=None, form=None, ca=None):
        """(status, JSON) of a request to a service of this home."""
        data = urllib.parse.urlencode(form).encode() if form else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Content-Type", "application/x-www-form-urlencoded" if form else "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        context = ssl.create_default_context(cafile=ca or self.info["ca"])
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"{}")

    def token(self, credential):
        form = {"grant_type": "client_credentials", "client_id": credential["client_id"],
                "client_secret": credential["client_secret"], "scope": "https://vault.azure.net/.default"}
        status, answer = self.call("POST", f"{self.vault}/{credential['tenant']}/oauth2/v2.0/token", form=form)
        check(status == 200, "token", status, answer)
        return answer["access_token"]


class Pair:
    """Two homes that have exchanged all that is public, and a contract that A proposes; B trusts nobody yet."""

    def __enter__(self):
        self.a, self.b = Hospital("hospital-a"), Hospital("hospital-b")
        a, b = self.a, self.b
        subprocess.run([sys.executable, EXAMPLE / "split", a.work], check=True, stdout=subprocess.DEVNULL)
        shutil.move(a.work / "b.csv", b.work / "b.csv")
        for home in (a, b):
            shutil.copy(ROOT / "examples/wdbc/wdbc.schema.yaml", home.work)
            home.up()
        job = (EXAMPLE / "job.yaml").read_text().replace("runs: 3", "runs: 50").replace("epochs: 40", "epochs: 4")
        (a.work / "job.yaml").write_text(job)
        b.coffer("data", "seal", "b.csv", "--for", "hospital-b", "--out", a.work / "b.csv.sealed")
        fingerprint = b.json("key", "export", "--out", a.work / "hospital-b.json", "hospital-b")["fingerprint"]
        a.coffer("key", "import", "hospital-b.json", "--fingerprint", fingerprint)
        b.coffer("access", "app", "create", "runner", "--role", "Key Vault Crypto Service Release User",
                 "--scope", "/keys/hospital-b-data", "--out", b.work / "runner.json")
        shutil.copy(b.work / "runner.json", a.home / "runner.json")
        (a.home / "runner.json").chmod(0o600)
        (a.home / "coffer.yaml").write_text(
            f'vaults:\n  - {{vault: "{b.vault}", credential: runner.json, ca: "{b.info["ca"]}"}}\n')
        self.digest = a.json("contract", "propose", "job.yaml", "--out", b.work / "contract.json")["contract"]
        return self

    def __exit__(self, *_):
        self.a.__exit__()
        self.b.__exit__()

    def consent(self, *more):
        return self.b.json("contract", "consent", "contract.json", "--as", "hospital-b", "--digest", self.digest,
                           "--out", self.a.work / "consent-hospital-b.json", *more)

    def trust(self):
        fingerprint = self.a.json("key", "authority", "show", self.a.vault, "--ca", self.a.info["ca"])["fingerprint"]
        return self.b.json("key", "authority", "add", self.a.vault, "--ca", self.a.info["ca"], "--fingerprint", fingerprint)

    def run(self, *more):
        return self.a.coffer("run", "job.yaml", "--out", "out", "--new-run", "--json", *more, check_exit=None)

    def run_with_consent(self):
        return self.run("--consent", "consent-hospital-b.json")


PAIR = None


def without_bs_consent_nothing_runs_and_b_is_named():
    process = PAIR.run()
    fails(process, "CONSENT_MISSING", 77)
    said = [json.loads(line) for line in process.out.splitlines()]
    missing = [line["missing"] for line in said if "missing" in line][0]
    check([owner["owner"] for owner in missing] == ["hospital-b"], missing)
    check(PAIR.digest in missing[0]["command"], missing)
    check(PAIR.b.decisions() == [], "B's vault was asked")
    policy = PAIR.a.json("key", "show", "hospital-a")
    check(PAIR.a.decisions() == [], "A's own key was released before B had consented", policy)


def a_contract_that_was_changed_on_its_way_is_not_consented_to():
    work = PAIR.b.work
    contract = json.loads((work / "contract.json").read_text())
    contract["training"]["epochs"] = 400
    (work / "longer.json").write_text(canonical(contract))
    PAIR.b.refused("DIGEST_MISMATCH", 65, "contract", "consent", "longer.json", "--as", "hospital-b", "--digest", PAIR.digest)
    (work / "spaced.json").write_text((work / "contract.json").read_text() + "\n")
    PAIR.b.refused("CONTRACT_INVALID", 65, "contract", "consent", "spaced.json", "--as", "hospital-b", "--digest", PAIR.digest)
    check(not list((PAIR.b.home).glob("jobs/*/consent-*")), "a consent was written")


def nobody_consents_without_a_digest_or_a_word():
    PAIR.b.refused("USAGE", 64, "contract", "consent", "contract.json", "--as", "hospital-b")


def a_person_types_enough_of_the_digest_that_no_other_contract_has_the_same():
    """Eight digits are found again with a few thousand million changes of a contract."""
    def typed(text):
        master, slave = pty.openpty()
        process = subprocess.Popen([PAIR.b.bin / "coffer", "contract", "consent", "contract.json", "--as", "hospital-b", "--home",
                                    PAIR.b.home, "--out", "typed.json"], cwd=PAIR.b.work, stdin=slave, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        os.write(master, text.encode() + b"\n")
        err = process.communicate(timeout=60)[1]
        os.close(master)
        os.close(slave)
        return process.returncode, err
    for text in (PAIR.digest[:8], PAIR.digest[:19], "0" * 20, PAIR.digest + "0"):
        code, err = typed(text)
        check(code == 65 and "DIGEST_MISMATCH" in err, text, code, err)
    check(not list((PAIR.b.home).glob("jobs/*/consent-*")), "a consent was written")
    code, err = typed(PAIR.digest[:20].upper())
    check(code == 0 and (PAIR.b.work / "typed.json").exists(), code, err)
    PAIR.b.coffer("contract", "withdraw", PAIR.digest, "--as", "hospital-b")


def what_is_shown_of_a_contract_cannot_hide_or_turn_around_a_part_of_it():
    contract = json.loads((PAIR.b.work / "contract.json").read_text())
    for item in contract["inputs"]:
        item["schema"]["columns"][0]["name"] += "\u009b8m\u202e\u200b"
    (PAIR.b.work / "hidden.json").write_text(canonical(contract))
    shown = PAIR.b.coffer("contract", "explain", "hidden.json").out
    check("?8m??" in shown, shown[:3000])
    check(not any(harm in shown for harm in "\u009b\u202e\u200b"), "it is shown as it is")


def a_contract_with_other_keys_for_b_is_refused():
    contract = json.loads((PAIR.b.work / "contract.json").read_text())
    other = copy.deepcopy(contract)
    other["owners"][1]["key"] = other["owners"][0]["key"][:-1] + "0"
    (PAIR.b.work / "key.json").write_text(canonical(other))
    PAIR.b.refused("CONTRACT_MISMATCH", 65, "contract", "consent", "key.json", "--as", "hospital-b", "--yes")
    other = copy.deepcopy(contract)
    other["owners"][1]["sign"] = other["owners"][0]["sign"]
    (PAIR.b.work / "sign.json").write_text(canonical(other))
    PAIR.b.refused("CONTRACT_MISMATCH", 65, "contract", "consent", "sign.json", "--as", "hospital-b", "--yes")


def a_contract_without_b_is_not_bs_to_consent_to():
    contract = json.loads((PAIR.b.work / "contract.json").read_text())
    contract["owners"].pop(1)
    contract["inputs"].pop(1)
    (PAIR.b.work / "without.json").write_text(canonical(contract))
    PAIR.b.refused("NOT_FOUND", 66, "contract", "consent", "without.json", "--as", "hospital-b", "--yes")


def a_contract_over_other_data_than_bs_is_refused():
    (PAIR.b.work / "other.csv").write_text((PAIR.b.work / "b.csv").read_text())
    PAIR.b.coffer("data", "seal", "other.csv", "--for", "hospital-b", "--out", "other.sealed")
    PAIR.b.refused("DIGEST_MISMATCH", 65, "contract", "consent", "contract.json", "--as", "hospital-b", "--digest", PAIR.digest,
                   "--sealed", "other.sealed")


def a_consent_of_somebody_else_is_not_bs():
    """A signs with its own key, in B's name."""
    a = PAIR.a
    shutil.copy(PAIR.b.work / "contract.json", a.work / "contract.json")
    a.coffer("contract", "consent", "contract.json", "--as", "hospital-a", "--yes", "--out", "forged.json")
    forged = json.loads((a.work / "forged.json").read_text())
    forged["owner"] = "hospital-b"
    (a.work / "forged.json").write_text(json.dumps(forged))
    fails(PAIR.run("--consent", "forged.json"), "BAD_SIGNATURE", 65)
    jobs = list(a.home.glob("jobs/*/consent-hospital-b.json"))
    check(jobs == [], "the forged consent was kept", jobs)


def a_vault_that_does_not_know_the_authority_releases_nothing():
    # That B's own runs would be attested there is no reason for B's vault to believe it.
    (PAIR.b.home / "coffer.yaml").write_text(f'attestation: "{PAIR.a.vault}"\nca: "{PAIR.a.info["ca"]}"\n')
    notes = PAIR.consent("--sealed", PAIR.a.work / "b.csv.sealed")["notes"]
    check(any("your vault does not know" in note for note in notes), notes)
    (PAIR.b.home / "coffer.yaml").unlink()
    notes = PAIR.consent("--sealed", PAIR.a.work / "b.csv.sealed")["notes"]
    check(any("your vault does not know" in note for note in notes), notes)
    fails(PAIR.run_with_consent(), "RELEASE_REFUSED", 77)
    refusal = PAIR.b.decisions()[-1]
    check(refusal["decision"] == "refused", refusal)
    check(PAIR.b.json("key", "authority", "list")["authorities"] == [])


def a_consent_to_another_contract_is_refused():
    consent = json.loads((PAIR.a.work / "consent-hospital-b.json").read_text())
    consent["contract"] = hashlib.sha256(b"another").hexdigest()
    (PAIR.a.work / "another.json").write_text(json.dumps(consent))
    fails(PAIR.run("--consent", "another.json"), "CONTRACT_MISMATCH", 65)


def a_wrong_fingerprint_adds_no_authority():
    PAIR.b.refused("DIGEST_MISMATCH", 65, "key", "authority", "add", PAIR.a.vault, "--ca", PAIR.a.info["ca"],
                   "--fingerprint", "0" * 64)
    check(PAIR.b.json("key", "authority", "list")["authorities"] == [])


class Impostor(http.server.BaseHTTPRequestHandler):
    """A service with a genuine certificate, whose configuration the test sets."""

    def do_GET(self):
        body = json.dumps(self.server.answers.get(self.path, {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def a_service_that_points_elsewhere_is_not_believed():
    """Neither tokens nor keys of somebody else."""
    a = PAIR.a
    keys = a.call("GET", a.vault + "/certs")[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(a.home / "local/ca/tls.pem", a.home / "local/ca/tls.key")
    with http.server.HTTPServer(("127.0.0.1", 0), Impostor) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own = f"https://localhost:{server.server_port}"
        show = ["key", "authority", "show", own, "--ca", a.info["ca"]]
        server.answers = {"/certs": keys, "/.well-known/openid-configuration": {"issuer": own, "jwks_uri": own + "/certs"}}
        check(PAIR.b.json(*show)["issuer"] == own)
        server.answers["/certs"] = {"keys": [{**key, "kid": "a\nfingerprint  0"} for key in keys["keys"][:1]]}
        PAIR.b.refused("BAD_FORMAT", 65, *show)
        server.answers["/certs"] = keys
        for configuration in ({"issuer": a.vault, "jwks_uri": own + "/certs"}, {"issuer": own + "0", "jwks_uri": own + "/certs"},
                              {"issuer": own, "jwks_uri": a.vault + "/certs"}, {"issuer": own}, {"jwks_uri": own + "/certs"}):
            server.answers["/.well-known/openid-configuration"] = configuration
            PAIR.b.refused("BAD_FORMAT", 65, *show)
        server.shutdown()
    stranger = PAIR.b.coffer("key", "authority", "show", a.vault, "--ca", PAIR.b.info["ca"], "--json", check_exit=None)
    check(stranger.returncode != 0 and "NETWORK" in stranger.out, stranger.out)


def with_both_consents_the_job_runs_and_both_have_the_model():
    PAIR.trust()
    process = PAIR.run_with_consent()
    check(process.returncode == 0, process.out[-2000:], process.err[-2000:])
    out = PAIR.a.work / "out"
    results = PAIR.b.work / "results"
    shutil.copytree(out, results, ignore=shutil.ignore_patterns("*.safetensors", "report.json"))
    for name, extension in (("model", "safetensors"), ("report", "json")):
        PAIR.b.coffer("data", "open", results / f"{name}.sealed", "--as", "hospital-b", "--out", results / f"{name}.{extension}")
        check((results / f"{name}.{extension}").read_bytes() == (out / f"{name}.{extension}").read_bytes(), name)
    PAIR.b.coffer("verify", results / "receipt.json", "--contract", PAIR.digest)
    check(PAIR.b.decisions()[-1]["decision"] == "released")


def a_receipt_without_bs_consent_does_not_verify():
    results = PAIR.b.work / "results"
    kept = (results / "consent-hospital-b.json").read_text()
    (results / "consent-hospital-b.json").unlink()
    PAIR.b.refused("VERIFY_FAILED", 65, "verify", results / "receipt.json")
    (results / "consent-hospital-b.json").write_text(kept)


def neither_home_ever_holds_the_others_plaintext():
    row_a = (PAIR.a.work / "a.csv").read_bytes().splitlines()[1]
    row_b = (PAIR.b.work / "b.csv").read_bytes().splitlines()[1]
    for home, row in ((PAIR.a, row_b), (PAIR.b, row_a)):
        read = 0
        for path in home.path.rglob("*"):
            if path.is_file():
                read += 1
                check(row not in path.read_bytes(), "plaintext in", path)
        check(read > 10, "looked at", read, "files")


def the_application_of_b_opens_one_door_and_no_other():
    """What B gave A may ask for the release of one key of B's, and nothing at A's."""
    credential = json.loads((PAIR.b.work / "runner.json").read_text())
    token = PAIR.b.token(credential)
    version = "?api-version=7.5"
    kid = PAIR.b.identity["data"]["kid"]
    results = PAIR.b.identity["results"]["kid"]
    status, answer = PAIR.b.call("POST", f"{kid}/release{version}", token, {"target": "x"})
    check(status == 403 and answer["error"]["innererror"]["code"] == "AttestationInvalid", status, answer)
    for method, url, body in (("POST", f"{results}/release", {"target": "x"}), ("GET", kid, None),
                              ("POST", f"{kid}/unwrapkey", {"alg": "RSA-OAEP-256", "value": "AA"}),
                              ("PATCH", kid, {"tags": {}})):
        status, answer = PAIR.b.call(method, url + version, token, body)
        check(status == 403 and answer["error"]["innererror"]["code"] == "ForbiddenByRbac", method, url, status, answer)
    issuer = hashlib.sha256(PAIR.a.vault.encode()).hexdigest()
    for method, path, body in (("GET", "/authorities", None), ("DELETE", f"/authorities/{issuer}", None),
                               ("PUT", f"/authorities/{issuer}", {"issuer": PAIR.a.vault, "keys": {"keys": []}})):
        status, answer = PAIR.b.call(method, PAIR.b.vault + path, token, body)
        check(status == 403, method, path, status, answer)
    status, answer = PAIR.a.call("POST", f"{PAIR.a.identity['data']['kid']}/release{version}", token, {"target": "x"})
    check(status == 401, status, answer)
    check(PAIR.b.call("GET", PAIR.b.vault + "/authorities")[0] == 401)


def only_an_issuer_at_its_own_place_with_usable_keys_is_taken():
    owner = json.loads((PAIR.b.home / "local/clients/owner.json").read_text())
    token = PAIR.b.token(owner)
    keys = PAIR.a.call("GET", PAIR.a.vault + "/certs")[1]
    place = PAIR.b.vault + "/authorities/" + hashlib.sha256(b"https://c.example").hexdigest()
    for body in ({"issuer": "https://d.example", "keys": keys}, {"issuer": "https://c.example"}, {"keys": keys}, [],
                 {"issuer": "https://c.example", "keys": {"keys": []}}, {"issuer": "https://c.example", "keys": keys, "x": 1}):
        status, answer = PAIR.b.call("PUT", place, token, body)
        check(status == 400, body, status, answer)
    own = PAIR.b.vault + "/authorities/" + hashlib.sha256(PAIR.b.vault.encode()).hexdigest()
    check(PAIR.b.call("PUT", own, token, {"issuer": PAIR.b.vault, "keys": keys})[0] == 400)
    check(PAIR.b.call("PUT", place, token, {"issuer": "https://c.example", "keys": keys})[0] == 200)
    check(PAIR.b.call("DELETE", place, token)[0] == 200)
    check(PAIR.b.call("DELETE", place, token)[0] == 404)


def an_authority_whose_key_is_another_releases_nothing():
    owner = json.loads((PAIR.b.home / "local/clients/owner.json").read_text())
    own_keys = PAIR.b.call("GET", PAIR.b.vault + "/certs")[1]
    place = PAIR.b.vault + "/authorities/" + hashlib.sha256(PAIR.a.vault.encode()).hexdigest()
    status, answer = PAIR.b.call("PUT", place, PAIR.b.token(owner), {"issuer": PAIR.a.vault, "keys": own_keys})
    check(status == 200, status, answer)
    fails(PAIR.run_with_consent(), "RELEASE_REFUSED", 77)
    check(PAIR.b.decisions()[-1]["why"] == "AttestationInvalid", PAIR.b.decisions()[-1])
    PAIR.trust()


def an_authority_that_was_removed_releases_nothing():
    PAIR.b.json("key", "authority", "remove", PAIR.a.vault)
    fails(PAIR.run_with_consent(), "RELEASE_REFUSED", 77)
    PAIR.b.refused("NOT_FOUND", 66, "key", "authority", "remove", PAIR.a.vault)
    PAIR.trust()
    check(PAIR.run_with_consent().returncode == 0, "the job runs again")


def a_withdrawn_consent_releases_nothing():
    said = PAIR.b.json("contract", "withdraw", PAIR.digest, "--as", "hospital-b")
    check(said["was_open"] and said["released"] == 2, said)
    fails(PAIR.run_with_consent(), "RELEASE_REFUSED", 77)
    check(PAIR.b.decisions()[-1]["why"] == "ReleasePolicyNotMet", PAIR.b.decisions()[-1])
    again = PAIR.b.json("contract", "withdraw", "contract.json", "--as", "hospital-b")
    check(again["was_open"] is False, again)


def who_is_not_an_owner_withdraws_nothing():
    PAIR.b.refused("NOT_FOUND", 66, "contract", "withdraw", "without.json", "--as", "hospital-b")
    PAIR.a.refused("CONSENT_MISSING", 77, "contract", "withdraw", "contract.json", "--as", "hospital-b")
    # Nor is anybody sent to a vault that a contract names in place of the own.
    PAIR.b.refused("CONTRACT_MISMATCH", 65, "contract", "withdraw", "key.json", "--as", "hospital-b")


def commands_that_change_a_keys_policy_take_turns():
    """The second would undo the first: both write the whole policy as they have read it."""
    with open(PAIR.b.home / "identities/policy.lock", "a") as lock:
        for command in (["withdraw", PAIR.digest], ["consent", "contract.json", "--yes", "--out", "turn.json"]):
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = PAIR.b.start("contract", *command, "--as", "hospital-b")
            time.sleep(1)
            check(process.poll() is None, command, "did not wait")
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.communicate(timeout=60)
            check(process.returncode == 0, command, process.returncode)
    PAIR.b.coffer("contract", "withdraw", PAIR.digest, "--as", "hospital-b")


def every_authority_that_the_vault_does_not_know_is_named():
    contract = json.loads((PAIR.b.work / "contract.json").read_text())
    contract["attestation"]["others"] = ["https://c.example", "https://d.example"]
    (PAIR.b.work / "others.json").write_text(canonical(contract))
    said = PAIR.b.json("contract", "consent", "others.json", "--as", "hospital-b", "--yes", "--out", "others-consent.json")
    named = [note for note in said["notes"] if "your vault does not know" in note]
    check(["c.example" in note for note in named] == [True, False] and "d.example" in named[1], said["notes"])
    check(PAIR.b.json("contract", "withdraw", said["contract"], "--as", "hospital-b")["was_open"])


def a_consent_can_be_given_again():
    notes = PAIR.consent()["notes"]
    check(not any("your vault does not know" in note for note in notes), notes)
    check(PAIR.run_with_consent().returncode == 0, "the job runs again")


def a_consent_that_was_altered_where_it_lies_is_noticed():
    kept = PAIR.a.home / "jobs" / PAIR.digest / "consent-hospital-b.json"
    consent = json.loads(kept.read_text())
    consent["signature"] = ("A" if consent["signature"][0] != "A" else "B") + consent["signature"][1:]
    kept.write_text(json.dumps(consent))
    fails(PAIR.run(), "BAD_SIGNATURE", 65)
    own = json.loads((PAIR.a.home / "jobs" / PAIR.digest / "consent-hospital-a.json").read_text())
    kept.write_text(json.dumps(own))
    fails(PAIR.run(), "BAD_SIGNATURE", 65)
    kept.unlink()


def releases_that_may_stand_further_back_are_not_denied():
    """The vault shows its newest decisions: a hundred others may hide one."""
    released = [record for record in PAIR.b.decisions() if record["decision"] == "released"][-1]
    said = PAIR.b.json("contract", "withdraw", PAIR.digest, "--as", "hospital-b")
    check(said["released"] > 0 and said["released_at_least"] is False, said)
    said = PAIR.b.json("contract", "withdraw", "0" * 64, "--as", "hospital-b")
    check(said["released"] == 0, said)
    with open(PAIR.b.home / "local/audit.jsonl", "a") as log:
        log.write("".join(json.dumps({**released, "contract": "f" * 64}) + "\n" for _ in range(99)))
    said = PAIR.b.json("contract", "withdraw", PAIR.digest, "--as", "hospital-b")
    check(said["released"] == 1 and said["released_at_least"] is True, said)
    said = PAIR.b.json("contract", "withdraw", "0" * 64, "--as", "hospital-b")
    check(said["released"] is None, said)
    check("never" not in PAIR.b.coffer("contract", "withdraw", "0" * 64, "--as", "hospital-b").out)


def an_identity_is_imported_once_and_only_as_it_is():
    a = PAIR.a
    check(a.json("key", "import", "hospital-b.json", "--yes")["status"] == "known")
    identity = json.loads((a.work / "hospital-b.json").read_text())
    kid = identity["data"]["kid"]
    identity["data"]["kid"] = kid[:-1] + ("0" if kid[-1] != "0" else "1")
    (a.work / "changed.json").write_text(json.dumps(identity))
    a.refused("EXISTS", 73, "key", "import", "changed.json", "--yes")
    identity["name"] = "hospital-a"
    (a.work / "own.json").write_text(json.dumps(identity))
    a.refused("EXISTS", 73, "key", "import", "own.json", "--yes", "--force")
    identity["name"] = "me"
    (a.work / "me.json").write_text(json.dumps(identity))
    a.refused("BAD_ARGUMENT", 64, "key", "import", "me.json", "--yes")
    identity["name"] = "../hospital-c"
    (a.work / "path.json").write_text(json.dumps(identity))
    a.refused("BAD_FORMAT", 65, "key", "import", "path.json", "--yes")
    identity["name"] = "hospital-c"
    (a.work / "third.json").write_text(json.dumps(identity))
    a.refused("DIGEST_MISMATCH", 65, "key", "import", "third.json", "--fingerprint", "0" * 64)
    a.refused("USAGE", 64, "key", "import", "third.json")
    check(not (a.home / "identities/hospital-c.json").exists())


def an_object_that_is_not_sealed_for_its_owner_is_no_input():
    a = PAIR.a
    a.coffer("data", "seal", "a.csv", "--for", "hospital-a", "--out", "wrong.sealed")
    job = (a.work / "job.yaml").read_text().replace("b.csv.sealed", "wrong.sealed")
    (a.work / "wrong.yaml").write_text(job)
    a.refused("NOT_A_RECIPIENT", 77, "contract", "propose", "wrong.yaml")
    (a.work / "text.yaml").write_text(job.replace("wrong.sealed", "a.csv"))
    a.refused("BAD_FORMAT", 65, "contract", "propose", "text.yaml")


def a_descriptor_makes_the_same_contract_as_the_object():
    a = PAIR.a
    a.coffer("data", "describe", "b.csv.sealed", "--out", "b.json")
    (a.work / "described.yaml").write_text((a.work / "job.yaml").read_text().replace("b.csv.sealed", "b.json"))
    first = a.json("contract", "propose", "described.yaml", "--out", "described.json")["contract"]
    contract, original = (json.loads((path).read_text()) for path in (a.work / "described.json", a.work / "contract.json"))
    check(contract["inputs"][1] == original["inputs"][1], contract["inputs"][1])
    check(a.json("contract", "propose", "described.yaml", "--out", "described.json")["contract"] == first,
          "proposing again made another contract")


def labels_can_be_sealed_elsewhere_too():
    a, b = PAIR.a, PAIR.b
    (b.work / "images").write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 3]) + bytes(range(12)))
    (b.work / "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 1]))
    digests = [b.json("data", "seal", name, "--for", "hospital-b", "--out", a.work / f"{name}.sealed")["digest"]
               for name in ("images", "labels")]
    job = (a.work / "job.yaml").read_text().splitlines()
    first, end = (next(i for i, line in enumerate(job) if line.startswith(word)) for word in ("inputs:", "model:"))
    job[first + 1:end] = ["  - {name: digits, owner: hospital-b, sealed: images.sealed, sealed_labels: labels.sealed, format: idx,"
                          " classes: 3}"]
    (a.work / "digits.yaml").write_text("\n".join(job) + "\n")
    a.coffer("contract", "propose", "digits.yaml", "--out", "digits.json")
    found = json.loads((a.work / "digits.json").read_text())["inputs"][0]
    check([item["digest"] for item in found["objects"]] == digests and found["classes"] == 3, found)
    check("digits of hospital-b" in a.coffer("contract", "explain", "digits.json").out)


def the_example_shows_all_of_it():
    with Home() as home:
        example = subprocess.run([EXAMPLE / "run", home.work], env={**os.environ, "COFFER": str(home.bin / "coffer")}, text=True,
                                 stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        check(example.returncode == 0, example.stdout[-2000:], example.stderr[-2000:])
        shown = dict(line.rsplit("  ", 1) for line in example.stdout.splitlines()[-3:])
        areas = {name.strip(): float(value) for name, value in shown.items()}
        check(areas["both together"] >= 0.99, areas)
        check(not list(home.work.glob("*/home/local/local.json")), "services were left running")


if __name__ == "__main__":
    with Pair() as PAIR:
        main(without_bs_consent_nothing_runs_and_b_is_named,
             a_contract_that_was_changed_on_its_way_is_not_consented_to,
             nobody_consents_without_a_digest_or_a_word,
             a_person_types_enough_of_the_digest_that_no_other_contract_has_the_same,
             what_is_shown_of_a_contract_cannot_hide_or_turn_around_a_part_of_it,
             a_contract_with_other_keys_for_b_is_refused,
             a_contract_without_b_is_not_bs_to_consent_to,
             a_contract_over_other_data_than_bs_is_refused,
             a_consent_of_somebody_else_is_not_bs,
             a_vault_that_does_not_know_the_authority_releases_nothing,
             a_consent_to_another_contract_is_refused,
             a_wrong_fingerprint_adds_no_authority,
             a_service_that_points_elsewhere_is_not_believed,
             with_both_consents_the_job_runs_and_both_have_the_model,
             a_receipt_without_bs_consent_does_not_verify,
             neither_home_ever_holds_the_others_plaintext,
             the_application_of_b_opens_one_door_and_no_other,
             only_an_issuer_at_its_own_place_with_usable_keys_is_taken,
             an_authority_whose_key_is_another_releases_nothing,
             an_authority_that_was_removed_releases_nothing,
             a_withdrawn_consent_releases_nothing,
             who_is_not_an_owner_withdraws_nothing,
             commands_that_change_a_keys_policy_take_turns,
             every_authority_that_the_vault_does_not_know_is_named,
             a_consent_can_be_given_again,
             a_consent_that_was_altered_where_it_lies_is_noticed,
             releases_that_may_stand_further_back_are_not_denied,
             an_identity_is_imported_once_and_only_as_it_is,
             an_object_that_is_not_sealed_for_its_owner_is_no_input,
             a_descriptor_makes_the_same_contract_as_the_object,
             labels_can_be_sealed_elsewhere_too,
             the_example_shows_all_of_it)
