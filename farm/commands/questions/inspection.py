"""The base of the commands that look at tasks and run nothing."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.control import TaskControl
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful
from farm.machine import store_folder
from farm.planning.graph import check_selection, check_sources, linked, named, order
from farm.planning.planner import Planned, Planner
from farm.planning.predecessors import Predecessors
from farm.project import project_of
from farm.results.digest import digests_of
from farm.results.reading import StoreReader
from farm.settings import FarmSettings


class Inspection(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Loads and checks the graph as `run` does, and ends with doit's memory closed and unchanged.

    It takes no lock and needs no folder that can be written.
    """

    doc_description = None
    cmd_options: tuple[dict[str, Any], ...] = ()

    def _select(self) -> tuple[TaskControl, list[str]]:
        """Return the control and the selected tasks with all that they need, needed ones first."""
        tasks = {task.name: task for task in self.task_list}
        control = linked(self.task_list)
        for word in named(self.sel_tasks or (), tasks):
            if word.startswith("-"):
                raise InvalidCommand(f"options come before the task; type: doit {self.name} {word} ...")
        check_selection(self.sel_tasks, tasks, control.targets)
        control.process(self.sel_tasks)
        names = order(control.tasks, control.selected_tasks)
        everything = order(control.tasks, control.selected_tasks, setups=True)
        check_sources(control.tasks, everything, control.targets, Path.cwd())
        return control, names

    def _farm(self) -> FarmSettings:
        return project_of(self.loader).farm

    def _planned(self, control: TaskControl, names: list[str], *, dep_file: str) -> tuple[Planned, ...]:
        root = Path.cwd()
        digests = digests_of(root)
        farm = self._farm()
        store = StoreReader(store_folder(farm), warn, shared=farm.store_shared)
        planner = Planner(
            root,
            control.tasks,
            control.targets,
            self.dep_manager,
            digests=digests,
            stored=store.outputs,
            predecessors=Predecessors(root, control.tasks, dep_file),
        )
        planned = planner.plan(names)
        # The next build need not hash these files again, if the table can be written.
        with contextlib.suppress(OSError):
            digests.save()
        return planned


def warn(text: str) -> None:
    """Print a sentence beside a command's answer."""
    sys.stderr.write(f"{text}\n")
