"""`doit why`: the differences from the last run of a step."""

from __future__ import annotations

from pathlib import Path

from doit.exceptions import InvalidCommand

from farm.commands.questions.forms.as_json import OPT_JSON, json_text
from farm.commands.questions.forms.planned_json import planned_document
from farm.commands.questions.inspection import Inspection
from farm.display.wording import why_lines
from farm.planning.graph import members, step_of
from farm.planning.predecessors import Predecessors
from farm.results.record import Records


class Why(Inspection):
    """Shows the differences from the last run of a step."""

    name = "why"
    doc_purpose = "show why a step would run: what differs from its last run"
    doc_usage = "[--json] TASK... [key=value...]"
    about = """
    Facts come first (conv2b.pe 16 -> 8), then the files, tools and command words that differ. Nothing is started.
    """
    examples = ("doit why hls:res2a", "doit why build clock_mhz=200")
    cmd_options = (OPT_JSON,)

    def _execute(self, dep_file: str, pos_args: list[str], as_json: bool = False) -> int:
        if not pos_args:
            raise InvalidCommand("'doit why' needs the name of a task, for example: doit why hls:res2a")
        control, names = self._select()
        planned = {item.name: item for item in self._planned(control, names, dep_file=dep_file)}
        asked = [(word, name) for word in control.selected_tasks for name in members(control.tasks, word)]
        if as_json:
            groups = Predecessors(Path.cwd(), control.tasks, dep_file).groups
            tasks = [{"asked": word, **planned_document(planned[name], groups(name))} for word, name in asked]
            self.outstream.write(json_text(tasks=tasks))
            return 0
        records = Records(Path.cwd())
        for word, name in asked:
            step = step_of(control.tasks[name])
            record = records.read(step) if step else None
            for line in why_lines(planned[name], record, word):
                self.outstream.write(line + "\n")
        return 0
