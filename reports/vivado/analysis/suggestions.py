"""Vivado's `report_qor_suggestions`: what the tool would change to meet timing.

Layouts of 2019.2 to 2025.1: framed tables with a row for each suggestion; the columns depend on the release.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.kind import Kind, Precedence
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines, Row, framed_tables, sections

TITLED = Titled("report_qor_suggestions", ("Report QoR Suggestions", "QoR Suggestions Report", "QoR Suggestions"))


@dataclass(frozen=True)
class Suggestion:
    """A suggestion; words as printed. `status` is GENERATED, APPLIED, DISABLED or FAILED_TO_APPLY."""

    name: str
    id: str | None
    status: str | None
    generated_at: str | None
    applicable_for: str | None
    automatic: str | None
    description: str | None


@dataclass(frozen=True)
class Suggestions:
    """The suggestions in the order of the report; empty if the tool has none."""

    header: Header
    suggestions: tuple[Suggestion, ...]


def parse(text: str, file: str = "") -> Suggestions:
    """Return the value of a report of suggestions. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    sections(lines)
    found: dict[tuple[str, str | None], Suggestion] = {}
    tables = 0
    for table in framed_tables(lines, 0, len(lines)):
        tables += 1
        if "Description" in table.columns and {"Name", "Id", "ID"} & set(table.columns):
            for row in table.rows:
                one = _suggestion(row)
                found.setdefault((one.name, one.id), one)
    if not tables and not any("no " in line.lower() and "suggestion" in line.lower() for line in lines):
        raise TruncatedReportError(file, len(lines), "no table of suggestions", "the file was cut off")
    return Suggestions(header, tuple(found.values()))


def _suggestion(row: Row) -> Suggestion:
    def text(*names: str) -> str | None:
        return next((value for name in names if (value := row.text(name)) is not None), None)

    return Suggestion(
        name=text("Name", "Id", "ID") or row.name,
        id=text("Id", "ID"),
        status=text("Status"),
        generated_at=text("Generated At", "Generated at"),
        applicable_for=text("Applicable For", "Applicable for"),
        automatic=text("Automatic"),
        description=text("Description"),
    )


KIND = Kind("vivado_qor_suggestions", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
