"""Vivado's `report_bus_skew`: whether the constraints on the skew of buses are met.

Layout since 2018.1: a table with a row for each constraint, in which long patterns break over several lines, then the
paths of each. Without constraints it says `No bus skew constraints`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.kind import Kind, Precedence
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines

TITLED = Titled("report_bus_skew", ("Bus Skew Report",))

_BEGIN = re.compile(r"(?P<id>[0-9]{1,6}) +(?P<position>[0-9]{1,6}) +(?P<words>\S.*)")
_TAIL = re.compile(
    r"(?P<words>.*?) *\b(?P<corner>Slow|Fast)\b(?: +\S+)?? +(?P<required>-?[0-9.]{1,15}) +(?P<actual>-?[0-9.]{1,15}) +"
    r"(?P<slack>-?[0-9.]{1,15})"
)


@dataclass(frozen=True)
class BusSkew:
    """A constraint: its number, the patterns of both ends as printed, and times in ns. `slack_ns` below 0 fails."""

    id: int
    patterns: str
    corner: str
    requirement_ns: float
    actual_ns: float
    slack_ns: float


@dataclass(frozen=True)
class BusSkews:
    """The constraints, with the worst slack; None if there are none."""

    header: Header
    worst_slack_ns: float | None
    constraints: tuple[BusSkew, ...]


def parse(text: str, file: str = "") -> BusSkews:
    """Return the value of a bus skew report. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    heads = next((at for at, line in enumerate(lines) if line.startswith("Id ") and "Slack" in line), None)
    if heads is None:
        if any("no bus skew constraints" in line.lower() for line in lines):
            return BusSkews(header, None, ())
        raise TruncatedReportError(file, len(lines), "no table of constraints", "the file was cut off")
    found: list[BusSkew] = []
    open_row: tuple[int, list[str], int] | None = None
    for at in range(heads + 2, len(lines)):
        line = lines[at].rstrip()
        if not line:
            break
        begin = _BEGIN.fullmatch(line)
        if begin:
            open_row = (int(begin["id"]), [], at + 1)
            line = begin["words"]
        if open_row is None:
            continue
        tail = _TAIL.fullmatch(line.strip())
        if tail is None:
            open_row[1].append(line.strip())
            continue
        words = " ".join((*open_row[1], tail["words"].strip())).strip()
        times = [float(tail[name]) for name in ("required", "actual", "slack")]
        found.append(BusSkew(open_row[0], words, tail["corner"], *times))
        open_row = None
    if open_row is not None or not found:
        raise TruncatedReportError(file, len(lines), "ends within the table of constraints", "the file was cut off")
    return BusSkews(header, min(one.slack_ns for one in found), tuple(found))


KIND = Kind("vivado_bus_skew", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
