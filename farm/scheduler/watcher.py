"""The events that the loop reports while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from farm.execution.failure import Failure
from farm.execution.run import Place, Run
from farm.reason import Reason
from farm.results.record import Cost


class Watcher(Protocol):
    """Receives the events of the loop; the display is one."""

    refresh_s: float | None

    def started(self, name: str, reasons: Sequence[Reason]) -> None:
        """A step has begun to run."""

    def repeated(self, name: str, failure: Failure, attempt: int) -> None:
        """A step has failed in a way that passes; it will be tried again. `attempt` is the one that failed."""

    def finished(self, name: str, elapsed_s: float, place: Place | None = None, waited_s: float = 0.0) -> None:
        """A task has run and its outputs are in place.

        `place` is where it ran, if on a cluster, and `waited_s` how long it waited before that.
        """

    def current(self, name: str) -> None:
        """A task needs nothing."""

    def restored(self, name: str, cost: Cost) -> None:
        """The outputs of a step are in place, from the store; making them had cost `cost`."""

    def note(self, text: str) -> None:
        """The engine has something to say, and the build goes on."""

    def failed(self, name: str, failure: Failure) -> None:
        """A task has failed."""

    def python_action(self, name: str) -> None:
        """An action of a dodo.py is about to write to the terminal."""

    def progress(self, done: int, total: int, running: Sequence[Run]) -> None:
        """Time has passed."""
