"""Evidence for the tests: quotes of the installation's own simulated platform."""
import hashlib
import json
import subprocess

from local_server import b64url

MRENCLAVE = "5a" * 32


class Attester:
    def __init__(self, server, tool):
        self.server, self.tool = server, tool

    def quote(self, report_data, mrenclave=MRENCLAVE, debug=False, form="sgx"):
        done = subprocess.run([self.tool, self.server.path("platform"), mrenclave, "1" if debug else "0", report_data.hex(), form],
                              capture_output=True, check=True)
        return done.stdout.decode().strip()

    def body(self, runtime, data_type="JSON", **more):
        data = runtime if isinstance(runtime, bytes) else json.dumps(runtime).encode()
        report_data = hashlib.sha256(data).digest() + bytes(32)
        return {"quote": self.quote(report_data, **more), "runtimeData": {"data": b64url(data), "dataType": data_type}}

    def post(self, body, path="/attest/SgxEnclave?api-version=2022-08-01"):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.server.request("POST", path, text, {"Content-Type": "application/json"})

    def token(self, runtime, **more):
        answer = self.post(self.body(runtime, **more))
        assert answer.status == 200, answer.body
        return answer.json()["token"]
