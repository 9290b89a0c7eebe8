"""The interface of an executor, which runs prepared steps: on this machine, or on a cluster.

An executor starts, watches and ends programs. Other modules decide whether a run was good (`verdict`), how long it may
take (the loop), which files it may read (`Scratch`), and which parts of its log are kept (`redact_log`): these rules
are the same wherever a step runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from farm.execution.run import Run
from farm.step import Step


class Executor(Protocol):
    """Runs steps whose scratch folders are prepared. All methods are called by one thread.

    Whatever a run has left is in its scratch folder when it is returned as ended: also if it ran on a machine that does
    not see this folder.
    """

    #: Seconds after which `ended` is to be asked again; None if the end of a run is also the end of a child process of
    #: the engine, which wakes it (so it is with a local process, and with the waiting client of a cluster's queue).
    @property
    def poll_s(self) -> float | None:
        """That time."""

    def open(self) -> None:
        """Get ready. Whatever a killed engine has left running in this checkout is ended, or found again."""

    def holds(self, run: Run) -> bool:
        """Tell whether a step of this key runs already, left by a killed engine: `start` then waits for its end."""

    def folder(self, step: Step) -> str:
        """Return the folder of the checkout for the scratch folders of such steps."""

    def start(self, run: Run) -> None:
        """Start the tool in `run.work` with the environment of `environment_of`, stdout and stderr to `run.log`.

        Sets `run.started_s`, or `run.queued` until the tool really starts, and returns at once. Raises CannotStart for
        a program that is not there, or a run that this place refuses.
        """

    def ended(self) -> Sequence[Run]:
        """Return the runs that have ended since the last call, as `Run` says; never waits.

        When a run is returned no process of it is alive: its outputs do not change any more. A run that was lost
        (its machine went down, nobody knows its status) ends with status None.
        """

    def stop(self, run: Run) -> float:
        """Ask a run to end; `ended` returns it when it has. Returns the seconds after which to call this again.

        The first call lets the tool clean up, a later one after those seconds does not.
        """

    def stop_all(self) -> Sequence[Run]:
        """End all runs, and return those that had not been returned by `ended`, when no process of theirs is alive."""

    def close(self) -> None:
        """Undo `open`."""
