#!/usr/bin/python3
"""A second, independent reader of Coffer's formats.

Written from docs/formats/sealed.md and docs/formats/receipt.md alone, with the standard library and
python3-cryptography: if this program and Coffer disagree, one of them or the page is wrong.

    coffer_reader.py open FILE.sealed KEY.pem|KEY.der [--kid KID] [--digest HEX] [--output FILE]
    coffer_reader.py inspect FILE.sealed
    coffer_reader.py receipt RECEIPT.json [--log LOG.jsonl]
"""
import argparse
import base64
import hashlib
import hmac
import json
import math
import struct
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

CHUNK = 65536
KINDS = {1: "dataset", 2: "checkpoint", 3: "model", 4: "report", 5: "log"}


class Refused(Exception):
    """The input is not what the format, or the caller, asks for."""


def need(condition, why):
    if not condition:
        raise Refused(why)


def sha256(data):
    return hashlib.sha256(data).digest()


def derive(secret, salt, info):
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


# ---- sealed objects -----------------------------------------------------------------------------
class Front:
    """Everything before the ciphertext."""

    def __init__(self, data):
        need(len(data) >= 78, "shorter than a header")
        need(data[:8] == bytes.fromhex("434F465345414C31"), "magic")
        version, kind, chunk, size = struct.unpack_from("<HHIQ", data, 8)
        need(version == 1, "version")
        need(kind in KINDS, "kind")
        need(chunk == CHUNK, "chunk size")
        need(size <= 1 << 44, "plaintext size")
        self.object_id, self.context = data[24:40], data[40:72]
        capacity, name_size = struct.unpack_from("<IH", data, 72)
        need(any(self.object_id), "object id is zero")
        need(kind != 1 or not any(self.context), "a dataset has a context")
        need(capacity % 4096 == 0 and 4096 <= capacity <= 16384, "recipients capacity")
        need(1 <= name_size <= 128, "name size")
        self.kind, self.size = KINDS[kind], size
        self.count = max(1, -(-size // CHUNK))
        self.name = self._name(data[78:78 + name_size], name_size)
        header_end = 78 + name_size
        table = header_end + 32
        self.area_at = table + 16 * self.count
        self.end = self.area_at + capacity
        need(len(data) == self.end + size, "size of the file")
        self.salt = sha256(data[:header_end])
        self.commitment = data[header_end:table]
        self.tags = [data[i:i + 16] for i in range(table, self.area_at, 16)]
        self.digest = sha256(data[:self.area_at])
        self.area = data[self.area_at:self.end]
        self._recipients()

    @staticmethod
    def _name(raw, size):
        need(len(raw) == size, "name")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("name is not UTF-8") from error
        need("/" not in name and name not in (".", ".."), "name")
        need(not any(unicodedata.category(c) == "Cc" for c in name), "control character in name")
        return name

    def _recipients(self):
        count, used = struct.unpack_from("<HI", self.area, 0)
        need(1 <= count <= 32, "number of recipients")
        self.mac_at = 6 + used
        need(self.mac_at + 32 <= len(self.area), "size of recipients")
        self.recipients, at = {}, 6
        for _ in range(count):
            need(at + 3 <= self.mac_at, "recipient")
            algorithm, kid_size = struct.unpack_from("<BH", self.area, at)
            need(1 <= kid_size <= 512 and at + 5 + kid_size <= self.mac_at, "kid size")
            kid = self.area[at + 3:at + 3 + kid_size]
            need(all(0x20 <= c <= 0x7E for c in kid), "kid")
            (size,) = struct.unpack_from("<H", self.area, at + 3 + kid_size)
            at += 5 + kid_size
            need(at + size <= self.mac_at, "wrapped size")
            need(algorithm in (1, 2), "algorithm")
            need(256 <= size <= 512 if algorithm == 1 else size == 40 and kid == b"job", "wrapped")
            need(kid not in self.recipients, "a kid stands twice")
            self.recipients[kid] = (algorithm, self.area[at:at + size])
            at += size
        need(at == self.mac_at, "bytes after the last recipient")
        need(not any(self.area[self.mac_at + 32:]), "bytes after the mac")

    def data_key(self, key, kid=None):
        """The data key, for an RSA private key or a 32-byte job wrap key."""
        if isinstance(key, bytes):
            algorithm, wrapped = self.recipients.get(b"job", (0, b""))
            need(algorithm == 2, "not sealed for a job")
            try:
                return aes_key_unwrap(key, wrapped)
            except InvalidUnwrap as error:
                raise Refused("the wrap key does not open it") from error
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        for name, (algorithm, wrapped) in self.recipients.items():
            if algorithm != 1 or (kid is not None and name != kid.encode()):
                continue
            try:
                data_key = key.decrypt(wrapped, oaep)
            except ValueError:
                continue
            need(len(data_key) == 32, "wrapped key")
            return data_key
        raise Refused("the key opens no recipient")


def open_object(data, key, kid=None, digest=None):
    """Opens a sealed object in memory and gives its front and plaintext."""
    front = Front(data)
    need(digest is None or front.digest == digest, "another object than the pinned one")
    data_key = front.data_key(key, kid)
    commitment = derive(data_key, front.salt, b"coffer/seal/v1/commitment")
    need(hmac.compare_digest(commitment, front.commitment), "commitment")
    mac_key = derive(data_key, front.salt, b"coffer/seal/v1/recipients")
    mac = hmac.new(mac_key, front.salt + front.area[:front.mac_at], hashlib.sha256).digest()
    need(hmac.compare_digest(mac, front.area[front.mac_at:front.mac_at + 32]), "recipients' mac")
    cipher = AESGCM(derive(data_key, front.salt, b"coffer/seal/v1/chunk"))
    plain = []
    for i in range(front.count):
        start = front.end + i * CHUNK
        chunk = data[start:min(start + CHUNK, len(data))]
        nonce = b"\0\0\0" + bytes([i + 1 == front.count]) + i.to_bytes(8, "big")
        try:
            plain.append(cipher.decrypt(nonce, chunk + front.tags[i], None))
        except InvalidTag as error:
            raise Refused(f"chunk {i}") from error
    return front, b"".join(plain)


def job_wrap_key(owners, contract_digest):
    """The job's wrap key from the owners' released keys, in the order of the contract."""
    secret = b"".join(sha256(k.private_bytes(serialization.Encoding.DER,
                                             serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption())) for k in owners)
    return derive(secret, contract_digest, b"coffer/job/v1/checkpoint")


# ---- canonical JSON (RFC 8785) ------------------------------------------------------------------
def canonical_number(value):
    """A number as ECMAScript prints it."""
    need(math.isfinite(value), "a number that is not finite")
    if value == 0 or (isinstance(value, int) and abs(value) <= 1 << 53):
        return str(int(value))
    value = float(value)
    digits, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    if 0 < point < len(digits):
        return sign + digits[:point] + "." + digits[point:]
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+d}"


def canonical(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        members = (canonical(name) + ":" + canonical(value[name]) for name in names)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return canonical_number(value)
    return json.dumps(value, ensure_ascii=False)


def parse_json(text):
    def members(pairs):
        need(len(dict(pairs)) == len(pairs), "a member stands twice")
        return dict(pairs)

    def refuse(constant):
        raise Refused(constant)

    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=refuse)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refused("not JSON") from error


def base64url(text):
    need(isinstance(text, str), "base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Refused("base64url") from error


# ---- receipts -----------------------------------------------------------------------------------
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE = {"contract", "contract_digest", "run", "worker", "inputs", "outputs", "metrics",
             "history", "log", "timeline", "evidence", "attestation"}
REPORT_DATA = slice(48 + 320, 48 + 384)  # of an SGX quote: header, then the report's last field


def signing_key(runtime):
    keys = [k for k in runtime.get("keys", []) if k.get("kid") == "coffer-sign"]
    need(len(keys) == 1, "runtime data has no one coffer-sign")
    jwk = keys[0]
    need(jwk.get("kty") == "EC" and jwk.get("crv") == "P-256", "coffer-sign is not on P-256")
    x, y = base64url(jwk.get("x")), base64url(jwk.get("y"))
    need(len(x) == 32 and len(y) == 32, "coffer-sign")
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"),
                                            ec.SECP256R1())
    try:
        return numbers.public_key()
    except ValueError as error:
        raise Refused("coffer-sign is not on the curve") from error


def open_envelope(envelope):
    need(set(envelope) == {"payload", "payloadType", "signatures"}, "envelope: members")
    need(envelope["payloadType"] == PAYLOAD_TYPE, "envelope: payload type")
    need(len(envelope["signatures"]) == 1, "envelope: one signature")
    signature = envelope["signatures"][0]
    need(signature.get("keyid") == "coffer-sign", "envelope: keyid")
    try:
        return (base64.b64decode(envelope["payload"], validate=True),
                base64.b64decode(signature["sig"], validate=True))
    except (ValueError, TypeError, KeyError) as error:
        raise Refused("envelope: base64") from error


def check_log(log, lines):
    """count and head of a log, given as the bytes of its events."""
    head = bytes(32)
    for line in lines:
        head = sha256(head + line)
    need(log.get("events") == len(lines), "log: number of events")
    need(log.get("head") == head.hex(), "log: head")


def check_receipt(text, log_lines=None):
    """Envelope, statement, contract, binding, runtime, signature, outputs, inputs, log. Not the
    evidence itself: that needs a quote verifier. Gives the predicate."""
    statement, signature = open_envelope(parse_json(text))
    value = parse_json(statement)
    need(canonical(value).encode() == statement, "statement: not canonical")
    need(set(value) == {"_type", "subject", "predicateType", "predicate"}, "statement: members")
    need(value["_type"] == "https://in-toto.io/Statement/v1", "statement: type")
    need(value["predicateType"] == "urn:coffer:receipt:v1", "statement: predicate type")
    predicate = value["predicate"]
    need(set(predicate) == PREDICATE, "statement: members of the predicate")

    contract = predicate["contract"]
    digest = sha256(canonical(contract).encode()).hex()
    need(predicate["contract_digest"] == digest, "contract: digest")

    quote = base64url(predicate["evidence"]["quote"])
    runtime_bytes = base64url(predicate["evidence"]["runtime"])
    need(len(quote) >= 432, "binding: quote is too short")
    need(quote[REPORT_DATA] == sha256(runtime_bytes) + bytes(32), "binding")

    runtime = parse_json(runtime_bytes)
    need(canonical(runtime).encode() == runtime_bytes, "runtime: not canonical")
    need(runtime.get("contract") == digest, "runtime: contract")
    need(runtime.get("run") == predicate["run"], "runtime: run")
    need(runtime.get("kernel") == predicate["worker"]["kernel"], "runtime: kernel")
    need(runtime.get("version") == predicate["worker"]["version"], "runtime: version")

    message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(statement) + statement
    try:
        signing_key(runtime).verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Refused("signature") from error

    subjects = {s["name"]: s["digest"]["sha256"] for s in value["subject"]}
    outputs = {o["name"]: o["sha256"] for o in predicate["outputs"]}
    need(subjects == outputs and len(value["subject"]) == len(predicate["outputs"]), "outputs")
    need([o["name"] for o in contract["outputs"]] == [o["name"] for o in predicate["outputs"]],
         "outputs: names")
    pinned = [(i["name"], [o["digest"] for o in i["objects"]]) for i in contract["inputs"]]
    need(pinned == [(i["name"], i["digests"]) for i in predicate["inputs"]], "inputs")
    if log_lines is not None:
        check_log(predicate["log"], log_lines)
    return predicate


# ---- command line -------------------------------------------------------------------------------
def read(path):
    with open(path, "rb") as file:
        return file.read()


def load_key(path):
    data = read(path)
    load = (serialization.load_pem_private_key if data.startswith(b"-----")
            else serialization.load_der_private_key)
    key = load(data, None)
    need(isinstance(key, rsa.RSAPrivateKey), "not an RSA key")
    return key


def run_open(arguments):
    digest = bytes.fromhex(arguments.digest) if arguments.digest else None
    _, plain = open_object(read(arguments.file), load_key(arguments.key), arguments.kid, digest)
    if arguments.output:
        with open(arguments.output, "wb") as file:
            file.write(plain)
    else:
        sys.stdout.buffer.write(plain)


def run_inspect(arguments):
    front = Front(read(arguments.file))
    print(json.dumps({"kind": front.kind, "name": front.name, "size": front.size,
                      "digest": front.digest.hex(), "context": front.context.hex(),
                      "recipients": [kid.decode() for kid in front.recipients]}, indent=1))


def run_receipt(arguments):
    lines = read(arguments.log).splitlines() if arguments.log else None
    predicate = check_receipt(read(arguments.file), lines)
    print("good receipt of contract", predicate["contract_digest"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("open")
    command.add_argument("file")
    command.add_argument("key")
    for option in ("--kid", "--digest", "--output"):
        command.add_argument(option)
    command.set_defaults(run=run_open)
    command = commands.add_parser("inspect")
    command.add_argument("file")
    command.set_defaults(run=run_inspect)
    command = commands.add_parser("receipt")
    command.add_argument("file")
    command.add_argument("--log")
    command.set_defaults(run=run_receipt)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (Refused, KeyError, TypeError, AttributeError) as error:
        # A missing member or one of another type is a refusal like any other.
        print(f"refused: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
