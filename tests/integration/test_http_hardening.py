"""What the HTTPS server refuses. Each of these was a fault of the library that it is made with, or is an attack on any server."""
import http.client
import os
import resource
import socket
import ssl
import sys
import time
import warnings

import tap
from local_server import Server, read_all
from tap import claim, equal

warnings.simplefilter("ignore", DeprecationWarning)  # an old version of TLS is what one test asks for
server = Server(sys.argv[1])
HOST = f"Host: localhost:{server.port}\r\n".encode()


def status(data):
    answer = server.raw(data)
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else None


@claim
def plain_text_on_the_tls_port_gets_no_answer():
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        s.sendall(b"GET /certs HTTP/1.1\r\n" + HOST + b"\r\n")
        data = read_all(s)
    assert b"HTTP" not in data, data


@claim
def tls_1_1_is_refused():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server.info["ca"])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        try:
            context.wrap_socket(s, server_hostname="localhost")
        except (ssl.SSLError, ConnectionResetError):
            return
    raise AssertionError("the handshake succeeded")


@claim
def tls_1_2_is_accepted():
    context = ssl.create_default_context(cafile=server.info["ca"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        with context.wrap_socket(s, server_hostname="localhost") as tls:
            equal(tls.version(), "TLSv1.2")


@claim
def the_certificate_is_for_the_addresses_of_localhost():
    for name in ("localhost", "127.0.0.1", "myvault.vault.localhost"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
            with server.context.wrap_socket(s, server_hostname=name):
                pass


@claim
def a_plain_request_is_answered():
    equal(status(b"GET /certs HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"), 200)


@claim
def a_missing_host_is_refused():
    equal(status(b"GET /certs HTTP/1.1\r\nConnection: close\r\n\r\n"), 400)


@claim
def two_hosts_are_refused():
    equal(status(b"GET /certs HTTP/1.1\r\n" + HOST + HOST + b"\r\n"), 400)


@claim
def two_content_lengths_are_refused_and_the_connection_ends():
    smuggled = b"GET /certs HTTP/1.1\r\n" + HOST + b"\r\n"
    body = b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    answer = server.raw(body + smuggled)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    equal(answer.count(b"HTTP/1.1 "), 1, "answers on the connection")


@claim
def content_length_beside_transfer_encoding_is_refused_and_the_connection_ends():
    data = (b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET /certs HTTP/1.1\r\n" + HOST + b"\r\n")
    answer = server.raw(data)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    equal(answer.count(b"HTTP/1.1 "), 1, "answers on the connection")


@claim
def another_transfer_encoding_is_refused():
    equal(status(b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n"), 400)


@claim
def a_signed_content_length_is_refused():
    equal(status(b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n"), 400)


@claim
def a_field_name_with_a_space_is_refused():
    equal(status(b"GET /certs HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n"), 400)


@claim
def two_authorizations_are_refused():
    equal(status(b"GET /certs HTTP/1.1\r\n" + HOST + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"), 400)


@claim
def a_header_over_its_limit_is_refused():
    assert status(b"GET /certs HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 40000 + b"\r\n\r\n") in (400, 413)


@claim
def too_many_header_fields_are_refused():
    fields = b"".join(b"X-%d: a\r\n" % i for i in range(100))
    equal(status(b"GET /certs HTTP/1.1\r\n" + HOST + fields + b"\r\n"), 400)


@claim
def a_body_over_its_limit_is_refused_before_it_is_read():
    answer = server.raw(b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 "), answer


@claim
def a_chunked_body_over_its_limit_is_refused():
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    try:
        answer = server.raw(b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20)
        assert not answer or b" 413 " in answer[:20], answer[:100]
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        pass  # it closed while we were sending


@claim
def an_unknown_path_is_not_found():
    equal(server.request("GET", "/").status, 404)
    equal(server.request("GET", "/local/").status, 404)


@claim
def a_method_that_a_path_does_not_have_is_refused_with_those_it_has():
    answer = server.request("DELETE", "/certs")
    equal((answer.status, answer.headers["allow"]), (405, "GET"))


@claim
def an_unknown_method_is_refused():
    assert status(b"BREW /certs HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") in (405, 501)
    assert status(b"CONNECT localhost:1 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") in (400, 405, 501)
    assert status(b"TRACE /certs HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") in (405, 501)


@claim
def dot_segments_are_refused_however_they_are_written():
    for path in ("/../etc/passwd", "/keys/..", "/keys/%2e%2e/x", "/keys/a%2fb", "/keys/a%5cb", "/keys/%2E%2E%2Fetc", "/./certs"):
        equal(server.request("GET", path).status, 400, path)


@claim
def escapes_that_hide_or_break_a_name_are_refused():
    for path in ("/keys/a%00b", "/keys/%0a", "/keys/%zz", "/keys/%4", "/certs?a=%", "/certs?a=%00", "/certs?a=1&a=2"):
        equal(server.request("GET", path).status, 400, path)


@claim
def a_target_with_scheme_and_host_is_refused():
    assert status(b"GET https://localhost/certs HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") in (400, 404)


@claim
def answers_have_the_protective_fields():
    answer = server.request("GET", "/certs", headers={"x-ms-client-request-id": "1b2c-x"})
    equal(answer.headers["x-content-type-options"], "nosniff")
    equal(answer.headers["cache-control"], "no-store")
    equal(len(answer.headers["x-ms-request-id"]), 36)
    equal(answer.headers["x-ms-client-request-id"], "1b2c-x")


@claim
def a_client_id_that_is_not_plain_is_not_echoed():
    answer = server.request("GET", "/certs", headers={"x-ms-client-request-id": "<script>"})
    assert "x-ms-client-request-id" not in answer.headers


@claim
def head_has_no_body():
    connection = http.client.HTTPSConnection("localhost", server.port, context=server.context, timeout=5)
    connection.request("HEAD", "/certs")
    answer = connection.getresponse()
    equal((answer.status, answer.read()), (200, b""))
    connection.request("GET", "/certs")
    equal(connection.getresponse().status, 200, "the next request of the connection")
    connection.close()


@claim
def small_requests_on_one_connection_do_not_wait():
    connection = http.client.HTTPSConnection("localhost", server.port, context=server.context, timeout=5)
    start = time.monotonic()
    for _ in range(50):
        connection.request("GET", "/certs")
        connection.getresponse().read()
    took = time.monotonic() - start
    connection.close()
    assert took < 1.5, f"{took:.2f} s: without TCP_NODELAY each of the 50 waits 40 ms"


def seconds_until_cut_off(send_slowly):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        with server.context.wrap_socket(s, server_hostname="localhost") as tls:
            start = time.monotonic()
            try:
                for piece in send_slowly():
                    tls.sendall(piece)
                    time.sleep(0.5)
                    if time.monotonic() - start > 25:
                        raise AssertionError("still open after 25 s")
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                pass
            return time.monotonic() - start


@claim
def a_client_that_sends_its_header_slowly_is_cut_off():
    def pieces():
        yield b"GET /certs HTTP/1.1\r\n" + HOST
        while True:
            yield b"X: a\r\n"
    took = seconds_until_cut_off(pieces)
    assert 8 < took < 16, took


@claim
def a_client_that_sends_its_body_slowly_is_cut_off():
    def pieces():
        yield b"POST /attest/SgxEnclave HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"
        while True:
            yield b"a"
    took = seconds_until_cut_off(pieces)
    assert 8 < took < 16, took


@claim
def connections_of_one_address_are_counted_and_limited():
    held = []
    try:
        for _ in range(300):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=5)
            held.append(s)
        time.sleep(0.5)
        closed = 0
        for s in held:
            s.setblocking(False)
            try:
                closed += s.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionResetError:
                closed += 1
        assert closed >= 300 - 256, closed
        equal(server.process.poll(), None, "the server runs")
    finally:
        for s in held:
            s.close()
    time.sleep(0.5)
    equal(server.request("GET", "/certs").status, 200, "when they are gone")


@claim
def ten_thousand_connections_that_do_nothing_keep_nobody_out():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10500 if hard == resource.RLIM_INFINITY else min(10500, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    held = []
    try:
        for i in range(wanted - 500):
            s = socket.socket()
            s.bind((f"127.0.0.{2 + i % 100}", 0))  # from many addresses
            s.connect(("127.0.0.1", server.port))
            held.append(s)
            if i % 2000 == 1999:
                began = time.monotonic()
                equal(server.request("GET", "/certs").status, 200, f"after {i + 1}")
                assert time.monotonic() - began < 2, "it took too long"
        time.sleep(0.5)
        files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        assert files < 700, files
        equal(server.request("GET", "/certs").status, 200, "with all of them")
    finally:
        for s in held:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@claim
def a_connection_in_use_is_not_cut_off_by_newcomers():
    busy = http.client.HTTPSConnection("localhost", server.port, context=server.context, timeout=20)

    def ask(when):
        busy.request("GET", "/certs")
        answer = busy.getresponse()
        answer.read()
        equal(answer.status, 200, when)

    ask("before")
    used = busy.sock
    held = [socket.create_connection((used.getpeername()[0], server.port)) for _ in range(250)]
    try:
        for _ in range(20):  # the newest sign of life is its own: others go first
            held.append(socket.create_connection((used.getpeername()[0], server.port)))
            ask("among newcomers")
            assert busy.sock is used, "it was cut off"
    finally:
        busy.close()
        for s in held:
            s.close()


@claim
def the_server_uses_no_file_of_anybody_else():
    for folder, _, files in os.walk(server.path()):
        equal(os.stat(folder).st_mode & 0o777, 0o700, folder)
        for name in files:
            equal(os.lstat(os.path.join(folder, name)).st_mode & 0o177, 0, os.path.join(folder, name))


try:
    tap.run()
finally:
    server.close()
