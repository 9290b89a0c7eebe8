"""Expected times come from a step's own runs by the same program; without any they are unknown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from farm.display.wording import status_words
from farm.planning.admission import Capacity
from farm.planning.forecast import Forecast
from farm.results.ledger import Entry, Ledger, Range, entered_as
from farm.step import PYTHON, Output, Step, kind_of


def step(name: str, module: str) -> Step:
    return Step(name, (PYTHON, "-m", module), (), (Output("out", f"build/{name.replace(':', '-')}"),), log="build/log")


def forecast(ledger: Ledger, *steps: Step) -> Forecast:
    tasks = {
        one.name: SimpleNamespace(
            name=one.name, actions=[1], task_dep=[], calc_dep=set(), setup_tasks=[], meta={"step": one}
        )
        for one in steps
    }
    return Forecast(tasks, list(tasks), ledger)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.db")


def ran(ledger: Ledger, one: Step, wall_s: float) -> None:
    ledger.append(Entry(entered_as(one), kind_of(one.name), "k", 1e9, wall_s, wall_s, 1, "ok"))


def capacity() -> Capacity:
    return Capacity(slots=2, cores=2, memory_gib=8.0, licences={})


def test_a_step_of_the_same_name_by_another_program_tells_nothing(ledger: Ledger) -> None:
    quick, slow = step("link:digits", "toolchains.open.link"), step("link:digits", "toolchains.vitis.link")
    ran(ledger, quick, 0.1)
    assert forecast(ledger, quick).time_of("link:digits") == Range(0.1, 0.1, 0.1)
    there = forecast(ledger, slow)
    assert there.time_of("link:digits") is None
    left = there.time_left(["link:digits"], capacity())
    assert (left.seconds, left.known, left.unknown) == (0.0, 0, 1)


def test_others_of_the_same_kind_order_steps_and_are_no_time(ledger: Ledger) -> None:
    small, large = step("hls:small", "m"), step("hls:large", "m")
    ran(ledger, small, 1.9)
    asked = forecast(ledger, small, large)
    assert asked.of("hls:large").basis == "kind"
    assert asked.time_of("hls:large") is None
    left = asked.time_left(["hls:small", "hls:large"], capacity())
    assert (left.seconds, left.known, left.unknown) == (1.9, 1, 1)
    assert "time left unknown: 1 of the rest never ran before, the others take 1.9 s" in status_words(0, 2, 0, 1, left)


def test_notes_once_each() -> None:
    tasks = {name: SimpleNamespace(meta={"note": note}) for name, note in (("a", "x\ny"), ("b", "y\nz"), ("c", ""))}
    assert Forecast(tasks, list(tasks), None).notes(tasks) == ("x", "y", "z")
