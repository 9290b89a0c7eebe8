"""doit's own `info`, `list`, `forget` and `clean`, told what a group stands for: people type `hls:res2a`, which is one.

doit itself calls every group "run" and cleans and forgets nothing through it. The store is touched by none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from doit.cmd_clean import Clean as DoitClean
from doit.cmd_forget import Forget as DoitForget
from doit.cmd_info import Info as DoitInfo
from doit.cmd_list import List as DoitList
from doit.control import TaskControl
from doit.dependency import DependencyStatus

from farm.commands.reader import ReaderMayLeave
from farm.display.wording import step_lines
from farm.planning.graph import Task, check_selection, members, order, step_of
from farm.results.record import Records, remove_files

_GROUP = "group"


class WithGroups:
    """doit's memory, in which a group is up to date if all that it needs is: then running it runs nothing."""

    def __init__(self, dep_manager: Any) -> None:
        self._dep_manager = dep_manager
        self._known: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dep_manager, name)

    def get_status(self, task: Task, tasks: dict[str, Task], get_log: bool = False) -> Any:
        """Return doit's status of a task; of a group that of what it needs, with those that are not up to date."""
        if task.actions or not task.task_dep:
            return self._dep_manager.get_status(task, tasks, get_log=get_log)
        status = DependencyStatus(get_log)
        for name in order(tasks, [task.name]):
            if tasks[name].actions and self._status(name, tasks) != "up-to-date":
                status.add_reason(_GROUP, name)
        return status

    def _status(self, name: str, tasks: dict[str, Task]) -> str:
        if name not in self._known:
            self._known[name] = str(self._dep_manager.get_status(tasks[name], tasks).status)
        return self._known[name]


class _InOrder(set[str]):
    """A set that is shown in the same order each time."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


class Info(ReaderMayLeave, DoitInfo):  # type: ignore[misc]
    """Shows a task; of a step what it runs with, in lines and not as the object that it is."""

    name = "info"
    dep_manager: Any

    def _execute(self, pos_args: list[str], hide_status: bool = False) -> int:
        tasks = _tasks(self.task_list)
        check_selection(pos_args, tasks, ())
        # It finds which task makes what another one reads.
        TaskControl(self.task_list)
        self.dep_manager = WithGroups(self.dep_manager)
        step = None
        for task in (tasks[word] for word in pos_args if word in tasks):
            step, task.meta = step_of(task), None
            task.file_dep = _InOrder(task.file_dep)
        status = int(super()._execute(pos_args, hide_status))
        for line in step_lines(step) if step is not None else ():
            self.outstream.write(line + "\n")
        return status

    @staticmethod
    def get_reasons(reasons: Any) -> str:
        """Return doit's reasons in doit's words, and the members of a group that are not up to date."""
        behind = list(reasons.pop(_GROUP, ()))
        lines = [" * Not up to date:", *(f"    - {name}" for name in behind)] if behind else []
        return "\n".join([*lines, *filter(None, [DoitInfo.get_reasons(reasons)])])


class List(ReaderMayLeave, DoitList):  # type: ignore[misc]
    """Lists tasks; with -s a group is U if all that it stands for is."""

    name = "list"
    dep_manager: Any

    def _execute(
        self,
        subtasks: bool,
        quiet: bool,
        status: bool,
        private: bool,
        list_deps: bool,
        template: str | None,
        sort: str,
        pos_args: list[str],
    ) -> int | None:
        # doit passes parameters by their names.
        tasks = _tasks(self.task_list)
        check_selection(pos_args, tasks, ())
        # It finds which task makes what another one reads.
        TaskControl(self.task_list)
        self.dep_manager = WithGroups(self.dep_manager)
        ended: int | None = super()._execute(subtasks, quiet, status, private, list_deps, template, sort, pos_args)
        return ended


class Forget(DoitForget):  # type: ignore[misc]
    """Forgets that tasks have run: their records go. A group stands for its members."""

    name = "forget"
    sel_tasks: Any

    def _execute(self, forget_sub: bool, forget_disable_default: bool, forget_all: bool) -> None:
        if not (forget_all or forget_sub or (self.sel_default_tasks and forget_disable_default)):
            tasks = _tasks(self.task_list)
            check_selection(self.sel_tasks, tasks, ())
            self.sel_tasks = _with_members(tasks, self.sel_tasks)
        super()._execute(forget_sub, forget_disable_default, forget_all)


class Clean(ReaderMayLeave, DoitClean):  # type: ignore[misc]
    """Removes targets and logs. A group stands for its members; all tasks include those of earlier settings."""

    name = "clean"

    def _execute(
        self, dep_file: str, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: list[str]
    ) -> None:
        tasks = _tasks(self.task_list)
        check_selection(pos_args, tasks, ())
        super()._execute(dryrun, cleandep, cleanall, cleanforget, _with_members(tasks, pos_args))
        if not pos_args:
            self._clean_earlier(Path(dep_file).parent.as_posix(), dryrun)

    def _clean_earlier(self, folder: str, dryrun: bool) -> None:
        """Remove what tasks of earlier settings have left in the folder of this build: cores of another folding."""
        made = {target for task in self.task_list for target in task.targets}
        records = Records(Path.cwd())
        for record in records.below(folder):
            paths = [path for path in (*record.outputs, record.log) if path.startswith(f"{folder}/")]
            if made.isdisjoint(record.outputs) and ".." not in "/".join(paths).split("/"):
                self.outstream.write(f"{record.name} (of earlier settings) - remove {', '.join(paths)}\n")
                if not dryrun:
                    remove_files(paths)
                    records.forget(record)


def _tasks(task_list: Iterable[Task]) -> dict[str, Task]:
    return {task.name: task for task in task_list}


def _with_members(tasks: dict[str, Task], words: Iterable[str]) -> list[str]:
    """Return the words, and behind each group what it stands for."""
    return list(
        dict.fromkeys(one for word in words for one in (word, *(members(tasks, word) if word in tasks else ())))
    )
