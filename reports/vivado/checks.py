"""Vivado's `report_drc` and `report_methodology`: the rules that a design breaks, with counts.

Both have the same layout. Until 2025.1 the last column is "Violations", from 2025.2 on "Checks" (public reports of
2016.1 to 2025.2). Until 2017 the summary has no table, so the rules are counted in the details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, Section, sections

DRC_TITLE = "Report DRC"
METHODOLOGY_TITLE = "Report Methodology"

_FOUND = re.compile(r" *(?:Violations|Checks) found: *([0-9]{1,12})")

_VIOLATION = re.compile(r"([A-Z][A-Z0-9_]{0,20}-[0-9]{1,6})#[0-9]{1,9} ([A-Z][a-z]{2,11}(?: Warning)?)")


@dataclass(frozen=True)
class RuleCount:
    """A rule with `count` violations; `severity` as printed: Fatal, Error, Critical Warning, Warning, Advisory."""

    rule: str
    severity: str
    description: str
    count: int


@dataclass(frozen=True)
class Checks:
    """A DRC or methodology report: violations in total (`found`) and by rule."""

    header: Header
    title: str
    found: int
    rules: tuple[RuleCount, ...]

    def count(self, severity: str) -> int:
        """Return the number of violations with `severity`."""
        return sum(rule.count for rule in self.rules if rule.severity == severity)


def rule_count(row: Row, severity: str, count: str) -> RuleCount:
    """Return the rule in a row; `severity` and `count` are names of columns. Raises UnknownLayoutError."""
    number = row.count(count)
    if number is None:
        raise row.unreadable(count, "a number")
    return RuleCount(row.name, row.text(severity) or "", row.text("Description") or "", number)


def _parse(text: str, file: str, title: str) -> Checks:
    lines = Lines(text, file)
    header = read_header(lines, title)
    parts = {part.title: part for part in sections(lines)}
    if "REPORT SUMMARY" not in parts:
        raise UnknownLayoutError(file, len(lines), "no section 'REPORT SUMMARY'", "a report of checks has one")
    summary = parts["REPORT SUMMARY"]
    found = next((match for at in range(summary.begin, summary.end) if (match := _FOUND.fullmatch(lines[at]))), None)
    if found is None:
        what = "no line 'Violations found:' or 'Checks found:'"
        raise UnknownLayoutError(file, summary.begin, what, "expected it in the summary")
    table = next(summary.tables(), None)
    if table is None:
        details = parts.get("REPORT DETAILS")
        rules = [] if details is None else _from_details(details)
    else:
        table.needs("Rule", "Severity", "Description")
        column = "Checks" if "Checks" in table.columns else "Violations"
        table.needs(column)
        rules = [rule_count(row, "Severity", column) for row in table.rows]
    if sum(rule.count for rule in rules) != int(found[1]):
        what = f"the rules add up to {sum(rule.count for rule in rules)}, the report found {found[1]}"
        raise TruncatedReportError(file, len(lines), what, "the file was cut off")
    return Checks(header, title, int(found[1]), tuple(rules))


def _from_details(section: Section) -> list[RuleCount]:
    """Count the violations by rule; reports until 2017 have no table."""
    found: dict[str, RuleCount] = {}
    for at in range(section.begin, section.end):
        match = _VIOLATION.fullmatch(section.lines[at].rstrip())
        if match is None:
            continue
        rule, severity = match[1], match[2]
        if rule in found:
            found[rule] = replace(found[rule], count=found[rule].count + 1)
        else:
            description = section.lines[at + 1].strip() if at + 1 < section.end else ""
            found[rule] = RuleCount(rule, severity, description, 1)
    return list(found.values())


def matches_drc(head: str) -> bool:
    """Whether a text begins like a DRC report."""
    return begins(head, DRC_TITLE)


def parse_drc(text: str, file: str = "") -> Checks:
    """Return the value of a DRC report. Raises ReportError."""
    return _parse(text, file, DRC_TITLE)


def matches_methodology(head: str) -> bool:
    """Whether a text begins like a methodology report."""
    return begins(head, METHODOLOGY_TITLE)


def parse_methodology(text: str, file: str = "") -> Checks:
    """Return the value of a methodology report. Raises ReportError."""
    return _parse(text, file, METHODOLOGY_TITLE)


KINDS = (
    Kind("vivado_drc", Precedence.TITLE, matches_drc, parse_drc, heads=HEADS),
    Kind("vivado_methodology", Precedence.TITLE, matches_methodology, parse_methodology, heads=HEADS),
)
