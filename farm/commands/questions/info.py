"""`doit info`: doit's own, for groups too; it shows the command, tools and resources of a step."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from doit.cmd_info import Info as DoitInfo

from farm.commands.groups import GROUP, WithGroups, by_name
from farm.commands.helpful import Helpful
from farm.display.wording import step_lines
from farm.planning.graph import check_selection, linked, step_of, with_all_files


class Info(Helpful, DoitInfo):  # type: ignore[misc]
    """Shows a task; of a step its command, tools, facts and resources."""

    name = "info"
    doc_purpose = "show a task: what it reads, makes and runs, and whether it is up to date"
    doc_usage = "[--no-status] TASK [key=value...]"
    about = "Exit status: 0 the task is up to date, 1 it is not."
    examples = ("doit info hls:res2a",)
    option_words = MappingProxyType({"hide_status": {"help": "leave out whether it is up to date"}})
    dep_manager: Any

    def _execute(self, pos_args: list[str], hide_status: bool = False) -> int:
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        # Connects tasks by the files that they make and read.
        linked(self.task_list)
        self.dep_manager = WithGroups(self.dep_manager)
        step = None
        for task in (tasks[word] for word in pos_args if word in tasks):
            step = step_of(with_all_files(task))
            task.meta = None
        status = int(super()._execute(pos_args, hide_status))
        for line in step_lines(step) if step is not None else ():
            self.outstream.write(line + "\n")
        return status

    @staticmethod
    def get_reasons(reasons: Any) -> str:
        """Return doit's reasons in doit's words, and the members of a group that are not up to date."""
        behind = list(reasons.pop(GROUP, ()))
        lines = [" * Not up to date:", *(f"    - {name}" for name in behind)] if behind else []
        return "\n".join([*lines, *filter(None, [DoitInfo.get_reasons(reasons)])])
