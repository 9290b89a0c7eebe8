"""The tasks that a command line selects, in an order in which each follows what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit.cmdparse import CmdOption, TaskParse
from doit.control import TaskControl
from doit.exceptions import InvalidCommand, InvalidTask

from config.problem import nearest
from farm.hooks import Hook
from farm.step import Step

# doit's tasks are not typed; the attributes used here are those that its documentation names.
Task = Any


def step_of(task: Task) -> Step | None:
    """Return the step of a task; None for group tasks and tasks with other actions."""
    step = (task.meta or {}).get("step")
    return step if isinstance(step, Step) else None


def hook_of(task: Task) -> Hook | None:
    """Return the publish hook of a task."""
    hook: Hook | None = (task.meta or {}).get("publish_hook")
    return hook


class _Sorted(set[str]):
    """A set that is read in sorted order: doit keeps input files in a set, whose order differs by process."""

    def __init__(self, members: Iterable[str]) -> None:
        super().__init__(members)
        self._members = tuple(sorted(set(members)))

    def __iter__(self) -> Iterator[str]:
        if len(self._members) != len(self):
            # A task that calculates another one's inputs has added some.
            self._members = tuple(sorted(super().__iter__()))
        return iter(self._members)


def in_order(tasks: Iterable[Task]) -> None:
    """Let each task read its input files in the order of their names."""
    for task in tasks:
        task.file_dep = _Sorted(task.file_dep)


def with_all_files(task: Task) -> Task:
    """Return the task, in which doit sees the input files too that its step has to seek.

    For doit's own answers and memory; nothing in the graph depends on them.
    """
    step = step_of(task)
    if step is not None:
        task.file_dep = _Sorted(step.sources)
    return task


def linked(task_list: Sequence[Task], *, auto_delayed_regex: bool = False) -> TaskControl:
    """Return doit's control of the tasks, in which each task names those that it needs in the order of dodo.py.

    doit links a task with the makers of its input files, in the order of a set: without this every list of tasks would
    have another order at each call. Raises what doit raises for tasks that cannot be linked.
    """
    in_order(task_list)
    control = TaskControl(task_list, auto_delayed_regex=auto_delayed_regex)
    place = {name: number for number, name in enumerate(control.tasks)}
    for task in task_list:
        task.task_dep.sort(key=place.__getitem__)
    return control


def needs_of(task: Task, *, setups: bool = False) -> Sequence[str]:
    """Return the tasks that have to end before a task: those that calculate what else it needs, and those it names.

    With `setups` also those that have to end only if it has to run.
    """
    if not task.calc_dep and not (setups and task.setup_tasks):
        return task.task_dep  # type: ignore[no-any-return]
    return list(dict.fromkeys((*sorted(task.calc_dep), *task.task_dep, *(task.setup_tasks if setups else ()))))


def order(tasks: Mapping[str, Task], selected: Iterable[str], *, setups: bool = False) -> list[str]:
    """Return the selected tasks and all that they need, needed ones first; with `setups` also what may be needed.

    Raises InvalidTask for a circle, and for a step whose needs are not known before the build.
    """
    done: dict[str, None] = {}
    for name in selected:
        _visit(tasks, name, done, setups)
    return list(done)


def _visit(tasks: Mapping[str, Task], start: str, done: dict[str, None], setups: bool) -> None:
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
        if name not in tasks:
            raise InvalidTask(f"task '{next(reversed(path), start)}' needs '{name}', and there is no such task")
        task = tasks[name]
        _refuse_unknown_needs(task)
        path[name] = None
        stack.append((name, True))
        stack.extend((needed, False) for needed in reversed(needs_of(task, setups=setups)) if needed not in done)


def _refuse_unknown_needs(task: Task) -> None:
    """Raise InvalidTask for a step with an attribute that only other tasks may have."""
    if step_of(task) is None:
        return
    kinds = {"calc_dep": task.calc_dep, "getargs": task.getargs, "setup": task.setup_tasks, "teardown": task.teardown}
    for kind, present in kinds.items():
        if present:
            raise InvalidTask(
                f"task '{task.name}' is a step and has {kind}; the key of a step covers its inputs only. Let a task of "
                "its own do that, and give the step the file that it makes as an input"
            )


def check_sources(tasks: Mapping[str, Task], names: Iterable[str], targets: Mapping[str, str], root: Path) -> None:
    """Raise InvalidTask for input files that do not exist and that no task makes; it names all of them.

    Also for a file that a task makes and a step only finds when it seeks inputs: neither would wait for the other.
    """
    needed_by: dict[str, str] = {}
    for name in names:
        step = step_of(tasks[name])
        for source in step.sources if step else ():
            needed_by.setdefault(source, name)
        unlinked = targets.keys() & set(step.sources).difference(step.given_sources) if step else ()
        if unlinked:
            raise InvalidTask(f"step '{name}' seeks '{min(unlinked)}', which a task makes; give it as a File")
    missing = [
        f"'{source}' does not exist and no task makes it; step '{name}' needs it"
        for source, name in needed_by.items()
        if source not in targets and not (root / source).is_file()
    ]
    if missing:
        raise InvalidTask("\n".join(missing))


def check_selection(selected: Iterable[str] | None, tasks: Mapping[str, Task], targets: Iterable[str]) -> None:
    """Raise InvalidCommand with a suggestion for a name that is neither a task nor a target."""
    files = sorted(targets)
    for word in named(selected or (), tasks):
        if "*" in word or word in tasks or word in files or _may_be_made(word, tasks):
            continue
        close = nearest(word, [*tasks, *files])
        remedy = f"did you mean '{close}'?" if close else "'doit list' shows the tasks"
        raise InvalidCommand(f"there is no task or target '{word}'; {remedy}")


def named(words: Iterable[str], tasks: Mapping[str, Task]) -> Iterator[str]:
    """Return the names among the words of a command line; the others are options and arguments of a task before them.

    Raises doit's CmdParseError for an option that a task does not have.
    """
    left = list(words)
    while left:
        word = left.pop(0)
        yield word
        task = tasks.get(word)
        if task is None:
            continue
        options = [*task.params, *task.creator_params]
        if options:
            _, left = TaskParse([CmdOption(option) for option in options]).parse(left)
        if task.pos_arg is not None:
            return


def takes_words(task: Task) -> bool:
    """Tell whether the command line may have options or arguments for a task."""
    return bool(task.params or task.creator_params or task.pos_arg is not None)


def _may_be_made(word: str, tasks: Mapping[str, Task]) -> bool:
    """Tell whether a task that is created during the build may have this name, or make this file."""
    base = tasks.get(word.partition(":")[0])
    if base is not None and base.loader:
        return True
    patterns = (task.loader.target_regex for task in tasks.values() if task.loader)
    return any(pattern and re.match(pattern, word) for pattern in patterns)


def work_needs(tasks: Mapping[str, Task], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the tasks of `names` that have actions, each with those that it needs directly, looking through groups.

    `names` has needed ones first, and so has the result.
    """
    through: dict[str, tuple[str, ...]] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for name in names:
        found = tuple(dict.fromkeys(work for needed in needs_of(tasks[name]) for work in through.get(needed, ())))
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
