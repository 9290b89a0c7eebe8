"""The farm redacts every log that it keeps or shows, with a function that the project supplies."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from farm.execution.failure import failed
from farm.execution.redact_log import redact_log
from farm.redaction import NOTHING_PRIVATE

SECRETS = ("2100@lic.example.org", "ghp_" + "a1B2" * 9, "jane", "10.20.30.40")

# The text is put together in the tool: a step's own argv and inputs are no log.
BODY = """
from farm.redaction import Redaction
from reports.logs.redaction import redact_part

REDACTION = Redaction(redact_part)
DOIT_CONFIG = doit_config("build/main", settings=SETTINGS, redaction=REDACTION)
BUILD = ["leak"]
CODE = '''
import sys, time
print("XILINXD_LICENSE_FILE=2100" + "@lic.example.org")
print("cloning with ghp_" + "a1B2" * 9)
print("USER=" + "ja" + "ne")
print("connecting to 10.20." + "30.40:2100")
sys.stdout.buffer.write(b"no UTF-8: \\\\xff\\\\xfe\\\\n")
mode = open("mode").read()
if mode != "well":
    who = "ja" + "ne"
    print("ERROR: [Common 17-345] no licence from 2100" + "@lic.example.org for /home/" + who + "/prj/top.v:25, " + who)
open("out", "w").write(mode)
sys.stdout.flush()
if mode == "wait":
    open("waits", "w")
    time.sleep(60)
sys.exit(mode == "badly")
'''
def task_leak():
    yield task(python("leak", CODE, sources=("mode",), error_lines=("^ERROR: .*2100@lic",), environment=ENV), doc="x")
"""


@pytest.fixture
def leak(checkout):
    checkout.environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    checkout.dodo("ENV = ()\n" + BODY)
    return checkout


def kept(checkout) -> str:
    """Everything that a build has left in the checkout and in the store, except files of the test."""
    folders = (checkout.folder / "build", Path(checkout.environment["XDG_CACHE_HOME"]))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any("cas" in path.parts for path in files) or not checkout.exists("build/out")
    return "".join(path.read_text(errors="replace") for path in files)


def test_the_log_of_a_step_that_ran_well(leak) -> None:
    leak.write("mode", "well")
    shown = leak.doit()
    for secret in SECRETS:
        assert secret not in shown + kept(leak)
    log = (leak.folder / "build/leak.log").read_bytes()
    assert b"XILINXD_LICENSE_FILE=<redacted>" in log
    assert b"no UTF-8: \xff\xfe\n" in log, "what is not private stays, byte for byte"
    (leak.folder / "build/out").unlink()
    (leak.folder / "build/leak.log").unlink()
    assert leak.made() == {"leak"}
    assert (leak.folder / "build/leak.log").read_bytes() == log, "the store's is the same"


@pytest.mark.parametrize("mode", ["badly", "by its log"])
def test_a_failure_is_told_without_what_is_private(leak, mode: str) -> None:
    leak.write("mode", mode)
    shown = leak.doit(status=1)
    for secret in SECRETS:
        assert secret not in shown + kept(leak)
    assert "ERROR: [Common 17-345] no licence from <licence server> for <home>/prj/top.v:25, <redacted>" in shown
    assert not leak.exists("build/out"), "the log is judged as the tool wrote it"


def test_a_build_that_is_stopped(leak, started) -> None:
    leak.write("mode", "wait")
    process = started()
    scratch = leak.folder / "build/.farm/scratch"
    leak.wait_for("build/leak.log")
    while not list(scratch.rglob("waits")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.wait(20)
    for secret in SECRETS:
        assert secret not in kept(leak)


def test_repro_leaves_private_values_out(leak) -> None:
    leak.write("mode", "well")
    leak.dodo(f'ENV = (("SERVER", "{SECRETS[0]}"), ("LEVEL", "3"))\n' + BODY)
    leak.doit()
    shown = leak.doit("repro", "leak")
    assert "the value of SERVER is left out" in shown
    folder = leak.folder / "build/repro/leak"
    assert SECRETS[0] not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    clean = {"PATH": os.environ["PATH"]}
    done = subprocess.run([folder / "run"], env=clean, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "SERVER" in done.stderr


def test_repro_names_no_user(leak) -> None:
    leak.write("mode", "well")
    # As if this Python were in a user's folder.
    lies = BODY.replace(
        "REDACTION = Redaction(redact_part)",
        "REDACTION = Redaction(lambda text, log: text.replace(sys.executable, '<home>/bin/python'))",
    )
    leak.dodo("ENV = ()\n" + lies)
    shown = leak.doit("repro", "leak")
    python = shown.partition("start PYTHON=")[2].partition(" ")[0]
    folder = leak.folder / "build/repro/leak"
    assert python and python not in (folder / "run").read_text() + (folder / "README.md").read_text()
    clean = {"PATH": os.environ["PATH"]}
    without = subprocess.run([folder / "run"], env=clean, capture_output=True, text=True, check=False)
    assert without.returncode != 0 and "PYTHON: set it to a Python" in without.stderr
    given = subprocess.run([folder / "run"], env={**clean, "PYTHON": python}, capture_output=True, check=False)
    assert given.returncode == 0


def test_a_log_that_cannot_be_cleaned_is_not_kept(leak) -> None:
    leak.write("mode", "well")
    refuse = "def redact_part(text, log):\n    raise OSError(28, 'No space left on device')\n\n\nREDACTION ="
    leak.dodo("ENV = ()\n" + BODY.replace("REDACTION =", refuse))
    shown = leak.doit(status=1)
    assert "the log could not be redacted (No space left on device)" in shown
    for secret in SECRETS:
        assert secret not in shown + kept(leak)


def test_texts_stay_where_nothing_is_private(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(SECRETS[0])
    failure = failed("log", SECRETS[0])
    assert redact_log(log, "build/log", failure, NOTHING_PRIVATE) is failure
    assert log.read_text() == SECRETS[0]
