"""What is expensive to make is made once in a test run, by the worker of pytest-xdist that needs it first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

MADE = ".made"


@dataclass(frozen=True)
class Once:
    """Folders that all workers of one run share; nobody changes one that is made."""

    folder: Path

    def make(self, name: str, fill: Callable[[Path], object]) -> Path:
        """The folder of that name, which `fill` has filled, here or in another worker.

        Where `fill` raises (a skip, too), the next one who asks tries again.
        """
        place = self.folder / name
        with FileLock(self.folder / f"{name}.lock"):
            if not (place / MADE).exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                fill(place)
                (place / MADE).touch()
        return place

    def made(self, name: str) -> Path | None:
        """The folder of that name if it is made already; waits for nobody."""
        place = self.folder / name
        return place if (place / MADE).exists() else None
