"""Notes of steps before a build: at the top, each sentence once, only if the step is needed."""

from __future__ import annotations

import pytest

NOTED = """
BUILD = ["end"]

def task_part():
    for name in "ab":
        yield task(copy(f"part:{name}", "in.txt", f"build/{name}"), doc="a part", note="parts are made up")

def task_end():
    yield task(copy("end", "build/a", "build/end", inputs=(File("b", "build/b"),)), doc="the end", note="and so is all")

def task_other():
    yield task(copy("other", "in.txt", "build/other"), doc="something else")
"""


@pytest.fixture
def noted(checkout):
    checkout.write("in.txt", "x\n")
    checkout.dodo(NOTED)
    return checkout


def test_first_lines_of_a_build_and_of_one_with_nothing_to_do(noted) -> None:
    for _ in range(2):
        lines = noted.doit("build").splitlines()
        assert lines[:2] == ["parts are made up", "and so is all"]
        assert sum("made up" in line for line in lines) == 1


def test_only_what_is_needed_speaks(noted) -> None:
    assert noted.doit("part:a").splitlines()[0] == "parts are made up"
    assert "so is all" not in noted.doit("part:a")
    assert "made up" not in noted.doit("other")
    assert "made up" not in noted.doit("list", "--all")
