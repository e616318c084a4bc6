"""What the command line says of the services that a home is configured with."""
import json
import re
import urllib.request
import ssl

from harness import Home, check, main


def findings(home, check_exit):
    said = home.coffer("doctor", "--azure", "--json", check_exit=check_exit)
    return [json.loads(line) for line in said.out.splitlines()][0]["findings"], said


def up_tells_a_program_all_that_a_client_needs():
    with Home() as home:
        said = json.loads(home.coffer("up", "--json").out)
        check(set(said) >= {"vault", "attest", "authority", "tenant", "ca", "clients"}, said)
        clients = {client["name"]: client for client in said["clients"]}
        check(set(clients) == {"owner", "agent", "auditor"}, clients.keys())
        for client in clients.values():
            check(set(client) == {"name", "client_id", "client_secret", "roles"} and client["roles"], client["name"])
        # With nothing else: a token, and an answer of the vault.
        context = ssl.create_default_context(cafile=said["ca"])
        owner = clients["owner"]
        form = (f"grant_type=client_credentials&client_id={owner['client_id']}&client_secret={owner['client_secret']}"
                "&scope=https%3A%2F%2Fvault.azure.net%2F.default").encode()
        with urllib.request.urlopen(f"{said['authority']}/{said['tenant']}/oauth2/v2.0/token", form, context=context) as answer:
            token = json.load(answer)["access_token"]
        request = urllib.request.Request(f"{said['vault']}/keys?api-version=7.5", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, context=context) as answer:
            check(json.load(answer)["value"] == [], "there are keys")
        check("client_secret" not in home.coffer("up").out, "a secret is shown to people")
        check(json.loads(home.coffer("up", "--json").out)["clients"] == said["clients"], "other clients the second time")


def doctor_finds_everything_good_where_it_is():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        found, _ = findings(home, 0)
        check({item["name"] for item in found} == {"configuration", "vault", "key", "release", "attestation", "storage"}, found)
        check(all(item["state"] == "ok" for item in found), found)
        check(not list((home.home / "store").glob("doctor/*")), "what it tried is still there")


def doctor_names_the_role_that_is_missing():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        home.coffer("up")
        home.coffer("access", "revoke", "agent", "Key Vault Crypto Service Release User")
        found, said = findings(home, None)
        check(said.returncode != 0, "all is well")
        bad = [item for item in found if item["state"] == "missing"]
        check(len(bad) == 1 and bad[0]["name"] == "release" and "Key Vault Crypto Service Release User" in bad[0]["detail"], bad)
        home.coffer("access", "grant", "agent", "Key Vault Crypto Service Release User", "--scope", "/keys")
        check(all(item["state"] == "ok" for item in findings(home, 0)[0]), "the role is there again")


def doctor_says_what_a_disabled_key_and_a_wrong_secret_mean():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        info = json.loads(home.coffer("up", "--json").out)
        kid = json.loads((home.home / "identities/me.json").read_text())["data"]["kid"]
        context = ssl.create_default_context(cafile=info["ca"])
        owner = next(client for client in info["clients"] if client["name"] == "owner")
        form = (f"grant_type=client_credentials&client_id={owner['client_id']}&client_secret={owner['client_secret']}"
                "&scope=https%3A%2F%2Fvault.azure.net%2F.default").encode()
        with urllib.request.urlopen(f"{info['authority']}/{info['tenant']}/oauth2/v2.0/token", form, context=context) as answer:
            token = json.load(answer)["access_token"]
        change = urllib.request.Request(f"{kid}?api-version=7.5", b'{"attributes":{"enabled":false}}', method="PATCH",
                                        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        urllib.request.urlopen(change, context=context).close()
        found, _ = findings(home, None)
        check(any(item["state"] == "missing" and "is disabled" in item["detail"] for item in found), found)
        path = home.home / "local/clients/owner.json"
        path.write_text(re.sub(r'"client_secret":"[^"]*"', '"client_secret":"nothing"', path.read_text()))
        found, said = findings(home, None)
        bad = [item for item in found if item["state"] == "missing"]
        check(any(item["name"] == "vault" and "client secret is wrong" in item["detail"] for item in bad), bad)
        check("nothing" not in said.out + said.err, "the secret is shown")


def two_attestation_services_may_publish_the_same_key():
    """Then the keys beside the receipt hold it once, and the receipt verifies."""
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        info = json.loads(home.coffer("up", "--json").out)
        other = info["attest"].replace("localhost", "127.0.0.1")
        (home.home / "coffer.yaml").write_text(f'attestation: ["{info["attest"]}", "{other}"]\nca: "{info["ca"]}"\n')
        said, _ = home.run_job(home.wdbc(replace={"epochs: 40": "epochs: 2"}))
        check(said["status"] == "succeeded", said)
        check(home.contract()[1]["attestation"] == {"authority": info["attest"], "others": [other]}, home.contract()[1]["attestation"])
        kids = [key["kid"] for key in json.loads((home.work / "out/attestation-keys.json").read_text())["keys"]]
        check(kids and len(kids) == len(set(kids)), kids)


def doctor_goes_on_past_what_does_not_answer():
    with Home() as home:
        home.coffer("key", "create", "--bits", "2048")
        (home.home / "coffer.yaml").write_text("storage: azure:http://127.0.0.1:9/account/container?sig=secretsecret\nattestation: https://127.0.0.1:9\n")
        found, said = findings(home, None)
        states = {item["name"]: item["state"] for item in found}
        check(states["vault"] == "ok" and states["attestation"] == "missing" and states["storage"] == "missing", found)
        check("secretsecret" not in said.out + said.err, "the SAS is shown")


main(up_tells_a_program_all_that_a_client_needs,
     doctor_finds_everything_good_where_it_is,
     doctor_names_the_role_that_is_missing,
     doctor_says_what_a_disabled_key_and_a_wrong_secret_mean,
     doctor_goes_on_past_what_does_not_answer,
     two_attestation_services_may_publish_the_same_key)
