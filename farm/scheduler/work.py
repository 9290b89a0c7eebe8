"""A step between its probe and its end."""

from __future__ import annotations

from dataclasses import dataclass

from farm.planning.admission import Candidate
from farm.results.store import Lease
from farm.scheduler.checkout import Probe
from farm.step import Step


@dataclass
class Work:
    """A step that has to run, with what its probe found. `queued_s` is when that was, by the engine's clock.

    `waited_s` is how long it then waited for a slot, and `lease` its right to run the key; both are set when it starts.
    """

    step: Step
    probe: Probe
    candidate: Candidate
    queued_s: float
    waited_s: float = 0.0
    lease: Lease | None = None

    def release(self) -> None:
        """Give the right to run the key back."""
        if self.lease is not None:
            self.lease.release()
