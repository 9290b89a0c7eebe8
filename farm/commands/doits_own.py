"""doit's own commands that the farm leaves as they are, with help texts like those of the others."""

from __future__ import annotations

from typing import Any

from doit.cmd_completion import TabCompletion as DoitTabCompletion
from doit.cmd_ignore import Ignore as DoitIgnore
from doit.cmd_resetdep import ResetDep as DoitResetDep
from doit.exceptions import InvalidCommand

from farm.commands.groups import by_name, with_members
from farm.commands.helpful import Helpful
from farm.planning.graph import check_selection, linked, with_all_files


class Ignore(Helpful, DoitIgnore):  # type: ignore[misc]
    """Lets builds leave tasks out. A group stands for its members."""

    name = "ignore"
    doc_purpose = "let builds leave tasks out, and all that needs them"
    doc_usage = "TASK..."
    about = "'doit forget TASK' takes it back."
    examples = ("doit ignore cosim",)
    task_list: Any

    def _execute(self, pos_args: list[str]) -> None:
        if not pos_args:
            raise InvalidCommand("'doit ignore' needs the name of a task, for example: doit ignore cosim:res2a")
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        linked(self.task_list)
        super()._execute(with_members(tasks, pos_args))


class ResetDep(Helpful, DoitResetDep):  # type: ignore[misc]
    """Records the present files as the inputs that own tasks have read."""

    name = "reset-dep"
    doc_purpose = "take the files that your own tasks read as unchanged, without running the tasks"
    doc_usage = "[TASK...]"
    about = "Steps do not need it: the farm compares what their inputs contain."
    task_list: Any

    def _execute(self, pos_args: list[str] | None = None) -> None:
        for task in self.task_list:
            with_all_files(task)
        super()._execute(pos_args)


class TabCompletion(Helpful, DoitTabCompletion):  # type: ignore[misc]
    """Prints a script for the shell."""

    name = "tabcompletion"
    doc_purpose = "print a script that lets the shell complete commands and tasks"
    doc_usage = "[-s bash|zsh] [--hardcode-tasks]"
    examples = ("doit tabcompletion > ~/.doit-completion && . ~/.doit-completion",)
