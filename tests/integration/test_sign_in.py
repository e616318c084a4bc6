"""How applications and people sign in: certificates, other issuers, device codes, sessions; and what is refused."""
import html
import re
import sys
import time
import urllib.parse
import uuid

import directory
import jose
import tap
from local_server import VAULT, Server, unb64url
from tap import claim, equal

CLI = "c0ffe2c1-1ca1-4c11-8f3b-5d9a7be04a52"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OUTSIDE = "https://issuer.example/realm"
SCOPE = VAULT + "/.default"

server = Server(sys.argv[1])
tenant, base = server.info["tenant"], server.info["authority"]
NOW = jose.parts(server.token("owner"))[1]["iat"]  # the server's clock, which may be rigged

certificate = directory.Certificate()
stale = directory.Certificate()
outside = jose.new_key()
robot = directory.application("robot", secrets=[directory.secret("first secret"), directory.secret("old secret", NOW - 1)],
                              certificates=[certificate.entry(), stale.entry(expires=NOW - 1)],
                              federated=[directory.federated(OUTSIDE, "repo:a/b", [jose.public_jwk(outside, "k1", ["verify"])])])
retired = directory.application("retired", secrets=[directory.secret("its secret")], enabled=False)
alice = directory.user("alice", "correct horse", display_name="Alice <A>")
bob = directory.user("bob", "battery staple", enabled=False)
team = directory.group("team", alice, robot)


def fill(table):
    table["applications"] += [robot, retired]
    table["users"] += [alice, bob]
    table["groups"] += [team]


directory.edit(server, fill)


def post(path, form, headers=None):
    given = {"Content-Type": "application/x-www-form-urlencoded"}
    given.update(headers or {})
    return server.request("POST", f"/{tenant}/{path}", urllib.parse.urlencode(form), given)


def refused(answer, status, error, code):
    body = answer.json()
    equal((answer.status, body.get("error"), body.get("error_codes")), (status, error, [code]))
    assert body["error_description"].startswith(f"AADSTS{code}: "), body
    return body


def by_secret(app, text, **more):
    return server.ask_token({"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": text,
                             "scope": SCOPE, **more})


def assertion(key=certificate, header=None, **changes):
    claims = {"aud": f"{base}/{tenant}/oauth2/v2.0/token", "iss": robot["client_id"], "sub": robot["client_id"], "jti": str(uuid.uuid4()),
              "nbf": NOW, "exp": NOW + 600}
    claims.update(changes)
    return jose.sign(key.pem, header or {"alg": "RS256", "typ": "JWT", "x5t": key.x5t}, claims)


def by_assertion(text, app=robot, scope=SCOPE, **more):
    return server.ask_token({"grant_type": "client_credentials", "client_id": app["client_id"], "client_assertion_type": ASSERTION,
                             "client_assertion": text, "scope": scope, **more})


def claims_of(answer):
    equal(answer.status, 200, answer.body)
    return jose.parts(answer.json()["access_token"])[1]


# ---- applications ----

@claim
def each_of_several_secrets_is_good_until_it_expires():
    claims = claims_of(by_secret(robot, "first secret"))
    equal((claims["appid"], claims["appidacr"], claims["oid"]), (robot["client_id"], "1", robot["object_id"]))
    equal(claims["groups"], [team["object_id"]])
    refused(by_secret(robot, "old secret"), 401, "invalid_client", 7000222)
    refused(by_secret(robot, ""), 401, "invalid_client", 7000215)


@claim
def an_application_that_is_disabled_gets_nothing():
    refused(by_secret(retired, "its secret"), 401, "unauthorized_client", 7000112)
    refused(by_secret(retired, "another"), 401, "invalid_client", 7000215)


@claim
def a_certificate_is_as_good_by_both_algorithms_and_thumbprints():
    headers = [{"alg": "RS256", "x5t": certificate.x5t}, {"alg": "PS256", "x5t#S256": certificate.x5t_s256},
               {"alg": "RS256", "x5t#S256": certificate.x5t_s256, "x5t": certificate.x5t}]
    for header in headers:
        claims = claims_of(by_assertion(assertion(header=header)))
        equal((claims["appid"], claims["appidacr"]), (robot["client_id"], "2"))


@claim
def an_assertion_may_be_for_the_endpoint_or_the_issuer():
    for path in ("oauth2/v2.0/token", "oauth2/token", "v2.0", "v2.0/", ""):
        claims_of(by_assertion(assertion(aud=f"{base}/{tenant}/{path}")))
    claims_of(by_assertion(assertion(aud=f"{base}/{tenant}")))


@claim
def an_assertion_gets_one_token_of_each_resource():
    text = assertion()
    claims_of(by_assertion(text))
    equal(claims_of(by_assertion(text, scope="api://coffer/.default"))["aud"], "api://coffer")
    refused(by_assertion(text), 401, "invalid_client", 50013)
    refused(by_assertion(text, scope="api://coffer/.default"), 401, "invalid_client", 50013)


@claim
def the_token_of_another_issuer_is_exchanged_and_may_be_used_again():
    text = jose.sign(outside, {"alg": "RS256", "kid": "k1"}, {"iss": OUTSIDE, "sub": "repo:a/b", "aud": ["api://AzureADTokenExchange"],
                                                              "exp": NOW + 3600})
    for _ in range(2):
        equal(claims_of(by_assertion(text))["appidacr"], "2")


@claim
def a_certificate_that_has_expired_is_refused():
    refused(by_assertion(assertion(key=stale)), 401, "invalid_client", 700027)


@claim
def an_assertion_has_its_type_and_stands_alone():
    refused(by_assertion(assertion(), client_assertion_type="jwt"), 400, "invalid_request", 50027)
    refused(by_assertion(assertion(), client_secret="first secret"), 400, "invalid_request", 50027)


@claim
def many_wrong_secrets_have_to_wait():
    app = directory.application("guessed", secrets=[directory.secret("right")])
    directory.edit(server, lambda table: table["applications"].append(app))
    for _ in range(10):
        refused(by_secret(app, "wrong"), 401, "invalid_client", 7000215)
    answer = by_secret(app, "wrong")
    refused(answer, 429, "temporarily_unavailable", 50196)
    assert 0 < int(answer.headers["retry-after"]) <= 2
    claims_of(by_secret(robot, "first secret"))  # nobody else waits


@claim
def who_knows_a_client_id_cannot_lock_its_owner_out():
    app = directory.application("besieged", secrets=[directory.secret("right")], certificates=[certificate.entry()])
    directory.edit(server, lambda table: table["applications"].append(app))
    for _ in range(12):
        by_secret(app, "wrong")
    refused(by_secret(app, "wrong"), 429, "temporarily_unavailable", 50196)
    claims_of(by_assertion(assertion(iss=app["client_id"], sub=app["client_id"]), app))
    for _ in range(12):
        by_secret(app, "wrong")
    refused(by_secret(app, "wrong"), 429, "temporarily_unavailable", 50196)
    claims_of(by_secret(app, "right"))


@claim
def many_groups_do_not_make_a_token_too_long_to_be_sent():
    app = directory.application("popular", secrets=[directory.secret("right")])
    groups = [directory.group(f"club-{i}", app) for i in range(900)]

    def change(table):
        table["applications"].append(app)
        table["groups"] += groups[:200]
    directory.edit(server, change)
    equal(len(claims_of(by_secret(app, "right"))["groups"]), 200)
    directory.edit(server, lambda table: table["groups"].extend(groups[200:]))
    answer = by_secret(app, "right")
    claims = claims_of(answer)
    equal(("groups" in claims, claims.get("hasgroups")), (False, True))
    bearer = {"Authorization": "Bearer " + answer.json()["access_token"]}
    equal(server.request("GET", "/keys?api-version=7.4", None, bearer).status, 403)
    directory.edit(server, lambda table: table.update(groups=[g for g in table["groups"] if not g["name"].startswith("club-")]))


# ---- people ----

def start(scope=SCOPE + " offline_access", client=CLI):
    return post("oauth2/v2.0/devicecode", {"client_id": client, "scope": scope})


def poll(code, **more):
    return server.ask_token({"grant_type": DEVICE, "client_id": CLI, "device_code": code, **more})


def page(answer):
    ticket = re.search(r'name="ticket" value="([0-9a-f]+)"', answer.body.decode()).group(1)
    return ticket, answer.headers["set-cookie"].split(";")[0]


def enter(code, name="alice", password="correct horse", action="sign-in", headers=None, **changes):
    ticket, cookie = page(server.request("GET", f"/{tenant}/oauth2/deviceauth"))
    form = {"user_code": code, "name": name, "password": password, "action": action, "ticket": ticket}
    form.update(changes)
    given = {"Cookie": cookie, "Origin": base}
    given.update(headers or {})
    return post("oauth2/deviceauth", form, {k: v for k, v in given.items() if v})


def sign_in(scope=SCOPE + " offline_access", **more):
    started = start(scope).json()
    equal(enter(started["user_code"]).status, 200)
    return poll(started["device_code"], **more)


def refresh(token, scope=SCOPE, client=CLI):
    return server.ask_token({"grant_type": "refresh_token", "client_id": client, "refresh_token": token, "scope": scope})


@claim
def a_person_signs_in_with_a_code():
    started = start().json()
    equal((started["expires_in"], started["interval"]), (900, 5))
    assert started["user_code"] in started["message"] and started["verification_uri"] in started["message"]
    equal(started["verification_uri"], f"{base}/{tenant}/oauth2/deviceauth")
    refused(poll(started["device_code"]), 400, "authorization_pending", 70016)
    answer = enter(started["user_code"].lower().replace("-", ""))
    assert answer.status == 200 and b"You have signed in" in answer.body, answer.body
    body = poll(started["device_code"]).json()
    claims = jose.parts(body["access_token"])[1]
    equal((claims["oid"], claims["sub"], claims["scp"]), (alice["object_id"], alice["object_id"], "user_impersonation"))
    equal((claims["upn"], claims["name"], claims["appid"], claims["appidacr"]), ("alice@localhost", "Alice <A>", CLI, "0"))
    equal(claims["groups"], [team["object_id"]])
    assert "idtyp" not in claims and "roles" not in claims
    refused(poll(started["device_code"]), 400, "expired_token", 70020)
    record = [r for r in server.audit() if r.get("action") == "sign-in"][-1]
    equal((record["who"], record["oid"], record["decision"]), ("alice", alice["object_id"], "granted"))


@claim
def a_password_that_was_changed_after_the_sign_in_gives_nothing():
    bearer = {"Authorization": "Bearer " + server.token("owner", "api://coffer"), "Content-Type": "application/json"}
    equal(server.request("POST", "/access/users", '{"name":"dora"}', bearer).status, 201)
    equal(server.request("PUT", "/access/users/dora/password", '{"password":"known to a thief"}', bearer).status, 204)
    for scope in (SCOPE, SCOPE + " offline_access"):
        started = start(scope).json()
        equal(enter(started["user_code"], "dora", "known to a thief").status, 200)
        equal(server.request("PUT", "/access/users/dora/password", '{"password":"a new password"}', bearer).status, 204)
        refused(poll(started["device_code"]), 400, "invalid_grant", 50173)
        equal(server.request("PUT", "/access/users/dora/password", '{"password":"known to a thief"}', bearer).status, 204)


@claim
def what_is_typed_as_a_name_is_not_written_down():
    started = start().json()
    equal(enter(started["user_code"], "Hunter2-Hunter2", "").status, 400)
    with open(server.path("audit.jsonl")) as f:
        assert "Hunter2" not in f.read()


@claim
def an_id_token_says_who_it_is_when_asked():
    body = sign_in("openid profile " + SCOPE, client_info="1").json()
    claims = jose.parts(body["id_token"])[1]
    equal((claims["aud"], claims["iss"], claims["preferred_username"]), (CLI, f"{base}/{tenant}/v2.0", "alice@localhost"))
    equal(unb64url(body["client_info"]).decode(), f'{{"uid":"{alice["object_id"]}","utid":"{tenant}"}}')
    assert "refresh_token" not in body and "id_token" not in sign_in().json()


@claim
def a_request_that_is_refused_in_the_browser_is_denied():
    started = start().json()
    assert b"refused" in enter(started["user_code"], name="", password="", action="refuse").body
    refused(poll(started["device_code"]), 400, "access_denied", 70018)


@claim
def polling_too_fast_is_slowed_down():
    code = start().json()["device_code"]
    refused(poll(code), 400, "authorization_pending", 70016)
    refused(poll(code), 400, "slow_down", 70016)


@claim
def wrong_people_are_refused_alike():
    started = start().json()
    pages = [enter(started["user_code"], name, text) for name, text in
             (("alice", "wrong"), ("nobody", "correct horse"), ("robot", "first secret"), ("x" * 64, ""))]
    equal([p.status for p in pages], [400] * 4)
    equal(len({re.sub(rb'name="ticket" value="[^"]*"', b"", p.body) for p in pages}), 1)
    refused(poll(started["device_code"]), 400, "authorization_pending", 70016)
    found = [(r["who"], r["oid"], r["decision"], r["why"]) for r in server.audit() if r.get("action") == "sign-in"][-4:]
    equal(found, [("alice", alice["object_id"], "refused", "WrongPassword")] + [("", "", "refused", "WrongPassword")] * 3)


@claim
def a_person_who_is_disabled_cannot_sign_in():
    started = start().json()
    answer = enter(started["user_code"], "bob", "battery staple")
    assert answer.status == 403 and b"disabled" in answer.body
    refused(poll(started["device_code"]), 400, "authorization_pending", 70016)


@claim
def five_wrong_passwords_deny_a_request():
    started = start().json()
    for _ in range(5):
        equal(enter(started["user_code"], "bob", "wrong").status, 400)
    assert b"not known" in enter(started["user_code"]).body
    refused(poll(started["device_code"]), 400, "access_denied", 70018)


@claim
def ten_wrong_passwords_lock_the_person_out():
    carol = directory.user("carol", "her password")
    directory.edit(server, lambda table: table["users"].append(carol))
    found = []
    for _ in range(3):
        code = start().json()["user_code"]
        found += [enter(code, "carol", "guess").status for _ in range(4)]
    assert found[:10] == [400] * 10 and 429 in found, found
    code = start().json()["user_code"]
    equal(enter(code, "carol", "her password").status, 429)
    equal(enter(code).status, 200)  # alice may


@claim
def the_page_runs_nothing_and_cannot_be_framed():
    answer = server.request("GET", f"/{tenant}/oauth2/deviceauth")
    policy = answer.headers["content-security-policy"]
    for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy, policy
    equal((answer.headers["cache-control"], answer.headers["x-frame-options"]), ("no-store", "DENY"))
    equal(answer.headers["content-type"], "text/html; charset=utf-8")
    assert b"<script" not in answer.body and b"http" not in answer.body
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in answer.headers["set-cookie"], part


@claim
def what_is_typed_comes_back_escaped():
    text = '"><script>&\''
    answer = enter(text)
    equal(answer.status, 400)
    found = re.search(r'name="user_code"[^>]* value="([^"]*)"', answer.body.decode()).group(1)
    equal(html.unescape(found), text)
    assert b"<script" not in answer.body


@claim
def a_form_of_another_browser_or_site_is_refused():
    started = start().json()
    code = started["user_code"]
    other = page(server.request("GET", f"/{tenant}/oauth2/deviceauth"))
    for more in ({"headers": {"Cookie": ""}}, {"headers": {"Cookie": other[1]}}, {"ticket": other[0]}, {"ticket": ""},
                 {"headers": {"Origin": "https://evil.example"}}, {"headers": {"Origin": "null"}},
                 {"headers": {"Cookie": "__Host-coffer-signin="}}):
        answer = enter(code, **more)
        assert answer.status == 400 and b"not of this browser" in answer.body, more
    refused(poll(started["device_code"]), 400, "authorization_pending", 70016)
    equal(enter(code, headers={"Cookie": None, "Origin": None}).status, 400)


@claim
def device_codes_are_for_the_public_application():
    refused(start(client=robot["client_id"]), 401, "invalid_client", 7000218)
    refused(start(client=str(uuid.uuid4())), 400, "unauthorized_client", 700016)
    refused(start(scope="https://evil.example/.default"), 400, "invalid_resource", 500011)
    refused(start(scope="openid"), 400, "invalid_scope", 1002012)
    refused(start(scope=SCOPE + " api://coffer/.default"), 400, "invalid_scope", 1002012)
    refused(server.ask_token({"grant_type": "client_credentials", "client_id": CLI, "client_secret": "x", "scope": SCOPE}),
            401, "invalid_client", 700025)
    refused(poll(start().json()["device_code"], client_secret="x"), 401, "invalid_client", 700025)


@claim
def requests_that_wait_are_bounded():
    # In a server of its own: it stays full.
    small = Server(sys.argv[1])
    try:
        target = f"/{small.info['tenant']}/oauth2/v2.0/devicecode"
        body = urllib.parse.urlencode({"client_id": CLI, "scope": SCOPE})
        found = [small.request("POST", target, body, {"Content-Type": "application/x-www-form-urlencoded"}).status for _ in range(65)]
        equal(found, [200] * 64 + [429])
    finally:
        small.close()


# ---- sessions ----

@claim
def a_refresh_token_gets_tokens_of_any_resource_and_is_new_each_time():
    first = sign_in().json()["refresh_token"]
    answer = refresh(first, "api://coffer/.default")
    claims = claims_of(answer)
    equal((claims["aud"], claims["oid"], claims["scp"]), ("api://coffer", alice["object_id"], "user_impersonation"))
    second = answer.json()["refresh_token"]
    assert first != second
    claims_of(refresh(second, "https://attest.azure.net/.default"))


@claim
def a_refresh_token_that_was_used_ends_its_session():
    first = sign_in().json()["refresh_token"]
    second = refresh(first).json()["refresh_token"]
    refused(refresh(first), 400, "invalid_grant", 70000)
    refused(refresh(second), 400, "invalid_grant", 700082)
    equal([r["decision"] for r in server.audit() if r.get("action") == "session/reused"][-1], "ended")


@claim
def a_scope_that_is_wrong_does_not_use_the_token_up():
    token = sign_in().json()["refresh_token"]
    refused(refresh(token, "https://evil.example/.default"), 400, "invalid_resource", 500011)
    claims_of(refresh(token))


@claim
def sessions_survive_a_restart_and_a_new_password_ends_them():
    token = sign_in().json()["refresh_token"]
    with open(server.path("identity", "sessions.json")) as f:
        assert token.split(".")[1] not in f.read()
    port = server.port
    server.stop()
    server.start(port)
    token = refresh(token).json()["refresh_token"]

    def change(table):
        [u for u in table["users"] if u["name"] == "alice"][0]["password"] = directory.password("correct horse")
    directory.edit(server, change)
    refused(refresh(token), 400, "invalid_grant", 50173)
    refused(refresh(token), 400, "invalid_grant", 700082)


@claim
def a_person_who_is_disabled_gets_no_more_tokens():
    def enable(value):
        def change(table):
            [u for u in table["users"] if u["name"] == "alice"][0]["enabled"] = value
        return change
    token = sign_in().json()["refresh_token"]
    directory.edit(server, enable(False))
    refused(refresh(token), 400, "invalid_grant", 50057)
    directory.edit(server, enable(True))
    claims_of(refresh(token))


@claim
def a_session_that_is_revoked_is_over():
    token = sign_in().json()["refresh_token"]
    for text in (token, token, "unknown"):
        equal(post("oauth2/v2.0/revoke", {"token": text, "client_id": CLI}).status, 200)
    refused(refresh(token), 400, "invalid_grant", 700082)
    refused(post("oauth2/v2.0/revoke", {"client_id": CLI}), 400, "invalid_request", 900144)


@claim
def refresh_tokens_that_are_none_are_refused():
    for text in ("", "x", "." * 100, "0" * 32 + "." + "A" * 43, "a" * 5000):
        refused(refresh(text), 400, "invalid_grant", 700082)
    refused(refresh("x", client=robot["client_id"]), 401, "invalid_client", 7000218)


@claim
def many_wrong_codes_have_to_wait():
    # Last: everybody waits.
    found = [enter("BBBB-BBBB").status for _ in range(12)]
    equal((found[0], found[-1]), (400, 429), found)


try:
    tap.run()
finally:
    server.close()
