"""The commands that look and change nothing: `plan`, `why`, `trace` and `repro`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.control import TaskControl
from doit.exceptions import InvalidCommand

from farm.digest import digests_of
from farm.graph import check_selection, check_sources, members, order, step_of
from farm.plan import Planned, Planner
from farm.record import Records
from farm.why import Predecessors
from farm.wording import plan_lines, why_lines

_OPT_ALL: dict[str, Any] = {
    "name": "all_tasks",
    "short": "",
    "long": "all",
    "type": bool,
    "default": False,
    "help": "name current tasks too",
}


class Inspection(DoitCmdBase):  # type: ignore[misc]
    """Loads and checks the graph as `run` does, and ends with doit's memory closed and unchanged."""

    doc_description = None
    cmd_options: tuple[dict[str, Any], ...] = ()

    def _select(self) -> tuple[TaskControl, list[str]]:
        """Return the control and the selected tasks with all that they need, needed ones first."""
        tasks = {task.name: task for task in self.task_list}
        control = TaskControl(self.task_list)
        for word in self.sel_tasks or ():
            if word.startswith("-"):
                raise InvalidCommand(f"options stand before the task: doit {self.name} {word} ...")
        check_selection(self.sel_tasks, tasks, control.targets)
        control.process(self.sel_tasks)
        names = order(control.tasks, control.selected_tasks)
        check_sources(control.tasks, names, control.targets, Path.cwd())
        return control, names

    def _plan(self, control: TaskControl, names: list[str], *, dep_file: str) -> tuple[Planned, ...]:
        root = Path.cwd()
        digests = digests_of(root)
        planner = Planner(
            root,
            control.tasks,
            control.targets,
            self.dep_manager,
            digests=digests,
            stored=lambda _: None,
            predecessors=Predecessors(root, control.tasks, dep_file),
        )
        planned = planner.plan(names)
        # What was hashed here is not hashed again by the build.
        digests.save()
        return planned


class Plan(Inspection):
    """Shows what a build would do."""

    name = "plan"
    doc_purpose = "show what a build would run or restore, and why, without doing it"
    doc_usage = "[--all] [TASK/TARGET...]"
    cmd_options = (_OPT_ALL,)

    def _execute(self, dep_file: str, all_tasks: bool = False) -> int:
        control, names = self._select()
        planned = self._plan(control, names, dep_file=dep_file)
        for line in plan_lines(planned, with_current=all_tasks):
            self.outstream.write(line + "\n")
        return 0


class Why(Inspection):
    """Shows what differs from the last run of a step."""

    name = "why"
    doc_purpose = "show why a step would run: what differs from its last run"
    doc_usage = "TASK..."

    def _execute(self, dep_file: str, pos_args: list[str]) -> int:
        if not pos_args:
            raise InvalidCommand("'doit why' needs the name of a task, for example: doit why hls:res2a")
        control, names = self._select()
        planned = {item.name: item for item in self._plan(control, names, dep_file=dep_file)}
        records = Records(Path.cwd())
        for word in control.selected_tasks:
            for name in members(control.tasks, word):
                step = step_of(control.tasks[name])
                record = records.read(step) if step else None
                for line in why_lines(planned[name], record, word):
                    self.outstream.write(line + "\n")
        return 0
