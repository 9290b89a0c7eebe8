"""The tasks that a command line selects, in an order in which each follows what it needs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit.control import TaskControl
from doit.exceptions import InvalidCommand, InvalidTask

from farm.step import Step

# doit's tasks are not typed; the attributes used here are those that its documentation names.
Task = Any


def step_of(task: Task) -> Step | None:
    """Return the step of a task; None for group tasks and tasks with other actions."""
    step = (task.meta or {}).get("step")
    return step if isinstance(step, Step) else None


class _Sorted(set[str]):
    """A set that is read in sorted order: doit keeps input files in a set, whose order differs by process."""

    def __init__(self, members: Iterable[str]) -> None:
        super().__init__(members)
        self._members = tuple(sorted(set(members)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)


def linked(task_list: Sequence[Task]) -> TaskControl:
    """Return doit's control of the tasks, in which each task names those that it needs in the order of dodo.py.

    doit links a task with the makers of its input files, in the order of a set: without this every list of tasks would
    have another order at each call. Raises what doit raises for tasks that cannot be linked.
    """
    for task in task_list:
        task.file_dep = _Sorted(task.file_dep)
    control = TaskControl(task_list)
    place = {name: number for number, name in enumerate(control.tasks)}
    for task in task_list:
        task.task_dep.sort(key=place.__getitem__)
    return control


def order(tasks: Mapping[str, Task], selected: Iterable[str]) -> list[str]:
    """Return the selected tasks and all that they need, needed ones first.

    Raises InvalidTask for a cycle and for kinds of tasks whose graph is not known before it runs.
    """
    done: dict[str, None] = {}
    for name in selected:
        _visit(tasks, name, done)
    return list(done)


def _visit(tasks: Mapping[str, Task], start: str, done: dict[str, None]) -> None:
    # Iterative: a chain of a thousand tasks must not meet Python's recursion limit.
    path: dict[str, None] = {}
    stack = [(start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            del path[name]
            done[name] = None
            continue
        if name in done:
            continue
        if name in path:
            circle = [*list(path)[list(path).index(name) :], name]
            raise InvalidTask(f"tasks need one another in a circle: {' -> '.join(circle)}; remove one dependency")
        task = tasks[name]
        _refuse_unknown_graph(task)
        path[name] = None
        stack.append((name, True))
        stack.extend((needed, False) for needed in reversed(task.task_dep) if needed not in done)


def _refuse_unknown_graph(task: Task) -> None:
    kinds = {"calc_dep": task.calc_dep, "create_after": task.loader, "getargs": task.getargs, "setup": task.setup_tasks}
    for kind, present in kinds.items():
        if present:
            raise InvalidTask(f"task '{task.name}' uses {kind}, which the farm lacks; use task_dep or file_dep")


def check_sources(tasks: Mapping[str, Task], names: Iterable[str], targets: Mapping[str, str], root: Path) -> None:
    """Raise InvalidTask with all input files that neither exist nor are made by a task."""
    needed_by: dict[str, str] = {}
    for name in names:
        step = step_of(tasks[name])
        for source in step.sources if step else ():
            needed_by.setdefault(source, name)
    missing = [
        f"'{source}' does not exist and no task makes it; step '{name}' needs it"
        for source, name in needed_by.items()
        if source not in targets and not (root / source).is_file()
    ]
    if missing:
        raise InvalidTask("\n".join(missing))


def check_selection(selected: Iterable[str] | None, tasks: Iterable[str], targets: Iterable[str]) -> None:
    """Raise InvalidCommand with a suggestion for a name that is neither a task nor a target."""
    names, files = list(tasks), sorted(targets)
    for word in selected or ():
        if "*" in word or word in names or word in files:
            continue
        close = difflib.get_close_matches(word, [*names, *files], n=1)
        remedy = f"did you mean '{close[0]}'?" if close else "'doit list' shows the tasks"
        raise InvalidCommand(f"there is no task or target '{word}'; {remedy}")


def work_needs(tasks: Mapping[str, Task], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the tasks of `names` that have actions, each with those that it needs directly, looking through groups.

    `names` has needed ones first, and so has the result.
    """
    through: dict[str, tuple[str, ...]] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for name in names:
        found = tuple(dict.fromkeys(work for needed in tasks[name].task_dep for work in through.get(needed, ())))
        through[name] = (name,) if tasks[name].actions else found
        if tasks[name].actions:
            needs[name] = found
    return needs


def members(tasks: Mapping[str, Task], word: str) -> tuple[str, ...]:
    """Return the tasks with actions that a name stands for: itself, or those of a group."""
    found: dict[str, None] = {}
    pending = [word]
    seen: set[str] = set()
    while pending:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if tasks[name].actions:
            found[name] = None
        else:
            pending += tasks[name].task_dep
    return tuple(found)
