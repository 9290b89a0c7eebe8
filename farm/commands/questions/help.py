"""`doit help` and `doit --help`: where to start, the commands in the order of work, and each command's own text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from doit.cmd_help import Help as DoitHelp
from doit.exceptions import InvalidCommand, InvalidDodoFile

from farm.commands.groups import by_name
from farm.commands.helpful import Helpful
from farm.commands.questions.asked import Asked
from farm.commands.refused import Refused
from farm.planning.graph import check_selection
from farm.project import Guide, guide_of, project_of

_ASK = "Ask: nothing is built"
#: The commands in the order of work. The questions of dodo.py stand behind "info", unknown commands under "More".
_PARTS = {
    "Build": ("demo", "run"),
    _ASK: ("list", "plan", "why", "log", "info", "config", "trace", "version", "help"),
    "Keep up": ("cache", "cluster", "clean", "forget", "ignore", "reset-dep", "repro", "bugreport", "tabcompletion"),
}
_USAGE = """\
Usage
  doit [COMMAND] [OPTIONS] [TASK]... [key=value]...

  A first word that is no command is a task: 'doit hls:res2a' is 'doit run hls:res2a'. Options stand before tasks.
  key=value sets something for this command only: doit build network=digits clock_mhz=200
  'doit config' shows all keys, their values and where each is from; farm.yaml keeps what should stay.
"""


class Help(Helpful, DoitHelp):  # type: ignore[misc]
    """Shows the guide, or the text of a command or a task."""

    name = "help"
    doc_purpose = "show how to start, or the text of a command or a task"
    doc_usage = "[COMMAND | TASK]"
    about = "'doit help task' shows the fields of a task in a dodo.py, as doit describes them."
    examples = ("doit help plan", "doit help hls")
    task_list: Any

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the help of a command or a task; any other word is an error."""
        if not args:
            self.print_usage(self.cmds)
        elif len(args) > 1:
            raise InvalidCommand("'doit help' takes one command or task")
        elif args[0] == "task":
            self.print_task_help()
        elif args[0] in self.cmds:
            sys.stdout.write(f"{self.cmds[args[0]](cmds=self._cmds, **self.init_kwargs).help()}\n")
        else:
            return int(super(DoitHelp, self).execute(params, args) or 0)
        return 0

    def _execute(self, pos_args: list[str]) -> int:
        """Print the text of a task."""
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, tuple(self.cmds))
        task = tasks[pos_args[0]]
        lines = [f"{task.name}: {task.doc}", ""]
        if not task.actions and task.task_dep:
            lines += ["It stands for", *(f"  {name}" for name in task.task_dep), ""]
        for option in (*task.creator_params, *task.params):
            names = [f"-{option['short']}"] if option.get("short") else []
            names += [f"--{option['long']}"] if option.get("long") else []
            lines.append(f"  {', '.join(names) or option['name']}  {option.get('help', '')}")
        lines += [f"doit {task.name}       make it", f"doit plan {task.name}  what that would run, and why"]
        lines += [f"doit info {task.name}  what it reads, makes and runs"]
        sys.stdout.write("\n".join(lines) + "\n")
        return 0

    def print_usage(self, cmds: Mapping[str, Any]) -> None:
        """Print the guide. This function also answers `doit --help`, see below."""
        guide, questions, trouble = _of_dodo(self)
        lines = [guide.title, ""] if guide.title else []
        lines += [*_table("Start", (*guide.start, ("doit list", "shows the tasks, in the order of work"))), ""]
        lines += _USAGE.splitlines()
        for title, names in _parts(cmds):
            lines += ["", *_table(title, [(f"doit {n}", questions.get(n) or cmds[n].doc_purpose) for n in names])]
        lines += ["", "'doit help COMMAND' and 'doit COMMAND --help' tell more, 'doit help TASK' of a task."]
        if trouble:
            lines += ["", f"dodo.py cannot be read: {trouble}"]
        sys.stdout.write("\n".join(lines) + "\n")


# `doit --help` makes an object of doit's own class, whatever pyproject.toml declares. It loads all commands first.
DoitHelp.print_usage = Help.print_usage


def _of_dodo(command: Any) -> tuple[Guide, dict[str, str], str]:
    """Return the guide and the questions of dodo.py, or why it cannot be read."""
    try:
        # -k and -f stand before the command's name.
        command.loader.setup({**command.cmdparser.parse([])[0], **command.opt_vals})
        guide = guide_of(command.loader)
        questions = {one.name: f"{one.doc[:1].lower()}{one.doc[1:]}" for one in project_of(command.loader).questions}
    except (InvalidDodoFile, InvalidCommand) as error:
        return Guide(), {}, str(error).splitlines()[0]
    return guide, questions, ""


def _parts(cmds: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    asked = [name for name, command in cmds.items() if issubclass(command, Asked)]
    known = {name for names in _PARTS.values() for name in names}
    for title, names in _PARTS.items():
        there = [name for name in names if name in cmds]
        if title == _ASK and "info" in there:
            there[there.index("info") + 1 : there.index("info") + 1] = asked
        yield title, there
    more = [n for n in cmds if n not in known and n not in asked and not issubclass(cmds[n], Refused)]
    if more:
        yield "More", more


def _table(title: str, rows: Any) -> list[str]:
    width = max((len(left) for left, _ in rows), default=0)
    return [title, *(f"  {left:<{max(width, 20)}}  {right}" for left, right in rows)]
