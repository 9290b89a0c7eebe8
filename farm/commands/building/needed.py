"""The tasks that a selection needs: a build has no use for half of the stages of a flow, and need not load them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from farm.flow import stage_needs
from farm.planning.graph import Task, step_of
from farm.results.folder import BUILD


class NeededTasks:
    """doit's loader of a dodo.py, which at first loads of a flow only those stages that the selection needs.

    A stage needs what its flow says. That is believed where the stages that are loaded make all files that their steps
    read from the build folder, because a flow writes nowhere else. `are_all` tells whether every task is loaded.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._given: tuple[Any, ...] = ()
        self.are_all = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_tasks(self, cmd: Any, pos_args: Sequence[str]) -> list[Task]:
        """Return the tasks that the command's selection needs; all of them where that is not certain."""
        self._given = (cmd, pos_args)
        needed = self._needed(cmd.sel_tasks or ())
        return self.load_all() if needed is None else needed

    def load_all(self) -> list[Task]:
        """Return all tasks, as new ones: `load_tasks` was called before."""
        self.are_all = True
        return list(self._loader.load_tasks(*self._given))

    def _load(self, namespace: Mapping[str, Any]) -> list[Task]:
        whole = self._loader.namespace
        self._loader.namespace = namespace
        try:
            return list(self._loader.load_tasks(*self._given))
        finally:
            self._loader.namespace = whole

    def _needed(self, selected: Sequence[str]) -> list[Task] | None:
        # Another loader than that of a dodo.py has none.
        namespace: Mapping[str, Any] = getattr(self._loader, "namespace", {})
        needs = {name: found for name, value in namespace.items() if (found := stage_needs(value)) is not None}
        if not needs or not selected:
            return None
        beside = {task.name: task for task in self._load({n: v for n, v in namespace.items() if n not in needs})}
        if any(_creator(name) in needs for name in beside):
            return None
        groups, others = _through_groups(selected, beside)
        creators = _with_needs(map(_creator, others), needs)
        if creators is None:
            return None
        loaded = self._load({name: value for name, value in namespace.items() if name in creators})
        there = {task.name for task in (*loaded, *groups)}
        return [*loaded, *groups] if there.issuperset((*selected, *others)) and _make_all(loaded) else None


def _through_groups(selected: Iterable[str], tasks: Mapping[str, Task]) -> tuple[list[Task], set[str]]:
    """Return the groups of `tasks` that the selection goes through, and the names that it ends at."""
    groups: dict[str, Task] = {}
    ends: set[str] = set()
    pending = list(selected)
    while pending:
        name = pending.pop()
        if name in groups:
            continue
        if name in tasks and _is_group(tasks[name]):
            groups[name] = tasks[name]
            pending += tasks[name].task_dep
        else:
            ends.add(name)
    return list(groups.values()), ends


def _is_group(task: Task) -> bool:
    """Tell whether a task only stands for others."""
    more = (task.actions, task.loader, task.file_dep, task.targets, task.wild_dep, task.calc_dep, task.setup_tasks)
    return not any((*more, task.params, task.creator_params, task.pos_arg, task.uptodate))


def _creator(name: str) -> str:
    """Return the function that creates a task of a flow: `task_hls` of "hls:res2a"."""
    return f"task_{name.partition(':')[0]}"


def _with_needs(creators: Iterable[str], needs: Mapping[str, Sequence[str]]) -> set[str] | None:
    """Return the creators with all that they need, by what `needs` says; None if one is not there."""
    found: set[str] = set()
    pending = list(creators)
    while pending:
        name = pending.pop()
        if name not in needs:
            return None
        if name not in found:
            found.add(name)
            pending += map(_creator, needs[name])
    return found


def _make_all(tasks: Iterable[Task]) -> bool:
    """Tell whether the tasks make all files of the build folder that their steps read."""
    steps = [step for task in tasks if (step := step_of(task)) is not None]
    made = {target for step in steps for target in step.targets}
    return all(source in made or not source.startswith(f"{BUILD}/") for step in steps for source in step.sources)
