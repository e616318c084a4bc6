"""A service over loopback that plays answers back, with all the ways in which services fail. Standard library only."""
import http.server
import ssl
import threading
import time


class Service:
    """A service of rules: path (without query) -> list of answers, the last of which repeats. An answer is a dict with
    status, body, headers, or what goes wrong."""

    def __init__(self, rules=None, certificate=None):
        self.rules = rules or {}
        self.log = []
        self.headers = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                service.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that break off, as tests make them do
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, handler):
        path = handler.path.split("?")[0]
        self.log.append(handler.path)
        self.headers.append(handler.headers)
        answers = self.rules.get(path, [{"status": 404}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if "wait" in answer:
            time.sleep(answer["wait"])
        body = answer.get("body", b"")
        handler.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) + answer.get("missing", 0)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            pass
        if answer.get("missing"):
            handler.close_connection = True

    def close(self):
        self.server.shutdown()
        self.server.server_close()
