"""Vivado's `report_cdc`: crossings between clocks, and whether they are safe.

Layouts of 2016 to 2025.2: a ruled table with a row for each pair of clocks, with `-details` a list of rules and of
crossings for each pair. Without crossings nothing follows the title.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.reading.kind import Kind, Precedence
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines, Table, ruled_table

TITLED = Titled("report_cdc", ("CDC Report",))


@dataclass(frozen=True)
class ClockPair:
    """Two clocks with crossings from one to the other: end points in all, safe, unsafe, and of unknown structure."""

    severity: str | None
    source: str | None
    destination: str | None
    type: str | None
    exceptions: str | None
    endpoints: int | None
    safe: int | None
    unsafe: int | None
    unknown: int | None
    no_async_reg: int | None


@dataclass(frozen=True)
class CdcRule:
    """A rule (`CDC-3`) with the number of crossings that it is about, over all pairs of clocks."""

    id: str
    severity: str | None
    description: str | None
    count: int


@dataclass(frozen=True)
class Cdc:
    """The crossings of a design. `unsafe` is the sum over all pairs; None if the report has no table of pairs."""

    header: Header
    unsafe: int | None
    pairs: tuple[ClockPair, ...]
    rules: tuple[CdcRule, ...]


def parse(text: str, file: str = "") -> Cdc:
    """Return the value of a report of crossings. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    pairs: list[ClockPair] = []
    rules: dict[str, CdcRule] = {}
    for table in _tables(lines):
        if {"Source Clock", "Destination Clock", "Endpoints"} <= set(table.columns):
            pairs += [
                ClockPair(
                    severity=row.text("Severity"),
                    source=row.text("Source Clock"),
                    destination=row.text("Destination Clock"),
                    type=row.text("CDC Type"),
                    exceptions=row.text("Exceptions"),
                    endpoints=row.count("Endpoints"),
                    safe=row.count("Safe"),
                    unsafe=row.count("Unsafe"),
                    unknown=row.count("Unknown"),
                    no_async_reg=row.count("No ASYNC_REG"),
                )
                for row in table.rows
            ]
        elif {"ID", "Count"} <= set(table.columns):
            for row in table.rows:
                key = row.text("ID") or row.name
                before = rules[key].count if key in rules else 0
                rules[key] = CdcRule(
                    key, row.text("Severity"), row.text("Description"), before + (row.count("Count") or 0)
                )
    counts = [pair.unsafe for pair in pairs if pair.unsafe is not None]
    return Cdc(header, sum(counts) if pairs else None, tuple(pairs), tuple(rules.values()))


def _tables(lines: Lines) -> Iterator[Table]:
    """Yield the tables of pairs and of rules. The long lists of crossings are not read."""
    at = 0
    while at < len(lines) - 1:
        heads = lines[at]
        if not lines[at + 1].startswith("--") or "Source (From)" in heads:
            at += 1
            continue
        end = at + 2
        while end < len(lines) and lines[end].strip():
            end += 1
        wanted = ("Endpoints" in heads and "Destination Clock" in heads) or ("ID" in heads and "Count" in heads)
        table = ruled_table(lines, at, end) if wanted else None
        if table is not None:
            yield table
        at = end


KIND = Kind("vivado_cdc", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
