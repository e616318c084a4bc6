"""Writes applications, users and groups into the directory of a server that is stopped (docs/formats/directory.md)."""
import base64
import hashlib
import json
import os
import tempfile
import time
import uuid

from jose import openssl, with_file
from local_server import b64url

YEAR = 365 * 24 * 3600


class Certificate:
    """A key and a self-signed certificate over it, by openssl."""

    def __init__(self, name="app", key=None):
        self.pem = key or openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        self.certificate = with_file(self.pem, lambda path: openssl("req", "-x509", "-new", "-key", path, "-days", "400",
                                                                    "-subj", f"/CN={name}"))
        self.der = openssl("x509", "-outform", "DER", data=self.certificate)
        self.x5t = b64url(hashlib.sha1(self.der).digest())
        self.x5t_s256 = b64url(hashlib.sha256(self.der).digest())

    def entry(self, starts=0, expires=None):
        return {"id": str(uuid.uuid4()), "x5t": self.x5t, "x5t_s256": self.x5t_s256,
                "der": base64.b64encode(self.der).decode(), "starts": starts, "expires": expires or int(time.time()) + 5 * YEAR}


def secret(text, expires=None):
    return {"id": str(uuid.uuid4()), "sha256": hashlib.sha256(text.encode()).hexdigest(), "created": 0, "expires": expires,
            "hint": text[:3]}


def federated(issuer, subject, keys, audience="api://AzureADTokenExchange"):
    return {"id": str(uuid.uuid4()), "name": "test", "issuer": issuer, "subject": subject, "audience": audience,
            "keys": {"keys": keys}}


def application(name, **more):
    entry = {"name": name, "object_id": str(uuid.uuid4()), "client_id": str(uuid.uuid4()), "enabled": True, "builtin": False,
             "created": 0, "secrets": [], "certificates": [], "federated": []}
    entry.update(more)
    return entry


def password(text):
    salt = os.urandom(16)
    found = hashlib.scrypt(text.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
    return {"salt": b64url(salt), "n": 1024, "r": 8, "p": 1, "hash": b64url(found)}


def user(name, text, **more):
    entry = {"name": name, "object_id": str(uuid.uuid4()), "enabled": True, "created": 0, "display_name": name.title(),
             "password": password(text)}
    entry.update(more)
    return entry


def group(name, *members):
    return {"name": name, "object_id": str(uuid.uuid4()), "created": 0, "members": [m["object_id"] for m in members]}


def edit(server, change):
    """Stops the server, lets change(directory) alter the table, and starts it again."""
    port = server.port
    server.stop()
    path = server.path("identity", "directory.json")
    with open(path) as f:
        table = json.load(f)
    change(table)
    fd, name = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(fd, "w") as f:
        json.dump(table, f)
    os.rename(name, path)
    server.start(port)
