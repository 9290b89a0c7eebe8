"""Steps without the farm: each in a folder of its own, with what it declares."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from farm.step import PYTHON, File, Step

ROOT = Path(__file__).resolve().parents[3]


class Steps:
    """Steps run by hand, each in a folder with its declared inputs and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def scratch(self, step: Step) -> Path:
        place = self.folder / "steps" / step.name.replace(":", "-")
        for item in step.inputs:
            path = place / item.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(item, File):
                made = self.folder / item.source
                shutil.copy(made if made.exists() else ROOT / item.source, path)
            else:
                path.write_text(item.content)
        return place

    def program(self, step: Step, place: Path) -> tuple[int, str]:
        assert step.argv[0] == PYTHON
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        words = [sys.executable, *step.argv[1:]]
        done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def run(self, step: Step) -> str:
        place = self.scratch(step)
        status, said = self.program(step, place)
        assert status == 0, said[-3000:]
        for output in step.outputs:
            (self.folder / output.target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / output.path, self.folder / output.target)
        return said
