"""`doit list`: doit's own, which knows what groups stand for."""

from __future__ import annotations

from typing import Any

from doit.cmd_list import List as DoitList

from farm.commands.groups import WithGroups, by_name
from farm.display.reader import ReaderMayLeave
from farm.planning.graph import check_selection, linked


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
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        # It finds which task makes what another one reads.
        linked(self.task_list)
        self.dep_manager = WithGroups(self.dep_manager)
        ended: int | None = super()._execute(subtasks, quiet, status, private, list_deps, template, sort, pos_args)
        return ended
