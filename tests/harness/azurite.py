"""Azurite, Microsoft's emulator of Azure Storage, from the pinned libraries of tests/sdk. Standard library only.

    with Azurite(library_folder) as service:
        service.create_container("coffer")
        service.url("coffer"), service.credential_file(path)
"""
import base64
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's own, public


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Azurite:
    """Keeps its blobs in memory, or in a folder where one is given; speaks HTTPS with a certificate."""

    def __init__(self, library, certificate=None, key=None, folder=None, more=()):
        self.scheme = "https" if certificate else "http"
        self.certificate = certificate
        self.port = free_port()
        program = pathlib.Path(library) / "node_modules/azurite/dist/src/blob/main.js"
        self.process = subprocess.Popen(
            ["node", program, "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--silent", "--disableTelemetry",
             *(["--location", folder] if folder else ["--inMemoryPersistence"]), *(["--cert", certificate, "--key", key] if certificate else []), *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.close()
                    raise
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def url(self, container, port=None):
        return f"{self.scheme}://127.0.0.1:{port or self.port}/{ACCOUNT}/{container}"

    @staticmethod
    def credential_file(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump({"account_key": KEY}, f)

    def request(self, method, path, query="", body=b"", headers=None):
        """One request with the account's shared key, signed here: an implementation beside ours."""
        fields = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02", **(headers or {})}
        own = "".join(f"{name}:{fields[name]}\n" for name in sorted(fields) if name.startswith("x-ms-"))
        resource = f"/{ACCOUNT}/{ACCOUNT}{path}" + "".join("\n" + part.replace("=", ":", 1) for part in sorted(query.split("&")) if part)
        text = "\n".join([method, "", "", str(len(body)) if body else "", "", fields.get("Content-Type", ""), "", "", "", "", "", ""]) + "\n" + own + resource
        signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
        fields["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
        if self.certificate:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=ssl.create_default_context(cafile=self.certificate))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, f"/{ACCOUNT}{path}" + (f"?{query}" if query else ""), body=body, headers=fields)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def create_container(self, name):
        status, data = self.request("PUT", f"/{name}", "restype=container")
        assert status == 201, (status, data)
