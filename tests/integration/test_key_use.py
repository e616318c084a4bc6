"""Using keys: what the vault makes opens and verifies elsewhere (python3-cryptography), and the other way round."""
import hmac
import json
import os
import sys
import time

from cryptography.hazmat.primitives import hashes, padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap, aes_key_wrap_with_padding

import tap
from local_server import Server, b64url, unb64url
from tap import claim, equal

server = Server(sys.argv[1])
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
CURVES = {"ES256": (ec.SECP256R1(), "P-256", 32, 256), "ES384": (ec.SECP384R1(), "P-384", 48, 384),
          "ES512": (ec.SECP521R1(), "P-521", 66, 512), "ES256K": (ec.SECP256K1(), "P-256K", 32, 256)}
numbers = iter(range(10000))


def integer(value, size=None):
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def rsa_jwk(key):
    n = key.private_numbers()
    return {"kty": "RSA", "n": integer(n.public_numbers.n), "e": integer(n.public_numbers.e), "d": integer(n.d), "p": integer(n.p),
            "q": integer(n.q), "dp": integer(n.dmp1), "dq": integer(n.dmq1), "qi": integer(n.iqmp)}


def ec_jwk(key, name, size):
    n = key.private_numbers()
    return {"kty": "EC", "crv": name, "x": integer(n.public_numbers.x, size), "y": integer(n.public_numbers.y, size),
            "d": integer(n.private_value, size)}


def put(jwk, **attributes):
    answer = server.vault("owner", "PUT", f"/keys/use-{next(numbers)}", {"key": jwk, "attributes": attributes})
    equal(answer.status, 200, answer.body)
    return answer.json()["key"]["kid"].split("/keys/")[1]


def oct_key(secret, **more):
    return put(dict({"kty": "oct", "k": b64url(secret), "key_ops": ["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify"]},
                    **more))


def use(key, operation, **body):
    given = {name: b64url(value) if isinstance(value, bytes) else value for name, value in body.items()}
    return server.vault("owner", "POST", f"/keys/{key}/{operation}", given)


def done(answer, name="value"):
    equal(answer.status, 200, answer.body)
    return unb64url(answer.json()[name])


def bad(answer):
    equal((answer.status, answer.code()), (400, "BadParameter"), answer.body)
    return answer.body


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_KEY = put(rsa_jwk(RSA))
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
OAEP_256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


@claim
def rsa_encryption_is_that_of_others():
    for alg, pad in (("RSA-OAEP", OAEP), ("RSA-OAEP-256", OAEP_256), ("RSA1_5", padding.PKCS1v15())):
        for seal, unseal in (("encrypt", "decrypt"), ("wrapkey", "unwrapkey")):
            secret = os.urandom(32)
            equal(RSA.decrypt(done(use(RSA_KEY, seal, alg=alg, value=secret)), pad), secret, alg)
            equal(done(use(RSA_KEY, unseal, alg=alg, value=RSA.public_key().encrypt(secret, pad))), secret, alg)


@claim
def rsa_signatures_are_those_of_others():
    for bits, hash_ in HASHES.items():
        digest = os.urandom(bits // 8)
        for alg, pad in ((f"RS{bits}", padding.PKCS1v15()), (f"PS{bits}", padding.PSS(padding.MGF1(hash_), bits // 8))):
            signature = done(use(RSA_KEY, "sign", alg=alg, value=digest))
            RSA.public_key().verify(signature, digest, pad, utils.Prehashed(hash_))
            other = RSA.sign(digest, pad, utils.Prehashed(hash_))
            equal(use(RSA_KEY, "verify", alg=alg, digest=digest, value=other).json(), {"value": True}, alg)
            equal(use(RSA_KEY, "verify", alg=alg, digest=digest[::-1], value=other).json(), {"value": False}, alg)


@claim
def a_salt_of_another_length_does_not_verify():
    digest = os.urandom(32)
    signature = RSA.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 20), utils.Prehashed(hashes.SHA256()))
    equal(use(RSA_KEY, "verify", alg="PS256", digest=digest, value=signature).json(), {"value": False})


@claim
def ecdsa_signatures_are_those_of_others():
    for alg, (curve, name, size, bits) in CURVES.items():
        key = ec.generate_private_key(curve)
        stored = put(ec_jwk(key, name, size))
        digest = os.urandom(bits // 8)
        raw = done(use(stored, "sign", alg=alg, value=digest))
        equal(len(raw), 2 * size)
        der = utils.encode_dss_signature(int.from_bytes(raw[:size], "big"), int.from_bytes(raw[size:], "big"))
        key.public_key().verify(der, digest, ec.ECDSA(utils.Prehashed(HASHES[bits])))
        r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(HASHES[bits]))))
        other = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        equal(use(stored, "verify", alg=alg, digest=digest, value=other).json(), {"value": True}, alg)
        equal(use(stored, "verify", alg=alg, digest=digest, value=bytes(2 * size)).json(), {"value": False}, alg)


@claim
def aes_gcm_is_that_of_others():
    for size in (16, 24, 32):
        secret = os.urandom(size)
        key, alg, aad, text = oct_key(secret), f"A{size * 8}GCM", b"for whom", os.urandom(100)
        made = use(key, "encrypt", alg=alg, value=text, aad=aad)
        iv, tag = done(made, "iv"), done(made, "tag")
        equal((len(iv), len(tag), done(made, "aad")), (12, 16, aad))
        equal(AESGCM(secret).decrypt(iv, done(made) + tag, aad), text)
        iv = os.urandom(12)
        sealed = AESGCM(secret).encrypt(iv, text, aad)
        equal(done(use(key, "decrypt", alg=alg, value=sealed[:-16], tag=sealed[-16:], iv=iv, aad=aad)), text)


@claim
def who_may_only_encrypt_learns_no_plaintext_by_choosing_the_iv():
    secret, text = os.urandom(32), b"what somebody else encrypted"
    key = oct_key(secret, key_ops=["encrypt"])
    made = use(key, "encrypt", alg="A256GCM", value=text)
    again = use(key, "encrypt", alg="A256GCM", value=done(made), iv=done(made, "iv"))
    assert again.status == 400 or done(again) != text
    bad(again)


@claim
def whatever_fits_into_encrypt_fits_back_into_decrypt():
    key, iv = oct_key(os.urandom(16)), bytes(16)
    for size in (65440, 65448, 65456, 65472, 65488, 65503, 65504, 65512, 65536):
        for alg, there, back in (("A128CBCPAD", "encrypt", "decrypt"), ("A128CBC", "encrypt", "decrypt"),
                                 ("A128KW", "wrapkey", "unwrapkey"), ("CKM_AES_KEY_WRAP_PAD", "wrapkey", "unwrapkey")):
            given = {"iv": iv} if "CBC" in alg else {}
            made = use(key, there, alg=alg, value=bytes(size), **given)
            if made.status == 200:
                equal(done(use(key, back, alg=alg, value=done(made), **given)), bytes(size), (alg, size))
            else:
                bad(made)
    equal(len(done(use(key, "encrypt", alg="A128CBCPAD", value=bytes(65440), iv=iv))), 65456)


@claim
def aes_cbc_and_key_wrap_are_those_of_others():
    for size in (16, 24, 32):
        secret, iv, text = os.urandom(size), os.urandom(16), os.urandom(48)
        key, bits = oct_key(secret), size * 8
        cbc = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
        equal(done(use(key, "encrypt", alg=f"A{bits}CBC", value=text, iv=iv)), cbc.update(text) + cbc.finalize())
        pad, cbc = block_padding.PKCS7(128).padder(), Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
        sealed = cbc.update(pad.update(text[:21]) + pad.finalize()) + cbc.finalize()
        equal(done(use(key, "decrypt", alg=f"A{bits}CBCPAD", value=sealed, iv=iv)), text[:21])
        for alg in (f"A{bits}KW", "CKM_AES_KEY_WRAP"):
            equal(done(use(key, "wrapkey", alg=alg, value=text)), aes_key_wrap(secret, text), alg)
            equal(done(use(key, "unwrapkey", alg=alg, value=aes_key_wrap(secret, text))), text, alg)
        equal(done(use(key, "wrapkey", alg="CKM_AES_KEY_WRAP_PAD", value=text[:21])), aes_key_wrap_with_padding(secret, text[:21]))


@claim
def hmac_is_that_of_others():
    secret, text = os.urandom(32), b"any bytes"
    key = oct_key(secret)
    for bits in HASHES:
        mac = hmac.digest(secret, text, f"sha{bits}")
        equal(done(use(key, "sign", alg=f"HS{bits}", value=text)), mac)
        equal(use(key, "verify", alg=f"HS{bits}", digest=text, value=mac).json(), {"value": True})
        equal(use(key, "verify", alg=f"HS{bits}", digest=text, value=mac[:-1]).json(), {"value": False})


@claim
def every_bad_cipher_of_an_algorithm_has_one_answer():
    secret, iv, text = os.urandom(16), os.urandom(16), os.urandom(32)
    key = oct_key(secret)
    sealed = AESGCM(secret).encrypt(iv[:12], text, None)
    gcm = {bad(use(key, "decrypt", alg="A128GCM", iv=iv[:12], value=value, tag=tag))
           for value, tag in ((sealed[:-16], bytes(16)), (sealed[:-17], sealed[-16:]), (b"", sealed[-16:]))}
    cbc = {bad(use(key, "decrypt", alg="A128CBCPAD", iv=iv, value=value)) for value in (bytes(16), bytes(32), bytes(15), b"")}
    wrapped = aes_key_wrap(secret, text)
    kw = {bad(use(key, "unwrapkey", alg="A128KW", value=value))
          for value in (wrapped[:-8], wrapped[:-1], wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"", bytes(24))}
    oaep = {bad(use(RSA_KEY, "unwrapkey", alg="RSA-OAEP", value=value))
            for value in (bytes(256), b"\xff" * 256, bytes(255), RSA.public_key().encrypt(text, OAEP_256), b"")}
    equal(gcm | cbc | kw | oaep, {b'{"error":{"code":"BadParameter","message":"value cannot be opened by this key."}}'})


@claim
def an_rsa1_5_answer_does_not_show_whether_the_padding_was_right():
    cipher = bytearray(RSA.public_key().encrypt(b"x" * 16, padding.PKCS1v15()))
    cipher[100] ^= 1
    found = [use(RSA_KEY, "decrypt", alg="RSA1_5", value=bytes(cipher)) for _ in range(2)]
    equal([answer.status for answer in found], [200, 200])
    equal(found[0].body, found[1].body, "the same each time")
    assert b"x" * 16 not in done(found[0])


@claim
def what_does_not_fit_is_a_bad_parameter():
    key = oct_key(os.urandom(16))
    for target, operation, body in (
            (RSA_KEY, "sign", {"alg": "ES256", "value": bytes(32)}), (RSA_KEY, "sign", {"alg": "RS256", "value": bytes(31)}),
            (RSA_KEY, "sign", {"alg": "RSNULL", "value": bytes(32)}), (RSA_KEY, "sign", {"alg": "HS256", "value": bytes(32)}),
            (RSA_KEY, "encrypt", {"alg": "RS256", "value": b"x"}), (RSA_KEY, "encrypt", {"alg": "RSA-OAEP"}),
            (RSA_KEY, "encrypt", {"value": b"x"}), (RSA_KEY, "encrypt", {"alg": "RSA-OAEP", "value": bytes(215)}),
            (RSA_KEY, "encrypt", {"alg": ["RSA-OAEP"], "value": b"x"}), (RSA_KEY, "verify", {"alg": "RS256", "value": bytes(256)}),
            (key, "encrypt", {"alg": "A256GCM", "value": b"x"}), (key, "wrapkey", {"alg": "A128GCM", "value": b"x"}),
            (key, "sign", {"alg": "HS256", "value": b"x"}), (key, "encrypt", {"alg": "A128CBC", "value": b"x"}),
            (key, "encrypt", {"alg": "A128GCM", "value": "+/=="}), (key, "encrypt", {"alg": "A128GCM", "value": 5}),
            (key, "encrypt", {"alg": "A128GCM", "value": bytes(65537)})):
        bad(use(target, operation, **body))
    for text in ("", "[]", "nonsense", '{"alg":"RSA-OAEP","alg":"RSA1_5","value":"AA"}'):
        bad(server.vault("owner", "POST", f"/keys/{RSA_KEY}/encrypt", text))


@claim
def a_key_does_only_what_its_key_ops_say():
    key = put(dict(rsa_jwk(RSA), key_ops=["encrypt", "verify"]))
    equal(use(key, "encrypt", alg="RSA-OAEP", value=b"x").status, 200)
    for operation, alg in (("decrypt", "RSA-OAEP"), ("wrapkey", "RSA-OAEP"), ("unwrapkey", "RSA-OAEP"), ("sign", "RS256")):
        answer = use(key, operation, alg=alg, value=bytes(32))
        equal((answer.status, answer.inner()), (403, "OperationNotAllowed"), operation)


@claim
def disabled_keys_do_nothing_and_expired_ones_only_open():
    off = put(rsa_jwk(RSA), enabled=False)
    equal(use(off, "decrypt", alg="RSA-OAEP", value=bytes(256)).inner(), "KeyDisabled")
    for key in (put(rsa_jwk(RSA), exp=int(time.time()) - 5), put(rsa_jwk(RSA), nbf=int(time.time()) + 500)):
        for operation, alg in (("encrypt", "RSA-OAEP"), ("wrapkey", "RSA-OAEP"), ("sign", "RS256")):
            equal(use(key, operation, alg=alg, value=bytes(32)).inner(), "KeyExpired", operation)
        sealed = RSA.public_key().encrypt(b"x", OAEP)
        equal(done(use(key, "decrypt", alg="RSA-OAEP", value=sealed)), b"x")
        equal(done(use(key, "unwrapkey", alg="RSA-OAEP", value=sealed)), b"x")
        equal(use(key, "verify", alg="RS256", digest=bytes(32), value=bytes(256)).json(), {"value": False})


@claim
def a_use_of_a_secret_is_in_the_audit_trail_and_a_public_one_is_not():
    before = len(server.audit())
    sealed = done(use(RSA_KEY, "encrypt", alg="RSA-OAEP", value=b"the plaintext"))
    equal(use(RSA_KEY, "verify", alg="RS256", digest=bytes(32), value=bytes(256)).status, 200)
    equal([line["action"] for line in server.audit()[before:] if line["action"] in ("encrypt", "verify")], [])
    equal(done(use(RSA_KEY, "decrypt", alg="RSA-OAEP", value=sealed)), b"the plaintext")
    bad(use(RSA_KEY, "decrypt", alg="RSA-OAEP", value=bytes(256)))
    done(use(RSA_KEY, "sign", alg="PS256", value=bytes(32)))
    lines = [line for line in server.audit()[before:] if line["action"] in ("decrypt", "sign")]
    name, version = RSA_KEY.split("/")
    equal([(line["action"], line["alg"], line["decision"], line["why"]) for line in lines],
          [("decrypt", "RSA-OAEP", "done", ""), ("decrypt", "RSA-OAEP", "refused", "KEY_MISMATCH"), ("sign", "PS256", "done", "")])
    equal({(line["who"], line["key"], line["version"]) for line in lines}, {("owner", name, version)})
    assert "plaintext" not in json.dumps(lines)


@claim
def random_bytes_are_as_many_as_asked_and_others_each_time():
    seen = [done(server.vault("owner", "POST", "/rng", {"count": n})) for n in (1, 16, 128, 128)]
    equal([len(value) for value in seen], [1, 16, 128, 128])
    assert seen[2] != seen[3]
    for count in (0, 129, -1, "5", None, 1.5):
        bad(server.vault("owner", "POST", "/rng", {"count": count}))


@claim
def the_agent_may_use_no_key():
    for operation, alg in (("encrypt", "RSA-OAEP"), ("decrypt", "RSA-OAEP"), ("sign", "RS256"), ("verify", "RS256")):
        answer = server.vault("agent", "POST", f"/keys/{RSA_KEY}/{operation}", {"alg": alg, "value": b64url(bytes(32))})
        equal((answer.status, answer.inner()), (403, "ForbiddenByRbac"), operation)
    equal(server.vault("agent", "POST", "/rng", {"count": 1}).status, 403)


try:
    tap.run()
finally:
    server.close()
