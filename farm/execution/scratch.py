"""The scratch folder of a run: its declared inputs and nothing else, and the environment that its tool gets."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from farm.beneath import folder_beneath, remove_beneath
from farm.execution.failure import failed, out_of_disk
from farm.execution.run import CannotStart, Run
from farm.results.folder import SCRATCH, copy
from farm.step import File, Step


class Scratch:
    """Makes and removes the scratch folders of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / SCRATCH

    def run_of(self, step: Step, key: str, folder: str = SCRATCH) -> Run:
        """Return a run of a step, without a scratch folder yet. Its path depends on `folder`, name and key only."""
        name = f"{re.sub('[^A-Za-z0-9_.+-]', '-', step.name)}-{key[:12]}"
        return Run(step, self.root / folder / name, self.root / step.log, root=self.root, key=key)

    def prepare(self, run: Run) -> None:
        """Make the scratch folder of a run, with copies of the inputs.

        Raises CannotStart for an input that cannot be copied, and OSError, also for a link in place of our folders.
        """
        self._remove(run.scratch)
        with folder_beneath(self.root, self._below(run.scratch.parent), make=True) as folder:
            os.mkdir(run.scratch.name, dir_fd=folder)
        for part in (run.work, run.home, run.scratch / "tmp"):
            part.mkdir()
        for item in run.step.inputs:
            place = run.work / item.path
            try:
                if isinstance(item, File):
                    copy(self.root / item.source, place)
                else:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(item.content, "utf-8")
            except OSError as error:
                source = item.source if isinstance(item, File) else item.path
                raise CannotStart(out_of_disk(failed("input", f"{source}: {error.strerror}"), error)) from None
        for output in run.step.outputs:
            (run.work / output.path).parent.mkdir(parents=True, exist_ok=True)

    def discard(self, run: Run) -> None:
        """Remove the scratch folder of a run. The next build removes the parts that could not be removed."""
        with contextlib.suppress(OSError):
            self._remove(run.scratch)

    def clear(self) -> None:
        """Remove all scratch folders, those of a killed engine too. The caller holds the checkout's lock.

        Raises OSError for a link in their place.
        """
        remove_beneath(self.root, SCRATCH)

    def _remove(self, folder: Path) -> None:
        remove_beneath(self.root, self._below(folder))

    def _below(self, folder: Path) -> str:
        return folder.relative_to(self.root).as_posix()


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
        # numpy's OpenBLAS starts a thread for each core, which waits in a loop, beside steps that have work.
        "OPENBLAS_NUM_THREADS": "1",
        **dict(run.step.environment),
        **dict(run.step.private),
    }
