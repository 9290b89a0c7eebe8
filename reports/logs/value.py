"""What a log says, as a value: errors and their cause, counts of warnings, and the figures that only a log has."""

from __future__ import annotations

from dataclasses import dataclass

from reports.logs.facts import FailureFacts
from reports.logs.message import Message


@dataclass(frozen=True)
class MessageCount:
    """How often a code came: `severity` WARNING or CRITICAL WARNING, `code` None for messages without one."""

    severity: str
    code: str | None
    count: int


@dataclass(frozen=True)
class PhaseChecksum:
    """The checksum of the design after a phase: equal runs have equal ones, and the first different one says where."""

    phase: str
    checksum: str
    line: int


@dataclass(frozen=True)
class ScaledClock:
    """A clock that v++ lowers because timing failed; frequencies in MHz."""

    name: str
    requested_mhz: float
    achieved_mhz: float


@dataclass(frozen=True)
class Slacks:
    """A line of slacks: worst and total, setup and hold, in ns; None where the line has none."""

    stage: str
    wns_ns: float | None
    tns_ns: float | None
    whs_ns: float | None
    ths_ns: float | None
    line: int


@dataclass(frozen=True)
class Log:
    """What a log says. Absent is None: a tool that prints no memory has no peak."""

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

    @property
    def category(self) -> str | None:
        """What went wrong in one word (`license`, `missing_module`, `killed`), None for nothing known."""
        if self.cause is None:
            return None
        return "killed" if self.cause.severity == "KILLED" else self.cause.category

    def count(self, severity: str) -> int:
        """Return how many messages have `severity`: WARNING or CRITICAL WARNING."""
        return sum(warning.count for warning in self.warnings if warning.severity == severity)
