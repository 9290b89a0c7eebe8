"""Forecasts of the quality of results: Vivado's `report_qor_assessment`, and the table of the `report_failfast` script.

Layouts from public reports: the assessment of 2022.1, failfast 2021.05.07. Thresholds and statuses (OK, REVIEW) come
from the tool.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import EmptyReportError, TruncatedReportError, UnknownLayoutError, WrongKindError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number
from reports.vivado.checks import RuleCount, rule_count
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Section, framed_tables, sections

TITLE = "Report QoR Assessment"

_SCORE = re.compile(r"([0-9]{1,2}) - (.{1,200})")
_CREATED = re.compile(r"# Created on .{0,100} with report_failfast \(([0-9.]{1,20})\)")
_COMMENT = re.compile(r"#(?:  )?")


@dataclass(frozen=True)
class QorDetail:
    """One criterion of the assessment."""

    name: str
    depth: int
    threshold: Number | None
    actual: Number | None
    status: str | None


@dataclass(frozen=True)
class QorAssessment:
    """An assessment: `score` from 1 to 5 (5: timing will be met easily), for the instance `scope` (None: all)."""

    header: Header
    score: int
    score_text: str
    scope: str | None
    details: tuple[QorDetail, ...]
    methodology: tuple[RuleCount, ...]


@dataclass(frozen=True)
class Criterion:
    """A criterion of report_failfast. Guideline and actual value are as printed, in percent or as a count."""

    name: str
    guideline: str | None
    actual: str | None
    status: str | None


@dataclass(frozen=True)
class Failfast:
    """The table of report_failfast."""

    version: str
    run: str | None
    device: str | None
    criteria: tuple[Criterion, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a QoR assessment."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> QorAssessment:
    """Return the value of a QoR assessment. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    found = sections(lines)
    overall = _named(found, "Overall Assessment Summary")
    if overall is None:
        raise UnknownLayoutError(file, len(lines), "no section 'Overall Assessment Summary'", "an assessment has one")
    pairs = {row.name: row.cells[1] for row in reversed(overall.pairs())}
    score = _SCORE.fullmatch(pairs.get("QoR Assessment Score", ""))
    if score is None:
        what = f"the score is '{pairs.get('QoR Assessment Score', '')[:40]}'"
        raise UnknownLayoutError(file, overall.begin, what, "expected '3 - text'")
    details = _named(found, "QoR Assessment Details")
    checks = _named(found, "Methodology Check Details")
    scope = overall.title.partition(" for ")[2]
    return QorAssessment(
        header=header,
        score=int(score[1]),
        score_text=score[2],
        scope=scope or None,
        details=() if details is None else _details(details),
        methodology=() if checks is None else _methodology(checks),
    )


def _named(found: tuple[Section, ...], title: str) -> Section | None:
    return next((section for section in found if section.title.startswith(title)), None)


def _details(section: Section) -> tuple[QorDetail, ...]:
    table = section.table("Name", "Threshold", "Actual", "Status")
    return tuple(
        QorDetail(row.name, row.depth_spaces // 2, row.number("Threshold"), row.number("Actual"), row.text("Status"))
        for row in table.rows
    )


def _methodology(section: Section) -> tuple[RuleCount, ...]:
    table = next(section.tables(), None)
    if table is None:
        return ()
    table.needs("ID", "Criticality", "Number of Violations")
    return tuple(rule_count(row, "Criticality", "Number of Violations") for row in table.rows)


def matches_failfast(head: str) -> bool:
    """Whether a text begins like a table of report_failfast."""
    return _created(Lines(head, "")) is not None


def _created(lines: Lines) -> str | None:
    for line in lines[:10]:
        match = _CREATED.fullmatch(line.rstrip())
        if match:
            return match[1]
    return None


def parse_failfast(text: str, file: str = "") -> Failfast:
    """Return the value of a table of report_failfast. Raises ReportError."""
    lines = Lines(text, file)
    if not text.strip():
        raise EmptyReportError(file, None, "the file is empty", "run the script again")
    version = _created(lines)
    if version is None:
        raise WrongKindError(file, 1, "no line 'Created on … with report_failfast (…)'", "expected its table")
    bare = Lines("\n".join(_COMMENT.sub("", line, count=1) for line in lines), file)
    # Title, run and device are in rows of one cell above the heads.
    titles = [at for at, line in enumerate(bare) if line.startswith("| ") and line.count("|") == 2]
    heads = next((at for at, line in enumerate(bare) if line.startswith("| Criteria ")), None)
    if heads is None and "Budgeting" in text:
        raise WrongKindError(file, 1, "a table of budgets by report_failfast", "no reader knows this kind")
    if heads is None:
        raise TruncatedReportError(file, len(lines), "no row of heads 'Criteria'", "the file was cut off")
    names = [bare[at].strip("| ").strip() for at in titles if at < heads]
    table = next(framed_tables(bare, heads - 1, len(bare)), None)
    if table is None:
        raise UnknownLayoutError(file, heads + 1, "the heads have no frame", "expected '+---'")
    table.needs("Criteria", "Guideline", "Actual", "Status")
    criteria = tuple(
        Criterion(row.cells[0], row.text("Guideline"), row.text("Actual"), row.text("Status")) for row in table.rows
    )
    return Failfast(
        version=version,
        run=names[1] if len(names) > 1 else None,
        device=names[2] if len(names) > 2 else None,
        criteria=criteria,
    )


KINDS = (
    Kind("vivado_qor_assessment", Precedence.TITLE, matches, parse, heads=HEADS),
    Kind("vivado_failfast", Precedence.TITLE, matches_failfast, parse_failfast, heads=("# Created on ",)),
)
