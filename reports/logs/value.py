"""The value of a log: errors and their cause, counts of warnings, and figures that only a log has."""

from __future__ import annotations

from dataclasses import dataclass

from reports.logs.facts import FailureFacts
from reports.logs.message import Message


@dataclass(frozen=True)
class MessageCount:
    """The number of messages with a code. `severity` is WARNING or CRITICAL WARNING; `code` may be None."""

    severity: str
    code: str | None
    count: int


@dataclass(frozen=True)
class PhaseChecksum:
    """The checksum of the design after a phase. The first that differs shows where two runs diverge."""

    phase: str
    checksum: str
    line: int


@dataclass(frozen=True)
class ScaledClock:
    """A clock that v++ has lowered because timing failed; frequencies in MHz."""

    name: str
    requested_mhz: float
    achieved_mhz: float


@dataclass(frozen=True)
class Slacks:
    """A line of slacks: worst and total, setup and hold, in ns; None if the line lacks one."""

    stage: str
    wns_ns: float | None
    tns_ns: float | None
    whs_ns: float | None
    ths_ns: float | None
    line: int


@dataclass(frozen=True)
class Log:
    """The contents of a log. A value that the log does not have is None.

    `failed_step` is the last one that is said to have failed, as v++ names it (`vpl`), `innermost_step` the one within
    which it happened (`route_design`).
    """

    tool: str | None
    version: str | None
    part: str | None
    platform: str | None
    outcome: str | None
    errors: tuple[Message, ...]
    cause: Message | None
    warnings: tuple[MessageCount, ...]
    killed_pid: int | None
    failed_step: str | None
    top: str | None
    elapsed_s: float | None
    peak_memory_mb: float | None
    end_line: str | None
    checksums: tuple[PhaseChecksum, ...]
    slacks: tuple[Slacks, ...]
    timing_met: bool | None
    scaled_clocks: tuple[ScaledClock, ...]
    estimated_fmax_mhz: float | None
    ii_violations: tuple[str, ...]
    created: tuple[str, ...]
    output_bytes: int | None
    kernel_frequency_mhz: int | None
    facts: FailureFacts | None = None
    innermost_step: str | None = None

    @property
    def category(self) -> str | None:
        """The category of the failure (`license`, `missing_module`, `killed`); None if unknown."""
        if self.cause is None:
            return None
        named = {"KILLED": "killed", "CRASHED": "crashed"}
        return named.get(self.cause.severity) or self.cause.category

    def count(self, severity: str) -> int:
        """Return the number of messages with `severity`: WARNING or CRITICAL WARNING."""
        return sum(warning.count for warning in self.warnings if warning.severity == severity)
