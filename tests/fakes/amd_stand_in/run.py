"""One run of a tool: release, install tree, console, faults, interpreter, and the tally of what was synthesised."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.misbehave import Faults
from amd_stand_in.tcl import Interpreter

TALLY = "AMD_STAND_IN_TALLY"
"""Environment: a file to which every synthesis adds a line of JSON. Tests count in it."""


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
        target = os.environ.get(TALLY)
        if target:
            # One write in append mode: runs side by side do not mix their lines.
            with Path(target).open("a") as file:
                file.write(json.dumps({"kind": kind, "name": name, "program": self.program, "release": self.release}) + "\n")
