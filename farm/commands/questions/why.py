"""`doit why`: what differs from the last run of a step."""

from __future__ import annotations

from pathlib import Path

from doit.exceptions import InvalidCommand

from farm.commands.questions.inspection import Inspection
from farm.display.wording import why_lines
from farm.planning.graph import members, step_of
from farm.results.record import Records


class Why(Inspection):
    """Shows what differs from the last run of a step."""

    name = "why"
    doc_purpose = "show why a step would run: what differs from its last run"
    doc_usage = "TASK..."

    def _execute(self, dep_file: str, pos_args: list[str]) -> int:
        if not pos_args:
            raise InvalidCommand("'doit why' needs the name of a task, for example: doit why hls:res2a")
        control, names = self._select()
        planned = {item.name: item for item in self._planned(control, names, dep_file=dep_file)}
        records = Records(Path.cwd())
        for word in control.selected_tasks:
            for name in members(control.tasks, word):
                step = step_of(control.tasks[name])
                record = records.read(step) if step else None
                for line in why_lines(planned[name], record, word):
                    self.outstream.write(line + "\n")
        return 0
