"""Blobs of Azure Storage's client-side encryption 2, by a writer that shares no code with Coffer.

Written after the description of the format, with the package `cryptography`; each run makes new keys.
  python3 make.py      writes key.der, and for each library NAME.blob and NAME.json (its encryptiondata)
"""
import base64
import json
import os
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).parent
REGION = 1024


def plain(size):
    return bytes((7 * i + i // 251) % 256 for i in range(size))


NONCES = {
    "python": lambda i: i.to_bytes(12, "big"),
    "java": lambda i: i.to_bytes(8, "big") + bytes(4),
    "dotnet": lambda i: bytes(4) + (i + 1).to_bytes(8, "little"),
}


def write(key, name, layout, size, protocol, algorithm):
    content_key = os.urandom(32)
    gcm = AESGCM(content_key)
    text = plain(size)
    blob = b""
    for i in range(-(-size // REGION)):
        nonce = NONCES[layout](i)
        blob += nonce + gcm.encrypt(nonce, text[i * REGION:(i + 1) * REGION], None)
    digest = hashes.SHA1() if algorithm == "RSA-OAEP" else hashes.SHA256()
    wrapped = key.public_key().encrypt(protocol.encode().ljust(8, b"\0") + content_key,
                                       padding.OAEP(padding.MGF1(digest), digest, None))
    data = {"WrappedContentKey": {"KeyId": "https://vault.example/keys/owner/0123", "EncryptedKey": base64.b64encode(wrapped).decode(),
                                  "Algorithm": algorithm},
            "EncryptionAgent": {"Protocol": protocol, "EncryptionAlgorithm": "AES_GCM_256"},
            "EncryptedRegionInfo": {"DataLength": REGION, "NonceLength": 12},
            "KeyWrappingMetadata": {"EncryptionLibrary": "vectors"}, "EncryptionMode": "FullBlob"}
    (HERE / (name + ".blob")).write_bytes(blob)
    (HERE / (name + ".json")).write_text(json.dumps(data))


if __name__ == "__main__":
    owner = rsa.generate_private_key(65537, 2048)
    (HERE / "key.der").write_bytes(owner.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    write(owner, "python", "python", 3 * REGION + 452, "2.0", "RSA-OAEP-256")
    write(owner, "java", "java", 3 * REGION, "2.1", "RSA-OAEP")
    write(owner, "dotnet", "dotnet", 2 * REGION + 1, "2.0", "RSA-OAEP")
    write(owner, "empty", "python", 0, "2.0", "RSA-OAEP-256")
