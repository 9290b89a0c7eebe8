"""Vivado's `report_high_fanout_nets`: the nets with the most loads.

Layouts of 2014.2 to 2025.1: a framed table with a row for each net. `-timing` adds slack and delay.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines, Row, sections

TITLED = Titled(
    "report_high_fanout_nets",
    ("High Fan-out Nets Information", "High Fanout Nets Information", "High Fan-out Nets", "High Fanout Nets Report"),
)


@dataclass(frozen=True)
class FanoutNet:
    """A net with the number of its loads, the type of its driver, and its worst slack and delay in ns if printed."""

    net: str
    fanout: int | None
    driver: str | None
    worst_slack_ns: Number | None
    worst_delay_ns: Number | None


@dataclass(frozen=True)
class HighFanout:
    """The nets in the order of the report, the one with the most loads first."""

    header: Header
    nets: tuple[FanoutNet, ...]


def parse(text: str, file: str = "") -> HighFanout:
    """Return the value of a report of nets. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    tables = [table for section in sections(lines) for table in section.tables()]
    table = next((table for table in tables if "Net Name" in table.columns), None)
    if table is None:
        raise TruncatedReportError(file, len(lines), "no table of nets", "the file was cut off")
    table.needs("Net Name", "Fanout")
    return HighFanout(header, tuple(_net(row) for row in table.rows))


def _net(row: Row) -> FanoutNet:
    slack = next((name for name in row.columns if name.startswith("Worst Slack")), "")
    delay = next((name for name in row.columns if name.startswith("Worst Delay")), "")
    return FanoutNet(
        net=row.cells[row.columns.index("Net Name")],
        fanout=row.count("Fanout"),
        driver=row.text("Driver Type"),
        worst_slack_ns=row.number(slack),
        worst_delay_ns=row.number(delay),
    )


KIND = Kind("vivado_high_fanout_nets", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
