"""`doit list`: doit's own, in the order of work, for groups too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from doit.cmd_list import List as DoitList

from farm.commands.groups import WithGroups, by_name
from farm.commands.helpful import Helpful
from farm.commands.questions.forms.as_json import OPT_JSON, json_text
from farm.planning.graph import Task, check_selection, linked, with_all_files
from farm.project import Guide, guide_of

#: The title of the tasks that no part of the guide names.
_REST = "More"
#: doit's options, of which these are said otherwise.
_SAID = {
    "subtasks": {"help": "the items of the tasks too: blocks and cores"},
    "status": {"help": "say before each task: U up to date, R to be run, I ignored"},
    "quiet": {"help": "names only"},
    "list_deps": {"help": "the files that each task reads too"},
    "private": {"help": "tasks too whose name starts with '_'"},
    "template": {"metavar": "FORM", "help": "a line per task in this form, for example '{name}: {doc}'"},
    "sort": {"metavar": "ORDER", "help": "definition: in the order of work; name: by the alphabet"},
}


#: doit sorts by name.
_DEFAULTS = {"sort": {"default": "definition"}}


class List(Helpful, DoitList):  # type: ignore[misc]
    """Lists tasks; with -s a group is U if all that it stands for is."""

    name = "list"
    doc_purpose = "list the tasks, in the order of work"
    doc_usage = "[--all] [-s] [-q] [TASK...] [key=value...]"
    examples = ("doit list", "doit list --all hls", "doit list -s --all network=digits")
    option_words = _SAID
    cmd_options = (*({**option, **_DEFAULTS.get(option["name"], {})} for option in DoitList.cmd_options), OPT_JSON)
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
        as_json: bool,
        pos_args: list[str],
    ) -> int | None:
        # doit passes parameters by their names.
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        # Connects tasks by the files that they make and read.
        linked(self.task_list)
        if list_deps:
            for task in self.task_list:
                with_all_files(task)
        self.dep_manager = WithGroups(self.dep_manager)
        guide = guide_of(self.loader)
        places = {name: place for place, name in enumerate(name for part in guide.parts.values() for name in part)}
        self.task_list.sort(key=lambda task: places.get(_base(task), len(places)))
        if pos_args or subtasks or quiet or private or list_deps or template or sort == "name" or as_json:
            if as_json:
                chosen = self._list_filtered(tasks, pos_args, subtasks) if pos_args else self._list_all(subtasks)
                shown = [task for task in chosen if private or not task.name.startswith("_")]
                self.outstream.write(json_text(tasks=list(self._documents(shown, tasks, guide, status=status))))
                return 0
            ended: int | None = super()._execute(subtasks, quiet, status, private, list_deps, template, sort, pos_args)
            return ended
        for line in self._guiding_lines(guide, tasks, status=status):
            self.outstream.write(line + "\n")
        return 0

    def _guiding_lines(self, guide: Guide, tasks: Mapping[str, Task], *, status: bool) -> Iterator[str]:
        """The tasks below the titles of the guide, with a start before and a way on behind."""
        if guide.start:
            yield "Start"
            yield from (f"  {command}  {does}" for command, does in guide.start)
            yield ""
        shown = [task for task in self._list_all(False) if not task.name.startswith("_")]
        width = max((len(task.name) for task in shown), default=0)
        parts: dict[str, list[Task]] = {}
        for task in shown:
            parts.setdefault(_part(task, guide), []).append(task)
        for title, members in parts.items():
            # A project without a guide has one list, which needs no title.
            if guide.parts:
                yield title
            for task in members:
                mark = f"{self._state(task, tasks)} " if status else ""
                yield f"{'  ' if guide.parts else ''}{mark}{task.name:<{width}}  {task.doc}"
            yield ""
        yield "key=value changes a setting for one command (doit build clock_mhz=200); 'doit config' shows all keys."
        yield "'doit list --all' names single blocks and cores, 'doit help' the questions and all other commands."

    def _state(self, task: Task, tasks: Mapping[str, Task]) -> str:
        if self.dep_manager.status_is_ignore(task):
            return "I"
        return str(self.STATUS_MAP[self.dep_manager.get_status(task, tasks).status])

    def _documents(
        self, shown: Sequence[Task], tasks: Mapping[str, Task], guide: Guide, *, status: bool
    ) -> Iterator[dict[str, Any]]:
        for task in shown:
            yield {
                "name": task.name,
                "doc": task.doc,
                "part": _part(task, guide),
                "stands_for": [] if task.actions else list(task.task_dep),
                "status": self._state(task, tasks) if status else None,
            }


def _base(task: Task) -> str:
    return str(task.name).partition(":")[0]


def _part(task: Task, guide: Guide) -> str:
    return next((title for title, names in guide.parts.items() if _base(task) in names), _REST)
