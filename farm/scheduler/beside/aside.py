"""Work that may take long: done at once where it is short, else in a process beside the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from farm.results.lock import LockHeldError, patience
from farm.scheduler.beside.workers import Job, Then, Workers


class Aside:
    """Does jobs. Their results are plain data; `then` gets the result, or an OSError, LockHeldError or WorkerError."""

    def __init__(self, workers: Workers, note: Callable[[str], None]) -> None:
        """`note` gets a sentence when a job waits for somebody else."""
        self._workers = workers
        self._note = note

    def do(self, job: Job, then: Then, *, long: bool, keep: bool = False) -> None:
        """Do a job now, or beside the loop if it is `long` or waits for a lock; `keep` is that of `Workers.start`."""
        if not long:
            result: Any
            try:
                with patience(0.0):
                    result = job()
            except LockHeldError as error:
                self._note(f"waiting for {error.holder}, who holds the lock {error.path}")
            except OSError as error:
                then(error)
                return
            else:
                then(result)
                return
        try:
            self._workers.start(job, then, keep=keep)
        except OSError as error:  # too many processes or files
            then(error)
