"""The verdict on a finished run, from the executor's report, the log, and the files."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from farm.display.wording import remedy_words
from farm.execution.failure import Failure
from farm.execution.run import Run
from farm.execution.verdict import Memory, verdict
from farm.results.record import Cost
from farm.step import Output, Step

STEP = Step(
    "one",
    ("tool",),
    (),
    (Output("out", "build/out"), Output("notes", "build/notes", may_be_empty=True)),
    log="build/log",
    timeout_s=60.0,
    timeout_setting="tool.timeout_s",
    error_lines=("^ERROR:",),
    closing_line="^Exiting",
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A successful run."""
    made = Run(STEP, tmp_path, tmp_path / "log", status=0)
    made.work.mkdir()
    (made.work / "out").write_text("x")
    (made.work / "notes").write_text("")
    made.log.write_text("working\nExiting\n")
    return made


def judged(run: Run) -> Failure | None:
    return verdict(run, Memory(expected_gib=2.0, limit_gib=8.0))


def failure_of(run: Run) -> tuple[str, str, str]:
    found = judged(run)
    assert found is not None
    return found.cause, found.detail, found.kind


def test_a_run_that_ended_well(run: Run) -> None:
    assert judged(run) is None


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"status": 3}, ("exit", "3", "source")),
        ({"status": -signal.SIGSEGV}, ("signal", "SIGSEGV", "crash")),
        ({"status": None}, ("lost", "", "infrastructure")),
        ({"errno": 13}, ("program", "tool: Permission denied", "config")),
        ({"status": -signal.SIGTERM, "timed_out": True}, ("timeout", "60", "timeout")),
        ({"log_bytes": 1000}, ("cut", "16 of the 1000 bytes that were written are there", "crash")),
    ],
)
def test_how_it_ended(run: Run, reported: dict[str, object], expected: tuple[str, str, str]) -> None:
    for name, value in reported.items():
        setattr(run, name, value)
    assert failure_of(run) == expected


def test_a_timeout_names_its_setting(run: Run) -> None:
    run.timed_out = True
    found = judged(run)
    assert found is not None
    assert "raise tool.timeout_s" in found.remedy


def test_exit_status_0_with_an_error_in_the_log(run: Run) -> None:
    run.log.write_text("ERROR: no licence\nExiting\n")
    assert failure_of(run) == ("log", "ERROR: no licence", "source")


def test_a_log_without_its_closing_line(run: Run) -> None:
    run.log.write_text("working\n")
    assert failure_of(run) == ("cut", "no line matches '^Exiting'", "crash")


def test_no_log(run: Run) -> None:
    run.log.unlink()
    assert failure_of(run)[0] == "engine"


@pytest.mark.parametrize("kind", ["absent", "empty", "folder"])
def test_an_output_that_is_not_there(run: Run, kind: str) -> None:
    out = run.work / "out"
    out.unlink()
    if kind == "empty":
        out.touch()
    elif kind == "folder":
        out.mkdir()
    words = {"absent": "was not written", "empty": "is empty", "folder": "is a folder"}
    assert failure_of(run) == ("outputs", f"out {words[kind]}", "crash")


class TestMemory:
    def judge(self, run: Run, status: int, *, oom_kills: int = 0, peak_gib: float = 1.0) -> Failure:
        run.status, run.oom_kills, run.cost = status, oom_kills, Cost(1.0, 1.0, peak_gib)
        found = judged(run)
        assert found is not None
        return found

    def test_the_kernel_has_counted(self, run: Run) -> None:
        found = self.judge(run, -signal.SIGKILL, oom_kills=1)
        assert (found.kind, found.peak_memory_gib, found.memory_gib) == ("memory", 1.0, 2.0)
        assert "it took 1.00 GiB of 8.00, 2.00 were expected" in remedy_words(found)
        assert self.judge(run, 1, oom_kills=1).kind == "memory"

    def test_killed_while_it_held_nearly_everything(self, run: Run) -> None:
        assert self.judge(run, -signal.SIGKILL, peak_gib=7.5).kind == "memory"
        assert self.judge(run, -signal.SIGKILL, peak_gib=3.0).kind == "crash"
        assert self.judge(run, -signal.SIGSEGV, peak_gib=7.5).kind == "crash"
