"""The project's own questions: they work in a read-only checkout and beside a build, and forget nothing."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest
from flow_checkout import FOLDER, Checkout
from unwritable import obey_permissions, unwritable

QUESTIONS = (("reports",), ("fit",), ("tools",))


def ask(checkout: Checkout, *words: str) -> tuple[int, str]:
    process = checkout.start("-m", "doit", *words, preexec_fn=obey_permissions)
    try:
        output, _ = process.communicate(timeout=280)
    finally:
        process.kill()
    return process.returncode, output


def kept(checkout: Checkout) -> dict[str, bytes]:
    """doit's memory, the records and the last build."""
    memory = checkout.folder / FOLDER / "doit.journal"
    paths = [memory, *(checkout.folder / "build/.farm").rglob("*")]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def test_beside_a_build_they_answer_and_leave_nothing_behind(built: Checkout) -> None:
    before = kept(built)
    lock = os.open(built.folder / "build/.farm/lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in QUESTIONS:
            status, output = ask(built, *words)
            assert status == 0, output
            assert "current" not in output
    finally:
        os.close(lock)
    assert kept(built) == before
    assert json.loads((built.folder / FOLDER / "report.json").read_text())["build"]["network"] == "digits"
    # A failed gate fails the command as well as the task.
    status, output = ask(built, "reports", "gates=fps >= 999999999")
    assert status == 1
    assert "1 of 1 gates failed" in output.splitlines()[-1]


def test_where_nothing_can_be_written(built: Checkout) -> None:
    (built.folder / FOLDER / "estimate.json").unlink(missing_ok=True)
    before = built.files()
    said = f"{FOLDER}/report.json and report.csv could not be written: Permission denied"
    with unwritable(built.folder, Path(built.environment["XDG_CACHE_HOME"])):
        answers = {words: ask(built, *words) for words in QUESTIONS}
    assert [status for status, _ in answers.values()] == [0, 0, 0]
    assert answers[("reports",)][1].splitlines()[-1] == said
    # The steps' values and times are read in place.
    assert "Times of the steps when they last ran" in answers[("reports",)][1]
    assert not [output for _, output in answers.values() if "Traceback" in output]
    assert built.files() == before


@pytest.mark.parametrize("words", [("build", "reports"), ("reports", "build")])
def test_combined_with_a_build(built: Checkout, words: tuple[str, str]) -> None:
    built.doit("build")
    events = (built.folder / "build/.farm/last_build.jsonl").read_bytes()
    if words[0] == "reports":
        assert "takes only key=value words" in built.doit(*words, status=3)
        return
    assert "digits with open for sw_emu" in built.doit(*words)
    assert (built.folder / "build/.farm/last_build.jsonl").read_bytes() == events
