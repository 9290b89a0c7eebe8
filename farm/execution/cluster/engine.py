"""The interface of a cluster's engine: command lines, and what its words mean. It starts nothing itself."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Literal, Protocol

from farm.execution.cluster.job import Job, Known, Sightings

#: How a submission failed: the engine refuses the job, or cannot be reached.
Refusal = Literal["refused", "unreachable"]


class Engine(Protocol):
    """Words of one engine."""

    @property
    def title(self) -> str:
        """Its name in sentences."""

    @property
    def is_attached(self) -> bool:
        """Whether the client that submits hands over the log; else the node writes the log."""

    @property
    def notices_late(self) -> bool:
        """Whether the client may notice the end of a job long after it: then the node's record is watched too."""

    @property
    def end_signal(self) -> signal.Signals:
        """What its client is sent first so that the job ends: the one that lets the job clean up, if there is one."""

    @property
    def python(self) -> str:
        """The interpreter on the nodes; empty for that of the farm."""

    def submit(self, job: Job) -> Sequence[str]:
        """Return the command line that submits a job and waits for its end; it may write into the job's folder."""

    def query(self, jobs: Sequence[Known]) -> Sequence[str]:
        """Return the command line that asks for the state of jobs; its output is for `sightings`."""

    def sightings(self, output: str, jobs: Sequence[Known]) -> Sightings:
        """Return what a query that ended with status 0 has said."""

    def clear(self, jobs: Sequence[Known]) -> Sequence[str]:
        """Return the command line that ends jobs and frees what they hold; nothing if it would name no job."""

    def refusal(self, words: str) -> Refusal | None:
        """Tell from the words of a client whether the submission failed; None if they do not say so."""
