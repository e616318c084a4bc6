#!/usr/bin/python3
"""What Coffer seals, the independent reader opens, and the reader refuses what was altered.

    check_reader.py SEAL_TOOL       prints TAP
"""
import base64
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

import coffer_reader as reader

TOOL = sys.argv[1]
DER = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def refused(call, *arguments):
    try:
        call(*arguments)
    except (reader.Refused, KeyError, TypeError, AttributeError):
        return True
    return False


def plain_of(size):
    return bytes((i * 7 + size) & 0xFF for i in range(size))


class World:
    """A folder that the C program has filled."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        output = subprocess.run([TOOL, "make", folder], check=True, capture_output=True).stdout
        self.objects = [json.loads(line) for line in output.splitlines()]
        self.alice = reader.load_key(self.folder / "alice.der")
        self.bob = reader.load_key(self.folder / "bob.der")

    def read(self, entry):
        return (self.folder / entry["file"]).read_bytes()


@test
def each_recipient_opens_each_object(world):
    datasets = [o for o in world.objects if o["kind"] == 1]
    assert len(datasets) == 7
    for entry in datasets:
        for key in (world.alice, world.bob):
            front, plain = reader.open_object(world.read(entry), key,
                                              digest=bytes.fromhex(entry["digest"]))
            assert plain == plain_of(entry["size"])
            assert front.name == "Zellen ä€"
    assert refused(reader.open_object, world.read(datasets[0]), world.alice,
                   "https://vault/keys/bob/1")


@test
def a_stranger_opens_nothing(world):
    stranger = rsa.generate_private_key(65537, 2048)
    assert refused(reader.open_object, world.read(world.objects[1]), stranger)


@test
def the_job_key_opens_the_checkpoint_and_needs_every_owner_in_order(world):
    (entry,) = [o for o in world.objects if o["kind"] == 2]
    data, contract = world.read(entry), b"\x5a" * 32
    key = reader.job_wrap_key([world.alice, world.bob], contract)
    assert reader.open_object(data, key)[1] == plain_of(entry["size"])
    for owners, digest in (([world.alice], contract), ([world.bob, world.alice], contract),
                           ([world.alice, world.bob], bytes(32))):
        assert refused(reader.open_object, data, reader.job_wrap_key(owners, digest))


@test
def altered_objects_are_refused(world):
    data = world.read(world.objects[4])
    reader.open_object(data, world.alice)
    numbers = random.Random(7)
    for place in numbers.sample(range(len(data)), 40) + list(range(0, 110)):
        altered = bytearray(data)
        altered[place] ^= 1 << numbers.randrange(8)
        assert refused(reader.open_object, bytes(altered), world.alice), place
    assert refused(reader.open_object, data + b"x", world.alice)
    assert refused(reader.open_object, data[:-1], world.alice)


@test
def a_key_that_somebody_else_wrapped_is_released(world):
    transfer, kek = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    (world.folder / "transfer.der").write_bytes(transfer.private_bytes(*DER))
    for algorithm, hash_type in (("1", hashes.SHA1), ("2", hashes.SHA256)):
        secret = os.urandom(32)
        oaep = padding.OAEP(padding.MGF1(hash_type()), hash_type(), None)
        (world.folder / "envelope").write_bytes(
            transfer.public_key().encrypt(secret, oaep)
            + aes_key_wrap_with_padding(secret, kek.private_bytes(*DER)))
        subprocess.run([TOOL, "unwrap", world.folder / "transfer.der", algorithm,
                        world.folder / "envelope", world.folder / "released"], check=True)
        assert (world.folder / "released").read_bytes() == kek.private_bytes(*DER)


@test
def numbers_are_printed_as_rfc_8785_says(_world):
    cases = {0.0: "0", -0.0: "0", 5e-324: "5e-324",
             1.7976931348623157e308: "1.7976931348623157e+308", 295147905179352830000.0: "295147905179352830000", 1e21: "1e+21", 1e-6: "0.000001",
             9.999999999999997e-7: "9.999999999999997e-7", 333333333.3333332: "333333333.3333332",
             1e23: "1e+23", -1.5: "-1.5", 0.002: "0.002", 4.5: "4.5", 1e-27: "1e-27"}
    for value, text in cases.items():
        assert reader.canonical_number(value) == text, (value, reader.canonical_number(value))


# ---- receipts: made here as the page says, so that the checks are known to be able to pass -------
def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Maker:
    """Makes receipts; what `edit` does to the parts decides whether they are good."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.log = [b'{"event":"attested","n":0}', b'{"event":"loaded","n":1}']

    def parts(self):
        contract = {"coffer": "contract/v1", "outputs": [{"name": "model"}],
                    "inputs": [{"name": "cells", "objects": [{"digest": "ab" * 32}]}]}
        head = bytes(32)
        for line in self.log:
            head = reader.sha256(head + line)
        numbers = self.key.public_key().public_numbers()
        point = [b64url(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y)]
        digest = reader.sha256(reader.canonical(contract).encode()).hex()
        runtime = {"contract": digest, "kernel": "avx512", "run": "01" * 16, "version": "0.1.0",
                   "keys": [{"crv": "P-256", "key_ops": ["verify"], "kid": "coffer-sign",
                             "kty": "EC", "x": point[0], "y": point[1]}]}
        predicate = {"contract": contract, "contract_digest": digest, "run": "01" * 16,
                     "worker": {"version": "0.1.0", "kernel": "avx512"},
                     "inputs": [{"name": "cells", "digests": ["ab" * 32], "rows": 3}],
                     "outputs": [{"name": "model", "format": "safetensors", "sha256": "cd" * 32,
                                  "sealed": "ef" * 32}],
                     "metrics": {"epochs": 4, "validation": {"loss": 0.25}}, "history": [],
                     "log": {"events": 2, "head": head.hex()}, "timeline": [],
                     "attestation": {"token": ""}}
        statement = {"_type": "https://in-toto.io/Statement/v1",
                     "subject": [{"name": "model", "digest": {"sha256": "cd" * 32}}],
                     "predicateType": "urn:coffer:receipt:v1", "predicate": predicate}
        return runtime, statement

    def receipt(self, edit_runtime=None, edit_statement=None, report_tail=bytes(32)):
        runtime, statement = copy.deepcopy(self.parts())
        if edit_runtime:
            edit_runtime(runtime)
        runtime_bytes = reader.canonical(runtime).encode()
        quote = bytes(368) + reader.sha256(runtime_bytes) + report_tail + bytes(100)
        statement["predicate"]["evidence"] = {"type": "simulated", "quote": b64url(quote),
                                              "runtime": b64url(runtime_bytes)}
        if edit_statement:
            edit_statement(statement)
        payload = reader.canonical(statement).encode()
        message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
        signature = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        return {"payload": base64.b64encode(payload).decode(),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"keyid": "coffer-sign",
                                "sig": base64.b64encode(signature).decode()}]}


@test
def a_good_receipt_is_accepted(_world):
    maker = Maker()
    predicate = reader.check_receipt(json.dumps(maker.receipt()), maker.log)
    assert predicate["metrics"]["epochs"] == 4


@test
def edited_receipts_are_refused_even_when_signed_anew(_world):
    maker = Maker()

    def bad(**edits):
        return refused(reader.check_receipt, json.dumps(maker.receipt(**edits)), maker.log)

    def put(*path):
        *names, last, value = path

        def edit(root):
            for name in names:
                root = root[name]
            root[last] = value
        return edit

    assert not bad()
    for edit in (put("predicate", "contract", "coffer", "contract/v2"),
                 put("predicate", "contract_digest", "00" * 32), put("predicate", "run", "02" * 16),
                 put("predicate", "worker", "kernel", "scalar"),
                 put("predicate", "worker", "version", "9"),
                 put("predicate", "inputs", 0, "digests", ["00" * 32]),
                 put("predicate", "outputs", 0, "sha256", "00" * 32),
                 put("subject", 0, "name", "other"), put("predicate", "log", "events", 3),
                 put("predicate", "log", "head", "00" * 32), put("predicate", "more", 1),
                 put("predicateType", "urn:other"), put("_type", "other")):
        assert bad(edit_statement=edit)
    assert bad(edit_runtime=put("contract", "00" * 32))
    assert bad(edit_runtime=put("keys", []))
    assert bad(report_tail=b"\1" + bytes(31))


@test
def envelopes_that_were_not_signed_so_are_refused(_world):
    maker, other = Maker(), Maker()
    good = maker.receipt()
    reader.check_receipt(json.dumps(good))
    payload = base64.b64decode(good["payload"])
    spaced = base64.b64encode(payload.replace(b":", b": ", 1)).decode()
    for edits in ({"signatures": other.receipt()["signatures"]}, {"payload": spaced},
                  {"payloadType": "text/plain"}, {"signatures": good["signatures"] * 2},
                  {"signatures": []}, {"extra": 1}):
        assert refused(reader.check_receipt, json.dumps({**good, **edits})), edits
    assert refused(reader.check_receipt, json.dumps(good), maker.log[:1])
    twice = json.dumps(good)[:-1] + ',"payloadType":"application/vnd.in-toto+json"}'
    assert refused(reader.check_receipt, twice)


def main():
    failures = 0
    print(f"1..{len(TESTS)}")
    with tempfile.TemporaryDirectory(prefix="coffer-test-") as folder:
        world = World(folder)
        for number, function in enumerate(TESTS, 1):
            try:
                function(world)
                print(f"ok {number} - {function.__name__}")
            except Exception as error:  # pylint: disable=broad-except
                failures += 1
                print(f"not ok {number} - {function.__name__}\n# {type(error).__name__}: {error}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
