"""An HTTPS (or HTTP) server that answers what a test tells it to, and remembers what it was asked."""
import http.server
import os
import ssl
import subprocess
import tempfile
import threading


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body


class Script:
    """answer(request) gives (status, headers, body)."""

    def __init__(self, answer, tls=True, host="localhost"):
        self.answer, self.requests, self.connections = answer, [], 0
        self.folder = tempfile.mkdtemp(prefix="coffer-https-")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                size = int(self.headers.get("Content-Length", 0))
                request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(size))
                outer.requests.append(request)
                status, headers, body = outer.answer(request)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                connection = super().get_request()
                outer.connections += 1
                return connection

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.base = f"http{'s' if tls else ''}://{host}:{self.port}"
        if tls:
            self.ca = self.path("c.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path("k.pem"),
                            "-out", self.ca, "-days", "2", "-subj", "/CN=localhost", "-addext", f"subjectAltName={'DNS' if host == 'localhost' else 'IP'}:{host}"],
                           check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca, self.path("k.pem"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
