"""The identity service, in Entra ID's wire forms."""
import base64
import sys
import urllib.parse

import jose
import tap
from local_server import VAULT, Server
from tap import claim, equal

server = Server(sys.argv[1])
tenant = server.info["tenant"]
base = server.info["authority"]
owner = server.credentials("owner")
GOOD = {"grant_type": "client_credentials", "client_id": owner["client_id"], "client_secret": owner["client_secret"],
        "scope": VAULT + "/.default"}


def refusal(form, status, error, code, path="oauth2/v2.0/token", **more):
    answer = server.ask_token(form, **more) if path.endswith("v2.0/token") else post(path, form)
    body = answer.json()
    equal((answer.status, body["error"], body["error_codes"]), (status, error, [code]))
    assert body["error_description"].startswith(f"AADSTS{code}: "), body
    assert all(name in body for name in ("timestamp", "trace_id", "correlation_id", "error_uri"))


def post(path, form, headers=None):
    given = {"Content-Type": "application/x-www-form-urlencoded"}
    given.update(headers or {})
    return server.request("POST", f"/{tenant}/{path}", urllib.parse.urlencode(form), given)


@claim
def discovery_names_the_endpoints_of_this_host():
    body = server.request("GET", f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    equal(body["issuer"], f"{base}/{tenant}/v2.0")
    for name in ("token_endpoint", "authorization_endpoint", "jwks_uri"):
        assert body[name].startswith(f"{base}/{tenant}/"), body[name]


@claim
def version_1_discovery_names_the_issuer_of_access_tokens():
    body = server.request("GET", f"/{tenant}/.well-known/openid-configuration").json()
    equal(body["issuer"], f"{base}/{tenant}/")
    equal(server.request("GET", urllib.parse.urlparse(body["jwks_uri"]).path).status, 200)


@claim
def a_token_has_the_documented_claims_and_verifies_with_the_published_key():
    answer = server.ask_token(GOOD)
    body = answer.json()
    equal((answer.status, body["token_type"], body["expires_in"], body["ext_expires_in"]), (200, "Bearer", 3599, 3599))
    equal(answer.headers["cache-control"], "no-store")
    header, claims, _ = jose.parts(body["access_token"])
    keys = server.request("GET", f"/{tenant}/discovery/v2.0/keys").json()["keys"]
    key = [k for k in keys if k["kid"] == header["kid"]][0]
    equal((header["alg"], header["typ"], header["x5t"]), ("RS256", "JWT", key["x5t"]))
    assert jose.verify(body["access_token"], base64.b64decode(key["x5c"][0]))
    equal((claims["aud"], claims["iss"], claims["tid"], claims["ver"]), (VAULT, f"{base}/{tenant}/", tenant, "1.0"))
    equal((claims["appid"], claims["appidacr"], claims["sub"]), (owner["client_id"], "1", claims["oid"]))
    equal((claims["idtyp"], claims["app_displayname"]), ("app", "owner"))
    assert "scp" not in claims


@claim
def only_tokens_for_coffer_name_roles():
    for name, roles in (("owner", ["admin", "auditor", "data-owner", "recipient"]), ("agent", ["operator"]), ("auditor", ["auditor"])):
        _, claims, _ = jose.parts(server.token(name, "api://coffer"))
        equal((claims["aud"], sorted(claims["roles"])), ("api://coffer", roles), name)


@claim
def unknown_form_fields_and_a_query_are_tolerated():
    form = dict(GOOD, **{"x-client-SKU": "msal.js", "claims": '{"access_token":{}}', "client-request-id": "1"})
    target = f"/{tenant}/oauth2/v2.0/token?client-request-id=aa"
    answer = server.request("POST", target, urllib.parse.urlencode(form),
                            {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"})
    equal(answer.status, 200)


@claim
def a_wrong_secret_is_refused():
    refusal(dict(GOOD, client_secret="wrong"), 401, "invalid_client", 7000215)


@claim
def a_missing_secret_is_refused():
    refusal({k: v for k, v in GOOD.items() if k != "client_secret"}, 401, "invalid_client", 7000218)


@claim
def an_unknown_client_is_refused():
    refusal(dict(GOOD, client_id="00000000-0000-4000-8000-000000000000"), 400, "unauthorized_client", 700016)


@claim
def an_unknown_tenant_is_refused():
    for name in ("11111111-1111-4111-8111-111111111111", "common", "organizations", "consumers"):
        refusal(GOOD, 400, "invalid_request", 90002, tenant=name)
        answer = server.request("GET", f"/{name}/v2.0/.well-known/openid-configuration")
        equal((answer.status, answer.json()["error_codes"]), (400, [90002]), name)


@claim
def the_version_1_endpoint_takes_a_resource_and_answers_numbers_as_texts():
    form = {k: v for k, v in GOOD.items() if k != "scope"}
    answer = post("oauth2/token", dict(form, resource=VAULT + "/"))
    body = answer.json()
    equal((answer.status, body["expires_in"], body["resource"], body["token_type"]), (200, "3599", VAULT, "Bearer"))
    equal(int(body["expires_on"]) - int(body["not_before"]), 3599)
    equal(jose.parts(body["access_token"])[1]["aud"], VAULT)
    refusal(form, 400, "invalid_request", 900144, path="oauth2/token")
    refusal(dict(form, resource="https://evil.example"), 400, "invalid_resource", 500011, path="oauth2/token")
    refusal(dict(form, grant_type="refresh_token"), 400, "unsupported_grant_type", 70003, path="oauth2/token")


@claim
def the_instance_is_discovered_for_our_own_host_only():
    def ask(endpoint):
        query = urllib.parse.urlencode({"api-version": "1.1", "authorization_endpoint": endpoint})
        return server.request("GET", "/common/discovery/instance?" + query)
    body = ask(f"{base}/{tenant}/oauth2/v2.0/authorize").json()
    equal(body["tenant_discovery_endpoint"], f"{base}/{tenant}/v2.0/.well-known/openid-configuration")
    equal(body["metadata"][0]["aliases"], [base[len("https://"):]])
    for endpoint in ("https://login.example/common/oauth2/v2.0/authorize", "http" + base[5:], "", base + "@evil.example/"):
        answer = ask(endpoint)
        equal((answer.status, answer.json()["error"]), (400, "invalid_instance"), endpoint)


@claim
def a_missing_scope_is_refused():
    refusal({k: v for k, v in GOOD.items() if k != "scope"}, 400, "invalid_request", 900144)


@claim
def a_scope_without_default_is_refused():
    refusal(dict(GOOD, scope=VAULT + "/user"), 400, "invalid_scope", 1002012)


@claim
def an_unknown_resource_is_refused():
    refusal(dict(GOOD, scope="https://evil.example/.default"), 400, "invalid_resource", 500011)


@claim
def another_grant_is_refused():
    refusal(dict(GOOD, grant_type="password"), 400, "unsupported_grant_type", 70003)


@claim
def a_field_given_twice_is_refused():
    body = urllib.parse.urlencode(GOOD) + "&scope=https%3A%2F%2Fattest.azure.net%2F.default"
    answer = server.request("POST", f"/{tenant}/oauth2/v2.0/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
    equal(answer.status, 400)


@claim
def a_body_that_is_no_form_is_refused():
    refusal(GOOD, 400, "invalid_request", 900144, headers={"Content-Type": "application/json"})


@claim
def secrets_are_not_stored():
    with open(server.path("identity", "directory.json")) as f:
        text = f.read()
    assert owner["client_secret"] not in text and owner["client_id"] in text


try:
    tap.run()
finally:
    server.close()
