from __future__ import annotations

import graphlib
from typing import Any

import pytest
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand, InvalidTask
from doit.task import Task
from hypothesis import given
from hypothesis import strategies as st

from farm.planning.graph import check_selection, named, order


def tasks_of(needs: dict[str, list[str]]) -> dict[str, Any]:
    return {name: Task(name, None, task_dep=needed) for name, needed in needs.items()}


graphs = st.integers(1, 9).flatmap(
    lambda count: st.fixed_dictionaries(
        {str(name): st.lists(st.sampled_from([str(n) for n in range(count)]), unique=True) for name in range(count)}
    )
)


@given(graphs, st.data())
def test_each_follows_what_it_needs_or_there_is_a_circle(needs: dict[str, list[str]], data: st.DataObject) -> None:
    selected = data.draw(st.lists(st.sampled_from(sorted(needs)), min_size=1))
    reached: set[str] = set()
    pending = list(selected)
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += needs[name]
    try:
        graphlib.TopologicalSorter({name: needs[name] for name in reached}).prepare()
    except graphlib.CycleError:
        with pytest.raises(InvalidTask, match="in a circle"):
            order(tasks_of(needs), selected)
        return
    names = order(tasks_of(needs), selected)
    assert sorted(names) == sorted(reached)
    for name in names:
        assert all(names.index(needed) < names.index(name) for needed in needs[name])


def test_a_long_chain() -> None:
    needs = {str(n): [str(n - 1)] if n else [] for n in range(5000)}
    assert order(tasks_of(needs), ["4999"]) == [str(n) for n in range(5000)]


def test_selection() -> None:
    tasks = tasks_of({"build": []})
    check_selection(None, tasks, [])
    check_selection(["build", "b*", "build/x.o"], tasks, ["build/x.o"])
    with pytest.raises(InvalidCommand, match="did you mean 'build'"):
        check_selection(["biuld"], tasks, [])
    with pytest.raises(InvalidCommand, match="'doit list' shows the tasks"):
        check_selection(["zzz"], tasks, [])


def test_words_of_a_task_are_no_names() -> None:
    port = {"name": "port", "short": "p", "default": 1, "type": int}
    tasks = {
        "build": Task("build", None),
        "show": Task("show", None, params=[port]),
        "rest": Task("rest", None, pos_arg="files"),
    }
    assert list(named(["show", "-p", "4", "build", "rest", "a", "-x"], tasks)) == ["show", "build", "rest"]
    assert list(named(["show", "build"], tasks)) == ["show", "build"]
    with pytest.raises(CmdParseError, match="-q"):
        list(named(["show", "-q"], tasks))
