"""`doit plan`: shows the steps that a build would run or restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from farm.commands.questions.forms.as_json import OPT_JSON, json_text
from farm.commands.questions.forms.planned_json import planned_document
from farm.commands.questions.inspection import Inspection, warn
from farm.display.wording import plan_lines
from farm.machine import capacity_of, ledger_path
from farm.planning.admission import Capacity
from farm.planning.engines import cluster_of
from farm.planning.forecast import Forecast
from farm.planning.planner import Planned
from farm.planning.predecessors import Predecessors
from farm.project import project_of
from farm.results.reading import LedgerReader
from farm.tasks import plain_errors

_OPT_ALL: dict[str, Any] = {
    "name": "all_tasks",
    "short": "",
    "long": "all",
    "type": bool,
    "default": False,
    "help": "name current tasks too",
}


class Plan(Inspection):
    """Shows the steps that a build would run or restore."""

    name = "plan"
    doc_purpose = "show what a build would run or restore, why, and how long it would take; nothing is started"
    doc_usage = "[--all] [--json] [TASK | FILE]... [key=value...]"
    about = """
    run: no result is there. restore: the store has it. fetch: the remote store has it. maybe: that depends on what
    other steps make.
    """
    examples = ("doit plan", "doit plan cosim:res2a", "doit plan network=digits toolchain=auto target=hw")
    cmd_options = (_OPT_ALL, OPT_JSON)

    def _execute(self, dep_file: str, all_tasks: bool = False, as_json: bool = False) -> int:
        control, names = self._select()
        planned = self._planned(control, names, dep_file=dep_file, with_remote=True)
        farm = self._farm()
        with plain_errors():
            engine, elsewhere, unanswered = cluster_of(project_of(self.loader).settings, control.tasks)
        if unanswered:
            warn(unanswered)
        capacity = capacity_of(farm, elsewhere=elsewhere)
        forecast = Forecast(control.tasks, names, LedgerReader(ledger_path(farm), warn))
        groups = Predecessors(Path.cwd(), control.tasks, dep_file).groups
        if as_json:
            tasks = [
                planned_document(
                    item,
                    groups(item.name),
                    forecast.of(item.name),
                    place="cluster" if capacity.is_elsewhere(item.name) else "local",
                )
                for item in planned
            ]
            self.outstream.write(json_text(tasks=tasks, time=_time(planned, forecast, capacity)))
            return 0
        for line in plan_lines(
            planned, forecast, capacity, groups, with_current=all_tasks, cluster=engine.title if engine else ""
        ):
            self.outstream.write(line + "\n")
        return 0


def _time(planned: Sequence[Planned], forecast: Forecast, capacity: Capacity) -> dict[str, Any]:
    """Return how long the build would take at least and at most, as far as earlier runs tell."""
    certain = [item.name for item in planned if item.state == "run"]
    possible = [item.name for item in planned if item.state in ("run", "depends")]
    least = forecast.time_left(certain, capacity, which="low")
    most = forecast.time_left(possible, capacity, which="high")
    known = most.known > 0 or not possible
    return {
        "least_s": round(least.seconds, 3) if known else None,
        "most_s": round(most.seconds, 3) if known else None,
        "steps_without_time": most.unknown,
        "slots": capacity.slots,
    }
