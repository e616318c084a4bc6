"""A reverse proxy that breaks what passes through it, as a plan says. Standard library only.

    proxy = FaultProxy(upstream=("127.0.0.1", 8443), certificate="tls.pem", key="tls.key", ca="root.pem")
    proxy.plan = lambda request: Fault(status=429, headers={"Retry-After": "1"}) if request.count == 1 else None

A plan is asked for each request, with its number among those of the same method and kind (`count`, from 1). Every request is in `seen`."""
import collections
import http.client
import http.server
import re
import socket
import ssl
import threading
import time


class Fault:
    """One of: an answer of its own (status), a delay, nothing but a closed connection (drop), a body cut in half (cut)."""

    def __init__(self, status=None, headers=None, delay=0.0, drop=False, cut=False, body=b"{}"):
        self.status, self.headers, self.delay, self.drop, self.cut, self.body = status, headers or {}, delay, drop, cut, body


Request = collections.namedtuple("Request", "method path kind count headers")


def kind_of(method, path):
    """Which dependency a request is for."""
    plain = path.split("?")[0].lower()
    if plain.endswith("/token"):
        return "token"
    if plain.startswith("/attest"):
        return "attest"
    if plain.endswith("/release"):
        return "release"
    if plain.startswith("/keys"):
        return "key"
    if plain == "/certs":
        return "certs"
    if "comp=blocklist" in path and method == "PUT":
        return "commit"
    return {"GET": "read", "HEAD": "properties", "PUT": "write", "DELETE": "delete"}.get(method, "other")


class FaultProxy:
    def __init__(self, upstream, certificate=None, key=None, ca=None, port=0, upstream_tls=True):
        self.upstream, self.upstream_tls, self.ca = upstream, upstream_tls, ca
        self.plan = lambda request: None
        self.seen, self.counts, self.lock = [], collections.Counter(), threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, ssl.SSLError, TimeoutError):
                    self.close_connection = True

            def serve(self):
                proxy.serve(self)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = serve

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def reset(self, plan=None):
        with self.lock:
            self.seen, self.counts = [], collections.Counter()
            self.plan = plan or (lambda request: None)

    def count(self, kind, method=None):
        with self.lock:
            return sum(1 for r in self.seen if r.kind == kind and method in (None, r.method))

    def note(self, handler):
        kind = kind_of(handler.command, handler.path)
        with self.lock:
            self.counts[handler.command, kind] += 1
            request = Request(handler.command, handler.path, kind, self.counts[handler.command, kind], dict(handler.headers))
            self.seen.append(request)
        return request

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        fault = self.plan(self.note(handler)) or Fault()
        if fault.delay:
            time.sleep(fault.delay)
        if fault.drop:
            self.hang_up(handler)
            return
        if fault.status:
            self.answer(handler, fault.status, list(fault.headers.items()), b"" if handler.command == "HEAD" else fault.body)
            return
        status, headers, answer = self.ask(handler, body)
        if fault.cut:
            self.answer(handler, status, headers, answer, cut=True)
            self.hang_up(handler)
            return
        self.answer(handler, status, headers, answer)

    @staticmethod
    def hang_up(handler):
        handler.close_connection = True
        try:
            handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def ask(self, handler, body):
        if self.upstream_tls:
            connection = http.client.HTTPSConnection(*self.upstream, context=ssl.create_default_context(cafile=self.ca), timeout=60)
        else:
            connection = http.client.HTTPConnection(*self.upstream, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("connection", "content-length")}
        connection.request(handler.command, handler.path, body=body if body or handler.command in ("PUT", "POST", "PATCH") else None, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        kept = [(name, value) for name, value in response.getheaders() if not re.fullmatch("(?i)connection|transfer-encoding|keep-alive", name)]
        return response.status, kept, answer

    @staticmethod
    def answer(handler, status, headers, body, cut=False):
        handler.send_response_only(status)
        has_length = False
        for name, value in headers:
            has_length = has_length or name.lower() == "content-length"
            handler.send_header(name, value)
        if not has_length and status not in (204, 304):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:len(body) // 2] if cut else body)
        handler.wfile.flush()
