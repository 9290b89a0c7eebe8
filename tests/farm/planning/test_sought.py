"""Inputs that a step seeks: found when somebody looks, and then like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from farm.step import File, Inputs, Output, Step, StepError, Text
from tests.helpers.small_checkout import Checkout
from tests.toolchains.test_stages import FLOW, toolchains
from toolchains.common import modules

SEEKING = """
from farm.step import Inputs
BUILD = ["end"]

def found():
    Path("looked").touch()
    return [File("found", "found")]

def task_end():
    yield task(
        Step("end", ("cp", "found", "out"), Inputs(found, File("in", "a")), (Output("out", "build/end"),), "build/log"),
        doc="x",
    )
"""
MADE = """
def task_found():
    yield task(copy("found", "a", "found"), doc="x")
"""


BROKEN = """
from farm.modules import python_files
from farm.step import Inputs
BUILD = ["end"]

def task_end():
    found = lambda: python_files("lib.end", Path.cwd(), ("lib",))
    yield task(Step("end", ("cp", "a", "out"), Inputs(found), (Output("out", "build/end"),), "build/log"), doc="x")
"""


def seeking(*given: Any) -> Step:
    return Step("a", ("cp",), Inputs(*given), (Output("out", "build/out"),), "build/log")


def test_nothing_is_sought_before_somebody_reads_the_inputs() -> None:
    looks = []

    def find() -> list[File]:
        looks.append(1)
        return [File("b", "y"), File("c", "z")]

    step = seeking(File("a", "x"), find, Text("t", "text"))
    assert step.given_sources == ("x",)
    assert not looks
    assert step.sources == ("x", "y", "z")
    assert step.inputs == (File("a", "x"), File("b", "y"), File("c", "z"), Text("t", "text"))
    assert [item.path for item in step.inputs] == ["a", "b", "c", "t"]
    assert (len(step.inputs), step.inputs[1]) == (4, File("b", "y"))
    assert looks == [1]
    plain = Step(step.name, step.argv, tuple(step.inputs), step.outputs, step.log)
    assert (plain, hash(plain)) == (step, hash(step))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (File("a", "y"), "names the input 'a' twice"),
        (File("../a", "y"), "the input '../a'"),
        (File("out", "y"), "names the input and output 'out' twice"),
    ],
)
def test_what_was_found_is_checked_like_what_is_given(found: File, message: str) -> None:
    with pytest.raises(StepError, match=message):
        _ = seeking(File("a", "x"), lambda: [found]).sources


def test_a_mistake_in_what_is_given_is_told_at_once() -> None:
    with pytest.raises(StepError, match="names the input 'a' twice"):
        seeking(lambda: [], File("a", "x"), File("a", "y"))


def test_no_stage_looks_for_its_modules_to_name_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any, **more: Any) -> NoReturn:
        raise AssertionError("the modules were sought")

    monkeypatch.setattr(modules, "python_files", never)
    for toolchain in toolchains().values():
        assert sum(1 for name in FLOW for item in toolchain.items(name) if item.step.given_sources)


def test_files_that_are_found_count_like_those_that_are_given(checkout: Checkout) -> None:
    checkout.write("a", "A")
    checkout.write("found", "F")
    checkout.dodo(SEEKING)
    checkout.doit("list")
    assert not checkout.exists("looked")
    checkout.doit()
    assert checkout.read("build/end") == "F"
    assert "\nU end " in checkout.doit("list", "-s")
    assert "\n - a\n - found\n" in checkout.doit("info", "end")
    assert " -  found" in checkout.doit("list", "--deps", "end")
    checkout.write("found", "G")
    assert "found" in checkout.doit("why", "end")
    checkout.doit()
    assert checkout.read("build/end") == "G"
    Path(checkout.folder / "found").unlink()
    assert "'found' does not exist and no task makes it" in checkout.doit(status=3)


def test_what_a_step_seeks_no_other_step_may_make(checkout: Checkout) -> None:
    checkout.write("a", "A")
    checkout.write("found", "F")
    checkout.dodo(SEEKING + MADE)
    assert "ERROR: step 'end' seeks 'found', which a task makes; give it as a File" in checkout.doit(status=3)


LATE = (
    BROKEN
    + """
def task_ask():
    return {"actions": [lambda: {"task_dep": ["end"]}]}

def task_own():
    return {"actions": ["echo own"], "calc_dep": ["ask"]}
"""
)


def test_what_cannot_be_sought_when_a_running_build_comes_to_need_it(checkout: Checkout) -> None:
    checkout.dodo(LATE)
    found, said = checkout.ended("own")
    assert "Traceback" not in said
    assert (found, said.splitlines()[-1]) == (3, "ERROR: there is no module 'lib.end' in lib")


@pytest.mark.parametrize("there", [True, False])
def test_what_cannot_be_sought_ends_each_command_in_one_line(checkout: Checkout, there: bool) -> None:
    if there:
        checkout.write("lib/end.py", "import os\nimport os as 2\n")
    checkout.dodo(BROKEN)
    line = "ERROR: end.py:2: invalid syntax; no step can run this module\n"
    if not there:
        line = "ERROR: there is no module 'lib.end' in lib\n"
    for words in (
        ("plan", "end"), ("info", "end"), ("why", "end"), ("list", "-s", "--all"), ("list", "--deps"), ("reset-dep",),
        ("repro", "end"), ("-n", "1", "end"), ("build",), ("trace",), ("bugreport", "end"),
    ):  # fmt: skip
        found, said = checkout.ended(*words)
        assert "Traceback" not in said, words
        if words[0] not in ("trace", "bugreport"):
            assert (found, said.splitlines(keepends=True)[-1]) == (3, line), words
