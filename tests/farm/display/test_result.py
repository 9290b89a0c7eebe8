"""Results of the tasks that the user asked for: a build shows the project's lines and adds none of its own."""

from __future__ import annotations

import pytest

FLOW = """
BUILD = ["end:all"]
def words(outputs):
    if outputs[0].read_text() == "bad":
        raise ValueError("no figures")
    return [f"{outputs[0].name}: 42 of them", f"  they lie in {outputs[0].parent}"]

def task_part():
    for n in range(6):
        yield task(copy(f"part:{n}", "in.txt", f"build/part{n}"), doc="a part", result=words)

def task_end():
    yield task(copy("end:all", "build/part0", "build/end"), doc="the end")
"""


@pytest.fixture
def flow(checkout):
    checkout.write("in.txt", "x\n")
    checkout.dodo(FLOW)
    return checkout


def test_what_was_asked_for_shows_its_result_whether_it_ran_or_not(flow) -> None:
    for first in ("run", "nothing to do"):
        lines = flow.doit("part:1").splitlines()
        assert any(first in line for line in lines)
        assert lines[-2:] == ["part1: 42 of them", "  they lie in build"]


def test_what_another_task_needs_shows_none(flow) -> None:
    assert "42" not in flow.doit()


def test_of_many_one_line_each(flow) -> None:
    output = flow.doit("part")
    assert output.count("42 of them") == 6
    assert "they lie in" not in output
    assert flow.doit("part:1", "part:2").count("they lie in") == 2


def test_words_that_fail_fail_no_build(flow) -> None:
    flow.write("in.txt", "bad")
    assert "part:3: no result can be shown (ValueError: no figures)" in flow.doit("part:3", status=0)


def test_a_failed_step_has_no_result(flow) -> None:
    made = 'copy(f"part:{n}", "in.txt", f"build/part{n}")'
    flow.dodo(FLOW.replace(made, 'python(f"part:{n}", "exit(1)", outputs=(f"part{n}",))'))
    assert "42" not in flow.doit("part:1", status=1)
