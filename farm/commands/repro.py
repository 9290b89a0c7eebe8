"""`doit repro`: one step as a folder that can be run without the project."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from doit.exceptions import InvalidCommand

from farm.commands.questions.inspection import Inspection
from farm.execution.repro_folder import ReproError, needs_python, secret_variables, write_repro
from farm.key import action_key
from farm.planning.graph import members, step_of
from farm.project import project_of
from farm.results.digest import Digest, digests_of
from farm.results.record import Records
from farm.step import Step


class Repro(Inspection):
    """Writes one step as a folder that can be run without the project."""

    name = "repro"
    doc_purpose = "write a step as a folder with one script that runs it"
    doc_usage = "[-o FOLDER] STEP [key=value...]"
    about = "For trying a step alone, or for sending it to the maker of a tool. Private values are left out."
    examples = ("doit repro hls:res2a", "doit repro -o case link")
    cmd_options = (
        {
            "name": "output",
            "short": "o",
            "long": "output",
            "type": str,
            "default": "",
            "metavar": "FOLDER",
            "help": "folder to write [default: build/repro/STEP]",
        },
    )

    def _execute(self, pos_args: list[str], output: str = "") -> int:
        if len(pos_args) != 1:
            raise InvalidCommand("'doit repro' takes the name of one step, for example: doit repro hls:res2a")
        control, _ = self._select()
        names = sorted({name for word in control.selected_tasks for name in members(control.tasks, word)})
        if len(names) != 1:
            raise InvalidCommand(f"'{pos_args[0]}' stands for {len(names)} steps; name one of them: {', '.join(names)}")
        step = step_of(control.tasks[names[0]])
        if step is None:
            raise InvalidCommand(f"'{names[0]}' is not a step: its action is part of dodo.py")
        root = Path.cwd()
        folder = Path(output or f"build/repro/{step.name.replace(':', '-')}")
        redaction = project_of(self.loader).redaction
        try:
            write_repro(step, root, folder, _recorded(step, root), redaction)
        except ReproError as error:
            raise InvalidCommand(str(error)) from None
        for name in secret_variables(step, redaction):
            sys.stdout.write(f"the value of {name} is left out; set it where the script runs\n")
        python = f"PYTHON={sys.executable} " if needs_python(step, redaction) else ""
        sys.stdout.write(f"{folder}: start {python}{folder / 'run'}\n")
        return 0


def _recorded(step: Step, root: Path) -> Mapping[str, Digest] | None:
    """Return the outputs of the last run if that had the inputs of now."""
    record = Records(root).read(step)
    digests = digests_of(root)
    try:
        same = record is not None and record.key == action_key(step, lambda item: digests.of(item.source).meaning)
    except OSError:
        same = False
    return record.outputs if record is not None and same else None
