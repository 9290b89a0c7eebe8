"""The tasks that a selection needs: a build has no use for half of the stages of a flow, and need not load them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from farm.flow import stage_needs
from farm.planning.graph import Task, step_of
from farm.results.folder import BUILD

_CREATOR = "task_"


class NeededTasks:
    """doit's loader of a dodo.py, which at first loads of a flow only those stages that the selection needs.

    A stage needs what its flow says. That is believed if the stages that are loaded make all files of the build folder
    that their steps name: a flow writes nowhere else, and what stands beside the flow must be groups, which write
    nothing. A selection of files or patterns needs all tasks. `are_all` tells whether every task is loaded.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._given: tuple[Any, ...] = ()
        self._made: dict[str, list[Task]] = {}
        self.are_all = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_tasks(self, cmd: Any, pos_args: Sequence[str]) -> list[Task]:
        """Return the tasks that the command's selection needs; all of them where that is not certain."""
        self._given = (cmd, pos_args)
        needed = self._needed(cmd.sel_tasks or ())
        return self.load_all() if needed is None else needed

    def load_all(self) -> list[Task]:
        """Return all tasks: `load_tasks` was called before. No function of the dodo.py is called again."""
        self.are_all = True
        if not self._made:
            return list(self._loader.load_tasks(*self._given))
        found = [task for name in _in_order(self._loader.namespace) for task in self._of(name)]
        for task in found:
            # doit would not read the words behind a task's name a second time, and would lose them.
            task.options = None
        return found

    def _of(self, name: str) -> list[Task]:
        """Return the tasks that one function of the dodo.py creates."""
        if name not in self._made:
            whole = self._loader.namespace
            self._loader.namespace = {name: whole[name]}
            try:
                self._made[name] = list(self._loader.load_tasks(*self._given))
            finally:
                self._loader.namespace = whole
        return self._made[name]

    def _needed(self, selected: Sequence[str]) -> list[Task] | None:
        # Another loader than that of a dodo.py has none.
        namespace: Mapping[str, Any] = getattr(self._loader, "namespace", {})
        stages = {name: needs for name, value in namespace.items() if (needs := stage_needs(value)) is not None}
        if not stages or not selected or any(hasattr(value, "create_doit_tasks") for value in namespace.values()):
            return None
        creators = _in_order(namespace)
        beside = {task.name: task for name in creators if name not in stages for task in self._of(name)}
        if not all(map(_writes_nothing, beside.values())) or any(_creator(name) in stages for name in beside):
            return None
        groups, others = _through_groups(selected, beside)
        wanted = _with_needs(map(_creator, others), stages)
        if wanted is None:
            return None
        loaded = {task.name: task for name in creators if name in wanted for task in self._of(name)}
        if not _make_all(loaded.values()) or not {*loaded, *groups}.issuperset((*selected, *others)):
            return None
        # What groups stand for is remembered, also of those that nobody asked for.
        groups |= {name for name, task in beside.items() if _is_group(task) and loaded.keys() >= set(task.task_dep)}
        kept = {*loaded, *groups}
        return [task for name in creators if name in self._made for task in self._of(name) if task.name in kept]


def _in_order(namespace: Mapping[str, Any]) -> list[str]:
    """Return the functions that create tasks in doit's order: that of the lines in which they begin."""
    lines = {
        name: inspect.unwrap(value).__code__.co_firstlineno
        for name, value in namespace.items()
        if name.startswith(_CREATOR) and inspect.isfunction(value)
    }
    return sorted(lines, key=lines.__getitem__)


def _creator(name: str) -> str:
    """Return the function that creates a task of a flow: `task_hls` of "hls:res2a"."""
    return f"{_CREATOR}{name.partition(':')[0]}"


def _writes_nothing(task: Task) -> bool:
    """Tell whether a task makes no file that another one could read, as far as it says."""
    return not task.targets and not task.loader


def _is_group(task: Task) -> bool:
    """Tell whether a task only stands for others."""
    more = (task.actions, task.loader, task.file_dep, task.targets, task.wild_dep, task.calc_dep, task.setup_tasks)
    return not any((*more, task.params, task.creator_params, task.pos_arg, task.uptodate))


def _through_groups(selected: Iterable[str], tasks: Mapping[str, Task]) -> tuple[set[str], set[str]]:
    """Return the groups of `tasks` that the selection goes through, and the names that it ends at."""
    groups: set[str] = set()
    ends: set[str] = set()
    pending = list(selected)
    while pending:
        name = pending.pop()
        if name in groups:
            continue
        if name in tasks and _is_group(tasks[name]):
            groups.add(name)
            pending += tasks[name].task_dep
        else:
            ends.add(name)
    return groups, ends


def _with_needs(creators: Iterable[str], stages: Mapping[str, Callable[[], Sequence[str]]]) -> set[str] | None:
    """Return the creators with all that they need, by what the stages say; None if one is not there."""
    found: set[str] = set()
    pending = list(creators)
    while pending:
        name = pending.pop()
        if name not in stages:
            return None
        if name not in found:
            found.add(name)
            pending += map(_creator, stages[name]())
    return found


def _make_all(tasks: Iterable[Task]) -> bool:
    """Tell whether the tasks make all files of the build folder that their steps name."""
    steps = [step for task in tasks if (step := step_of(task)) is not None]
    made = {target for step in steps for target in step.targets}
    return all(source in made or not source.startswith(f"{BUILD}/") for step in steps for source in step.given_sources)
