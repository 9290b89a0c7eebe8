"""`doit plan`: what a build would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from farm.commands.questions.inspection import Inspection, warn
from farm.display.wording import plan_lines
from farm.machine import capacity_of, store_folder
from farm.planning.forecast import Forecast
from farm.planning.predecessors import Predecessors
from farm.results.ledger import Ledger

_OPT_ALL: dict[str, Any] = {
    "name": "all_tasks",
    "short": "",
    "long": "all",
    "type": bool,
    "default": False,
    "help": "name current tasks too",
}


class Plan(Inspection):
    """Shows what a build would do."""

    name = "plan"
    doc_purpose = "show what a build would run or restore, and why, without doing it"
    doc_usage = "[--all] [TASK/TARGET...]"
    cmd_options = (_OPT_ALL,)

    def _execute(self, dep_file: str, all_tasks: bool = False) -> int:
        control, names = self._select()
        planned = self._planned(control, names, dep_file=dep_file)
        farm = self._farm()
        forecast = Forecast(control.tasks, names, Ledger(store_folder(farm) / "ledger.db", warn))
        groups = Predecessors(Path.cwd(), control.tasks, dep_file).groups
        for line in plan_lines(planned, forecast, capacity_of(farm), groups, with_current=all_tasks):
            self.outstream.write(line + "\n")
        return 0
