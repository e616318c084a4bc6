"""Every request that our clients send has the form that the services' OpenAPI files ask for.

usage: test_openapi.py PROGRAMS REQUEST_LOG_LIBRARY SPECIFICATIONS LIBRARY

The programs run as they are, with a library loaded that writes down what they send; storage is Azurite behind TLS."""
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tap
from openapi import Request, Service, read_log
from tap import claim, equal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from azurite import ACCOUNT, Azurite  # noqa: E402

PROGRAMS, LOGGER, SPECIFICATIONS, LIBRARY = sys.argv[1:5]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-openapi-"))


def service(*parts):
    return Service(os.path.join(SPECIFICATIONS, "specification", *parts))


keys = {v: service("keyvault/data-plane/Microsoft.KeyVault/stable", v, "keys.json") for v in ("7.4", "7.5")}
attestation = {v: service("attestation/data-plane/Microsoft.Attestation/stable", v, "attestation.json") for v in ("2020-10-01", "2022-08-01")}
blob = service("storage/data-plane/Microsoft.BlobStorage/stable/2021-12-02/blob.json")


def service_of(request):
    """Whose request it is; None: of a service that no file describes (the token service, our own additions)."""
    version = request.query.get("api-version", "")
    if request.path.startswith(f"/{ACCOUNT}"):
        request.path = request.path[len(ACCOUNT) + 1:] or "/"  # Azurite has the account in the path
        return blob
    if request.path.startswith(("/keys", "/deletedkeys", "/rng")):
        return keys[version]
    if request.path.startswith(("/attest/", "/policies")):
        return attestation[version]
    if request.path == "/certs":
        return attestation["2022-08-01"]
    return None


def certificate():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "tls.key", "-out",
                    folder / "tls.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)


def record(log):
    """What a user does from the first key to a verified model, and around it."""
    home = folder / "home"
    environment = {**os.environ, "LD_PRELOAD": LOGGER, "REQUEST_LOG": str(log)}

    def coffer(*arguments, expect=0):
        done = subprocess.run([pathlib.Path(PROGRAMS) / "coffer", *map(str, arguments), "--home", home], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == expect, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    with Azurite(LIBRARY, folder / "tls.pem", folder / "tls.key") as azurite:
        azurite.create_container("coffer")
        home.mkdir(mode=0o700)
        azurite.credential_file(home / "storage.json")
        (home / "coffer.yaml").write_text(f"storage: azure:{azurite.url('coffer')}/p\nstorage_credential: storage.json\nca: {folder}/tls.pem\n")
        shutil.copytree(ROOT / "examples/wdbc", folder / "wdbc")
        job = folder / "wdbc/job.yaml"
        job.write_text(job.read_text().replace("epochs: 40", "epochs: 2"))
        try:
            coffer("up")
            coffer("run", job, "--out", "out")
            coffer("key", "rotate", "--rewrap")
            coffer("doctor", "--azure")
            (folder / "large").write_bytes(os.urandom(1 << 16) * 400)
            coffer("data", "seal", folder / "large", "--for", "me", "--to", f"azure:{azurite.url('coffer')}/p/sealed")
        finally:
            coffer("down")
    return read_log(log)


certificate()
requests = record(folder / "log")
described = [(request, service_of(request)) for request in requests]
described = [(request, where) for request, where in described if where is not None]


@claim
def every_request_has_the_form_that_its_service_describes():
    problems = [problem for request, where in described for problem in where.problems(request)]
    assert not problems, "\n".join(problems)


@claim
def the_requests_are_those_of_a_whole_job():
    seen = {(where.root["info"]["title"], request.method, request.path.rsplit("/", 1)[-1].split("?")[0]) for request, where in described}
    operations = {name for _, _, name in seen}
    for name in ("create", "unwrapkey", "release", "rotate", "SgxEnclave", "certs"):
        assert name in operations, (name, sorted(operations))
    for query in ("block", "blocklist", "list"):
        assert any(request.query.get("comp") == query for request, _ in described), f"no {query}"
    assert len(described) > 30, len(described)


@claim
def every_request_names_itself():
    for request, _ in described:
        assert request.headers.get("x-ms-client-request-id"), str(request)
    ids = [request.headers["x-ms-client-request-id"] for request, _ in described]
    assert len(set(ids)) > len(ids) * 0.9, "ids are used again"


@claim
def no_request_has_a_secret_in_its_path_or_query():
    for request in requests:
        for name in ("sig", "client_secret", "access_token", "code"):
            assert name not in request.query, (str(request), name)


# The checks themselves: each of these must be seen.

def example(suffix):
    return copy.deepcopy(next(r for r, where in described if r.path.endswith(suffix) and r.method == "POST"))


def refused(request, where, part):
    problems = where.problems(request)
    assert any(part in problem for problem in problems), (part, problems)


@claim
def a_missing_version_is_seen():
    request = example("/release")
    where = service_of(request)
    del request.query["api-version"]
    refused(request, where, "api-version is missing")


@claim
def an_unknown_query_member_or_field_is_seen():
    request = example("/release")
    where = service_of(request)
    request.query["x"] = "1"
    refused(request, where, "query x is not known")
    request = example("/release")
    request.headers["x-ms-version"] = "1"
    refused(request, where, "header x-ms-version is not known")


@claim
def a_wrong_body_is_seen():
    request = example("/create")
    where = service_of(request)
    good = json.loads(request.body)
    for change, part in (({"kty": 1}, "kty is no text"), ({"key_ops": "wrapKey"}, "key_ops is no list"), ({"keysize": 2048}, "keysize is not known"),
                         ({"attributes": {"enabled": "yes"}}, "enabled is no boolean"), ({"release_policy": {"data": "!"}}, "not base64url")):
        request.body = json.dumps({**good, **change}).encode()
        refused(request, where, part)
    request.body = json.dumps({k: v for k, v in good.items() if k != "kty"}).encode()
    refused(request, where, "kty is missing")
    request.body = b""
    refused(request, where, "body is missing")


@claim
def a_path_that_no_service_has_is_seen():
    request = Request("POST", "/keys/a/b/unwrap?api-version=7.5", {}, b"")
    refused(request, keys["7.5"], "no operation")
    request = Request("PUT", "/c/b", {"x-ms-version": "2021-12-02", "content-length": "0"}, b"")
    refused(request, blob, "x-ms-blob-type is missing")


try:
    tap.run()
finally:
    shutil.rmtree(folder, ignore_errors=True)
