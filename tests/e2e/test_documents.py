"""What the documents say is true: commands run, pages are those of the program, tests that are named exist."""
import os
import pathlib
import re
import shutil
import subprocess

from harness import BIN, ROOT, Home, check, main


def every_command_of_the_readme_works():
    text = (ROOT / "README.md").read_text()
    block = next(block for block in re.findall(r"```\n(.*?)```", text, re.S) if "coffer run" in block)
    with Home() as home:
        shutil.copytree(ROOT / "examples", home.work / "examples", ignore=shutil.ignore_patterns("data"))
        environment = {**os.environ, "PATH": f"{home.bin}:{os.environ['PATH']}", "XDG_STATE_HOME": str(home.path / "state")}
        for line in block.splitlines():
            command = line.split("#")[0].strip()
            check(command.startswith("coffer"), line)
            done = subprocess.run(["bash", "-ec", command], cwd=home.work, env=environment, capture_output=True, text=True, timeout=120)
            check(done.returncode == 0, command, "\n", done.stdout[-1000:], done.stderr[-1000:])


def manual_page_and_completions_are_those_of_the_program():
    with Home() as home:
        check((ROOT / "man/coffer.1").read_text() == home.coffer("manual").out, "man/coffer.1 is out of date: coffer manual > man/coffer.1")
        script = home.coffer("completions").out
        check(subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0, "completions are not a shell script")
        shown = subprocess.run(["bash", "-c", script + '\nCOMP_WORDS=(coffer data ""); COMP_CWORD=2; _coffer; echo "${COMPREPLY[@]}"'],
                               capture_output=True, text=True, cwd=home.work).stdout
        check("inspect" in shown and "rewrap" in shown, shown)


def every_status_is_in_the_manual():
    names = re.findall(r"^COF_X\((\w+),", (ROOT / "src/tcb/base/status.def").read_text(), re.M)
    manual = (ROOT / "man/coffer.1").read_text()
    check(len(names) > 50)
    for name in names:
        check(f" {name}\n" in manual, name)


def every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+){3,})`", (ROOT / "docs/threat-model.md").read_text()))
    check(len(named) > 10)
    tests = "\n".join(path.read_text(errors="replace") for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".c"))
    for name in named:
        check(name in tests, "there is no test", name)
    for folder in set(re.findall(r"`(tests/[a-z/_]+)`", (ROOT / "docs/threat-model.md").read_text())):
        found = (ROOT / folder).exists() or list(ROOT.glob(folder + "*"))
        check(found, "there is no", folder)


def links_in_the_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in link:
                check((page.parent / link).exists(), page.relative_to(ROOT), "links to", link)


def programs_say_what_they_are():
    for program in ("coffer", "coffer-agent", "coffer-local", "coffer-worker"):
        for option in ("--version", "--help"):
            done = subprocess.run([BIN / program, option], capture_output=True, text=True, timeout=20)
            check(done.returncode == 0 and len(done.stdout) > 5, program, option, done.returncode, done.stderr)


main(every_command_of_the_readme_works, manual_page_and_completions_are_those_of_the_program, every_status_is_in_the_manual,
     every_test_that_the_threat_model_names_exists, links_in_the_documents_lead_somewhere, programs_say_what_they_are)
