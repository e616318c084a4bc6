"""The vault, in Azure Key Vault's wire forms: keys, challenges, errors. Release has a program of its own."""
import hashlib
import json
import os
import sys
import time

import jose
import tap
from local_server import VAULT, Server, b64url, unb64url
from tap import claim, equal

server = Server(sys.argv[1])
base = server.info["vault"]
POLICY = {"version": "1.0.0", "anyOf": [{"authority": base, "allOf": [{"claim": "x-ms-attestation-type", "equals": "sgx"}]}]}


def policy_member(policy, **more):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return dict({"data": b64url(text.encode())}, **more)


def create(name, **body):
    return server.vault("owner", "POST", f"/keys/{name}/create", dict({"kty": "RSA", "key_size": 2048}, **body))


def exportable(name, policy=None, **more):
    answer = create(name, attributes={"exportable": True}, release_policy=policy_member(policy or POLICY), **more)
    equal(answer.status, 200, answer.body)
    return answer.json()


def path(bundle):
    return bundle["key"]["kid"][len(base):]


def bad(answer):
    equal((answer.status, answer.code()), (400, "BadParameter"), answer.body)


@claim
def a_request_without_token_or_body_is_told_where_tokens_come_from():
    answer = server.request("POST", "/keys/k/create?api%2Dversion=2025-07-01", "", {"Content-Type": "application/json"})
    equal((answer.status, answer.code()), (401, "Unauthorized"))
    equal(answer.headers["www-authenticate"], f'Bearer authorization="{base}/{server.info["tenant"]}", resource="{VAULT}"')


@claim
def a_sub_domain_of_the_vault_names_a_resource_that_clients_can_check():
    answer = server.request("GET", "/keys/k?api-version=7.5", host="mine.vault.localhost")
    assert answer.headers["www-authenticate"].endswith('resource="https://vault.localhost"'), answer.headers
    token = server.token("owner", "https://vault.localhost")
    equal(server.vault(None, "GET", "/keys/none", token=token).status, 404)


@claim
def a_key_is_made_and_shown_without_its_private_part():
    answer = create("first", kty="RSA-HSM", tags={"a": "b"})
    body = answer.json()
    equal((answer.status, body["key"]["kty"], body["tags"]), (200, "RSA-HSM", {"a": "b"}))
    name, version = path(body).split("/")[2:]
    equal((name, len(version)), ("first", 32))
    equal(sorted(body["key"]), ["e", "key_ops", "kid", "kty", "n"])
    equal(len(unb64url(body["key"]["n"])), 256)
    for target in ("/keys/first", "/keys/first/", path(body)):
        equal(server.vault("owner", "GET", target).json(), body, target)


@claim
def a_second_version_becomes_the_current_one_and_the_first_stays():
    first = create("versions").json()
    second = create("versions").json()
    equal(server.vault("owner", "GET", "/keys/versions").json(), second)
    equal(server.vault("owner", "GET", path(first)).json(), first)


@claim
def all_key_sizes_are_made():
    for bits in (2048, 3072, 4096):
        equal(len(unb64url(create("size", key_size=bits).json()["key"]["n"])) * 8, bits)


@claim
def wrong_create_requests_are_bad_parameters():
    for body in ({"kty": "EC"}, {"kty": "oct"}, {"key_size": 1024}, {"key_size": "2048"}, {"public_exponent": 3},
                 {"key_ops": ["fly"]}, {"tags": {"a": 5}}, {"attributes": []}, {"attributes": {"exp": "x"}},
                 {"tags": {"coffer.runs.x": "1"}}, {"attributes": {"nbf": 20, "exp": 10}}):
        bad(create("wrong", **body))
    for text in ("", "[]", "{", '{"kty":"RSA","kty":"RSA"}', "null"):
        bad(server.vault("owner", "POST", "/keys/wrong/create", text))
    equal(server.vault("owner", "GET", "/keys/wrong").status, 404)


@claim
def exportable_keys_need_a_release_policy_and_others_cannot_have_one():
    bad(create("no-policy", attributes={"exportable": True}))
    bad(create("no-export", release_policy=policy_member(POLICY)))


@claim
def a_release_policy_that_is_not_exact_is_refused():
    good = json.dumps(POLICY)
    for text in ("", "{}", "[]", good[:-1], good.replace('"1.0.0"', '"2"'), good.replace("anyOf", "someOf"),
                 good.replace('"equals": "sgx"', '"equals": ["sgx"]'), good.replace('"claim"', '"Claim"'),
                 good.replace("}]}]}", '}],"allOf":[]}]}'), good.replace('"equals": "sgx"', '"equals": "sgx","equals":"tdx"'),
                 good.replace('"anyOf": [', '"anyOf": [{"authority":"https://evil.example"},'),
                 json.dumps({"version": "1.0.0", "anyOf": []}),
                 json.dumps({"version": "1.0.0", "anyOf": [{"authority": base, "allOf": []}]})):
        bad(create("policy", attributes={"exportable": True}, release_policy=policy_member(text)))


@claim
def a_policy_in_standard_base64_is_accepted_and_given_back_as_base64url():
    import base64
    text = json.dumps(POLICY) + "  " * 3
    member = {"data": base64.b64encode(text.encode()).decode()}
    body = create("lenient", attributes={"exportable": True}, release_policy=member).json()
    equal(body["release_policy"]["data"], b64url(text.encode()))


@claim
def an_update_changes_attributes_tags_and_policy():
    made = exportable("update")
    other = {"version": "1.0.0", "allOf": POLICY["anyOf"]}
    expires = int(time.time()) + 1000
    answer = server.vault("owner", "PATCH", path(made), {"attributes": {"exp": expires, "enabled": False}, "tags": {"x": "y"},
                                                         "release_policy": policy_member(other)})
    body = answer.json()
    equal(answer.status, 200, body)
    equal((body["attributes"]["exp"], body["attributes"]["enabled"], body["tags"]), (expires, False, {"x": "y"}))
    equal(json.loads(unb64url(body["release_policy"]["data"])), other)
    equal(server.vault("owner", "GET", "/keys/update").json(), body)
    equal(body["key"], made["key"])


@claim
def an_update_without_a_version_changes_the_current_one():
    exportable("update-current")
    equal(server.vault("owner", "PATCH", "/keys/update-current/", {"tags": {"q": "1"}}).json()["tags"], {"q": "1"})


@claim
def exportable_cannot_be_changed():
    made = create("fixed").json()
    answer = server.vault("owner", "PATCH", path(made), {"attributes": {"exportable": True}})
    bad(answer)
    assert "AKV.SKR.1014" in answer.json()["error"]["message"]


@claim
def an_immutable_policy_stays():
    made = create("rock", attributes={"exportable": True}, release_policy=policy_member(POLICY, immutable=True)).json()
    equal(made["release_policy"]["immutable"], True)
    weak = {"version": "1.0.0", "anyOf": [{"authority": base, "anyOf": [{"claim": "x-ms-ver", "equals": "1.0"}]}]}
    bad(server.vault("owner", "PATCH", path(made), {"release_policy": policy_member(weak)}))
    bad(server.vault("owner", "PATCH", path(made), {"release_policy": policy_member(POLICY, immutable=False)}))
    equal(server.vault("owner", "PATCH", path(made), {"tags": {"still": "changeable"}}).status, 200)
    equal(server.vault("owner", "GET", path(made)).json()["release_policy"], made["release_policy"])


@claim
def what_is_wrapped_is_unwrapped():
    made = create("wrap").json()
    secret = os.urandom(32)
    for alg in ("RSA-OAEP", "RSA-OAEP-256"):
        wrapped = server.vault("owner", "POST", path(made) + "/wrapkey", {"alg": alg, "value": b64url(secret)}).json()
        equal(wrapped["kid"], made["key"]["kid"])
        answer = server.vault("owner", "POST", path(made) + "/unwrapkey", {"alg": alg, "value": wrapped["value"]}).json()
        equal(unb64url(answer["value"]), secret, alg)
    answer = server.vault("owner", "POST", "/keys/wrap//unwrapkey", {"alg": "RSA-OAEP-256", "value": wrapped["value"]})
    equal(answer.status, 200, "an empty version is the current one")


@claim
def what_cannot_be_unwrapped_is_a_bad_parameter():
    made = create("wrap").json()
    target = path(made) + "/unwrapkey"
    for body in ({"alg": "RSA-OAEP", "value": b64url(bytes(256))}, {"alg": "RSA-OAEP", "value": b64url(b"short")},
                 {"alg": "RSA1_5", "value": b64url(bytes(256))}, {"alg": "RSA-OAEP", "value": "!!"}, {"alg": "RSA-OAEP"}):
        bad(server.vault("owner", "POST", target, body))


@claim
def an_operation_that_the_key_does_not_have_is_forbidden():
    made = create("sign-only", key_ops=["sign"]).json()
    answer = server.vault("owner", "POST", path(made) + "/unwrapkey", {"alg": "RSA-OAEP", "value": b64url(bytes(256))})
    equal((answer.status, answer.inner()), (403, "OperationNotAllowed"))


@claim
def a_disabled_key_is_forbidden():
    made = create("disabled", attributes={"enabled": False}).json()
    answer = server.vault("owner", "POST", path(made) + "/wrapkey", {"alg": "RSA-OAEP", "value": b64url(b"x")})
    equal((answer.status, answer.inner()), (403, "KeyDisabled"))


@claim
def an_expired_key_wraps_nothing_more():
    made = create("old", attributes={"exp": int(time.time()) - 5}).json()
    answer = server.vault("owner", "POST", path(made) + "/wrapkey", {"alg": "RSA-OAEP", "value": b64url(b"x")})
    equal((answer.status, answer.inner()), (403, "KeyExpired"))


@claim
def an_unknown_key_or_version_is_not_found():
    for target in ("/keys/nothing", "/keys/first/" + "0" * 32, "/keys/first/latest", "/keys/first/" + "A" * 32):
        answer = server.vault("owner", "GET", target)
        equal((answer.status, answer.code()), (404, "KeyNotFound"), target)


@claim
def names_cannot_leave_the_folder():
    for name in ("..", "%2e%2e", "a%2f..%2f..", "a.b", "a_b", "a%5c", "x" * 128, "%00"):
        assert server.vault("owner", "POST", f"/keys/{name}/create", {"kty": "RSA"}).status in (400, 404), name
    for target in ("/keys/..%2f..%2fca/root", "/keys/first/..%2fcurrent", "/keys/%2e%2e/settings"):
        assert server.vault("owner", "GET", target).status in (400, 404), target
    equal(sorted(os.listdir(server.path())), sorted(["ca", "vault", "clients", "identity", "attest", "platform", "lock",
                                                     "settings.json", "local.json", "audit.jsonl", "platform.sock"]))


@claim
def an_unknown_api_version_is_a_bad_parameter():
    for version in ("1.0", "7.2", "", "../7.5", "20250701"):
        bad(server.vault("owner", "GET", "/keys/first", version=version))
    for version in ("7.3", "7.6", "2025-07-01"):
        equal(server.vault("owner", "GET", "/keys/first", version=version).status, 200)


@claim
def the_agent_can_neither_make_nor_read_nor_change_nor_use_keys():
    made = exportable("guarded")
    for method, target, body in (("POST", "/keys/guarded/create", {"kty": "RSA"}), ("GET", path(made), None),
                                 ("PATCH", path(made), {"release_policy": policy_member(POLICY)}),
                                 ("POST", path(made) + "/unwrapkey", {"alg": "RSA-OAEP", "value": "AA"}),
                                 ("POST", path(made) + "/wrapkey", {"alg": "RSA-OAEP", "value": "AA"})):
        answer = server.vault("agent", method, target, body)
        equal((answer.status, answer.inner()), (403, "ForbiddenByRbac"), target)


def unauthorized(token):
    answer = server.vault(None, "GET", "/keys/first", token=token)
    equal((answer.status, answer.code()), (401, "Unauthorized"))
    assert answer.headers["www-authenticate"].startswith("Bearer authorization=")


@claim
def tokens_that_are_not_the_identity_services_own_are_refused():
    token = server.token("owner")
    header, claims, _ = jose.parts(token)
    key = jose.read_key(server.path("identity", "signing.key"))
    equal(server.vault(None, "GET", "/keys/first", token=jose.sign(key, header, claims)).status, 200, "a right token")
    signed, signature = token.rsplit(".", 1)
    body = b64url(json.dumps(claims).encode())
    unauthorized(f'{b64url(json.dumps(dict(header, alg="none")).encode())}.{body}.')
    unauthorized(f'{b64url(json.dumps(dict(header, alg="None")).encode())}.{body}.{signature}')
    unauthorized(signed + ".")
    unauthorized(jose.sign(jose.new_key(), header, claims))
    unauthorized(jose.sign(jose.read_key(server.path("attest", "signing.key")), header, claims))
    unauthorized(jose.sign(key, dict(header, kid="other"), claims))
    unauthorized(jose.sign(jose.new_key(), dict(header, jku="https://evil.example/keys", x5c=["AAAA"]), claims))


@claim
def a_token_signed_by_hmac_with_the_public_key_is_refused():
    import hmac
    header, claims, _ = jose.parts(server.token("owner"))
    key = jose.read_key(server.path("identity", "signing.key"))
    public = jose.with_file(key, lambda name: jose.openssl("pkey", "-in", name, "-pubout"))
    signed = f'{b64url(json.dumps(dict(header, alg="HS256")).encode())}.{b64url(json.dumps(claims).encode())}'
    for secret in (public, public.strip()):
        unauthorized(f"{signed}.{b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}")


@claim
def tokens_of_another_time_issuer_audience_or_tenant_are_refused():
    header, claims, _ = jose.parts(server.token("owner"))
    key = jose.read_key(server.path("identity", "signing.key"))
    now = int(time.time())
    for change in ({"exp": now - 400}, {"nbf": now + 4000}, {"iss": "https://sts.windows.net/x/"}, {"tid": "x"},
                   {"aud": "https://attest.azure.net"}, {"aud": "https://evil.example"}, {"exp": None}, {"iss": None}):
        unauthorized(jose.sign(key, header, {k: v for k, v in dict(claims, **change).items() if v is not None}))
    unauthorized(jose.sign(key, header, json.dumps(claims)[:-1] + ',"roles":["keys/get"]}'))


@claim
def decisions_are_in_the_audit_trail_with_who_and_what():
    trail = server.audit()
    made = [line for line in trail if line["action"] == "create" and line["key"] == "first"]
    equal((made[0]["who"], made[0]["decision"]), ("owner", "done"))
    refused = [line for line in trail if line["why"] == "ForbiddenByRbac"]
    equal({line["who"] for line in refused}, {"agent"})
    assert any(line["action"] == "unwrapKey" and line["decision"] == "done" for line in trail)


@claim
def private_keys_on_disk_are_encrypted_and_bound_to_their_policy():
    made = exportable("sealed")
    name = server.path("vault", "keys", "sealed", path(made).split("/")[3] + ".json")
    with open(name) as f:
        record = json.load(f)
    assert set(record["meta"]) == {"kty", "n", "e", "key_ops", "attributes", "tags", "release_policy"}, record["meta"]
    record["meta"]["key_ops"].append("export")
    with open(name, "w") as f:
        json.dump(record, f)
    answer = server.vault("owner", "POST", path(made) + "/unwrapkey", {"alg": "RSA-OAEP", "value": b64url(bytes(256))})
    equal((answer.status, answer.code()), (422, "TAG_MISMATCH"))


try:
    tap.run()
finally:
    server.close()
