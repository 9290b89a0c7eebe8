"""Groups for doit's own commands: people type `hls:res2a`, a group that stands for a core's task.

doit itself calls every group "run", and cleans and forgets nothing through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from doit.dependency import DependencyStatus

from farm.planning.graph import Task, members, order, with_all_files

#: The kind of reason that a member of a group is not up to date.
GROUP = "group"


class WithGroups:
    """doit's memory, in which a group is up to date if all that it needs is: then running it runs nothing."""

    def __init__(self, dep_manager: Any) -> None:
        self._dep_manager = dep_manager
        self._known: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dep_manager, name)

    def get_status(self, task: Task, tasks: dict[str, Task], get_log: bool = False) -> Any:
        """Return doit's status of a task. A group is up to date if its members are; the others are its reasons."""
        if task.actions or not task.task_dep:
            return self._dep_manager.get_status(with_all_files(task), tasks, get_log=get_log)
        status = DependencyStatus(get_log)
        for name in order(tasks, [task.name]):
            if tasks[name].actions and self._status(name, tasks) != "up-to-date":
                status.add_reason(GROUP, name)
        return status

    def _status(self, name: str, tasks: dict[str, Task]) -> str:
        if name not in self._known:
            self._known[name] = str(self._dep_manager.get_status(with_all_files(tasks[name]), tasks).status)
        return self._known[name]


def by_name(task_list: Iterable[Task]) -> dict[str, Task]:
    """Return tasks by their names, in their order."""
    return {task.name: task for task in task_list}


def with_members(tasks: dict[str, Task], words: Iterable[str]) -> list[str]:
    """Return the words, each group followed by its members."""
    return list(
        dict.fromkeys(one for word in words for one in (word, *(members(tasks, word) if word in tasks else ())))
    )
