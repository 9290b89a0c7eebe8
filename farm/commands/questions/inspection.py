"""The base of the commands that look at tasks and run nothing."""

from __future__ import annotations

import contextlib
import gc
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.control import TaskControl
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful
from farm.machine import store_folder
from farm.planning.graph import check_selection, check_sources, linked, named, order
from farm.planning.planner import Planned, Planner, Stored
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

    def parse_execute(self, in_args: list[str]) -> Any:
        """Look at the tasks without Python's search for circles of garbage: all that is made lives to the end."""
        collects = gc.isenabled()
        gc.disable()
        try:
            return super().parse_execute(in_args)
        finally:
            if collects:
                gc.enable()

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

    def _planned(
        self, control: TaskControl, names: list[str], *, dep_file: str, with_remote: bool = False
    ) -> tuple[Planned, ...]:
        """Return what would become of tasks; `with_remote` asks the remote store too, if the settings name one."""
        root = Path.cwd()
        digests = digests_of(root)
        predecessors = Predecessors(root, control.tasks, dep_file)

        def planned(stored: Stored) -> tuple[Planned, ...]:
            more: dict[str, Any] = {"digests": digests, "stored": stored, "predecessors": predecessors}
            return Planner(root, control.tasks, control.targets, self.dep_manager, **more).plan(names)

        project = project_of(self.loader)
        farm = project.farm
        folder = store_folder(farm)
        stored: Stored = StoreReader(folder, warn, shared=farm.store_shared).outputs
        if farm.remote is None:
            found = planned(stored)
        else:
            from farm.commands.building.team import planned_with  # noqa: PLC0415 - most have no remote store

            found = planned_with(project, folder, stored, planned, warn, ask=with_remote)
        # The next build need not hash these files again, if the table can be written.
        with contextlib.suppress(OSError):
            digests.save()
        return found


def warn(text: str) -> None:
    """Print a sentence beside a command's answer."""
    sys.stderr.write(f"{text}\n")
