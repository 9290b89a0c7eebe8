"""`doit forget`: doit's own, which knows what groups stand for. It leaves the store as it is."""

from __future__ import annotations

from typing import Any

from doit.cmd_forget import Forget as DoitForget

from farm.commands.groups import by_name, with_members
from farm.planning.graph import check_selection, linked


class Forget(DoitForget):  # type: ignore[misc]
    """Forgets that tasks have run: their records go. A group stands for its members."""

    name = "forget"
    sel_tasks: Any

    def _execute(self, forget_sub: bool, forget_disable_default: bool, forget_all: bool) -> None:
        if not (forget_all or forget_sub or (self.sel_default_tasks and forget_disable_default)):
            tasks = by_name(self.task_list)
            check_selection(self.sel_tasks, tasks, ())
            linked(self.task_list)
            self.sel_tasks = with_members(tasks, self.sel_tasks)
        super()._execute(forget_sub, forget_disable_default, forget_all)
