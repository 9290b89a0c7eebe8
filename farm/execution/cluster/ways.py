"""How a step's files get to its node and back: by a folder that both see, or through the remote store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from farm.execution.cluster import node
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.folder import common_document, new_job, write_document
from farm.execution.cluster.job import FINISHED, JOB, STARTED, TOOL, Job
from farm.execution.run import Run
from farm.execution.scratch import environment_of


class Way(Protocol):
    """What a job runs on its node, and what its farm writes for it."""

    def job(self, run: Run, *, avoid: Sequence[str], unlimited: bool) -> Job:
        """Return the job of a run; `avoid` are nodes, `unlimited` leaves a learned limit of time away."""

    def write(self, run: Run, job: Job, *, distrusts: bool) -> None:
        """Write the job's file. `distrusts`: what the store has of it may be wrong. Raises OSError."""

    def client(self, run: Run, words: Sequence[str]) -> list[str]:
        """Return the command line that submits a job, by that of its engine."""

    def environment(self, run: Run) -> dict[str, str] | None:
        """Return the variables of that command; None for those of the farm. Raises OSError."""


class SharedFolder:
    """The nodes see the checkout at its path."""

    def __init__(self, engine: Engine, store: Path) -> None:
        """`store` is the folder by which farms of one user learn of each other's results."""
        self._engine = engine
        self._store = store

    def job(self, run: Run, *, avoid: Sequence[str], unlimited: bool) -> Job:
        """Return a job that reads its file."""
        command = (self._engine.python or sys.executable, "-I", "-S", node.__file__, str(run.scratch / JOB))
        return new_job(run, command, avoid=tuple(avoid), unlimited=unlimited)

    def write(self, run: Run, job: Job, *, distrusts: bool) -> None:
        """Write what the node has to know."""
        key = run.key
        document = {
            "work": str(run.work),
            "environment": environment_of(run),
            "modules": node.modules_digest(),
            "started": STARTED,
            "tool": TOOL,
            "finished": FINISHED,
            "entry": "" if run.fresh else str(self._store / "ac" / key[:2] / key),
            "claim": "" if run.fresh else str(self._store / "jobs" / key[:2] / key),
        }
        write_document(run.scratch, {**common_document(run, job), **document})

    def client(self, run: Run, words: Sequence[str]) -> list[str]:
        """Return the engine's own."""
        return list(words)

    def environment(self, run: Run) -> dict[str, str] | None:
        """Return None."""
        return None
