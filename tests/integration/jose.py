"""Tokens and keys for the tests, by the openssl command: an implementation that is not ours."""
import json
import os
import subprocess
import tempfile

from local_server import b64url, unb64url


def openssl(*arguments, data=b""):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode()}")
    return done.stdout


def with_file(content, function):
    fd, name = tempfile.mkstemp()
    try:
        os.write(fd, content)
        os.close(fd)
        return function(name)
    finally:
        os.unlink(name)


def read_key(path):
    """PKCS#8 DER of a service's key, as PEM."""
    with open(path, "rb") as f:
        return openssl("pkcs8", "-inform", "DER", "-nocrypt", data=f.read())


def new_key():
    return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


def public_jwk(pem, kid, operations):
    text = with_file(pem, lambda name: openssl("rsa", "-in", name, "-noout", "-modulus")).decode()
    n = bytes.fromhex(text.strip().split("=")[1])
    return {"kty": "RSA", "kid": kid, "key_ops": operations, "n": b64url(n), "e": "AQAB"}


def sign(pem, header, payload):
    """A JWS. payload is an object, or text as it is to be."""
    body = payload if isinstance(payload, str) else json.dumps(payload)
    signed = f"{b64url(json.dumps(header).encode())}.{b64url(body.encode())}"
    pss = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32") if header.get("alg") == "PS256" else ()
    signature = with_file(pem, lambda name: openssl("dgst", "-sha256", *pss, "-sign", name, data=signed.encode()))
    return f"{signed}.{b64url(signature)}"


def parts(token):
    header, payload, signature = token.split(".")
    return json.loads(unb64url(header)), json.loads(unb64url(payload)), unb64url(signature)


def verify(token, certificate_der):
    """Does the token verify with this certificate? By openssl."""
    signed, signature = token.rsplit(".", 1)
    pem = openssl("x509", "-inform", "DER", "-pubkey", "-noout", data=certificate_der)

    def check(key):
        return with_file(unb64url(signature), lambda name: openssl("dgst", "-sha256", "-verify", key, "-signature", name,
                                                                  data=signed.encode()))
    return b"OK" in with_file(pem, check)


def unwrap_released(pem, blob, digest):
    """CKM_RSA_AES_KEY_WRAP taken apart: RSA-OAEP of an AES key, then RFC 5649. Gives PKCS#8."""
    def decrypt(name):
        return openssl("pkeyutl", "-decrypt", "-inkey", name, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt",
                       f"rsa_oaep_md:{digest}", "-pkeyopt", f"rsa_mgf1_md:{digest}", data=blob[:256])
    aes = with_file(pem, decrypt)
    assert len(aes) == 32
    return kwp_unwrap(aes, blob[256:])



def kwp_unwrap(key, wrapped):
    """RFC 5649 section 4.2. The inner loop is in Python; only AES itself is openssl's: slow, and clear."""
    n = len(wrapped) // 8 - 1
    a, r = wrapped[:8], [wrapped[8 * i:8 * i + 8] for i in range(1, n + 1)]
    cipher = Aes(key)
    for j in range(5, -1, -1):
        for i in range(n, 0, -1):
            t = (int.from_bytes(a, "big") ^ (n * j + i)).to_bytes(8, "big")
            block = cipher.decrypt(t + r[i - 1])
            a, r[i - 1] = block[:8], block[8:]
    assert a[:4] == bytes.fromhex("a65959a6"), "the integrity check value of RFC 5649"
    size = int.from_bytes(a[4:], "big")
    plain = b"".join(r)
    assert len(plain) - 8 < size <= len(plain) and not any(plain[size:])
    return plain[:size]


class Aes:
    """AES-256 decryption of single blocks (FIPS 197), for the key unwrap above."""

    def __init__(self, key):
        self.sbox = make_sbox()
        self.inverse = [self.sbox.index(i) for i in range(256)]
        self.keys = self.expand(key)

    def expand(self, key):
        words = [list(key[4 * i:4 * i + 4]) for i in range(8)]
        rcon = 1
        for i in range(8, 60):
            word = list(words[i - 1])
            if i % 8 == 0:
                word = [self.sbox[b] for b in word[1:] + word[:1]]
                word[0] ^= rcon
                rcon = double(rcon)
            elif i % 8 == 4:
                word = [self.sbox[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - 8], word)])
        return [sum(words[4 * r:4 * r + 4], []) for r in range(15)]

    def decrypt(self, block):
        s = [a ^ b for a, b in zip(block, self.keys[14])]
        for number in range(13, -1, -1):
            s = [self.inverse[s[(i - 4 * (i % 4)) % 16]] for i in range(16)]
            s = [a ^ b for a, b in zip(s, self.keys[number])]
            if number:
                s = sum((unmix(s[4 * c:4 * c + 4]) for c in range(4)), [])
        return bytes(s)


def double(x):
    return ((x << 1) ^ 0x11b) & 0xff if x & 0x80 else x << 1


def multiply(x, y):
    total = 0
    while y:
        if y & 1:
            total ^= x
        x, y = double(x), y >> 1
    return total


TABLES = {factor: [multiply(x, factor) for x in range(256)] for factor in (9, 11, 13, 14)}


def unmix(column):
    order = (14, 11, 13, 9)
    return [TABLES[order[0]][column[i]] ^ TABLES[order[1]][column[(i + 1) % 4]] ^ TABLES[order[2]][column[(i + 2) % 4]] ^
            TABLES[order[3]][column[(i + 3) % 4]] for i in range(4)]


def make_sbox():
    sbox = [0] * 256
    p = q = 1
    while True:
        p = p ^ double(p)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xff
        if q & 0x80:
            q ^= 0x09
        x = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4)
        sbox[p] = (x ^ 0x63) & 0xff
        if p == 1:
            break
    sbox[0] = 0x63
    return sbox


def rotate(x, n):
    return ((x << n) | (x >> (8 - n))) & 0xff
