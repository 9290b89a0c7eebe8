"""Fetches what a job has left in the remote store into its folder, by a process beside the loop."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from farm import clock
from farm.execution.children import Children
from farm.execution.cluster.far.command import carrier_words
from farm.execution.cluster.job import CLIENT_LOG


class Collector:
    """The process for one job. It writes the record of the end last, as a node with a shared folder would."""

    def __init__(self, folder: Path, children: Children) -> None:
        self._folder = folder
        self._children = children
        self._pid: int | None = None
        #: When it was begun last; None if it was not.
        self.begun_s: float | None = None

    def begin(self) -> None:
        """Start it. Without a process nothing is collected, and the job counts as lost."""
        self.begun_s = clock.monotonic_s()
        with contextlib.suppress(OSError), (self._folder / CLIENT_LOG).open("ab") as said:
            process = subprocess.Popen(
                carrier_words("collect", self._folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            process.returncode = 0  # its status is collected with those of all children
            self._children.expect(process.pid)
            self._pid = process.pid

    @property
    def is_busy(self) -> bool:
        """Whether it works."""
        if self._pid is not None and self._children.take(self._pid) is not None:
            self._pid = None
        return self._pid is not None

    def end(self) -> None:
        """End it at once: the folder that it writes to is about to go."""
        if self.is_busy and self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
