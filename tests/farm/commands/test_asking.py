"""Commands that answer questions: they change nothing, work in a read-only folder, and do not wait for a build."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from unwritable import obey_permissions, unwritable

ASKED = """
from farm.project import Guide, Question
from farm.tasks import question

def answer():
    print("forty-two")
    return FAILS

QUESTIONS = (Question("reports", "What is known", answer), Question("tools", "The tools", answer, in_report=True))
GUIDE = Guide("A chain of three", (("doit", "builds it"),), {"Make": ("join", "up", "build"), "Look": ("reports",)})
DOIT_CONFIG = doit_config(
    "build/main", settings=SETTINGS, redaction=NOTHING_PRIVATE, questions=QUESTIONS, guide=GUIDE
)

def task_asked():
    yield question(QUESTIONS[0])
"""
#: Every command that only asks.
COMMANDS = (
    ("reports",), ("tools",), ("plan",), ("plan", "--json"), ("why", "join"), ("why", "--json", "up"),
    ("list",), ("list", "-s", "--json"), ("list", "--all", "-s"), ("info", "up:a"), ("log", "up:a"), ("config",),
    ("version",), ("help",), ("help", "join"),
)  # fmt: skip


def asked(checkout, body: str, fails: str = "None") -> None:
    checkout.dodo(f"FAILS = {fails}\n" + ASKED + body)


@pytest.fixture
def built(chain):
    asked(chain, chain.body)
    chain.doit()
    return chain


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def ask(checkout, *words: str) -> tuple[int, str]:
    # An ordinary user has no rights to give up.
    rights = {} if os.geteuid() else {"preexec_fn": obey_permissions}
    return replace(checkout, as_user=rights).ended(*words)


def test_nothing_changes_and_no_build_is_waited_for(built) -> None:
    cache = Path(built.environment["XDG_CACHE_HOME"])
    before = files(built.folder), files(cache)
    assert "build/.farm/last_build.jsonl" in before[0]
    lock = os.open(built.folder / "build/.farm/lock", os.O_RDWR)
    try:
        # Hold the lock, like a build that is running.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in COMMANDS:
            status, output = ask(built, *words)
            assert status == 0, (words, output)
            assert "0 current" not in output.replace("0 would run, 0 would be restored, 0 current", ""), words
            assert "waiting" not in output
    finally:
        os.close(lock)
    assert (files(built.folder), files(cache)) == before
    assert "build/trace.json: 3 steps" in built.doit("trace")


def test_folders_that_cannot_be_written(built) -> None:
    built.write("a.txt", "another\n")
    cache = Path(built.environment["XDG_CACHE_HOME"])
    with unwritable(built.folder, cache):
        for words in COMMANDS:
            status, output = ask(built, *words)
            # `info` returns 1, because the task is not up to date.
            assert status == (1 if words[0] == "info" else 0), (words, output)
            assert "Traceback" not in output
            assert "cannot be" not in output, (words, output)
        # The ledger is read there too.
        assert "by earlier runs" in ask(built, "plan")[1]
        status, output = ask(built, "trace")
        assert (status, output) == (3, "ERROR: build/trace.json: Permission denied; name another file with -o\n")


def test_a_fresh_checkout_without_a_store_that_cannot_be_written(chain) -> None:
    asked(chain, chain.body)
    cache = Path(chain.environment["XDG_CACHE_HOME"])
    cache.mkdir()
    with unwritable(chain.folder, cache):
        for words in COMMANDS:
            status, output = ask(chain, *words)
            expected = {"info": 1, "log": 3}.get(words[0], 0)
            assert status == expected, (words, output)
            assert "Traceback" not in output
    assert not list(cache.iterdir())
    assert not chain.exists("build")


def test_a_damaged_entry_is_left_for_the_build(built) -> None:
    (entry,) = [
        path
        for path in Path(built.environment["XDG_CACHE_HOME"]).glob("dataflow-farm/ac/*/*")
        if json.loads(path.read_text())["entry"]["name"] == "join"
    ]
    entry.write_text("{")
    built.doit("clean", "--forget", "join")
    output = built.doit("plan", "join")
    assert "1 would run" in output
    assert entry.exists()


class TestQuestions:
    def test_one_answer_behind_the_command_and_the_task(self, built) -> None:
        assert built.doit("reports") == "forty-two\n"
        output = built.doit("build", "reports")
        assert "forty-two\n" in output
        assert "1 run, 3 current" in output

    def test_a_failure_has_the_status_of_a_failed_task(self, chain) -> None:
        asked(chain, chain.body, "'two gates failed'")
        assert chain.doit("reports", status=1) == "forty-two\nERROR: two gates failed\n"
        assert "two gates failed" in chain.doit("build", "reports", status=1)

    def test_a_word_and_a_project_without_the_question(self, built) -> None:
        assert "takes only key=value words, not 'build'" in built.doit("reports", "build", status=3)
        assert "dodo.py answers no question 'fit'" in built.doit("fit", status=3)

    def test_a_form_that_the_question_has_not(self, built) -> None:
        output = built.doit("reports", "--format", "github", status=3)
        assert "this dodo.py answers 'reports' in no other form than a table" in output
        assert "Traceback" not in output

    def test_a_build_without_a_step_keeps_the_trace_of_the_one_before(self, built) -> None:
        for words in (("build", "reports"), ("reports",), ("build",), ("run", "reports")):
            built.doit(*words)
            assert "build/trace.json: 3 steps" in built.doit("trace"), words
        # Tasks that are no steps still appear beside a step, even if they come first.
        built.write("a.txt", "another\n")
        built.doit("build", "reports")
        assert "build/trace.json: 3 steps" in built.doit("trace")
        names = {event["name"] for event in json.loads(built.read("build/trace.json"))["traceEvents"]}
        assert {"up:a", "join", "reports"} <= names
