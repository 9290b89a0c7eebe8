"""The scratch folder of a run: its declared inputs and nothing else, and the environment that its tool gets."""

from __future__ import annotations

import os
import re
from pathlib import Path

from farm.execution.failure import failed
from farm.execution.run import CannotStart, Run
from farm.results.folder import SCRATCH, copy, remove_tree
from farm.step import File, Step


class Scratch:
    """Makes and removes the scratch folders of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / SCRATCH

    def prepare(self, step: Step, key: str) -> Run:
        """Make the scratch folder of a step. Its path depends on name and key only, and is the same each time.

        Raises CannotStart for an input that cannot be copied.
        """
        folder = self.folder / f"{re.sub('[^A-Za-z0-9_.+-]', '-', step.name)}-{key[:12]}"
        remove_tree(folder)
        run = Run(step, folder, self.root / step.log)
        for part in (run.work, run.home, run.scratch / "tmp"):
            part.mkdir(parents=True)
        for item in step.inputs:
            place = run.work / item.path
            try:
                if isinstance(item, File):
                    copy(self.root / item.source, place)
                else:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(item.content, "utf-8")
            except OSError as error:
                source = item.source if isinstance(item, File) else item.path
                raise CannotStart(failed("input", f"{source}: {error.strerror}")) from None
        for output in step.outputs:
            (run.work / output.path).parent.mkdir(parents=True, exist_ok=True)
        return run

    def discard(self, run: Run) -> None:
        """Remove the scratch folder of a run."""
        remove_tree(run.scratch)

    def clear(self) -> None:
        """Remove all scratch folders, those of a killed engine too. Only for who holds the checkout's lock."""
        remove_tree(self.folder)


def environment_of(run: Run) -> dict[str, str]:
    """Return all variables that a tool gets: those of its step, and of the user's nothing but PATH."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(run.home),
        "TMPDIR": str(run.scratch / "tmp"),
        "LANG": "C.UTF-8",
        # Output that depends on the order of a set would be another one each time.
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict(run.step.environment),
        **dict(run.step.private),
    }


def new_log(run: Run) -> None:
    """Take the old log away: the tool writes to a new file, since somebody may still be reading the old one."""
    run.log.parent.mkdir(parents=True, exist_ok=True)
    run.log.unlink(missing_ok=True)
