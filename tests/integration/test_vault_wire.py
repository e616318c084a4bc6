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
    for body in ({"kty": "DSA"}, {"kty": "EC", "crv": "P-224"}, {"kty": "EC", "key_ops": ["encrypt"]}, {"key_size": 1024}, {"key_size": "2048"}, {"public_exponent": 3},
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
                 {"alg": "RS256", "value": b64url(bytes(256))}, {"alg": "RSA-OAEP", "value": "!!"}, {"alg": "RSA-OAEP"}):
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
    unauthorized(jose.sign(key, header, json.dumps(claims)[:-1] + f',"aud":"{VAULT}"}}'))


@claim
def decisions_are_in_the_audit_trail_with_who_and_what():
    trail = server.audit()
    made = [line for line in trail if line["action"] == "create" and line["key"] == "first"]
    equal((made[0]["who"], made[0]["decision"]), ("owner", "done"))
    refused = [line for line in trail if line["why"] == "ForbiddenByRbac"]
    equal({line["who"] for line in refused}, {"agent"})
    assert any(line["action"] == "unwrapKey" and line["decision"] == "done" for line in trail)


def call(method, target, body=None, version="7.5"):
    return server.vault("owner", method, target, body, version)


def made(name, **body):
    answer = call("POST", f"/keys/{name}/create", dict({"kty": "EC"}, **body))
    equal(answer.status, 200, answer.body)
    return answer.json()


def names(items):
    return [item["kid"][len(base) + len("/keys/"):] for item in items]


def read_all(target):
    """All pages of a list, which the links lead through."""
    items, sizes = [], []
    while target:
        page = call("GET", target).json() if "api-version" not in target else \
            server.request("GET", target, None, {"Authorization": "Bearer " + server.token("owner")}).json()
        items += page["value"]
        sizes.append(len(page["value"]))
        link = page["nextLink"]
        assert link is None or link.startswith(base + "/"), link
        target = link[len(base):] if link else None
    return items, sizes


@claim
def every_type_and_curve_is_made():
    for body, members, size in (({"kty": "EC"}, "P-256", 32), ({"kty": "EC-HSM", "crv": "P-384"}, "P-384", 48),
                                ({"kty": "EC", "crv": "P-521"}, "P-521", 66), ({"kty": "EC", "crv": "P-256K"}, "P-256K", 32)):
        key = made("curve", **body)["key"]
        equal((key["kty"], key["crv"], len(unb64url(key["x"])), len(unb64url(key["y"]))), (body["kty"], members, size, size))
        equal(key["key_ops"], ["sign", "verify"])
    for bits in (128, 192, 256):
        key = made("oct", kty="oct-HSM", key_size=bits)["key"]
        equal((sorted(key), key["key_ops"]), (["key_ops", "kid", "kty"], ["encrypt", "decrypt", "wrapKey", "unwrapKey"]))


@claim
def answers_carry_the_service_headers():
    for answer in (call("GET", "/keys/first"), call("GET", "/keys/none"), server.request("GET", "/keys/first?api-version=7.5")):
        for name in ("x-ms-keyvault-region", "x-ms-keyvault-service-version", "x-ms-keyvault-network-info", "x-ms-request-id"):
            assert answer.headers.get(name), name


@claim
def names_are_one_name_in_any_case_and_keep_their_spelling():
    first = made("Spelled-So")
    equal(call("GET", "/keys/sPELLED-sO").json(), first)
    second = made("spelled-so")
    assert second["key"]["kid"].startswith(base + "/keys/Spelled-So/"), second["key"]["kid"]
    equal(call("GET", "/KEYS/SPELLED-SO/" + path(first).split("/")[3]).json(), first)
    equal(len(read_all("/keys/SPELLED-SO/versions")[0]), 2)


@claim
def lists_come_in_pages_that_stay_whole_while_keys_come_and_go():
    expected = sorted({f"page-{i:02}" for i in range(30)})
    for name in expected:
        made(name)
    everything, sizes = read_all("/keys")
    equal([n for n in names(everything) if n.startswith("page-")], expected)
    equal(max(sizes), 25)
    first = server.request("GET", "/keys?api-version=7.5&maxresults=3", None, {"Authorization": "Bearer " + server.token("owner")}).json()
    seen = names(first["value"])
    equal(call("DELETE", "/keys/page-00").status, 200)
    made("page-005")
    link = first["nextLink"]
    while link:
        answer = server.request("GET", link[len(base):], None, {"Authorization": "Bearer " + server.token("owner")}).json()
        seen += names(answer["value"])
        link = answer["nextLink"]
    assert len(seen) == len(set(seen)) and set(expected) <= set(seen) | {"page-00"} and "page-005" in seen, seen
    for item in everything:
        equal(sorted(item), ["attributes", "kid", "tags"])


def get_list(query):
    return server.request("GET", f"/keys?api-version=7.5&{query}", None, {"Authorization": "Bearer " + server.token("owner")})


@claim
def a_wrong_page_size_or_skip_token_is_a_bad_parameter():
    for size in ("0", "26", "-1", "x", "", "999999999999", "1.0"):
        bad(get_list("maxresults=" + size))
    link = get_list("maxresults=1").json()["nextLink"]
    token = link.split("$skiptoken=")[1].split("&")[0]
    equal(get_list("$skiptoken=" + token).status, 200)
    equal(get_list("%24skiptoken=" + token).status, 200)
    for wrong in ("", "x", token[:-1], token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "A" * 400):
        bad(get_list("$skiptoken=" + wrong))
    bad(server.request("GET", f"/deletedkeys?api-version=7.5&$skiptoken={token}", None,
                       {"Authorization": "Bearer " + server.token("owner")}))


@claim
def a_link_into_the_versions_of_a_key_that_was_purged_ends():
    for i in range(3):
        made("again")
    answer = server.request("GET", "/keys/again/versions?api-version=7.5&maxresults=2", None,
                            {"Authorization": "Bearer " + server.token("owner")})
    link = answer.json()["nextLink"]
    equal((call("DELETE", "/keys/again").status, call("DELETE", "/deletedkeys/again").status), (200, 204))
    made("again")
    answer = server.request("GET", link[len(base):], None, {"Authorization": "Bearer " + server.token("owner")})
    equal(answer.json(), {"value": [], "nextLink": None})


@claim
def an_update_writes_down_what_it_changes_and_nothing_else_of_the_request():
    key = made("updated")
    for body in ({"tags": {"a": "b"}, "key": {"d": "by-mistake"}}, {"tags": {"a": 5}, "value": "by-mistake"}):
        call("PATCH", path(key), body)
    changes = [line.get("changed") for line in server.audit() if line.get("key") == "updated" and line["action"] == "update"]
    equal(changes, [{"tags": {"a": "b"}}, None])
    with open(server.path("audit.jsonl")) as f:
        assert "by-mistake" not in f.read()


@claim
def versions_are_listed_with_their_ids_oldest_first():
    kids = [made("many", tags={"n": str(i)})["key"]["kid"] for i in range(28)]
    items, sizes = read_all("/keys/many/versions")
    equal([item["kid"] for item in items], kids)
    equal(sizes, [25, 3])
    equal([item["tags"]["n"] for item in items], [str(i) for i in range(28)])
    equal(call("GET", "/keys/nothing/versions").code(), "KeyNotFound")


@claim
def a_deleted_key_is_gone_but_for_its_place_among_the_deleted():
    made("mortal")
    key = made("mortal")
    now = int(time.time())
    deleted = call("DELETE", "/keys/Mortal").json()
    equal(deleted["recoveryId"], base + "/deletedkeys/mortal")
    equal(deleted["scheduledPurgeDate"] - deleted["deletedDate"], 90 * 86400)
    assert abs(deleted["deletedDate"] - now) < 5
    equal(deleted["key"], key["key"])
    equal(call("GET", "/deletedkeys/mortal").json(), deleted)
    assert "mortal" in names(read_all("/deletedkeys")[0]) and "mortal" not in names(read_all("/keys")[0])
    for method, target, body in (("GET", "/keys/mortal", None), ("GET", path(key), None), ("DELETE", "/keys/mortal", None),
                                 ("PATCH", path(key), {"tags": {}}), ("POST", "/keys/mortal/rotate", None),
                                 ("POST", "/keys/mortal/backup", None), ("GET", "/keys/mortal/versions", None),
                                 ("GET", "/keys/mortal/rotationpolicy", None),
                                 ("POST", path(key) + "/sign", {"alg": "ES256", "value": b64url(bytes(32))})):
        answer = call(method, target, body)
        equal((answer.status, answer.code()), (404, "KeyNotFound"), target)
    for method, target, body in (("POST", "/keys/MORTAL/create", {"kty": "EC"}), ("PUT", "/keys/mortal", {"key": {"kty": "oct"}})):
        answer = call(method, target, body)
        equal((answer.status, answer.code(), answer.inner()), (409, "Conflict", "ObjectIsDeletedButRecoverable"), target)
    equal(call("POST", "/deletedkeys/mortal/recover").json(), key)
    equal(call("GET", "/keys/mortal").json(), key)
    equal(call("GET", "/deletedkeys/mortal").code(), "KeyNotFound")
    equal(call("POST", "/deletedkeys/mortal/recover").status, 404)


@claim
def a_purged_key_is_gone_and_its_name_free():
    key = made("purged")
    equal(call("DELETE", "/deletedkeys/purged").status, 404)
    call("DELETE", "/keys/purged")
    answer = call("DELETE", "/deletedkeys/purged")
    equal((answer.status, answer.body), (204, b""))
    equal(call("GET", "/deletedkeys/purged").status, 404)
    assert made("purged")["key"]["kid"] != key["key"]["kid"]
    equal(call("GET", path(key)).status, 404)


@claim
def a_backup_brings_back_all_versions_here_and_nowhere_else():
    first, second = made("saved", tags={"v": "1"}), made("saved", tags={"v": "2"})
    blob = call("POST", "/keys/Saved/backup").json()
    answer = call("POST", "/keys/restore", blob)
    equal((answer.status, answer.code()), (409, "Conflict"))
    call("DELETE", "/keys/saved")
    answer = call("POST", "/keys/restore", blob)
    equal((answer.status, answer.inner()), (409, "ObjectIsDeletedButRecoverable"))
    call("DELETE", "/deletedkeys/saved")
    equal(call("POST", "/keys/restore", blob).json(), second)
    equal((call("GET", path(first)).json(), call("GET", "/keys/saved").json()), (first, second))
    equal(len(read_all("/keys/saved/versions")[0]), 2)
    call("DELETE", "/keys/saved")
    call("DELETE", "/deletedkeys/saved")
    raw = bytearray(unb64url(blob["value"]))
    for at in (0, 7, 8, 40, 56, len(raw) - 1):
        raw[at] ^= 1
        bad(call("POST", "/keys/restore", {"value": b64url(bytes(raw))}))
        raw[at] ^= 1
    for value in ("", "!", None, 5, b64url(bytes(raw[:-1])), b64url(bytes(raw) + b"x")):
        bad(call("POST", "/keys/restore", {"value": value}))
    other = Server(sys.argv[1])
    try:
        bad(other.vault("owner", "POST", "/keys/restore", blob))
    finally:
        other.close()


@claim
def a_rotated_key_is_a_new_version_of_the_same_kind():
    key = made("turning", crv="P-384", key_ops=["sign"], tags={"team": "a", "coffer.runs." + "0" * 32: "3"})
    next_one = call("POST", "/keys/turning/rotate").json()
    assert next_one["key"]["kid"] != key["key"]["kid"] and next_one["key"]["x"] != key["key"]["x"]
    equal({m: next_one["key"][m] for m in ("kty", "crv", "key_ops")}, {m: key["key"][m] for m in ("kty", "crv", "key_ops")})
    equal(next_one["tags"], {"team": "a"})
    assert "exp" not in next_one["attributes"]
    equal(call("GET", "/keys/turning").json(), next_one)
    call("PATCH", path(next_one), {"attributes": {"enabled": False}})
    answer = call("POST", "/keys/turning/rotate")
    equal((answer.status, answer.inner()), (403, "KeyDisabled"))
    equal(call("POST", "/keys/nothing/rotate").status, 404)


@claim
def a_rotation_policy_is_kept_and_gives_new_versions_their_end():
    made("policed")
    default = call("GET", "/keys/policed/rotationpolicy").json()
    equal(default["lifetimeActions"], [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}])
    equal(default["id"], base + "/keys/policed/rotationpolicy")
    policy = {"lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "rotate"}},
                                  {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
              "attributes": {"expiryTime": "P180D"}}
    kept = call("PUT", "/keys/Policed/rotationpolicy", policy).json()
    equal((kept["attributes"]["expiryTime"], [a["action"]["type"] for a in kept["lifetimeActions"]]), ("P180D", ["Rotate", "Notify"]))
    equal(call("GET", "/keys/policed/rotationpolicy").json(), kept)
    rotated = call("POST", "/keys/policed/rotate").json()["attributes"]
    equal(rotated["exp"] - rotated["created"], 180 * 86400)
    for wrong in ({"lifetimeActions": 5}, {"attributes": {"expiryTime": "P27D"}}, {"attributes": {"expiryTime": "1 year"}},
                  {"lifetimeActions": [{"trigger": {"timeAfterCreate": "P6D"}, "action": {"type": "Rotate"}}]},
                  {"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Rotate"}}]}):
        bad(call("PUT", "/keys/policed/rotationpolicy", wrong))
    equal(call("GET", "/keys/policed/rotationpolicy").json(), kept)


@claim
def a_rotation_that_is_due_is_done_at_the_start():
    now = int(time.time())
    made("due", attributes={"exp": now + 10 * 86400})
    call("PUT", "/keys/due/rotationpolicy", {"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Rotate"}}],
                                             "attributes": {"expiryTime": "P60D"}})
    server.stop()
    server.start()
    items = read_all("/keys/due/versions")[0]
    equal(len(items), 2)
    assert abs(items[1]["attributes"]["exp"] - now - 60 * 86400) < 10
    equal([line["who"] for line in server.audit() if line["action"] == "rotate" and line["key"] == "due"], ["vault"])


def new_ec_jwk():
    """A P-256 key, by the openssl command."""
    pem = jose.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    lines = jose.openssl("pkey", "-text", "-noout", data=pem).decode().splitlines()
    numbers = {}
    for line in lines:
        if line.endswith(":") and not line.startswith(" "):
            current = numbers.setdefault(line[:-1], [])
        elif line.startswith("    "):
            current.append(line.strip())
    private, public = (bytes.fromhex("".join(numbers[n]).replace(":", "")) for n in ("priv", "pub"))
    return {"kty": "EC", "crv": "P-256", "d": b64url(private.rjust(32, b"\0")[-32:]), "x": b64url(public[1:33]),
            "y": b64url(public[33:])}


@claim
def a_key_made_elsewhere_is_imported_and_its_secret_is_written_nowhere():
    key = dict(new_ec_jwk(), key_ops=["sign"])
    for member in ("Hsm", "hsm"):
        answer = call("PUT", "/keys/brought", {member: True, "key": key, "tags": {"from": "elsewhere"}})
        body = answer.json()
        equal(answer.status, 200, body)
        equal((body["key"]["kty"], body["key"]["x"], body["key"]["key_ops"], body["tags"]),
              ("EC-HSM", key["x"], ["sign"], {"from": "elsewhere"}))
        assert "d" not in body["key"]
    for wrong in ({}, {"key": 5}, {"key": {"kty": "EC"}}, {"key": dict(key, d=b64url(bytes(31) + b"\x05"))},
                  {"key": {k: v for k, v in key.items() if k != "d"}}, {"key": dict(key, crv="P-384")},
                  {"key": key, "attributes": {"exportable": True}}):
        bad(call("PUT", "/keys/brought", wrong))
    for folder, _, files in os.walk(server.path()):
        for name in files:
            if not os.path.isfile(os.path.join(folder, name)):
                continue
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            assert key["d"].encode() not in data and unb64url(key["d"]) not in data, name


@claim
def one_key_whose_file_was_changed_does_not_hide_the_others():
    key = made("broken")
    made("whole")
    file = server.path("vault", "keys", "broken", "00000001-" + path(key).split("/")[3] + ".json")
    with open(file) as f:
        text = f.read()
    with open(file, "w") as f:
        f.write(text.replace('"enabled":true', '"enabled":false'))
    server.stop()
    server.start()
    equal(call("GET", "/keys/broken").status, 422)
    listed = names(read_all("/keys")[0])
    assert "whole" in listed and "broken" not in listed
    call("DELETE", "/keys/whole")
    with open(file, "w") as f:
        f.write(text)
    equal(call("GET", "/keys/broken").json(), key)


@claim
def one_key_whose_folder_cannot_be_understood_does_not_keep_the_vault_from_starting():
    key = made("odd")
    made("plain")
    file = server.path("vault", "keys", "odd", "current")
    with open(file, "w") as f:
        f.write("x" * 100)
    server.stop()
    server.start()
    equal([call("GET", f"/keys/{name}").status for name in ("odd", "plain")], [422, 200])
    os.unlink(file)
    server.stop()
    server.start()
    equal(call("GET", "/keys/odd").json(), key)


@claim
def private_keys_on_disk_are_encrypted_and_bound_to_their_policy():
    made = exportable("sealed")
    name = server.path("vault", "keys", "sealed", "00000001-" + path(made).split("/")[3] + ".json")
    with open(name) as f:
        record = json.load(f)
    assert set(record["meta"]) == {"kty", "n", "e", "key_ops", "attributes", "tags", "release_policy"}, record["meta"]
    record["meta"]["key_ops"].append("export")
    with open(name, "w") as f:
        json.dump(record, f)
    server.stop()
    server.start()
    answer = server.vault("owner", "POST", path(made) + "/unwrapkey", {"alg": "RSA-OAEP", "value": b64url(bytes(256))})
    equal((answer.status, answer.code()), (422, "TAG_MISMATCH"))


try:
    tap.run()
finally:
    server.close()
