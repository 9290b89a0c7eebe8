"""`doit forget`: doit's own, for groups too. It leaves the store as it is."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from doit.cmd_forget import Forget as DoitForget

from farm.commands.groups import by_name, with_members
from farm.commands.helpful import Helpful
from farm.commands.own_folder import check_own_folders
from farm.planning.graph import check_selection, linked


class Forget(Helpful, DoitForget):  # type: ignore[misc]
    """Forgets that tasks have run: their records go. A group stands for its members."""

    name = "forget"
    doc_purpose = "forget that tasks have run; the next build restores or runs them again"
    doc_usage = "[TASK...] [key=value...]"
    examples = ("doit forget hls:res2a",)
    option_words = MappingProxyType(
        {
            "forget_sub": {"help": "what the tasks need too"},
            "forget_disable_default": {"help": "without a task forget nothing, instead of what 'doit' builds"},
            "forget_all": {"help": "all tasks"},
        }
    )
    sel_tasks: Any

    def _execute(self, dep_file: str, forget_sub: bool, forget_disable_default: bool, forget_all: bool) -> None:
        check_own_folders(dep_file)
        if not (forget_all or forget_sub or (self.sel_default_tasks and forget_disable_default)):
            tasks = by_name(self.task_list)
            check_selection(self.sel_tasks, tasks, ())
            linked(self.task_list)
            self.sel_tasks = with_members(tasks, self.sel_tasks)
        super()._execute(forget_sub, forget_disable_default, forget_all)
