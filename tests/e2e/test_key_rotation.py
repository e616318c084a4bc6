"""An identity goes on with new versions of its keys, and what is sealed follows without being encrypted again."""
import base64
import hashlib
import json
import random
import ssl
import time
import urllib.parse
import urllib.request

from harness import Home, check, kill, main


def sealed_objects(home):
    return sorted((home.home / "store").glob("**/*.sealed"))


def recipients(home, path):
    shown = json.loads(home.coffer("data", "inspect", path, "--json").out)
    return shown["digest"], {item["kid"] for item in shown["recipients"]}


def identity(home):
    return json.loads((home.home / "identities/me.json").read_text())


def everything_sealed_follows_a_rotation_with_its_digest_and_content():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        home.run_job(home.wdbc(replace={"epochs: 40": "epochs: 2"}))
        old = identity(home)
        before = {path: (recipients(home, path)[0], path.read_bytes()[-1000:]) for path in sealed_objects(home)}
        check(len(before) >= 3, "an input and two results", before.keys())
        said = json.loads(home.coffer("key", "rotate", "--rewrap", "--json").out)
        new = identity(home)
        check(said["changed"] == len([p for p in before if "checkpoint" not in p.name]), said, list(before))
        for part in ("data", "results"):
            check(old[part]["kid"] != new[part]["kid"] == said[part], part, said)
        check(old["sign"] == new["sign"], "who consents is who it was")
        for path, (digest, end) in before.items():
            now, kids = recipients(home, path)
            check(now == digest and path.read_bytes()[-1000:] == end, path, "is another object")
            check(not kids & {old["data"]["kid"], old["results"]["kid"]}, path, "can still be opened by an old version")
        source = next(path for path in before if "objects" in path.parts)
        home.coffer("data", "open", source, "--out", "opened")
        check(hashlib.sha256((home.work / "opened").read_bytes()).digest() == hashlib.sha256((home.work / "wdbc/wdbc.csv").read_bytes()).digest(), "other content")
        check(not list((home.home / "identities").glob("*rotation*")), "something is under way")


def a_job_after_a_rotation_has_a_contract_for_the_new_version_and_trains_the_same_model():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        job = home.wdbc(replace={"epochs: 40": "epochs: 2"})
        first, _ = home.run_job(job, "first")
        home.coffer("key", "rotate", "--rewrap")
        second, _ = home.run_job(job, "second")
        check(first["contract"] != second["contract"], "the contract names the old version")
        check(home.contract()[1]["owners"][0]["key"] == identity(home)["data"]["kid"], home.contract()[1]["owners"])
        check((home.work / "second/receipt.json").exists(), second)


def without_rewrap_what_was_sealed_opens_by_the_old_version_and_a_later_rewrap_catches_up():
    with Home() as home:
        home.wdbc()
        home.coffer("key", "create", "--bits", "2048")
        home.coffer("data", "seal", "wdbc/wdbc.csv", "--for", "me", "--out", "a.sealed")
        old = identity(home)
        home.coffer("key", "rotate")
        home.coffer("key", "rotate")
        home.coffer("data", "open", "a.sealed", "--out", "a.csv")
        (home.home / "store/objects").mkdir(parents=True)
        (home.work / "a.sealed").rename(home.home / "store/objects/a.sealed")
        said = json.loads(home.coffer("key", "rotate", "--rewrap", "--json").out)
        check(said["changed"] == 1, said)
        kids = recipients(home, home.home / "store/objects/a.sealed")[1]
        check(kids == {identity(home)["data"]["kid"]} and old["data"]["kid"] not in kids, kids)


def a_rotation_killed_at_any_moment_goes_on_and_nothing_is_lost():
    chance = random.Random(5)
    with Home() as home:
        home.wdbc()
        home.coffer("key", "create", "--bits", "2048")
        home.coffer("up")
        home.coffer("data", "seal", "wdbc/wdbc.csv", "--for", "me", "--out", "a.sealed")
        folder = home.home / "store/objects"
        folder.mkdir(parents=True)
        for i in range(12):
            (folder / f"{i}.sealed").write_bytes((home.work / "a.sealed").read_bytes())
        versions = set()
        for _ in range(8):
            process = home.start("key", "rotate", "--rewrap")
            time.sleep(chance.uniform(0.005, 0.25))
            kill(process.pid)
            process.communicate()
            versions.add(identity(home)["data"]["kid"])
            home.coffer("data", "open", folder / f"{chance.randrange(12)}.sealed", "--out", "opened", "--force")
        home.coffer("key", "rotate", "--rewrap")
        now = identity(home)["data"]["kid"]
        for path in sealed_objects(home):
            check(recipients(home, path)[1] == {now}, path, recipients(home, path))
        check(not [p for p in folder.iterdir() if p.suffix != ".sealed"], "something half-written is left", list(folder.iterdir()))


def versions(home):
    """Policy (as text) and tags of every version of me-data, as the vault has them."""
    info = json.loads(home.coffer("up", "--json").out)
    owner = next(client for client in info["clients"] if client["name"] == "owner")
    context = ssl.create_default_context(cafile=info["ca"])
    form = {"grant_type": "client_credentials", "client_id": owner["client_id"], "client_secret": owner["client_secret"],
            "scope": "https://vault.azure.net/.default"}
    with urllib.request.urlopen(f"{info['authority']}/{info['tenant']}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode(),
                                context=context) as answer:
        token = json.load(answer)["access_token"]

    def get(url):
        request = urllib.request.Request(f"{url}?api-version=7.5", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, context=context) as answer:
            return json.load(answer)

    bundles = [get(item["kid"]) for item in get(f"{info['vault']}/keys/me-data/versions")["value"]]
    return [(base64.urlsafe_b64decode(bundle["release_policy"]["data"] + "==").decode(), bundle.get("tags", {})) for bundle in bundles]


def a_consent_is_withdrawn_from_every_version_of_the_key():
    """A new version has the policy of the one before: each of them would be released."""
    with Home() as home:
        home.coffer("up")
        home.coffer("key", "create", "--bits", "2048")
        home.run_job(home.wdbc(replace={"epochs: 40": "epochs: 2"}))
        digest = home.contract()[0]
        home.coffer("key", "rotate")
        home.coffer("key", "rotate")
        before = versions(home)
        check(len(before) == 3 and all(digest in policy for policy, _ in before), before)
        contract = home.home / "jobs" / digest / "contract.json"
        check(json.loads(home.coffer("contract", "withdraw", contract, "--json").out)["was_open"])
        for policy, tags in versions(home):
            check(digest not in policy and not [tag for tag in tags if digest[:32] in tag], policy, tags)
        contract.unlink()
        check(not json.loads(home.coffer("contract", "withdraw", digest, "--json").out)["was_open"])


def a_run_that_is_not_over_is_not_cut_off_from_its_inputs():
    with Home() as home:
        home.home = home.path / "home[1]*"  # a state folder's path is no pattern
        job = home.wdbc(replace={"epochs: 40": "epochs: 4000"})
        process = home.start("run", job, "--out", "out", "--json")
        for line in process.stdout:
            if '"training"' in line:
                break
        kill(process.pid)
        process.communicate()
        refused = home.coffer("key", "rotate", "--rewrap", check_exit=None)
        check(refused.returncode != 0 and "BUSY" in refused.err, refused.err)


main(everything_sealed_follows_a_rotation_with_its_digest_and_content,
     a_job_after_a_rotation_has_a_contract_for_the_new_version_and_trains_the_same_model,
     without_rewrap_what_was_sealed_opens_by_the_old_version_and_a_later_rewrap_catches_up,
     a_rotation_killed_at_any_moment_goes_on_and_nothing_is_lost,
     a_consent_is_withdrawn_from_every_version_of_the_key,
     a_run_that_is_not_over_is_not_cut_off_from_its_inputs)
