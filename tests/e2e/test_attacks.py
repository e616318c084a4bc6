"""Attacks on whole jobs, each failing. Every test first shows that what it attacks works."""
import base64
import json
import os
import shutil
import struct
import time

from agent import ATTESTED, DATA, END, KEY, START, ASK_CHECKPOINT, ASK_INPUT, ASK_KEY, Services, Worker, drive_to_keys, sha256, un64url
from harness import BIN, Home, check, main


def prepared(home):
    """A contract that is agreed to, and running services: what an attacker on the host finds."""
    home.coffer("up")
    home.run_job(home.wdbc())
    digest, contract = home.contract()
    text = (home.home / "jobs" / digest / "contract.json").read_bytes()
    return digest, contract, text


def key_is_released_only_to_the_agreed_contract():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        kid = contract["owners"][0]["key"]
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            token, _, _ = drive_to_keys(worker, services, text)
            status, _ = services.release(kid, token)
            check(status == 200, "the honest release was refused", status)
        changed = text.replace(b'"epochs":40', b'"epochs":41')
        check(changed != text)
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            token, _, _ = drive_to_keys(worker, services, changed)
            status, answer = services.release(kid, token)
            check(status == 403 and "key" not in json.dumps(answer.get("response", "")), status, answer)


def key_is_not_released_to_a_modified_worker():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        evil = home.path / "coffer-worker"
        shutil.copy(home.bin / "coffer-worker", evil)
        with open(evil, "ab") as file:
            file.write(b"\0")
        with Worker(home.home, evil) as worker:
            check(worker.launched["launched"]["mrenclave"] != contract["platform"]["accept"][0]["measurements"][0])
            token, _, _ = drive_to_keys(worker, services, text)
            status, _ = services.release(contract["owners"][0]["key"], token)
            check(status == 403, "released to a modified worker", status)


def key_is_not_released_to_a_debug_enclave():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        with Worker(home.home, home.bin / "coffer-worker", debug=True) as worker:
            token, _, quote = drive_to_keys(worker, services, text)
            check(quote[48 + 48] & 2, "the quote is not a debug quote")
            claims = json.loads(un64url(token.split(".")[1]))
            check(claims["x-ms-sgx-is-debuggable"] is True, claims)
            status, _ = services.release(contract["owners"][0]["key"], token)
            check(status == 403, "released to a debug enclave", status)


def quote_with_other_report_data_is_not_attested():
    with Home() as home:
        _, _, text = prepared(home)
        services = Services(home.home)
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            worker.start(text)
            runtime, kind, quote = worker.evidence()
            check(kind == "simulated")
            check(services.attest(quote, runtime)[0] == 200, "honest evidence was refused")
            check(services.attest(quote, runtime.replace(b"avx", b"AVX", 1).replace(b"scalar", b"Scalar", 1))[0] == 400, "other runtime data was attested")
            altered = bytearray(quote)
            altered[48 + 320] ^= 1
            check(services.attest(bytes(altered), runtime)[0] == 400, "altered report data was attested")


def released_key_of_another_run_is_useless():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        kid = contract["owners"][0]["key"]
        with Worker(home.home, home.bin / "coffer-worker") as first:
            token, _, _ = drive_to_keys(first, services, text)
            first.until(ASK_KEY)
            status, wrapped = services.release(kid, token)
            check(status == 200)
            first.send(KEY, b"\1" + wrapped)
            first.until(ASK_CHECKPOINT)  # the right worker takes it
            with Worker(home.home, home.bin / "coffer-worker") as second:
                drive_to_keys(second, services, text)
                second.until(ASK_KEY)
                second.send(KEY, b"\1" + wrapped)
                check(second.failure() == "KEY_MISMATCH")


def one_more_run_than_agreed_gets_no_key_and_a_resumed_run_does():
    with Home() as home:
        _, contract, text = prepared(home)  # the first of three
        services = Services(home.home)
        kid = contract["owners"][0]["key"]
        runs = [os.urandom(16) for _ in range(3)]
        results = []
        for run in [runs[0], runs[1], runs[0], runs[2], runs[1]]:
            with Worker(home.home, home.bin / "coffer-worker") as worker:
                token, _, _ = drive_to_keys(worker, services, text, run)
                status, answer = services.release(kid, token)
                results.append(status if status == 200 else answer["error"]["innererror"]["code"])
        check(results == [200, 200, 200, "RunsExhausted", 200], results)


def expired_contract_gets_no_key():
    with Home() as home:
        home.coffer("up")
        home.coffer("key", "create", "me")  # takes its time, and is not what expires
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10))
        home.run_job(home.wdbc(replace={"2036-01-01T00:00:00Z": soon}))
        digest, contract = home.contract()
        text = (home.home / "jobs" / digest / "contract.json").read_bytes()
        services = Services(home.home)
        time.sleep(max(0.0, contract["limits"]["expires"] - time.time()) + 1)
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            token, _, _ = drive_to_keys(worker, services, text)
            status, answer = services.release(contract["owners"][0]["key"], token)
            check(status == 403 and answer["error"]["innererror"]["code"] == "ContractExpired", status, answer)
        refused = home.coffer("run", home.work / "wdbc/job.yaml", check_exit=77)
        check("CONTRACT_EXPIRED" in refused.err, refused.err)


def agent_that_breaks_the_protocol_gets_a_refusal_and_nothing_else():
    with Home() as home:
        _, _, text = prepared(home)
        good = struct.pack("<IB", len(text) + 19, START) + b"\1" + bytes(16) + b"\0" + text
        cases = {
            "no START first": struct.pack("<IB", 2, ATTESTED) + b"x",
            "END first": struct.pack("<IB", 1, END),
            "a frame of no size": struct.pack("<IB", 0, START),
            "an oversized frame": struct.pack("<IB", 1 << 30, START),
            "an oversized START": struct.pack("<IB", (256 << 10) + 100, START) + bytes(1000),
            "an unknown type": struct.pack("<IB", 1, 0x7F),
            "a worker's type": struct.pack("<IB", 1, 0x89),
            "garbage": os.urandom(4096),
            "another protocol": struct.pack("<IB", len(text) + 19, START) + b"\2" + bytes(16) + b"\0" + text,
            "a cut contract": struct.pack("<IB", len(text) + 18, START) + b"\1" + bytes(16) + b"\0" + text[:-1],
            "START twice": good + good,
            "DATA when a token is due": good + struct.pack("<IB", 2, DATA) + b"x",
            "KEY when a token is due": good + struct.pack("<IB", 3, KEY) + b"\1x",
        }
        for name, data in cases.items():
            with Worker(home.home, home.bin / "coffer-worker") as worker:
                worker.send_raw(data)
                try:
                    result = worker.failure()
                except TimeoutError:
                    raise AssertionError(f"{name}: the worker still waits") from None
                check(result in ("PROTOCOL", "LIMIT", "CONTRACT_INVALID", "BAD_VERSION", "CLOSED"), name, result)
                exited = worker.exit()["exited"]
                check(exited.get("code", 0) != 0 or "signal" in exited, name, exited)
                check(exited.get("signal") is None, name, "crashed the worker:", exited)


def input_that_is_not_the_agreed_object_is_refused():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        digest = contract["inputs"][0]["objects"][0]["digest"]
        sealed = (home.home / "store/objects" / f"{digest}.sealed").read_bytes()
        (home.work / "other.csv").write_text((home.work / "wdbc/wdbc.csv").read_text())
        home.coffer("data", "seal", "other.csv", "--for", "me")
        other = (home.work / "other.csv.sealed").read_bytes()

        def outcome(data):
            with Worker(home.home, home.bin / "coffer-worker") as worker:
                run = bytes(16)
                token, _, _ = drive_to_keys(worker, services, text, run)
                worker.until(ASK_KEY)
                worker.send(KEY, b"\1" + services.release(contract["owners"][0]["key"], token)[1])
                worker.until(ASK_CHECKPOINT)
                worker.send(END)
                worker.until(ASK_INPUT)
                try:
                    for at in range(0, len(data), 1 << 20):
                        worker.send(DATA, data[at:at + (1 << 20)])
                    worker.send(END)
                except OSError:
                    pass
                return worker.failure()

        check(outcome(sealed) == "CLOSED", "the agreed object was refused")
        check(outcome(other) == "DIGEST_MISMATCH", "another object was taken")
        middle = bytearray(sealed)
        middle[-1000] ^= 1
        check(outcome(bytes(middle)) == "TAG_MISMATCH", "an altered chunk was taken")
        check(outcome(sealed[:-1]) == "TRUNCATED")
        check(outcome(sealed + b"\0") == "TRAILING_BYTES")


def edited(home, change):
    """verify's exit code for a copy of the results whose receipt was changed: change gets the statement's text and the envelope."""
    folder = home.work / "edited"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home.work / "out", folder)
    envelope = json.loads((folder / "receipt.json").read_text())
    statement = base64.b64decode(envelope["payload"]).decode()
    envelope["payload"] = base64.b64encode(change(statement, envelope).encode()).decode()
    (folder / "receipt.json").write_text(json.dumps(envelope))
    return home.coffer("verify", folder / "receipt.json", "--json", check_exit=None).returncode


def edited_receipt_metric_log_or_model_does_not_verify():
    with Home() as home:
        home.run_job(home.wdbc())
        check(edited(home, lambda text, _: text) == 0, "an unedited copy does not verify")
        statement = json.loads(base64.b64decode(json.loads((home.work / "out/receipt.json").read_text())["payload"]))
        predicate = statement["predicate"]

        def replaced(old, new):
            def change(text, _):
                check(old in text, "the statement has no", old)
                return text.replace(old, new, 1)
            return change

        def signature(text, envelope):
            raw = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
            raw[-1] ^= 1
            envelope["signatures"][0]["sig"] = base64.b64encode(raw).decode()
            return text

        token = predicate["attestation"]["token"]
        changes = {
            "a metric": replaced('"test":{"accuracy":0.', '"test":{"accuracy":1.'),
            "the run": replaced(predicate["run"], "00" * 16),
            "the contract": replaced('"epochs":40', '"epochs":39'),
            "a subject": replaced(statement["subject"][0]["digest"]["sha256"], "00" * 32),
            "an input": replaced(predicate["inputs"][0]["digests"][0], "00" * 32),
            "the token": replaced(token, token[:-8] + "AAAAAAAA"),
            "the signature": signature,
        }
        for name, change in changes.items():
            check(edited(home, change) == 65, name, "was changed and it was not noticed")
        for name in ("model.safetensors", "report.json", "log.jsonl"):
            path = home.work / "out" / name
            original = path.read_bytes()
            for altered in (original[:-2] + bytes([original[-2] ^ 1]) + original[-1:], original[:len(original) // 2]):
                path.write_bytes(altered)
                check(home.coffer("verify", "out/receipt.json", check_exit=None).returncode == 65, name, "was not noticed")
            path.write_bytes(original)
        check(home.coffer("verify", "out/receipt.json").returncode == 0)
        check(home.coffer("verify", "out/receipt.json", "--contract", "00" * 32, check_exit=None).returncode == 65, "another contract was taken")


def swapped_recipient_of_the_results_is_another_contract():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        home.coffer("key", "create", "mallory")
        mallory = json.loads((home.home / "identities/mallory.json").read_text())
        recipient = contract["outputs"][0]["recipients"][0]
        swapped = text.replace(recipient["jwk"]["n"].encode(), mallory["results"]["jwk"]["n"].encode())
        check(swapped != text)
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            token, _, _ = drive_to_keys(worker, services, swapped)
            check(services.release(contract["owners"][0]["key"], token)[0] == 403, "released for a swapped recipient")


def consent_to_an_older_contract_of_the_same_job_ends_with_the_new_one():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)

        def outcome():
            with Worker(home.home, home.bin / "coffer-worker") as worker:
                token, _, _ = drive_to_keys(worker, services, text)
                return services.release(contract["owners"][0]["key"], token)[0]

        check(outcome() == 200)
        home.run_job(home.wdbc(replace={"purpose: research": "purpose: another"}))
        check(outcome() == 403, "the older contract still gets the key")


def token_that_is_not_the_attestation_services_own_releases_nothing():
    with Home() as home:
        _, contract, text = prepared(home)
        services = Services(home.home)
        kid = contract["owners"][0]["key"]
        with Worker(home.home, home.bin / "coffer-worker") as worker:
            token, _, _ = drive_to_keys(worker, services, text)
        check(services.release(kid, token)[0] == 200)
        header, payload, signature = token.split(".")
        claims = json.loads(un64url(payload))

        def encode(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        import hashlib
        import hmac
        certificate = base64.b64decode(services.call("GET", services.info["attest"] + "/certs")[1]["keys"][0]["x5c"][0])
        hs_header = encode({"alg": "HS256", "typ": "JWT", "kid": json.loads(un64url(header))["kid"]})
        hs_signature = base64.urlsafe_b64encode(hmac.new(certificate, f"{hs_header}.{payload}".encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        with Home() as elsewhere:
            elsewhere.coffer("up")
            foreign = Services(elsewhere.home)
            with Worker(elsewhere.home, elsewhere.bin / "coffer-worker") as worker:
                foreign_token, _, _ = drive_to_keys(worker, foreign, text)
        forged = {
            "alg none": f"{encode({'alg': 'none'})}.{payload}.",
            "HS256 with the public key": f"{hs_header}.{payload}.{hs_signature}",
            "another issuer": foreign_token,
            "an altered claim": f"{header}.{encode({**claims, 'x-ms-sgx-is-debuggable': False, 'iat': 1})}.{signature}",
            "a header that names its own keys": f"{encode({**json.loads(un64url(header)), 'jku': 'https://localhost:1/certs'})}.{payload}.{signature}",
            "no signature": f"{header}.{payload}.",
            "nothing": "",
        }
        for name, value in forged.items():
            status, answer = services.release(kid, value)
            check(status in (400, 401, 403), name, status, answer)


main(consent_to_an_older_contract_of_the_same_job_ends_with_the_new_one, key_is_released_only_to_the_agreed_contract, key_is_not_released_to_a_modified_worker, key_is_not_released_to_a_debug_enclave,
     quote_with_other_report_data_is_not_attested, released_key_of_another_run_is_useless,
     one_more_run_than_agreed_gets_no_key_and_a_resumed_run_does, expired_contract_gets_no_key,
     agent_that_breaks_the_protocol_gets_a_refusal_and_nothing_else, input_that_is_not_the_agreed_object_is_refused,
     edited_receipt_metric_log_or_model_does_not_verify, swapped_recipient_of_the_results_is_another_contract,
     token_that_is_not_the_attestation_services_own_releases_nothing)
