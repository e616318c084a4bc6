"""A small agent, written from docs/formats/worker-protocol.md and platform.md alone: to drive a real worker on the real
simulated platform in ways that the real agent never would."""
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import urllib.error
import urllib.parse
import urllib.request

START, ATTESTED, KEY, DATA, END = 1, 2, 3, 4, 5
EVIDENCE, ASK_KEY, ASK_CHECKPOINT, ASK_INPUT, EVENT, PUT, PUT_DATA, PUT_END, DONE, FAILED = range(0x81, 0x8B)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def un64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Services:
    """The local services, as a client with the agent's own rights."""

    def __init__(self, home):
        self.info = json.loads((home / "local/local.json").read_text())
        self.context = ssl.create_default_context(cafile=self.info["ca"])
        client = json.loads(open(self.info["clients"]["agent"]).read())
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client["client_id"],
                                       "client_secret": client["client_secret"], "scope": "https://vault.azure.net/.default"})
        status, answer = self.call("POST", f"{self.info['authority']}/{self.info['tenant']}/oauth2/v2.0/token", form.encode(),
                                   {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, answer
        self.bearer = answer["access_token"]

    def call(self, method, url, body=None, headers=None):
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def attest(self, quote, runtime):
        body = json.dumps({"quote": b64url(quote), "runtimeData": {"data": b64url(runtime), "dataType": "JSON"}}).encode()
        return self.call("POST", f"{self.info['attest']}/attest/SgxEnclave?api-version=2022-08-01", body, {"Content-Type": "application/json"})

    def release(self, kid, token):
        """(status, answer); on success the answer is the wrapped key."""
        body = json.dumps({"target": token, "enc": "CKM_RSA_AES_KEY_WRAP"}).encode()
        status, answer = self.call("POST", f"{kid}/release?api-version=7.4", body,
                                   {"Content-Type": "application/json", "Authorization": f"Bearer {self.bearer}"})
        if status != 200:
            return status, answer
        payload = json.loads(un64url(answer["value"].split(".")[1]))
        hsm = json.loads(un64url(payload["response"]["key"]["key"]["key_hsm"]))
        return status, un64url(hsm["ciphertext"])


class Worker:
    """A worker that the platform of a home launched for us."""

    def __init__(self, home, worker, memory=64 << 20, debug=False):
        self.platform = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.platform.connect(str(home / "local/platform.sock"))
        self.platform.settimeout(30)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        program = os.open(worker, os.O_RDONLY)
        launch = json.dumps({"launch": {"memory": memory, "debug": debug, "arguments": []}}).encode()
        socket.send_fds(self.platform, [launch], [program, theirs.fileno()])
        os.close(program)
        theirs.close()
        self.launched = json.loads(self.platform.recv(65536))
        self.stream = ours
        self.stream.settimeout(60)
        self.received = b""

    def close(self):
        self.stream.close()
        self.platform.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, kind, payload=b""):
        self.stream.sendall(struct.pack("<IB", len(payload) + 1, kind) + payload)

    def send_raw(self, data):
        try:
            self.stream.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        """The next frame, or (None, b"") when the worker has closed the stream."""
        header = self._exactly(4)
        if header is None:
            return None, b""
        body = self._exactly(struct.unpack("<I", header)[0])
        return (None, b"") if body is None else (body[0], body[1:])

    def _exactly(self, size):
        while len(self.received) < size:
            try:
                more = self.stream.recv(1 << 16)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.received += more
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def start(self, contract, run=None, kernel=0):
        self.send(START, bytes([1]) + (run or os.urandom(16)) + bytes([kernel]) + contract)

    def until(self, *kinds):
        """Reads past events to the next frame, which must be one of kinds."""
        while True:
            kind, payload = self.receive()
            if kind != EVENT or EVENT in kinds:
                assert kind in kinds, f"frame {kind and hex(kind)} {payload[:60]!r}, not {[hex(k) for k in kinds]}"
                return kind, payload

    def failure(self):
        """The status name that the worker fails with; events, questions and results before it are passed over."""
        while True:
            kind, payload = self.receive()
            if kind is None:
                return "CLOSED"
            if kind == FAILED:
                return payload.decode()

    def evidence(self):
        """(runtime data, evidence type, evidence) of the EVIDENCE frame."""
        _, payload = self.until(EVIDENCE)
        size = struct.unpack_from("<I", payload)[0]
        runtime = payload[4:4 + size]
        name_size = payload[4 + size]
        name = payload[5 + size:5 + size + name_size].decode()
        return runtime, name, payload[5 + size + name_size:]

    def exit(self):
        return json.loads(self.platform.recv(65536))


def drive_to_keys(worker, services, contract, run=None, kernel=0):
    """START, EVIDENCE, ATTESTED; returns the token and the evidence. The worker then asks for the first key."""
    worker.start(contract, run, kernel)
    runtime, _, quote = worker.evidence()
    status, answer = services.attest(quote, runtime)
    assert status == 200, answer
    worker.send(ATTESTED, answer["token"].encode())
    return answer["token"], runtime, quote


def sha256(data):
    return hashlib.sha256(data).digest()
