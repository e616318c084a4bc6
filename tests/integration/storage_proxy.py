"""A proxy before Azurite that answers as told: refusals, dropped connections, altered bodies. Standard library only."""
import collections
import http.client
import http.server
import os
import socket
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from azurite import ACCOUNT, KEY, Azurite, free_port  # noqa: E402, F401


class Rule:
    """What to do with the next `times` requests that fit: a function of (handler, forward) that answers in its place."""

    def __init__(self, fits, act, times=1 << 30):
        self.fits, self.act, self.times = fits, act, times


class Proxy:
    def __init__(self, port):
        proxy = self
        self.rules, self.seen, self.lock = [], collections.Counter(), threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def forward(self):
                """(status, headers, body) of Azurite."""
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection",)}
                connection.request(self.command, self.path, self.body or None, headers)
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                return answer.status, answer.getheaders(), body

            def reply(self, status, headers, body, size=None):
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "keep-alive"):
                        self.send_header(name, value)
                length = dict((k.lower(), v) for k, v in headers).get("content-length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length if length is not None else str(len(body) if size is None else size))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def drop(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def handle_one(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = urllib.parse.urlparse(self.path).query
                comp = dict(urllib.parse.parse_qsl(query)).get("comp", "")
                kind = f"{self.command} {comp}".strip()
                with proxy.lock:
                    proxy.seen[kind] += 1
                    rule = next((r for r in proxy.rules if r.times > 0 and r.fits(kind)), None)
                    if rule:
                        rule.times -= 1
                try:
                    if rule:
                        rule.act(self)
                    else:
                        self.reply(*self.forward())
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_one

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/{ACCOUNT}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def script(self, *rules):
        with self.lock:
            self.rules, self.seen = list(rules), collections.Counter()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def refuse(status, code="", headers=()):
    body = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>".encode() if code else b""
    return lambda handler: handler.reply(status, list(headers), body)
