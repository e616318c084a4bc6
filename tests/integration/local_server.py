"""Starts coffer-local in a folder of its own, and speaks HTTPS with it. Standard library only."""
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import urllib.parse

VAULT = "https://vault.azure.net"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"]

    def inner(self):
        return self.json()["error"].get("innererror", {}).get("code")


class Server:
    more = ()  # further options of the program

    def __init__(self, program, port=None, more=()):
        self.program, self.more = program, more
        self.home = tempfile.mkdtemp(prefix="coffer-test-")
        self.process = None
        self.start(port or free_port())

    def start(self, port=None, expect_ready=True):
        ready, ready_write = os.pipe()
        life_read, self.life = os.pipe()
        arguments = [self.program, "--home", self.home, "--ready-fd", str(ready_write), "--lifeline-fd", str(life_read)]
        if port:
            arguments += ["--port", str(port)]
        arguments += self.more
        self.process = subprocess.Popen(arguments, pass_fds=(ready_write, life_read), stderr=subprocess.PIPE)
        os.close(ready_write)
        os.close(life_read)
        with os.fdopen(ready) as f:
            line = f.readline()
        if '"vault":"http' not in line.replace(" ", ""):
            reason = line + self.process.stderr.read().decode()
            self.process.wait()
            raise RuntimeError(f"coffer-local did not start: {reason}")
        self.info = json.loads(line)
        self.host, self.port = "localhost", urllib.parse.urlparse(self.info["vault"]).port
        self.context = ssl.create_default_context(cafile=self.info["ca"])
        self.tokens = {}
        return self

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            code = self.wait()
            return code
        return None

    def kill(self):
        self.process.kill()
        self.wait()

    def wait(self):
        code = self.process.wait(timeout=10)
        self.process.stderr.close()
        try:
            os.close(self.life)
        except OSError:
            pass
        self.process = None
        return code

    def close(self):
        try:
            code = self.stop()
            assert code in (None, 0), f"coffer-local ended with {code}"  # a leak, under the address sanitizer
        finally:
            shutil.rmtree(self.home)

    def path(self, *parts):
        return os.path.join(self.home, "local", *parts)

    def request(self, method, target, body=None, headers=None, host=None):
        connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=20)
        try:
            given = {"Host": f"{host or self.host}:{self.port}"}
            given.update(headers or {})
            connection.request(method, target, body=body, headers=given)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, data, timeout=20):
        """Sends bytes over TLS and reads until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as plain:
            with self.context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(data)
                return read_all(tls)

    def credentials(self, name):
        with open(self.path("clients", name + ".json")) as f:
            return json.load(f)

    def ask_token(self, form, headers=None, tenant=None):
        target = f"/{tenant or self.info['tenant']}/oauth2/v2.0/token"
        given = {"Content-Type": "application/x-www-form-urlencoded"}
        given.update(headers or {})
        return self.request("POST", target, urllib.parse.urlencode(form), given)

    def token(self, name, resource=VAULT):
        if (name, resource) not in self.tokens:
            c = self.credentials(name)
            answer = self.ask_token({"grant_type": "client_credentials", "client_id": c["client_id"],
                                     "client_secret": c["client_secret"], "scope": resource + "/.default"})
            assert answer.status == 200, answer.body
            self.tokens[name, resource] = answer.json()["access_token"]
        return self.tokens[name, resource]

    def vault(self, who, method, target, body=None, version="7.5", token=None):
        headers = {"Authorization": "Bearer " + (token or self.token(who)), "Content-Type": "application/json"}
        text = json.dumps(body) if isinstance(body, (dict, list)) else body
        return self.request(method, f"{target}?api-version={version}", text, headers)

    def audit(self):
        with open(self.path("audit.jsonl")) as f:
            return [json.loads(line) for line in f]


def read_all(stream):
    data = b""
    while True:
        try:
            piece = stream.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return data
        if not piece:
            return data
        data += piece
