"""`doit bugreport`: the contents of the archive, and data that must not be in it."""

from __future__ import annotations

import getpass
import json
import socket
import zipfile

import pytest

FAILS = """
from farm.project import Question
from farm.redaction import Redaction
from reports.logs.redaction import redact_part

def tools():
    print("AMD's tools: none; licence 2100@lic.example.org")

DOIT_CONFIG = doit_config(
    "build/main", settings=SETTINGS, redaction=Redaction(redact_part),
    questions=(Question("tools", "x", tools, in_report=True), Question("fit", "x", lambda: print("not asked"))),
)
BUILD = ["bad:one", "good"]
CODE = "import os; print('USER=hannelore'); print('/home/hannelore/x.v:3 failed'); exit(1)"

def task_bad():
    yield task(
        python("bad:one", CODE, sources=("parameters.npz",), tools=(Tool("g++", "12.2"),),
               environment=(("LM_LICENSE_FILE", "27000@secret.example.org"), ("COLOUR", "blue"))),
        doc="x")

def task_good():
    return task(python("good", "open('good', 'w').write('fine')", outputs=("good",)), doc="x")
"""


@pytest.fixture
def failed(checkout):
    checkout.write("parameters.npz", "TRAINED")
    checkout.dodo(FAILS)
    checkout.doit("-c", status=1)
    return checkout


def unpacked(path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_contents(failed) -> None:
    output = failed.doit("bugreport")
    files = unpacked(failed.folder / "build/bugreport.zip")
    assert set(files) == {
        *("README.txt", "version.txt", "settings.txt", "tools.txt", "last_build.jsonl"),
        *("failed/bad-one/command.txt", "failed/bad-one/log.txt"),
    }
    assert all(f"  {name}\n" in output for name in files)
    assert "build/bugreport.zip: nothing was sent anywhere; look through it" in output
    assert "/x.v:3 failed" in files["failed/bad-one/log.txt"]
    assert "g++ 12.2" in files["failed/bad-one/command.txt"]
    assert "COLOUR=blue" in files["failed/bad-one/command.txt"]
    assert "clock_mhz: 250.0  (default)" in files["settings.txt"]
    assert files["tools.txt"] == "AMD's tools: none; licence <licence server>\n"
    events = [json.loads(line) for line in files["last_build.jsonl"].splitlines()]
    assert [event["name"] for event in events if event["event"] == "failed"] == ["bad:one"]


def test_what_is_private_stays_here(failed) -> None:
    # Even if a log or an event was written without redaction.
    failed.write("build/bad-one.log", f"USER=hannelore\nhannelore on {socket.gethostname()}.\n2100@lic.example.org\n")
    event = {
        "event": "started", "at_s": 1.0, "name": "good",
        "reasons": [{"kind": "environment", "subject": "X", "before": "geheim", "after": "geheimer"}],
    }  # fmt: skip
    with (failed.folder / "build/.farm/last_build.jsonl").open("a") as stream:
        stream.write(json.dumps(event) + "\n")
    failed.doit("bugreport", "-o", "out/report.zip", "farm.store=/home/hannelore/store")
    text = "".join(unpacked(failed.folder / "out/report.zip").values())
    for private in ("hannelore", "example.org", "27000", "TRAINED", "geheim"):
        assert private not in text
    for name in (getpass.getuser(), socket.gethostname()):
        # Short names, and names that every machine has, are also ordinary words, so they stay.
        assert name in ("root", "localhost", "runner") or len(name) < 4 or name not in text


def test_a_log_out_of_the_checkout_is_left_out(failed) -> None:
    (failed.folder.parent / "outside.log").write_text("outside")
    event = {"event": "failed", "at_s": 1.0, "name": "../gone", "failure": {"log": "../outside.log"}}
    with (failed.folder / "build/.farm/last_build.jsonl").open("a") as stream:
        stream.write(json.dumps(event) + "\n")
    failed.doit("bugreport")
    files = unpacked(failed.folder / "build/bugreport.zip")
    assert "outside" not in "".join(text for name, text in files.items() if name.endswith("log.txt"))
    assert not any(".." in name for name in files)


def test_a_step_of_the_same_name_of_another_build_is_not_taken_for_the_failed_one(failed) -> None:
    failed.dodo(FAILS.replace('"bad:one", CODE', '"bad:one", CODE, outputs=("else",)'))
    failed.write("dodo.py", failed.read("dodo.py").replace('log=f"build/', 'log=f"build/other-'))
    failed.doit("bugreport")
    assert "failed/bad-one/log.txt" in (files := unpacked(failed.folder / "build/bugreport.zip"))
    assert "failed/bad-one/command.txt" not in files


def test_before_any_build_and_where_it_cannot_be_written(checkout) -> None:
    checkout.write("parameters.npz", "TRAINED")
    checkout.dodo(FAILS)
    checkout.doit("bugreport")
    assert set(unpacked(checkout.folder / "build/bugreport.zip")) == {
        *("README.txt", "version.txt", "settings.txt", "tools.txt")
    }
    checkout.write("file", "x")
    output = checkout.doit("bugreport", "-o", "file/report.zip", status=3)
    assert "name another file with -o" in output
    assert "takes no task ('bad')" in checkout.doit("bugreport", "bad", status=3)
