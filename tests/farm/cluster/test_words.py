"""What a user sees of a cluster: places, waits, troubles with their remedies, and notes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import get_args

import pytest

from farm.display.cluster_words import place_words, trouble_remedy, trouble_words
from farm.display.wording import failure_words, remedy_words
from farm.execution.cluster.job import STARTED, Known, Sighting
from farm.execution.cluster.judge import Trouble
from farm.execution.cluster.live import Live
from farm.execution.cluster.slurm import Slurm
from farm.execution.failure import retry_of, troubled
from farm.execution.run import Place, Run
from farm.step import Output, Step


@pytest.mark.parametrize(
    ("place", "queued", "words"),
    [
        (None, True, ""),
        (Place("Slurm"), True, "queued in Slurm (submitted)"),
        (Place("Slurm", "", "18", "Licenses"), True, "queued in Slurm (job 18), waits for a licence vivado or hls"),
        (Place("Slurm", "", "18", "Resources"), True, "queued in Slurm (job 18), waits for free cores or memory"),
        (Place("Slurm", "", "18", "QOSMaxJobs"), True, "queued in Slurm (job 18), waits for QOSMaxJobs"),
        (Place("Slurm", "m1", "17"), False, "on m1 (job 17)"),
    ],
)
def test_where_a_step_is(place: Place | None, queued: bool, words: str) -> None:
    assert place_words(place, ("vivado", "hls"), queued=queued) == words


@pytest.mark.parametrize("trouble", get_args(Trouble))
def test_each_trouble_has_words_and_a_remedy(trouble: str) -> None:
    failure = troubled(trouble, "build/log", "NODE_FAIL")
    assert trouble_words(trouble, "") != trouble
    assert trouble_remedy(trouble)
    assert failure_words(failure).endswith("(NODE_FAIL)")
    assert trouble_remedy(trouble) in remedy_words(failure)


@pytest.mark.parametrize(
    ("trouble", "kind", "attempts"),
    [
        ("node failed", "infrastructure", 3),
        ("no program", "config", 2),
        ("out of memory", "memory", 4),
        ("time limit", "timeout", 1),
        ("cancelled", "infrastructure", 1),
        ("refused", "config", 1),
        ("other modules", "config", 1),
        ("no disk", "disk", 1),
    ],
)
def test_classes_and_retries(trouble: str, kind: str, attempts: int) -> None:
    failure = troubled(trouble, "", "")
    assert failure.kind == kind
    assert retry_of(failure).attempts == attempts


def live_in(folder: Path, notes: list[str]) -> Live:
    step = Step("a", ("true",), (), (Output("out", "build/out"),), log="build/log")
    run = Run(step, folder, folder / "log", key="a" * 64, queued=True)
    return Live(run, Known("farm-a", "t"), 1, Slurm(), notes.append)


@pytest.mark.parametrize(("apart_s", "told"), [(3600.0, True), (-3600.0, True), (20.0, False)])
def test_a_clock_that_differs_is_told_and_harms_nothing(tmp_path: Path, apart_s: float, told: bool) -> None:
    notes: list[str] = []
    live = live_in(tmp_path, notes)
    begun = {"node": "m1", "job": "17", "epoch_s": time.time() - apart_s, "token": "t"}
    (tmp_path / STARTED).write_text(json.dumps(begun))
    live.look(0)
    live.look(0)
    assert [note.startswith("the clock of m1 differs from this machine's by 3600 s") for note in notes] == [True] * told
    assert (live.run.queued, live.run.place) == (False, Place("Slurm", "m1", "17"))


def test_a_job_that_is_put_back_waits_again(tmp_path: Path) -> None:
    live = live_in(tmp_path, [])
    live.see(Sighting("17", "running", "RUNNING", "m1"))
    assert not live.run.queued
    live.see(Sighting("17", "queued", "PENDING", "", "BeginTime"))
    assert live.run.queued
    assert live.run.elapsed_s == 0.0
    live.see(None)
    assert live.known.id == "17"
