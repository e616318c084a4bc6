#!/usr/bin/env python3
"""Makes the expected contracts from the jobs, independently of Coffer's own code.

Written from docs/formats/contract.md with PyYAML and the standard library:

    /usr/bin/python3 make.py          checks the files that are here
    /usr/bin/python3 make.py --write  writes them

facts.json holds what a job only points at: keys of the identities, digests of the sealed inputs.
The keys in it were made with `openssl genpkey`; only their public parts were kept.
"""
import hashlib
import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).parent


def number(value):
    """A finite number as ECMAScript prints it (RFC 8785 section 3.2.2.3)."""
    if float(value).is_integer() and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, exponent = repr(float(value)).partition("e")
    if not exponent:
        return mantissa
    power = int(exponent)
    if -7 <= power < 0:  # Python changes to exponents below 1e-4, ECMAScript below 1e-6
        digits = mantissa.replace(".", "")
        return "0." + "0" * (-power - 1) + digits
    return f"{mantissa}e{power:+d}".replace("e+0", "e+")


def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(json.dumps(key, ensure_ascii=False) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return number(value)


def scaled(text, units):
    count, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", text).groups()
    return int(count) * units[unit]


def column(given):
    made = {"name": given["name"], "type": given["type"]}
    if given["type"] == "category":
        made["values"] = given["values"]
        return made
    made.update({key: given[key] for key in ("min", "max") if key in given})
    made["missing"] = given.get("missing", "refuse")
    return made


def read_input(given, found, facts):
    made = {key: given[key] for key in ("name", "owner", "format")}
    made["use"] = given.get("use", "train")
    parts = ["data", "labels"] if given["format"] == "idx" else ["data"]
    made["objects"] = [{"part": part, **item} for part, item in zip(parts, found["objects"])]
    if given["format"] == "idx":
        made["classes"] = given.get("classes", found.get("classes"))
        return made
    made["schema"] = {"columns": [column(item) for item in yaml.safe_load((HERE / given["schema"]).read_text())["columns"]]}
    target = given["target"]
    made["target"] = made["schema"]["columns"][target]["name"] if isinstance(target, int) else target
    return made


def task(first):
    if first["format"] == "idx":
        classes = first["classes"]
    else:
        target = next(item for item in first["schema"]["columns"] if item["name"] == first["target"])
        classes = len(target["values"])
    return "binary" if classes == 2 else "classes"


def platform(given, facts):
    given = {"type": given} if isinstance(given, str) else given
    made = {"type": given["type"]}
    made["measurements"] = [str(item) for item in given.get("measurements", [facts["installed"][given["type"]]])]
    if made["type"] == "simulated":
        made["root"] = facts["root"]
    return made


def optimizer(given):
    rates = {"learning_rate": 0.001, "momentum": 0.9, "weight_decay": 0} if given["kind"] == "sgd" else {
        "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01}
    return {"kind": given["kind"], **{key: float(given.get(key, rates[key])) for key in rates}}


def training(given, facts):
    return {
        "epochs": given["epochs"], "batch": given.get("batch", 32), "seed": given.get("seed", 0),
        "validation": given.get("validation", 0.2), "test": given.get("test", 0),
        "class_weights": given.get("class_weights", "none"), "standardize": given.get("standardize", True),
        "optimizer": optimizer(given.get("optimizer", {"kind": "adamw"})),
        "checkpoint": given.get("checkpoint", {"every_epochs": 1}), "stop": given.get("stop"),
        "threads": given.get("threads", facts["threads"]), "precision": "f32", "kernel": given.get("kernel", "any"),
    }


def contract(job, found, facts):
    inputs = [read_input(*pair, facts) for pair in zip(job["inputs"], found)]
    owners = list(dict.fromkeys(item["owner"] for item in inputs))
    people = facts["identities"]
    model = dict(job["model"])
    if model["kind"] == "mlp":
        model.setdefault("activation", "relu")
    order = ["progress", "loss", "accuracy", "auc", "f1", "rmse", "mae", "confusion"]
    limits = job["limits"]
    return {
        "coffer": "contract/v1", "name": job["name"], "purpose": job["purpose"],
        "platform": {"accept": [platform(item, facts) for item in job["platform"]["accept"]]},
        "attestation": {"authority": facts["authority"]},
        "owners": [{"name": name, "key": people[name]["key"], "sign": people[name]["sign"]} for name in owners],
        "inputs": inputs, "task": task(inputs[0]), "model": model, "training": training(job["training"], facts),
        "disclose": sorted(job.get("disclose", ["progress"]), key=order.index),
        "outputs": [{**item, "recipients": [
            {"name": name, "kid": people[name]["result_kid"], "jwk": people[name]["result_jwk"]}
            for name in item["recipients"]]} for item in job["outputs"]],
        "limits": {
            "expires": int(limits["expires"].timestamp()), "runs": limits.get("runs", 1),
            "memory": scaled(limits.get("memory", "256MiB"), {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}),
            "wall_time": scaled(limits.get("wall_time", "1h"), {"s": 1, "m": 60, "h": 3600, "d": 86400})},
    }


def main():
    facts = json.loads((HERE / "facts.json").read_text())
    failed = False
    for name in ("wdbc", "digits"):
        job = yaml.safe_load((HERE / f"{name}.job.yaml").read_text())
        text = canonical(contract(job, facts["inputs"][name], facts)).encode()
        files = {f"{name}.contract.json": text, f"{name}.digest": hashlib.sha256(text).hexdigest().encode()}
        for path, content in files.items():
            if "--write" in sys.argv:
                (HERE / path).write_bytes(content)
            elif (HERE / path).read_bytes() != content:
                print(f"{path} differs")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
