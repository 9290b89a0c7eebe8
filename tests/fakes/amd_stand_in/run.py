"""One run of a tool: release, install tree, console, faults, interpreter, and the tally of what was synthesised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.misbehave import Faults
from amd_stand_in.tcl import Interpreter

TALLY = "stand_in_tally"
"""A file in the install tree to which every synthesis adds a line of JSON, where it is there. Tests count in it."""


@dataclass
class Run:
    """What the commands of a tool share."""

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
            # One write in append mode: runs side by side do not mix their lines.
            with target.open("a") as file:
                file.write(
                    json.dumps({"kind": kind, "name": name, "program": self.program, "release": self.release}) + "\n"
                )
