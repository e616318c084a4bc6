"""Forged, altered and stolen tokens and assertions, against each service that reads them. Each is refused, and a good one,
made in the same way, is not: so it is the attack that is refused."""
import hashlib
import hmac
import json
import sys
import uuid

import directory
import jose
import tap
from local_server import VAULT, Server, b64url, unb64url
from tap import claim, equal

ATTEST = "https://attest.azure.net"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

server = Server(sys.argv[1])
tenant, base = server.info["tenant"], server.info["authority"]
key = jose.read_key(server.path("identity", "signing.key"))
public = jose.openssl("rsa", "-pubout", data=key)
HEADER, VAULT_CLAIMS, _ = jose.parts(server.token("owner"))
ATTEST_CLAIMS = jose.parts(server.token("owner", ATTEST))[1]
NOW = ATTEST_CLAIMS["iat"]
evil = jose.new_key()

first, second = directory.Certificate("first"), directory.Certificate("second")
app = directory.application("victim", certificates=[first.entry()])
rival = directory.application("rival", certificates=[second.entry()])
directory.edit(server, lambda table: table["applications"].extend([app, rival]))


def ask_attest(token):
    headers = {"Authorization": "Bearer " + token}
    return server.request("GET", "/policies/SgxEnclave?api-version=2020-10-01", headers=headers).status


def ask_vault(token):
    return server.request("GET", "/keys?api-version=7.5", headers={"Authorization": "Bearer " + token}).status


# Each service with the claims that it would admit.
SERVICES = [(ask_attest, ATTEST_CLAIMS), (ask_vault, VAULT_CLAIMS)]


def refused(make):
    """make(claims) is a token, or its parts; every service refuses it."""
    for ask, claims in SERVICES:
        equal(ask(make(dict(claims))), 401, ask.__name__)


def signed(header=None, pem=key, **changes):
    """A maker of tokens that differ from good ones in this."""
    def make(claims):
        claims.update(changes)
        return jose.sign(pem, header or HEADER, {k: v for k, v in claims.items() if v is not None})
    return make


def raw(header, payload, pem=key):
    text = f"{b64url(header.encode())}.{b64url(payload.encode())}"
    signature = jose.with_file(pem, lambda name: jose.openssl("dgst", "-sha256", "-sign", name, data=text.encode()))
    return f"{text}.{b64url(signature)}"


@claim
def a_token_made_in_the_same_way_is_admitted():
    for ask, claims in SERVICES:
        equal(ask(jose.sign(key, HEADER, claims)), 200, ask.__name__)


@claim
def the_public_key_is_no_secret_of_an_hmac():
    for secret in (public, public.rstrip(b"\n"), unb64url(jose.public_jwk(key, "", [])["n"])):
        def make(claims, secret=secret):
            text = f"{b64url(json.dumps(dict(HEADER, alg='HS256')).encode())}.{b64url(json.dumps(claims).encode())}"
            return f"{text}.{b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"
        refused(make)


@claim
def unsigned_tokens_are_refused():
    for name in ("none", "None", "NONE", "nOnE", ""):
        header = b64url(json.dumps(dict(HEADER, alg=name)).encode())
        for signature in ("", "AAAA"):
            refused(lambda claims, h=header, s=signature: f"{h}.{b64url(json.dumps(claims).encode())}.{s}")


@claim
def other_algorithms_are_refused():
    for name in ("RS384", "RS512", "PS256", "ES256", "rs256", "RS256 ", ["RS256"], None, 1):
        refused(signed(dict(HEADER, alg=name)))


@claim
def a_kid_only_names_a_published_key():
    for kid in ("../../identity/signing.key", "/dev/null", "' OR '1'='1", "x" * 600, "x" * 20000, "", HEADER["kid"].lower(),
                HEADER["kid"] + " ", HEADER["kid"] + "\0", None, 7, [HEADER["kid"]]):
        refused(signed(dict(HEADER, kid=kid)))
    refused(signed({k: v for k, v in HEADER.items() if k != "kid"}))


@claim
def a_key_in_the_header_is_not_believed():
    jwk = jose.public_jwk(evil, HEADER["kid"], ["verify"])
    certificate = jose.with_file(evil, lambda path: jose.openssl("req", "-x509", "-new", "-key", path, "-subj", "/CN=x", "-outform", "DER"))
    import base64
    for more in ({"jwk": jwk}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/cert"},
                 {"x5c": [base64.b64encode(certificate).decode()]}):
        refused(signed(dict(HEADER, **more), pem=evil))
        refused(signed(dict(HEADER, kid="evil", **more), pem=evil))
        for ask, claims in SERVICES:  # beside a good signature they mean nothing
            equal(ask(jose.sign(key, dict(HEADER, **more), claims)), 200)


@claim
def headers_that_change_the_meaning_are_refused():
    for more in ({"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"zip": "DEF"}):
        refused(signed(dict(HEADER, **more)))


@claim
def a_token_of_another_tenant_issuer_or_audience_is_refused():
    other = str(uuid.uuid4())
    for changes in ({"tid": other}, {"tid": None}, {"tid": [tenant]}, {"iss": f"{base}/{other}/"}, {"iss": f"{base}/{tenant}/v2.0"},
                    {"iss": "https://sts.windows.net/" + tenant + "/"}, {"iss": None}, {"iss": [f"{base}/{tenant}/"]},
                    {"aud": "api://coffer"}, {"aud": None}, {"aud": ["https://storage.azure.com"]}, {"aud": VAULT_CLAIMS["aud"] + "x"},
                    {"aud": "https://VAULT.azure.net"}, {"aud": {"0": VAULT}}):
        refused(signed(**changes))
    equal(ask_attest(server.token("owner")), 401)
    equal(ask_vault(server.token("owner", ATTEST)), 401)


@claim
def a_token_is_valid_in_its_time_only():
    for changes in ({"exp": NOW - 400}, {"exp": None}, {"exp": str(NOW + 3600)}, {"exp": -1}, {"exp": 1e300}, {"exp": 2 ** 63},
                    {"exp": NOW + 0.5}, {"nbf": NOW + 400}, {"nbf": "now"}, {"iat": NOW + 400}, {"exp": True}):
        refused(signed(**changes))
    for ask, claims in SERVICES:
        equal(ask(jose.sign(key, HEADER, dict(claims, exp=NOW - 200))), 200)  # within the skew of five minutes


@claim
def a_signature_that_was_cut_or_edited_is_refused():
    for ask, claims in SERVICES:
        token = jose.sign(key, HEADER, claims)
        head, body, signature = token.split(".")
        edited = json.loads(unb64url(body))
        edited["oid"] = str(uuid.uuid4())
        for text in (f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}", token + "AAAA", f"{head}.{body}.{signature[::-1]}",
                     f"{head}.{b64url(json.dumps(edited).encode())}.{signature}", f"{head}.{body}.{signature}.{signature}",
                     f"{head}.{body}.{signature}=", f"{head}..{body}.{signature}", f".{body}.{signature}", "..", "...", ".", "",
                     f"{head}.{body}.{b64url(bytes(256))}", f"{head}.{body}.{b64url(b'0' * 1000)}", token.replace(".", " "), token[:-1]):
            equal(ask(text), 401, text[-40:])


@claim
def members_that_stand_twice_are_refused():
    for ask, claims in SERVICES:
        body, head = json.dumps(claims), json.dumps(HEADER)
        equal(ask(raw(head, body)), 200)
        equal(ask(raw(head, body[:-1] + ', "oid": "' + claims["oid"] + '"}')), 401)
        equal(ask(raw(head, '{"aud": "x", ' + body[1:])), 401)
        equal(ask(raw(head[:-1] + ', "alg": "RS256"}', body)), 401)
        equal(ask(raw('{"kid": "x", ' + head[1:], body)), 401)


@claim
def what_is_not_a_jwt_of_claims_is_refused():
    for ask, claims in SERVICES:
        head, token = json.dumps(HEADER), jose.sign(key, HEADER, claims)
        for payload in ("[]", "7", '"x"', "", "{", "{} {}", "\ufeff" + json.dumps(claims), token, json.dumps({"token": token}),
                        "[" * 500 + "]" * 500):
            equal(ask(raw(head, payload)), 401, payload[:40])
        nested = jose.sign(key, dict(HEADER, cty="JWT"), token)
        equal(ask(nested), 401)
        for header in ("[]", "7", "{}", "null", head + "x"):
            equal(ask(raw(header, json.dumps(claims))), 401, header)


@claim
def tokens_that_are_very_long_are_refused():
    for ask, claims in SERVICES:
        good = jose.sign(key, HEADER, dict(claims, filler="x" * 40000))
        for text in ("a" * 20000, "." * 20000, "e30." * 5000, good):
            assert ask(text) in (400, 401, 413, 431), len(text)


@claim
def other_schemes_are_refused():
    token = server.token("owner", ATTEST)
    for value in ("", token, "Basic " + token, "Bearer", "Bearer  " + token, "Bearer " + token + " x", "PoP " + token):
        headers = {"Authorization": value}
        equal(server.request("GET", "/policies/SgxEnclave?api-version=2020-10-01", headers=headers).status, 401, value[:12])


# ---- assertions, at the token endpoint ----

def claims_of(client, **changes):
    claims = {"aud": f"{base}/{tenant}/oauth2/v2.0/token", "iss": client["client_id"], "sub": client["client_id"], "jti": str(uuid.uuid4()),
              "nbf": NOW, "exp": NOW + 600}
    claims.update(changes)
    return {k: v for k, v in claims.items() if v is not None}


def offer(text, client=app):
    answer = server.ask_token({"grant_type": "client_credentials", "client_id": client["client_id"], "client_assertion_type": ASSERTION,
                               "client_assertion": text, "scope": VAULT + "/.default"})
    return answer.status, (answer.json().get("error_codes") or [0])[0]


def header_of(certificate, **more):
    return dict({"alg": "RS256", "typ": "JWT", "x5t": certificate.x5t}, **more)


@claim
def an_assertion_made_in_the_same_way_is_admitted_once():
    text = jose.sign(first.pem, header_of(first), claims_of(app))
    equal([offer(text), offer(text)], [(200, 0), (401, 50013)])


@claim
def an_assertion_of_another_application_is_refused():
    # Its own, offered for the victim; one that names the victim, with the rival's key under either thumbprint.
    equal(offer(jose.sign(second.pem, header_of(second), claims_of(rival)), rival), (200, 0))
    equal(offer(jose.sign(second.pem, header_of(second), claims_of(rival))), (401, 700027))
    equal(offer(jose.sign(second.pem, header_of(second), claims_of(app))), (401, 700027))
    equal(offer(jose.sign(second.pem, header_of(first), claims_of(app))), (401, 700027))
    equal(offer(jose.sign(first.pem, header_of(first), claims_of(rival))), (401, 700021))
    equal(offer(jose.sign(first.pem, header_of(first), claims_of(app, sub=rival["client_id"]))), (401, 700021))


@claim
def thumbprints_must_not_contradict():
    both = {"x5t": first.x5t, "x5t#S256": second.x5t_s256}
    equal(offer(jose.sign(first.pem, dict({"alg": "RS256"}, **both), claims_of(app))), (401, 700027))
    equal(offer(jose.sign(first.pem, {"alg": "RS256"}, claims_of(app))), (401, 700027))


@claim
def an_assertion_is_valid_in_its_time_and_for_us_only():
    for changes, code in (({"exp": NOW - 400}, 700024), ({"exp": NOW + 3600}, 700024), ({"nbf": NOW + 400}, 700024), ({"exp": None}, 700024),
                          ({"aud": "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token"}, 700023), ({"aud": None}, 700023),
                          ({"aud": f"{base}/{uuid.uuid4()}/v2.0"}, 700023), ({"jti": None}, 50027), ({"iss": None}, 50027)):
        equal(offer(jose.sign(first.pem, header_of(first), claims_of(app, **changes))), (401, code), changes)


@claim
def forged_assertions_are_refused():
    claims = claims_of(app)
    text = f"{b64url(json.dumps(header_of(first, alg='HS256')).encode())}.{b64url(json.dumps(claims).encode())}"
    equal(offer(f"{text}.{b64url(hmac.new(first.certificate, text.encode(), hashlib.sha256).digest())}"), (401, 50027))
    head = b64url(json.dumps(header_of(first, alg="none")).encode())
    equal(offer(f"{head}.{b64url(json.dumps(claims).encode())}."), (401, 50027))
    jwk = jose.public_jwk(evil, "x", ["verify"])
    equal(offer(jose.sign(evil, header_of(first, jwk=jwk), claims)), (401, 700027))
    good = jose.sign(first.pem, header_of(first), claims)
    assert offer(good[:-4]) in ((401, 50027), (401, 700027))
    for text in ("", "x", "a.b.c", "." * 70000, good + "." + good):
        equal(offer(text), (401, 50027), text[:10])
    equal(offer(good), (200, 0))


@claim
def an_access_token_is_no_assertion():
    equal(offer(server.token("owner")), (401, 700211))


try:
    tap.run()
finally:
    server.close()
