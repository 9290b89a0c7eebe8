"""Commands of doit print no control characters that come from logs, names or settings."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

BODY = r"""
BUILD = ["bad"]
SAYS = "print('ERROR: \x1b]0;owned\x07 \x9b2J \x08 \u202e no such thing'); exit(1)"

def task_all():
    name = BUILD[0]
    yield task(python(name, SAYS, error_lines=("^ERROR",), outputs=("o\x1b[5m",), sources=("s\x1b[1m",)), doc="\x1b[7m")
    yield task(python("slow", "import time; time.sleep(0.6); open('s', 'w').write('1')", outputs=("s",)), doc="x")
    # doit prints this by itself, and while a step's line is on the screen.
    yield {"basename": "own\x1b[2J\u202e", "actions": ["printf 'own \\033]0;owned\\007\n'"], "verbosity": 2}
"""
OURS = r"\x1b\[(?:\d+(?:;\d+)*m|\?25[lh]|[12]K|1A)|\r"  # what rich draws with
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
STEP = "bad"
OWN = "own\x1b[2J\u202e"


@pytest.fixture
def hostile(checkout):
    checkout.write("s\x1b[1m", "1")
    checkout.dodo(BODY)
    return checkout


def on_a_terminal(checkout, *words: str, **environment: str) -> str:
    main, side = pty.openpty()
    variables = {**checkout.environment, "TERM": "xterm", "COLUMNS": "150", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *words], cwd=checkout.folder, env=variables, stdout=side, stderr=side
    )
    os.close(side)
    shown = b""
    try:
        while piece := os.read(main, 65536):
            shown += piece
    except OSError:
        pass
    os.close(main)
    process.wait(timeout=60)
    return re.sub(OURS, "", shown.decode(errors="surrogateescape"))


def test_a_failure_and_the_questions(hostile) -> None:
    shown = hostile.doit(status=1)
    assert "\\x1b]0;owned\\x07" in shown
    for words in (["list"], ["plan"], ["why", STEP], ["log", STEP], ["repro", STEP], ["config"]):
        shown += hostile.doit(*words)
    shown += hostile.doit("log", "no\x1b[2J", status=3) + hostile.doit("no\x1b[2J", status=3)
    shown += hostile.doit(OWN) + hostile.doit("info", STEP, status=1)
    assert CONTROL.findall(shown) == []
    document = json.loads(hostile.doit("list", "--json"))
    assert OWN in [task["name"] for task in document["tasks"]], "JSON stays exact"


@pytest.mark.slow
def test_a_terminal(hostile) -> None:
    shown = on_a_terminal(hostile, "-c", "-n", "2", STEP, "slow", OWN)
    assert "own\\x1b[2J\\u202e" in shown and "own \\x1b]0;owned" in shown
    shown += on_a_terminal(hostile, "config")
    assert CONTROL.findall(shown) == []


@pytest.mark.parametrize("pager", ["cat", "less", ""])
def test_the_pager(hostile, pager: str) -> None:
    hostile.doit(status=1)
    log = next(hostile.folder.glob("build/bad*.log"))
    log.write_bytes(b"\x1b[2J\x1b]52;c;QUJD\x07 kept \xff\n\x9b5A\xc2\x9b\n")
    shown = on_a_terminal(hostile, "log", STEP, PAGER=pager, LESS="FX")
    if pager != "less":
        assert shown == "\\x1b[2J\\x1b]52;c;QUJD\\x07 kept \udcff\n\\udc9b5A\\x9b\n"
    assert "\x1b]" not in shown and "\x07" not in shown


def test_names_that_are_no_text(checkout) -> None:
    """A folder whose name is not UTF-8: it is written out, and no command ends for it."""
    folder = Path(os.fsdecode(os.fsencode(checkout.folder) + b"/\xff\x9b"))
    folder.mkdir()
    checkout.dodo("BUILD = []\n")
    (folder / "dodo.py").write_text("raise FileNotFoundError('/\\udcff\\udc9b')\n")
    (folder / "pyproject.toml").write_text(checkout.read("pyproject.toml"))
    done = subprocess.run(
        [sys.executable, "-m", "doit", "list"], cwd=folder, env=checkout.environment, capture_output=True, check=False
    )
    assert done.returncode == 3 and b"\\udcff" in done.stderr and b"UnicodeEncodeError" not in done.stderr
