"""Blob storage against Azurite and the official client library: test_blob.py LIBRARY COFFER STORE_TEST BLOB_TOOL"""
import base64
import glob
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from storage_proxy import ACCOUNT, KEY, Azurite, Proxy, Rule, refuse  # noqa: E402
from tap import claim, equal, run  # noqa: E402

LIBRARY, COFFER, STORE_TEST, TOOL = sys.argv[1:5]
SDK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sdk")
folder = tempfile.mkdtemp(prefix="coffer-blob-")
MIB = 1 << 20


def path(name):
    return os.path.join(folder, name)


def write(name, text, mode=0o600):
    with open(path(name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path(name), mode)
    return path(name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def tool(*arguments, url=None, credential=None, ca="-", secondary="-"):
    """(status, detail, lines before) of the storage client."""
    done = subprocess.run([TOOL, url or container, credential or key_file, ca, secondary, *map(str, arguments)],
                          capture_output=True, timeout=60, check=False)
    lines = done.stdout.decode("latin-1").rstrip("\n").split("\n")
    status, _, detail = lines[-1].partition(" ")
    return status, detail, "\n".join(lines[:-1])


def status_of(*arguments, **more):
    return tool(*arguments, **more)[0]


def peer(*arguments):
    """(worked, output) of the official library: URL, credential, command, arguments."""
    library.stdin.write(json.dumps(arguments) + "\n")
    library.stdin.flush()
    return tuple(json.loads(library.stdout.readline()))


def coffer(*arguments, ok=True):
    done = subprocess.run([COFFER, *arguments, "--home", path("home"), "--json"], capture_output=True, timeout=120, check=False)
    if ok and done.returncode != 0:
        raise AssertionError(done.stdout.decode() + done.stderr.decode())
    lines = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    return done.returncode, lines[-1] if lines else {}, done.stderr.decode()


if subprocess.run([sys.executable, os.path.join(SDK, "run.py"), "--install", LIBRARY], check=False).returncode != 0:
    print("1..1\nnot ok 1 - npm installs the libraries")
    sys.exit(1)
azurite = Azurite(LIBRARY)
library = subprocess.Popen(["node", os.path.join(SDK, "blob_peer.mjs"), LIBRARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
proxy = Proxy(azurite.port)
container = azurite.url("data")
through = f"{proxy.url}/data"
key_file = write("key.json", json.dumps({"account_key": KEY}))


@claim
def every_promise_of_a_store_is_kept():
    equal(status_of("create"), "OK")
    equal(status_of("create"), "EXISTS")
    done = subprocess.run([STORE_TEST, f"azure:{container}/kept", key_file], capture_output=True, timeout=60, check=False)
    equal((done.returncode, b"not ok" in done.stdout), (0, False), done.stdout.decode())


@claim
def the_official_library_reads_what_we_write_and_we_what_it_writes():
    body = os.urandom(9 * MIB + 5)
    write("body", body)
    equal(peer(container, KEY, "upload", "sdk/blob", path("body")), (True, ""))
    equal(status_of("copy", "sdk/blob", "ours/blob"), "OK")
    out = subprocess.run([TOOL, container, key_file, "-", "-", "get", "sdk/blob", "0", str(len(body))], capture_output=True, check=True)
    equal(out.stdout, body + b"\nOK \n")
    equal(status_of("put", "small", "hello"), "OK")
    equal(peer(container, KEY, "download", "small", path("out"))[0], True)
    equal(read("out"), b"hello")
    names = peer(container, KEY, "list")[1].split(" ")
    equal("sdk/blob" in names and "ours/blob" in names, True)


@claim
def conditions_hold():
    equal(status_of("put", "c", "1", "new"), "OK")
    equal(status_of("put", "c", "2", "new"), "EXISTS")
    etag = tool("properties", "c")[2].split(" ")[1]
    equal(status_of("put", "c", "3", "match:" + etag), "OK")
    equal(status_of("put", "c", "4", "match:" + etag), "BUSY")
    equal(tool("get", "c", 0, 1)[2], "3")
    equal(status_of("properties", "none"), "NOT_FOUND")
    equal(status_of("delete", "none"), "NOT_FOUND")


@claim
def a_lease_keeps_others_out_until_it_ends():
    equal(status_of("put", "leased", "1"), "OK")
    lease = tool("acquire", "leased", 15)[2]
    status, detail, _ = tool("put", "leased", "2")
    equal((status, "lease" in detail), ("BUSY", True))
    equal(status_of("delete", "leased"), "BUSY")
    equal(status_of("acquire", "leased", 15), "BUSY")
    equal(status_of("renew", "leased", lease), "OK")
    other = "00000000-1111-2222-3333-444444444444"
    equal(status_of("change", "leased", lease, other), "OK")
    equal(status_of("release", "leased", lease), "BUSY")
    equal(status_of("put", "leased", "2", "lease:" + other), "OK")
    equal(status_of("release", "leased", other), "OK")
    equal(status_of("acquire", "leased", -1), "OK")
    equal(status_of("break", "leased"), "OK")
    equal(status_of("delete", "leased"), "OK")


@claim
def a_lease_whose_answer_is_lost_is_had_all_the_same():
    def lose(handler):
        handler.forward()
        handler.drop()

    equal(status_of("put", "lost", "1"), "OK")
    proxy.script(Rule(lambda kind: kind == "PUT lease", lose, 1))
    status, detail, lease = tool("acquire", "lost", -1, url=through)
    equal((status, detail, proxy.seen["PUT lease"]), ("OK", "", 2))
    equal(status_of("release", "lost", lease), "OK")
    proxy.script()


@claim
def a_list_goes_on_over_its_pages():
    for i in range(5):
        equal(status_of("put", f"page/{i}", "x"), "OK")
    equal(tool("list", "page/", 2)[2], "page/0 page/1 page/2 page/3 page/4 in 3")
    equal(tool("list", "page/", 0)[2], "page/0 page/1 page/2 page/3 page/4 in 1")


@claim
def a_wrong_key_an_expired_signature_and_a_missing_container_are_named():
    wrong = write("wrong.json", json.dumps({"account_key": base64.b64encode(b"x" * 64).decode()}))
    status, detail, _ = tool("put", "a", "1", credential=wrong)
    equal((status, "AuthenticationFailed" in detail or "AuthorizationFailure" in detail), (status, True), detail)
    equal(status in ("UNAUTHORIZED", "FORBIDDEN"), True, status)
    expired = peer(container, KEY, "sas", "rw", "-60")[1]
    equal(status_of("properties", "small", url=expired, credential="-") in ("UNAUTHORIZED", "FORBIDDEN"), True)
    status, detail, _ = tool("put", "a", "1", url=azurite.url("nothere"))
    equal((status, "no such container" in detail), ("NOT_FOUND", True))


@claim
def signatures_pass_between_us_and_the_official_library():
    theirs = peer(container, KEY, "sas", "rl", "600")[1]
    equal(tool("get", "small", 0, 5, url=theirs, credential="-")[2], "hello")
    equal(tool("list", "page/", 0, url=theirs, credential="-")[0], "OK")
    equal(status_of("put", "small", "x", url=theirs, credential="-"), "FORBIDDEN")
    equal(status_of("share", "small", "r", 600, url=theirs, credential="-"), "UNSUPPORTED")
    reading = tool("share", "small", "r", 600)[2]
    writing = tool("share", "given", "cw", 600)[2]
    equal(peer(reading, "-", "download", "", path("out"))[0], True)
    equal(read("out"), b"hello")
    equal(peer(reading, "-", "write", "x"), (False, "AuthorizationPermissionMismatch"))
    equal(peer(writing, "-", "write", "given"), (True, ""))
    equal(tool("get", "given", 0, 5)[2], "given")
    past = tool("share", "small", "r", -60)[2]
    equal(peer(past, "-", "download", "", path("out"))[0], False)


def block(kind):
    return kind == "PUT block"


@claim
def what_passes_is_tried_again_and_what_stays_is_not_tried_for_ever():
    for failure in (refuse(503, "ServerBusy", [("Retry-After", "0")]), refuse(500, "InternalError"), refuse(429), lambda h: h.drop()):
        proxy.script(Rule(lambda kind: kind == "PUT", failure, 2))
        equal(status_of("put", "again", "1", url=through), "OK")
        equal(proxy.seen["PUT"], 3)
        proxy.script(Rule(lambda kind: kind == "PUT", failure))
        equal(status_of("put", "again", "1", url=through) in ("REMOTE_ERROR", "NETWORK"), True)
        equal(proxy.seen["PUT"], 3)
    proxy.script(Rule(lambda kind: kind == "PUT", refuse(400, "Md5Mismatch")))
    equal(status_of("put", "again", "1", url=through), "IO")
    equal(proxy.seen["PUT"], 1)


def altered(change):
    def act(handler):
        status, headers, body = handler.forward()
        change(handler, status, headers, body)
    return act


@claim
def an_answer_that_is_not_the_range_is_refused():
    def shorter(handler, status, headers, body):
        handler.reply(status, headers, body[:-1])

    def longer(handler, status, headers, body):
        handler.reply(status, headers, body + b"x")

    def cut(handler, status, headers, body):
        handler.reply(status, headers, body[:-1], size=len(body))
        handler.drop()

    def other(handler, status, headers, body):
        handler.reply(status, [(n, "bytes 1-5/9" if n.lower() == "content-range" else v) for n, v in headers], body)

    def whole(handler, _, headers, body):
        handler.reply(200, headers, body)

    def flipped(handler, status, headers, body):
        handler.reply(status, headers + [("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==")], b"jello")

    for change, expected in ((shorter, "BAD_FORMAT"), (longer, "LIMIT"), (cut, "NETWORK"), (other, "BAD_FORMAT"),
                             (whole, "BAD_FORMAT"), (flipped, "IO")):
        proxy.script(Rule(lambda kind: kind == "GET", altered(change)))
        equal(status_of("get", "small", 0, 5, url=through), expected, change.__name__)
        equal(proxy.seen["GET"] <= 3, True)
    proxy.script()
    equal(tool("get", "small", 0, 5, url=through)[2], "hello")


def replaced_in_mid_read(url, credential):
    equal(peer(container, KEY, "upload", "mid", path("body")), (True, ""))
    reader = subprocess.Popen([TOOL, url, credential, "-", "-", "pause", "mid"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal(reader.stdout.readline(), b"reading\n")
    equal(peer(container, KEY, "upload", "mid", path("body")), (True, ""))
    out, _ = reader.communicate(b"\n", timeout=30)
    return out.decode()


@claim
def a_blob_that_is_replaced_while_it_is_read_is_noticed():
    conditions = []

    def note(handler):
        conditions.append(handler.headers["If-Match"])
        handler.reply(*handler.forward())

    proxy.script(Rule(lambda kind: kind == "GET", note))
    out = replaced_in_mid_read(through, key_file)
    equal((out.split(" ")[0], "ConditionNotMet" in out), ("BUSY", True), out)
    equal((len(set(conditions)), None in conditions), (1, False))  # the ETag of the beginning


@claim
def a_service_that_ignores_the_condition_is_noticed_too():
    def ignore(handler):
        del handler.headers["If-Match"]
        handler.reply(*handler.forward())

    # A signature does not cover header fields, so that the proxy can take one away.
    unsigned = peer(container, KEY, "sas", "r", "600")[1].replace(container, through)
    proxy.script(Rule(lambda kind: kind == "GET", ignore))
    equal(replaced_in_mid_read(unsigned, "-").split(" ")[0], "BUSY")


@claim
def reading_runs_ahead_in_few_requests():
    equal(peer(container, KEY, "upload", "ahead", path("body")), (True, ""))
    proxy.script()
    reader = subprocess.run([TOOL, through, key_file, "-", "-", "pause", "ahead"], input=b"\n", stdout=subprocess.PIPE, check=True)
    equal(reader.stdout, b"reading\nOK \n")
    equal(proxy.seen["GET"], 4)  # a megabyte, 4 MiB, 4 MiB, what is left


@claim
def a_read_past_the_end_is_refused_however_long_it_is():
    equal(peer(container, KEY, "upload", "short", path("body")), (True, ""))
    for size in (9 * MIB + 6, 13 * MIB, 40 * MIB):
        equal(status_of("get", "short", 0, size), "TRUNCATED")


@claim
def reads_turn_to_the_second_region_and_writes_do_not():
    secondary = azurite.url("data").replace(ACCOUNT, ACCOUNT + "-secondary")
    for failure in (refuse(503), lambda h: h.drop()):
        proxy.script(Rule(lambda kind: True, failure))
        equal(tool("get", "small", 0, 5, url=through, secondary=secondary)[2], "hello")
        equal(status_of("properties", "small", url=through, secondary=secondary), "OK")
        equal(status_of("put", "small", "other", url=through, secondary=secondary) in ("REMOTE_ERROR", "NETWORK"), True)
        # What the second region does not have is the first one's failure, not "not found".
        equal(status_of("properties", "none", url=through, secondary=secondary) in ("REMOTE_ERROR", "NETWORK"), True)
    proxy.script(Rule(lambda kind: kind == "HEAD", refuse(404)))
    equal(status_of("properties", "small", url=through, secondary=secondary), "NOT_FOUND")


def seal(*more, ok=True, place=None):
    return coffer("data", "seal", path("big"), "--for", "me", "--to", f"azure:{place or through}/sealed", "--credential", key_file,
                  *more, ok=ok)


def states():
    return glob.glob(path("home/uploads/*"))


def break_off(after):
    """Kills an upload once the service has `after` blocks, and waits until no request of it is under way. Counts them."""
    held, stored = threading.Event(), [0]

    def count(handler):
        with proxy.lock:
            may = stored[0] < after
            stored[0] += may
        if may:
            handler.reply(*handler.forward())
        else:
            held.set()
            time.sleep(0.2)
            handler.drop()

    proxy.script(Rule(block, count))
    process = subprocess.Popen([COFFER, "data", "seal", path("big"), "--home", path("home"), "--for", "me", "--to",
                                f"azure:{through}/sealed", "--credential", key_file], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    equal(held.wait(30), True, "blocks arrive")
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    time.sleep(0.3)
    return stored[0]


@claim
def an_upload_that_was_killed_goes_on_with_what_is_missing():
    coffer("up")  # else each command starts and stops its own
    coffer("key", "create", "--bits", "2048")
    write("big", os.urandom(30 * MIB + 77))
    had = break_off(3)
    equal(status_of("properties", "sealed/big.sealed"), "NOT_FOUND")
    equal(len(states()), 2)
    for state in states():
        equal(os.stat(state).st_mode & 0o777, 0o600)
    proxy.script()
    _, told, _ = seal()
    equal((told["resumed"], told["blocks_skipped"], told["blocks_sent"]), (True, had, 8 - had))
    equal(proxy.seen["PUT block"], 8 - had + 1)  # and the front
    equal(states(), [])
    coffer("data", "open", f"azure:{container}/sealed/big.sealed", "--credential", key_file, "--out", path("back"), "--force")
    equal(read("back") == read("big"), True)
    code, _, error = seal(ok=False)
    equal((code, "--force" in error), (73, True), error)


@claim
def a_source_that_changed_meanwhile_is_not_sent_under_the_same_key():
    equal(status_of("delete", "sealed/big.sealed"), "OK")
    break_off(2)
    info = os.stat(path("big"))
    with open(path("big"), "r+b") as f:
        f.write(b"other")
    os.utime(path("big"), ns=(info.st_atime_ns, info.st_mtime_ns))
    proxy.script()
    code, _, error = seal(ok=False)
    equal((code, "changed" in error, proxy.seen["PUT block"]), (75, True, 0), error)
    os.utime(path("big"))
    code, _, error = seal(ok=False)
    equal((code, "--restart" in error, proxy.seen["PUT block"]), (75, True, 0), error)
    _, told, _ = seal("--restart")
    equal((told["resumed"], proxy.seen["PUT block"], states()), (False, 9, []))


@claim
def a_shared_url_opens_without_an_account():
    _, told, _ = coffer("data", "share", f"azure:{container}/sealed/big.sealed", "--credential", key_file, "--expires", "10m")
    coffer("data", "open", "azure:" + told["url"], "--out", path("back"), "--force")
    equal(read("back") == read("big"), True)
    _, lease, _ = coffer("data", "protect", f"azure:{container}/sealed/big.sealed", "--credential", key_file, "--lease")
    code, _, _ = seal("--force", ok=False, place=container)
    equal(code, 75)
    coffer("data", "protect", f"azure:{container}/sealed/big.sealed", "--credential", key_file, "--release", lease["lease"])
    equal(coffer("data", "seal", path("key.json"), "--for", "me", "--to", f"dir:{path('store')}")[1]["name"], "key.json.sealed")
    coffer("data", "open", f"dir:{path('store')}/key.json.sealed", "--out", path("back"), "--force")
    equal(read("back"), read("key.json"))


@claim
def the_homes_credential_is_lent_to_the_homes_own_storage_and_to_azures_alone():
    write("home/coffer.yaml", f"storage: azure:{container}\nstorage_credential: {key_file}\n")
    try:
        for where in (f"{container}/a", "https://account.blob.core.windows.net/data/a", "https://account.z01.blob.storage.azure.net/data/a"):
            equal(coffer("data", "share", f"azure:{where}")[1]["status"], "shared")
        for host in ("account.example.org", "blob.core.windows.net.example.org", "account.xblob.core.windows.net"):
            code, _, error = coffer("data", "share", f"azure:https://{host}/data/a", ok=False)
            equal((code, "--credential" in error), (64, True), error)
            told = coffer("data", "share", f"azure:https://{host}/data/a", "--credential", key_file)[1]
            equal(told["url"].startswith(f"https://{host}/data/a?"), True)
    finally:
        os.unlink(path("home/coffer.yaml"))


def jwt(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


class Identity(http.server.BaseHTTPRequestHandler):
    """A managed identity's endpoint."""
    asked = []
    stale = 0  # so many tokens are of yesterday

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.asked.append(self.path)
        now = int(time.time())
        then = now - 86400 if len(self.asked) <= self.stale else now
        tenant = "6e5f0000-0000-0000-0000-000000000001"
        token = jwt({"aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{tenant}/", "iat": then - 9, "nbf": then - 9,
                     "exp": then + 3600, "oid": "6e5f0000-0000-0000-0000-000000000002", "tid": tenant, "ver": "1.0"})
        body = json.dumps({"access_token": token, "expires_in": "3600", "expires_on": str(now + 3600), "token_type": "Bearer",
                           "resource": "https://storage.azure.com"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@claim
def a_token_signs_in_over_tls_and_delegates():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=storage", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("tls.key"), "-out",
                    path("tls.pem")], check=True, capture_output=True)
    identity = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Identity)
    threading.Thread(target=identity.serve_forever, daemon=True).start()
    token_file = write("token.json", json.dumps({"managed_identity": {"endpoint": f"http://127.0.0.1:{identity.server_address[1]}"}}))
    secure = Azurite(LIBRARY, path("tls.pem"), path("tls.key"), more=["--oauth", "basic"])
    try:
        url = secure.url("data")
        asked = {"url": url, "credential": token_file, "ca": path("tls.pem")}
        equal(tool("create", **asked)[:2], ("OK", ""))
        equal(status_of("put", "t", "token", **asked), "OK")
        equal(tool("get", "t", 0, 5, **asked)[2], "token")
        equal("storage.azure.com" in Identity.asked[0], True)
        shared = tool("share", "t", "r", 600, **asked)[2]
        equal("skoid=" in shared and "spr=https" in shared, True, shared)
        base, _, query = shared.partition("/t?")
        equal(tool("get", "t", 0, 5, url=f"{base}?{query}", credential="-", ca=path("tls.pem"))[2], "token")
        equal(status_of("put", "t", "x", url=f"{base}?{query}", credential="-", ca=path("tls.pem")), "FORBIDDEN")
        equal(status_of("share", "t", "r", 8 * 86400, **asked), "BAD_ARGUMENT")
        for Identity.stale, expected, count in ((1, "OK", 2), (9, "UNAUTHORIZED", 2)):
            Identity.asked.clear()
            equal((status_of("properties", "t", **asked), len(Identity.asked)), (expected, count))
        Identity.stale = 0
        equal(status_of("get", "t", 0, 5, url=url, credential=token_file), "NETWORK")  # nobody vouches for its certificate
        equal(status_of("get", "t", 0, 5, url=container, credential=token_file), "CONFIG")  # no token over plain http
    finally:
        secure.close()
        identity.shutdown()


@claim
def holds_and_retention_are_asked_for_as_the_service_documents():
    asked = []

    def note(handler):
        asked.append((handler.command, re.sub(r".*comp=", "", handler.path), handler.headers.get("x-ms-legal-hold"),
                      handler.headers.get("x-ms-immutability-policy-until-date"), handler.headers.get("x-ms-immutability-policy-mode")))
        handler.reply(200, [], b"")

    proxy.script(Rule(lambda kind: True, note))
    equal(status_of("hold", "small", "on", url=through), "OK")
    equal(status_of("hold", "small", "off", url=through), "OK")
    equal(status_of("keep", "small", 1893456000, url=through), "OK")
    equal(status_of("keep-end", "small", url=through), "OK")
    equal(asked, [("PUT", "legalhold", "true", None, None), ("PUT", "legalhold", "false", None, None),
                  ("PUT", "immutabilityPolicies", None, "Tue, 01 Jan 2030 00:00:00 GMT", "Locked"),
                  ("DELETE", "immutabilityPolicies", None, None, None)])
    proxy.script(Rule(lambda kind: kind == "DELETE", refuse(409, "BlobImmutableDueToPolicy")))
    status, detail, _ = tool("delete", "small", url=through)
    equal((status, "immutability" in detail), ("BUSY", True))


try:
    run()
finally:
    coffer("down", ok=False)
    library.stdin.close()
    library.wait(20)
    proxy.stop()
    azurite.close()
    shutil.rmtree(folder, ignore_errors=True)
