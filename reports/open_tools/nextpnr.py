"""nextpnr's results for a placed and routed design, from its `--report` JSON or from its log.

The JSON has only the final state. The log has "Max frequency" after placement and after routing, and the utilization
with padded numbers; the last of each counts. Clock names are as printed (`$glbnet$clk`). Layouts from public files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.document import Record, read_json
from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines

_FMAX = re.compile(
    r"(?:Info|Warning|ERROR): Max frequency for clock +'(?P<clock>.{1,500})': (?P<achieved>[0-9.]{1,20}) MHz"
    r"(?: \((?P<verdict>PASS|FAIL) at (?P<constraint>[0-9.]{1,20}) MHz\))?"
)
_USE = re.compile(
    r"Info:\s{1,60}(?P<name>[A-Za-z0-9_]{1,60}): {1,40}"
    r"(?P<used>[0-9]{1,12})/ {0,20}(?P<available>[0-9]{1,12}) .*"
)


@dataclass(frozen=True)
class NextpnrClock:
    """A clock: its achieved frequency, and its constraint (None if there is none)."""

    name: str
    achieved_mhz: float
    constraint_mhz: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether the constraint is met; None if there is none."""
        return None if self.constraint_mhz is None else self.achieved_mhz >= self.constraint_mhz


@dataclass(frozen=True)
class NextpnrUse:
    """The number of cells of a kind that the design uses, and that the device has."""

    resource: str
    used: int
    available: int


@dataclass(frozen=True)
class Nextpnr:
    """A placed and routed design. `first_clocks` is the state after placement, from the log; empty for JSON.

    `critical_paths` is the number of paths in the JSON; None for a log.
    """

    clocks: tuple[NextpnrClock, ...]
    first_clocks: tuple[NextpnrClock, ...]
    utilization: tuple[NextpnrUse, ...]
    critical_paths: int | None

    @property
    def is_met(self) -> bool | None:
        """Whether all constraints are met; None if no clock has one."""
        verdicts = [clock.is_met for clock in self.clocks if clock.is_met is not None]
        return all(verdicts) if verdicts else None


def matches(head: str) -> bool:
    """Whether a text begins like nextpnr's report in JSON."""
    start = head.lstrip("\ufeff \r\n\t")
    # Critical paths may fill the whole head of a report; utilization comes after them.
    return start.startswith("{") and (
        '"critical_paths"' in head[:200] or ('"fmax"' in head and '"utilization"' in head)
    )


def parse(text: str, file: str = "") -> Nextpnr:
    """Return the value of a JSON report. Raises ReportError."""
    expect(text, file, matches, "a report of nextpnr in JSON")
    root = Record(read_json(text, file), file)
    clocks = tuple(
        NextpnrClock(name, found.number("achieved"), found.maybe_number("constraint"))
        for name, found in root.record("fmax").records().items()
    )
    utilization = tuple(
        NextpnrUse(name, found.count("used"), found.count("available"))
        for name, found in root.record("utilization").records().items()
    )
    return Nextpnr(clocks, (), utilization, len(root.items("critical_paths")))


def matches_log(head: str) -> bool:
    """Whether a text begins like a log of nextpnr."""
    lines = [line for line in head.split("\n")[:200] if line.strip()]
    messages = [line for line in lines if line.startswith(("Info: ", "Warning: ", "ERROR: "))]
    words = ("Packing", "constrain", "Logic utilisation", "Device utilisation", "Checksum", "Annotating ports")
    return len(messages) * 2 > len(lines) and sum(any(word in line for word in words) for line in messages) >= 2


def parse_log(text: str, file: str = "") -> Nextpnr:
    """Return the value of a log. Raises ReportError."""
    expect(text, file, matches_log, "a log of nextpnr")
    lines = Lines(text, file)
    blocks: list[dict[str, NextpnrClock]] = []
    use: dict[str, NextpnrUse] = {}
    was_clock = False
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        found = _FMAX.fullmatch(line) if "Max frequency" in line else None
        if found:
            if not was_clock:
                blocks.append({})
            blocks[-1][found["clock"]] = _clock(lines, at, found)
        was_clock = found is not None
        amount = _USE.fullmatch(line) if "/" in line else None
        if amount:
            use[amount["name"]] = NextpnrUse(amount["name"], int(amount["used"]), int(amount["available"]))
    if not blocks or not use:
        what = "no 'Max frequency' or no 'Device utilisation'"
        raise TruncatedReportError(file, len(lines), what, "the run ended before routing")
    first = tuple(blocks[0].values()) if len(blocks) > 1 else ()
    return Nextpnr(tuple(blocks[-1].values()), first, tuple(use.values()), None)


def _clock(lines: Lines, at: int, found: re.Match[str]) -> NextpnrClock:
    achieved = number(found["achieved"])
    constraint = number(found["constraint"]) if found["constraint"] else None
    if achieved is None or (found["constraint"] and constraint is None):
        raise UnknownLayoutError(lines.file, at + 1, "a frequency is not a number", "expected '283.37 MHz'")
    return NextpnrClock(found["clock"], float(achieved), None if constraint is None else float(constraint))


KINDS = (
    Kind("nextpnr_json", Precedence.LAYOUT, matches, parse),
    Kind("nextpnr_log", Precedence.LINES, matches_log, parse_log),
)
