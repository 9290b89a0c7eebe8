"""The ends of child processes, for all executors of an engine: whoever collects one would take it from the others."""

from __future__ import annotations

import os


class Children:
    """Keeps the status of each child that an executor has started, until that executor asks."""

    def __init__(self) -> None:
        self._expected: set[int] = set()
        self._ended: dict[int, int] = {}

    def expect(self, pid: int) -> None:
        """Keep the status of this child. Orphans that were adopted, and other children, are only collected."""
        self._expected.add(pid)

    def collect(self) -> None:
        """Collect all children that have ended; never waits."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._expected:
                self._expected.discard(pid)
                self._ended[pid] = status

    def take(self, pid: int) -> int | None:
        """Return the wait status of a child that has been collected, once; None if it has not ended."""
        return self._ended.pop(pid, None)
