"""One run of a step: its scratch folder, and the report of its executor."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from farm import clock
from farm.execution.failure import Failure
from farm.results.record import NO_COST, Cost
from farm.step import Resources, Step


class CannotStart(Exception):  # noqa: N818 - not an error of the engine
    """A step that could not be started; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@dataclass(frozen=True)
class Place:
    """Where a run is, if not on this machine: the engine's name, the node, the job's id, and the engine's word for what
    a queued one waits for. Empty where that is not known.
    """

    engine: str
    node: str = ""
    job: str = ""
    waits: str = ""


@dataclass
class Run:
    """A step that is about to run, runs, or has run.

    `log` is where the tool writes. `started_s` and `ended_s` are by the engine's clock. `queued` is true while a
    cluster has not started the run: no time of it has passed. `place` is where a run on a cluster is; None for this
    machine.

    The rest the executor reports when the run has ended: `status` is the tool's exit status, minus the signal's number
    if a signal ended it, None if that is not known. `errno` says why the operating system could not start the program,
    0 if it could. `log_bytes` is how much was written to the log, and `oom_kills` how often memory ran out where the
    tool ran; both are 0 where nobody counts. `trouble` is how a cluster ended the run in place of its tool, and
    `engine_words` is what the cluster said of that.

    `key` is the step's action key. `resources` and `expected_s` are what the run is to get and may take, as learned.
    `fresh`: the user wants it to run although its result may be there.
    """

    step: Step
    scratch: Path
    log: Path
    #: The checkout, which the log must lie below; None if nobody else writes there.
    root: Path | None = None
    #: Device and inode of the log that the engine made; None if the executor did not tell.
    log_id: tuple[int, int] | None = None
    started_s: float = field(default_factory=clock.monotonic_s)
    ended_s: float = 0.0
    queued: bool = False
    status: int | None = None
    cost: Cost = NO_COST
    errno: int = 0
    oom_kills: int = 0
    log_bytes: int = 0
    #: The engine asked for the end, since the step's time was over.
    timed_out: bool = False
    key: str = ""
    fresh: bool = False
    resources: Resources | None = None
    expected_s: float | None = None
    place: Place | None = None
    trouble: str = ""
    engine_words: str = ""

    @property
    def work(self) -> Path:
        """The folder that the tool runs in."""
        return self.scratch / "work"

    @property
    def home(self) -> Path:
        """The tool's HOME; no other run has the same."""
        return self.scratch / "home"

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, or of the whole run."""
        return 0.0 if self.queued else (self.ended_s or clock.monotonic_s()) - self.started_s
