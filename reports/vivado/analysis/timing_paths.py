"""Vivado's `report_timing`: a list of paths, in full or as a summary with one line each.

Layouts of 2014.2 to 2025.2. A full path has the form of those in a timing summary; a path without constraints begins
with `Slack: inf`. With `-path_type summary` each path is a row of start point, end point and slack, with `-path_type
end` a row of end point, delays and slack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines

TITLED = Titled("report_timing", ("Timing Report",))

_SLACK = re.compile(r"Slack(?: \((?P<verdict>MET|VIOLATED)\))? ?: +(?P<value>-?[0-9.]{1,20}|-?inf)(?:ns)?\b")
_FIELD = re.compile(r" {1,8}(?P<name>[A-Z][A-Za-z ]{1,30}): +(?P<value>\S.*)")
_ROW = re.compile(r"(?P<words>\S.*?) +(?P<slack>-?[0-9]{1,9}(?:\.[0-9]{1,6})?|-?inf)")
_END = re.compile(r"\n {4,60}slack +(?:-?[0-9.]{1,20}|inf)")
_FIELD_LINES = 30


@dataclass(frozen=True)
class TimingPath:
    """A path. `slack_ns` is None if nothing constrains it; `check` is setup, hold or as printed; delays are in ns.

    `data_path_delay` and `logic_levels` are as printed, with their parts. A summary has only slack and ends.
    """

    slack_ns: float | None
    source: str | None
    destination: str | None
    group: str | None = None
    check: str | None = None
    requirement: str | None = None
    data_path_delay: str | None = None
    logic_levels: str | None = None


@dataclass(frozen=True)
class TimingPaths:
    """The paths in the order of the report. `worst` is the one with the least slack; None if none is constrained."""

    header: Header
    worst: TimingPath | None
    failing: int
    paths: tuple[TimingPath, ...]


def parse(text: str, file: str = "") -> TimingPaths:
    """Return the value of a timing report. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    starts = [at for at, line in enumerate(lines) if line.startswith("Slack")]
    if starts:
        paths = tuple(_path(lines, at, end) for at, end in zip(starts, (*starts[1:], len(lines)), strict=True))
        last = "\n".join(lines[starts[-1] :])
        if paths[-1].slack_ns is not None and not _END.search(last):
            raise TruncatedReportError(file, len(lines), "ends within a path", "the file was cut off")
    else:
        paths = _rows(lines)
    known = [path for path in paths if path.slack_ns is not None]
    return TimingPaths(
        header=header,
        worst=min(known, key=lambda path: path.slack_ns or 0.0, default=None),
        failing=sum(1 for path in known if (path.slack_ns or 0.0) < 0),
        paths=paths,
    )


def _path(lines: Lines, begin: int, end: int) -> TimingPath:
    match = _SLACK.match(lines[begin])
    if match is None:
        what = f"'{lines[begin][:60]}'"
        if all(not line.strip() for line in lines[begin + 1 :]):
            raise TruncatedReportError(lines.file, begin + 1, "ends within a path", "the file was cut off")
        raise UnknownLayoutError(lines.file, begin + 1, what, "expected 'Slack (MET) : 0.123ns'")
    fields: dict[str, str] = {}
    for line in lines[begin + 1 : min(end, begin + _FIELD_LINES)]:
        found = _FIELD.fullmatch(line.rstrip())
        if found:
            fields.setdefault(found["name"], found["value"])
    kind = fields.get("Path Type", "")
    check = next((word for word in ("setup", "hold", "recovery", "removal") if word in kind.lower()), kind or None)
    return TimingPath(
        slack_ns=_ns(match["value"]),
        source=fields.get("Source"),
        destination=fields.get("Destination"),
        group=fields.get("Path Group"),
        check=check,
        requirement=fields.get("Requirement"),
        data_path_delay=fields.get("Data Path Delay"),
        logic_levels=fields.get("Logic Levels"),
    )


def _ns(text: str) -> float | None:
    value = number(text)
    return None if value is None else float(value)


def _rows(lines: Lines) -> tuple[TimingPath, ...]:
    """Return the paths of a summary: rows below the heads and their rule."""
    heads = next((at for at, line in enumerate(lines) if "Slack" in line and "ndpoint" in line), None)
    if heads is None:
        if any(line.strip().lower().startswith("no timing paths found") for line in lines):
            return ()
        raise TruncatedReportError(lines.file, len(lines), "no path follows the title", "the file was cut off")
    line = lines[heads]
    begins = [(line.index(name), name) for name in ("Startpoint", "Endpoint") if name in line]
    found: list[TimingPath] = []
    for at in range(heads + 1, len(lines)):
        row = lines[at].rstrip()
        if not row.strip("- "):
            if found and not row:
                break
            continue
        match = _ROW.fullmatch(row.strip())
        if match is None:
            what = f"'{row.strip()[:60]}' has no slack"
            raise UnknownLayoutError(lines.file, at + 1, what, "expected a row for each path")
        ends = _ends(row, match["words"], [name for _, name in sorted(begins)])
        found.append(TimingPath(_ns(match["slack"]), ends.get("Startpoint"), ends.get("Endpoint")))
    return tuple(found)


def _ends(row: str, words: str, names: list[str]) -> dict[str, str]:
    """Return start and end point of a row. Names of pins hold no blanks, so they are the first words of the row."""
    found = re.split(r"\s+", words.strip())
    return dict(zip(names, found, strict=False))


KIND = Kind("vivado_timing", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
