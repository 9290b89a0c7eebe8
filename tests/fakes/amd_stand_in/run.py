"""A run of a tool: release, install tree, console, faults, interpreter, and the tally of syntheses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.misbehave import Faults
from amd_stand_in.tcl import Interpreter

TALLY = "stand_in_tally"
"""If this file exists in the install tree, every synthesis appends a line of JSON. Tests count the lines."""


@dataclass
class Run:
    """The state that the commands of a tool share."""

    program: str
    release: str
    root: Path
    console: Console
    faults: Faults
    tcl: Interpreter

    def count(self, kind: str, name: str) -> None:
        """Note one synthesis (csynth, synth, link)."""
        target = self.root / TALLY
        if target.is_file():
            # One write in append mode, so parallel runs do not mix their lines.
            with target.open("a") as file:
                file.write(
                    json.dumps({"kind": kind, "name": name, "program": self.program, "release": self.release}) + "\n"
                )
