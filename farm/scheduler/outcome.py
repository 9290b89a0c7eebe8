"""How each task of a build ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.execution.failure import Failure
from farm.scheduler.checkout import Difference


@dataclass
class Outcome:
    """Names of tasks by how they ended. Group tasks are in none of the lists."""

    ran: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    #: Whether a task that is no step could not be run at all; doit tells that from a task that failed.
    errors: bool = False
    #: Not run because what they need failed, or because doit was told to ignore it.
    skipped: dict[str, str] = field(default_factory=dict)
    #: Not begun when the build ended early.
    not_started: list[str] = field(default_factory=list)
    #: Source files that were edited while a step ran that had read them, with that step.
    edited: dict[str, str] = field(default_factory=dict)
    #: Steps that ran again under the same key with other outputs.
    differing: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    wall_s: float = 0.0
    #: CPU seconds that the restored steps took when they ran.
    saved_cpu_s: float = 0.0
    stopped_by: str = ""
    killed: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return doit's status: 2 if a task that is no step could not be run, 1 if one failed, else 0."""
        return 2 if self.errors else 1 if self.failed else 0
