#!/usr/bin/env python3
"""Makes vectors.h: known answers for tcb/crypto that OpenSSL did not compute.

RSA (OAEP, PKCS #1 v1.5) is Python integers after RFC 8017; key wrap with padding follows RFC 5649 over
single AES blocks. The package `cryptography` makes the key, encodes PKCS #8 and computes single blocks.
Run: python3 make.py > vectors.h   (a new key and new answers each time)
"""
import hashlib
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def mgf1(seed, size, name):
    out = b''
    while len(out) < size:
        out += hashlib.new(name, seed + (len(out) // hashlib.new(name).digest_size).to_bytes(4, 'big')).digest()
    return out[:size]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def oaep(n, e, message, name):  # RFC 8017 section 7.1.1
    k, h = (n.bit_length() + 7) // 8, hashlib.new(name).digest_size
    db = hashlib.new(name).digest() + bytes(k - len(message) - 2 * h - 2) + b'\1' + message
    seed = os.urandom(h)
    masked = xor(db, mgf1(seed, k - h - 1, name))
    block = b'\0' + xor(seed, mgf1(masked, h, name)) + masked
    return pow(int.from_bytes(block, 'big'), e, n).to_bytes(k, 'big')


def rs256(n, d, message):  # RFC 8017 section 8.2.1
    k = (n.bit_length() + 7) // 8
    info = bytes.fromhex('3031300d060960864801650304020105000420') + hashlib.sha256(message).digest()
    block = b'\0\1' + b'\xff' * (k - len(info) - 3) + b'\0' + info
    return pow(int.from_bytes(block, 'big'), d, n).to_bytes(k, 'big')


def kwp(key, plain):  # RFC 5649 section 4.1
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    a = bytes.fromhex('a65959a6') + len(plain).to_bytes(4, 'big')
    p = plain + bytes(-len(plain) % 8)
    if len(p) == 8:
        return block.update(a + p)
    r = [p[i:i + 8] for i in range(0, len(p), 8)]
    t = 0
    for _ in range(6):
        for i in range(len(r)):
            t += 1
            b = block.update(a + r[i])
            a, r[i] = xor(b[:8], t.to_bytes(8, 'big')), b[8:]
    return a + b''.join(r)


def row(name, data):
    text = data.hex()
    print(f'static const char {name}[] =')
    lines = [f'    "{text[i:i + 96]}"' for i in range(0, len(text), 96)]
    print('\n'.join(lines) + ';')


key = rsa.generate_private_key(65537, 2048)
numbers = key.private_numbers()
n, e, d = numbers.public_numbers.n, numbers.public_numbers.e, numbers.d
secret = bytes(range(32))
message = b'what the enclave says'
wrap = hashlib.sha256(b'wrap').digest()
long_text = hashlib.shake_128(b'material').digest(1217)
print('/* Made by make.py: known answers that OpenSSL did not compute. All hex. */')
row('rsa_pkcs8_hex', key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
row('rsa_n_hex', n.to_bytes(256, 'big'))
row('rsa_p_hex', numbers.p.to_bytes(128, 'big'))
row('rsa_secret_hex', secret)
row('rsa_oaep_sha1_hex', oaep(n, e, secret, 'sha1'))
row('rsa_oaep_sha256_hex', oaep(n, e, secret, 'sha256'))
row('rsa_message_hex', message)
row('rsa_rs256_hex', rs256(n, d, message))
row('kwp_key_hex', wrap)
row('kwp_short_hex', b'seven b')
row('kwp_short_wrapped_hex', kwp(wrap, b'seven b'))
row('kwp_long_hex', long_text)
row('kwp_long_wrapped_hex', kwp(wrap, long_text))
