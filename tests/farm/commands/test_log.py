"""`doit log` and `doit version`."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

TALKS = """
from farm.redaction import Redaction
DOIT_CONFIG["redaction"] = Redaction(lambda text, log: text.replace("hannelore", "<user>"))
BUILD = ["talk:one", "talk:bad"]

def task_talk():
    yield task(python("talk:one", "print('for hannelore'); open('one', 'w').write('1')", outputs=("one",)), doc="x")
    yield task(python("talk:bad", "print('error at line 7'); exit(3)", outputs=("bad",)), doc="x")
    yield {"name": "block", "actions": None, "task_dep": ["talk:one"], "doc": "= talk:one"}
    yield {"name": "own", "actions": ["true"], "doc": "no step"}
"""


@pytest.fixture
def talked(checkout):
    checkout.dodo(TALKS)
    checkout.doit("-c", status=1)
    return checkout


def test_logs_of_steps_and_groups_also_of_failed_ones(talked) -> None:
    assert talked.doit("log", "talk:one") == "for <user>\n"
    assert talked.doit("log", "talk:block") == "for <user>\n"
    assert "error at line 7" in talked.doit("log", "talk:bad")
    both = talked.doit("log", "talk:one", "talk:bad")
    assert both.startswith("== talk:one: build/talk-one.log\nfor <user>\n== talk:bad: build/talk-bad.log\n")


def test_what_lies_there_unredacted_is_not_shown(talked) -> None:
    talked.write("build/talk-one.log", "hannelore \xff")
    assert talked.doit("log", "talk:one") == "<user> \xff"


def test_no_log(checkout, talked) -> None:
    (talked.folder / "build/talk-one.log").unlink()
    output = talked.doit("log", "talk:one", status=3)
    assert output.startswith("ERROR: there is no log of talk:one yet: ")
    assert "'doit talk:one' makes one" in output
    assert "stands for no step" in talked.doit("log", "talk:own", status=3)
    assert "needs the name of a task" in talked.doit("log", status=3)
    assert "did you mean 'talk:one'?" in talked.doit("log", "talk:onee", status=3)


@pytest.mark.parametrize(("pager", "shown"), [("sed s/^/paged:/", "paged:for <user>"), ("no-such-pager", "for <user>")])
def test_on_a_terminal_it_goes_through_the_pager(talked, pager: str, shown: str) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", "log", "talk:one"],
        cwd=talked.folder, env={**talked.environment, "PAGER": pager}, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    seen = b""
    try:
        while data := os.read(master, 4096):
            seen += data
    except OSError:
        pass
    os.close(master)
    assert process.wait(timeout=30) == 0
    assert seen.decode().strip() == shown


def test_version(checkout) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *identity, *words], cwd=checkout.folder, check=True, capture_output=True)

    compiler = checkout.write("bin/g++", '#!/bin/sh\ntest "$*" = -dumpfullversion && echo 99.1.0\n')
    compiler.chmod(0o755)
    checkout.environment["PATH"] = f"{compiler.parent}:{os.environ['PATH']}"
    lines = checkout.doit("version").splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["dataflow-farm", "commit", "Python", "doit", os.uname().sysname]
    assert "g++ 99.1.0" in lines
    assert lines[2] == "Python " + ".".join(map(str, sys.version_info[:3]))
    git("init", "-q")
    git("add", "pyproject.toml")
    git("commit", "-q", "-m", "x")
    hash_ = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout.folder, check=True, capture_output=True, text=True
    ).stdout
    assert re.fullmatch(rf"commit {hash_[:12]}", checkout.doit("version").splitlines()[1])
    checkout.write("pyproject.toml", checkout.read("pyproject.toml") + "\n# more\n")
    assert checkout.doit("version").splitlines()[1] == f"commit {hash_[:12]}-dirty"
