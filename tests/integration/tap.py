"""Tests as claims: a function's name is what it shows. Prints TAP."""
import sys
import traceback

claims = []


def claim(function):
    claims.append(function)
    return function


def equal(found, expected, what=""):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def run():
    failed = 0
    print(f"1..{len(claims)}")
    for number, function in enumerate(claims, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:  # a test that breaks is a test that fails
            failed += 1
            print(f"not ok {number} - {function.__name__}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)
