"""Several executors as one: each step goes to the one of its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from farm.execution.executor import Executor
from farm.execution.run import Run
from farm.step import Step


class Places:
    """A machine and a cluster; `elsewhere` tells by a step's name which of them runs it."""

    def __init__(self, local: Executor, cluster: Executor, elsewhere: Callable[[str], bool]) -> None:
        self._local = local
        self._cluster = cluster
        self._elsewhere = elsewhere

    @property
    def poll_s(self) -> float | None:
        """That of the cluster: the end of a local process wakes the engine."""
        return self._cluster.poll_s

    def open(self) -> None:
        """Open both."""
        self._local.open()
        self._cluster.open()

    def holds(self, run: Run) -> bool:
        """Tell whether its executor has the run already."""
        return self._of(run.step).holds(run)

    def folder(self, step: Step) -> str:
        """Return the folder for its scratch folder."""
        return self._of(step).folder(step)

    def start(self, run: Run) -> None:
        """Start a run where it belongs."""
        self._of(run.step).start(run)

    def ended(self) -> Sequence[Run]:
        """Return what has ended in either place."""
        return [*self._cluster.ended(), *self._local.ended()]

    def stop(self, run: Run) -> float:
        """Ask a run to end."""
        return self._of(run.step).stop(run)

    def stop_all(self) -> Sequence[Run]:
        """End all runs: those of the cluster first, since the local end kills every process below the engine."""
        return [*self._cluster.stop_all(), *self._local.stop_all()]

    def close(self) -> None:
        """Close both."""
        self._cluster.close()
        self._local.close()

    def _of(self, step: Step) -> Executor:
        return self._cluster if self._elsewhere(step.name) else self._local
