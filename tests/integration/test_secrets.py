"""Secrets: Azure Key Vault's wire protocol, what is on disk, and who may."""
import json
import os
import sys
import time

import tap
from local_server import Server, b64url, unb64url
from tap import claim, equal

server = Server(sys.argv[1])
base = server.info["vault"]
numbers = iter(range(10000))


def call(method, target, body=None, who="owner"):
    return server.vault(who, method, target, body)


def put(name=None, value="open sesame", **more):
    name = name or f"secret-{next(numbers)}"
    answer = call("PUT", f"/secrets/{name}", dict({"value": value}, **more))
    equal(answer.status, 200, answer.body)
    return answer.json()


def missing(answer):
    equal((answer.status, answer.code()), (404, "SecretNotFound"), answer.body)


def name_of(bundle):
    return bundle["id"].split("/")[4]


@claim
def a_secret_is_read_back_with_what_was_said_of_it():
    later = int(time.time()) + 1000
    made = put("Db-Password", "päss\"\\\n\t\u0001word", contentType="text/plain", tags={"a": "b"}, attributes={"exp": later, "nbf": 5})
    for target in ("/secrets/Db-Password", "/secrets/db-password/", made["id"][len(base):]):
        found = call("GET", target).json()
        equal(found, made, target)
    equal((made["value"], made["contentType"], made["tags"]), ("päss\"\\\n\t\u0001word", "text/plain", {"a": "b"}))
    assert made["id"].startswith(f"{base}/secrets/Db-Password/") and len(made["id"].split("/")[5]) == 32
    times = made["attributes"]
    equal((times["enabled"], times["exp"], times["nbf"], times["recoveryLevel"], times["recoverableDays"]),
          (True, later, 5, "Recoverable+Purgeable", 90))
    assert abs(times["created"] - time.time()) < 60 and times["created"] == times["updated"]


@claim
def a_value_may_be_empty_and_at_most_25_kib():
    equal(call("GET", f"/secrets/{name_of(put(value=''))}").json()["value"], "")
    longest = "x" * 25600
    equal(call("GET", f"/secrets/{name_of(put(value=longest))}").json()["value"], longest)
    for value in ("x" * 25601, None, 5, ["x"]):
        equal(call("PUT", "/secrets/too-much", {"value": value}).status, 400)
    missing(call("GET", "/secrets/too-much"))


@claim
def the_newest_version_is_the_current_one_and_older_ones_stay():
    first, second = put("twice", "one"), put("TWICE", "two")
    assert first["id"] != second["id"]
    equal(call("GET", "/secrets/twice").json()["value"], "two")
    equal(call("GET", first["id"][len(base):]).json()["value"], "one")
    missing(call("GET", "/secrets/twice/" + "0" * 32))
    missing(call("GET", "/secrets/nobody"))
    missing(call("GET", "/secrets/twice/index"))


@claim
def attributes_and_tags_change_and_the_value_does_not():
    made = put(value="stays", tags={"a": "1"})
    changed = call("PATCH", made["id"][len(base):], {"contentType": "x", "tags": {"b": "2"}, "attributes": {"enabled": True}}).json()
    assert "value" not in changed
    equal((changed["contentType"], changed["tags"], changed["id"]), ("x", {"b": "2"}, made["id"]))
    equal(call("GET", made["id"][len(base):]).json()["value"], "stays")
    for body in ({"tags": 5}, {"tags": {"a": 5}}, {"attributes": {"exp": "x"}}, {"attributes": {"enabled": "x"}},
                 {"contentType": "x" * 256}, {"tags": {str(i): "" for i in range(16)}}):
        equal(call("PATCH", made["id"][len(base):], body).status, 400, body)


@claim
def a_disabled_secret_is_not_read():
    made = put(attributes={"enabled": False})
    answer = call("GET", f"/secrets/{name_of(made)}")
    equal((answer.status, answer.inner()), (403, "SecretDisabled"))
    call("PATCH", made["id"][len(base):], {"attributes": {"enabled": True}})
    equal(call("GET", f"/secrets/{name_of(made)}").status, 200)


def pages(target, **query):
    items, count = [], 0
    answer = server.request("GET", f"{target}?api-version=7.5" + "".join(f"&{k}={v}" for k, v in query.items()), None,
                            {"Authorization": "Bearer " + server.token("owner")})
    while True:
        equal(answer.status, 200, answer.body)
        items += answer.json()["value"]
        count += 1
        if answer.json()["nextLink"] is None:
            return items, count
        link = answer.json()["nextLink"]
        assert link.startswith(base + target)
        answer = server.request("GET", link[len(base):], None, {"Authorization": "Bearer " + server.token("owner")})


@claim
def lists_come_in_pages_without_values():
    names = [put(f"list-{i:02}")["id"].rsplit("/", 1)[0] for i in range(7)]
    items, count = pages("/secrets", maxresults=3)
    equal([one["id"] for one in items if "/list-" in one["id"]], names)
    assert count == (len(items) + 2) // 3 and all("value" not in one for one in items)
    versions = [put("many", str(i))["id"] for i in range(5)]
    found, count = pages("/secrets/many/versions", maxresults=2)
    equal(([one["id"] for one in found], count), (versions, 3))
    for query in ("maxresults=0", "maxresults=26", "$skiptoken=x"):
        answer = server.request("GET", f"/secrets?api-version=7.5&{query}", None, {"Authorization": "Bearer " + server.token("owner")})
        equal(answer.status, 400, query)


@claim
def a_deleted_secret_is_recovered_or_purged():
    name = name_of(put(value="v1"))
    put(name, "v2")
    gone = call("DELETE", f"/secrets/{name}").json()
    equal((gone["recoveryId"], gone["scheduledPurgeDate"] - gone["deletedDate"]), (f"{base}/deletedsecrets/{name}", 90 * 86400))
    assert "value" not in gone
    missing(call("GET", f"/secrets/{name}"))
    missing(call("PATCH", f"/secrets/{name}/", {}))
    equal(call("GET", f"/deletedsecrets/{name}").json(), gone)
    answer = call("PUT", f"/secrets/{name}", {"value": "x"})
    equal((answer.status, answer.inner()), (409, "ObjectIsDeletedButRecoverable"))
    assert any(one["id"].endswith("/" + name) and one["recoveryId"] for one in pages("/deletedsecrets")[0])
    assert not any(one["id"].endswith("/" + name) for one in pages("/secrets")[0])
    equal(call("POST", f"/deletedsecrets/{name}/recover").status, 200)
    equal(call("GET", f"/secrets/{name}").json()["value"], "v2")
    missing(call("GET", f"/deletedsecrets/{name}"))
    missing(call("DELETE", f"/deletedsecrets/{name}"))
    call("DELETE", f"/secrets/{name}")
    equal(call("DELETE", f"/deletedsecrets/{name}").status, 204)
    missing(call("GET", f"/deletedsecrets/{name}"))
    assert not os.path.exists(server.path("vault", "secrets", name))
    equal(put(name, "again")["value"], "again")


@claim
def a_backup_restores_all_versions_and_opens_nowhere_else():
    first = put("saved", "one", tags={"t": "1"})
    second = put("saved", "two")
    blob = call("POST", "/secrets/saved/backup").json()["value"]
    assert b"one" not in unb64url(blob)
    equal(call("POST", "/secrets/restore", {"value": blob}).status, 409)
    call("DELETE", "/secrets/saved")
    equal(call("POST", "/secrets/restore", {"value": blob}).status, 409)
    call("DELETE", "/deletedsecrets/saved")
    equal(call("POST", "/secrets/restore", {"value": blob}).json()["id"], second["id"])
    equal(call("GET", first["id"][len(base):]).json(), first)
    equal(call("GET", "/secrets/saved").json()["value"], "two")
    call("DELETE", "/secrets/saved")
    call("DELETE", "/deletedsecrets/saved")
    changed = bytearray(unb64url(blob))
    changed[-1] ^= 1
    for value in (b64url(bytes(changed)), "AAAA", "", "!", None):
        equal(call("POST", "/secrets/restore", {"value": value}).status, 400, value)


@claim
def a_value_is_sealed_on_disk_and_bound_to_what_is_said_of_it():
    made = put("on-disk", "the value itself", tags={"level": "low"})
    file = server.path("vault", "secrets", "on-disk", made["id"].split("/")[5] + ".json")
    with open(file) as f:
        text = f.read()
    assert "the value itself" not in text and os.stat(file).st_mode & 0o777 == 0o600
    record = json.loads(text)
    record["meta"]["tags"]["level"] = "high"
    with open(file, "w") as f:
        json.dump(record, f)
    assert call("GET", "/secrets/on-disk").status >= 400
    with open(file, "w") as f:
        f.write(text)
    equal(call("GET", "/secrets/on-disk").status, 200)


@claim
def one_secret_whose_file_was_changed_does_not_hide_the_others():
    first, second = put("broken", "v"), put("broken", "w", tags={"level": "low"})
    put("whole")
    file = server.path("vault", "secrets", "broken", second["id"].split("/")[5] + ".json")
    with open(file) as f:
        text = f.read()
    for changed in (text.replace('"low"', '"high"'), "{}"):
        with open(file, "w") as f:
            f.write(changed)
        listed = [name_of(one) for one in pages("/secrets")[0]]
        assert "whole" in listed and "broken" not in listed, changed
        equal([one["id"] for one in pages("/secrets/broken/versions")[0]], [first["id"]])
        assert any(line.get("secret") == "broken" and line["decision"] == "refused" for line in server.audit())
    with open(file, "w") as f:
        f.write(text)
    assert "broken" in [name_of(one) for one in pages("/secrets")[0]]


@claim
def a_restore_is_written_down_before_it_is_made_and_its_refusal_too():
    put("written")
    blob = call("POST", "/secrets/written/backup").json()["value"]
    call("DELETE", "/secrets/written")
    call("DELETE", "/deletedsecrets/written")
    equal(call("POST", "/secrets/restore", {"value": "AAAA"}).status, 400)
    equal(call("POST", "/secrets/restore", {"value": blob}).status, 200)
    equal(call("POST", "/secrets/restore", {"value": blob}).status, 409)
    call("DELETE", "/secrets/written")
    answer = call("POST", "/secrets/restore", {"value": blob})
    equal((answer.status, answer.inner()), (409, "ObjectIsDeletedButRecoverable"))
    lines = [(line["decision"], line["secret"]) for line in server.audit() if line["action"] == "secret-restore"]
    equal(lines[-2:], [("refused", ""), ("done", "written")])


@claim
def a_start_removes_what_a_crash_left_of_a_purge():
    name = name_of(put("half-purged", "sealed still"))
    put("kept-beside")
    os.remove(server.path("vault", "secrets", name, "index.json"))
    os.makedirs(server.path("vault", "secrets", "never-begun"))
    server.stop()
    server.start()
    for _ in range(50):
        if not os.path.exists(server.path("vault", "secrets", name)):
            break
        time.sleep(0.1)
    equal([os.path.exists(server.path("vault", "secrets", one)) for one in (name, "never-begun", "kept-beside")], [False, False, True])
    missing(call("GET", f"/secrets/{name}"))
    equal(call("GET", "/secrets/kept-beside").status, 200)


@claim
def an_index_that_was_changed_is_not_believed():
    old, new = put("rolled", "old"), put("rolled", "new")
    file = server.path("vault", "secrets", "rolled", "index.json")
    with open(file) as f:
        record = json.load(f)
    record["versions"].reverse()
    with open(file, "w") as f:
        json.dump(record, f)
    assert call("GET", "/secrets/rolled").status >= 400
    assert old["id"] != new["id"]


@claim
def names_that_could_be_paths_are_refused():
    for name in ("..", ".", "a.b", "a_b", "x" * 128, "%2e%2e", "a%2fb", "%00"):
        assert call("PUT", f"/secrets/{name}", {"value": "x"}).status in (400, 404, 405), name
        assert call("GET", f"/secrets/{name}").status in (400, 404), name
    equal(put("x" * 127)["value"], "open sesame")


@claim
def secrets_survive_a_kill():
    made = put("kept", "for good")
    server.kill()
    server.start()
    equal(call("GET", "/secrets/kept").json(), made)


@claim
def no_value_is_in_the_audit_trail_and_every_reading_is():
    put("watched", "never-written-down")
    call("GET", "/secrets/watched")
    lines = [line for line in server.audit() if line.get("secret") == "watched"]
    equal([(line["action"], line["decision"], line["who"]) for line in lines],
          [("secret-set", "done", "owner"), ("secret-get", "done", "owner")])
    with open(server.path("audit.jsonl")) as f:
        text = f.read()
    assert "never-written-down" not in text and "open sesame" not in text


@claim
def the_agent_may_do_nothing_with_secrets():
    for method, target in (("GET", "/secrets"), ("GET", "/secrets/kept"), ("PUT", "/secrets/kept"), ("DELETE", "/secrets/kept"),
                           ("POST", "/secrets/kept/backup"), ("GET", "/deletedsecrets"), ("POST", "/secrets/restore")):
        answer = call(method, target, {"value": "x"} if method != "GET" else None, who="agent")
        equal((answer.status, answer.inner()), (403, "ForbiddenByRbac"), target)


try:
    tap.run()
finally:
    server.close()
