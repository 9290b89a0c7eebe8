"""The way of a step's files through the remote store. Loaded only for a build that takes it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from farm.execution.cluster.engine import Engine
from farm.execution.cluster.far.command import carrier_words
from farm.execution.cluster.far.description import HOME, TMP
from farm.execution.cluster.far.secrecy import VARIABLE, secret_of
from farm.execution.cluster.folder import common_document, new_job, write_document
from farm.execution.cluster.job import Job
from farm.execution.run import Run
from farm.execution.scratch import environment_of

#: What the program of the farm on a node takes itself. It waits up to a quarter of an hour for a store that is away.
_PROGRAM_MIB, _PROGRAM_MINUTES = 96, 20


class ThroughStore:
    """The nodes have the farm, Python and the tools installed, and reach the remote store."""

    def __init__(self, engine: Engine, address: str, own_folder: Path) -> None:
        """`own_folder` is one of the user's, for the secret that jobs and farm share."""
        self._engine = engine
        self._address = address
        self._own_folder = own_folder

    def job(self, run: Run, *, avoid: Sequence[str], unlimited: bool) -> Job:
        """Return a job that finds all it needs in the store, by its token."""
        command = (self._engine.python or sys.executable, "-I", "-m", "farm.execution.cluster.far.node")
        made = new_job(run, command, avoid=tuple(avoid), unlimited=unlimited)
        words = (*command, self._address, made.token)
        return made.on_its_own(words, more_mib=_PROGRAM_MIB, more_minutes=_PROGRAM_MINUTES)

    def write(self, run: Run, job: Job, *, distrusts: bool) -> None:
        """Write what the carrier has to know: it hashes the inputs, which are in the run's folder."""
        environment, private = environment_of(run), dict(run.step.private)
        folders = {str(run.home): HOME, str(run.scratch / "tmp"): TMP}
        document: dict[str, Any] = {
            "address": self._address,
            "secret": secret_of(self._own_folder, run.key).hex(),
            "key": run.key,
            "inputs": [item.path for item in run.step.inputs],
            "outputs": [output.path for output in run.step.outputs],
            "environment": {
                name: folders.get(value, value) for name, value in environment.items() if name not in private
            },
            "private": private,
            "attached": self._engine.is_attached,
            # A result whose files are gone is of no use either.
            "fresh": run.fresh or distrusts,
            "timeout_s": run.step.timeout_s,
            "may_be_empty": [output.path for output in run.step.outputs if output.may_be_empty],
            "error_lines": list(run.step.error_lines),
            "closing_line": run.step.closing_line,
            "distrusts": distrusts,
            "root": str(run.log.parent if run.root is None else run.root),
            "log": run.log.name if run.root is None else run.step.log,
        }
        write_document(run.scratch, {**common_document(run, job), **document})

    def client(self, run: Run, words: Sequence[str]) -> list[str]:
        """Return the carrier, which gives the inputs away and then becomes the engine's client. Raises OSError."""
        if shutil.which(words[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), words[0])
        return carrier_words("give", run.scratch, *words)

    def environment(self, run: Run) -> dict[str, str] | None:
        """Return the farm's variables and the job's secret."""
        return {**os.environ, VARIABLE: secret_of(self._own_folder, run.key).hex()}
