"""Reports of OpenSTA, as kept by the flows of OpenROAD and LibreLane: paths, slacks, power, the summary of corners.

One text may hold several of these, each under a banner; the value has all of them. Times are in the library's unit (ns
in all known files), power is in W. A worst slack of `INF` means that nothing was constrained. Layouts from public
files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines

_SLACK = re.compile(r" *(?P<slack>-?[0-9.]{1,30}) +slack \((?P<status>MET|VIOLATED)\)")
_TIME = re.compile(r" *(?P<value>-?[0-9.]{1,30}) {1,60}data (?P<what>arrival|required) time")
_POINT = re.compile(r"(?P<key>Startpoint|Endpoint): (?P<name>\S{1,1000})(?: .*)?")
_GROUP = re.compile(r"Path (?P<key>Group|Type): (?P<value>\S{1,200})")
_CORNER = re.compile(r"=+ (?P<corner>\S{1,100}) Corner =+")
_METRIC = re.compile(r"(?P<corner>[A-Za-z0-9_.-]{1,100}): (?P<value>-?[0-9.e+-]{1,30}|-?INF)")
_SINGLE = re.compile(r"(?P<key>tns|wns|worst slack)(?: (?:max|min))? (?P<value>-?[0-9.e+-]{1,30}|-?INF)")
_COUNT = re.compile(r"(?P<key>[a-z][a-z ]{1,40}) violation count (?P<value>[0-9]{1,12})")
_POWER = re.compile(
    r"Total +(?P<internal>[0-9.e+-]{1,20}) +(?P<switching>[0-9.e+-]{1,20}) +(?P<leakage>[0-9.e+-]{1,20})"
    r" +(?P<total>[0-9.e+-]{1,20}) +[0-9.]{1,10}%"
)
_BANNERS = {"Worst Negative Slack": "wns", "Worst Slack": "worst slack", "Total Negative Slack": "tns"}
_PLAIN = {"critical path delay": "critical path delay", "critical path slack": "critical path slack"}


@dataclass(frozen=True)
class StaPath:
    """A path: start and end, the arrival and required times of its data, and the slack between them."""

    start: str
    end: str
    group: str | None
    type: str | None
    arrival_ns: float | None
    required_ns: float | None
    slack_ns: float | None
    is_met: bool | None


@dataclass(frozen=True)
class StaFigure:
    """A figure with its name: `wns`, `worst slack`, `setup violation count`. `corner` is None if none is named."""

    name: str
    corner: str | None
    value: float


@dataclass(frozen=True)
class StaPower:
    """The power of a design, in W."""

    corner: str | None
    internal_w: float
    switching_w: float
    leakage_w: float
    total_w: float


@dataclass(frozen=True)
class StaCorner:
    """A row of the summary of corners. A cell with N/A is None."""

    corner: str
    values: tuple[tuple[str, float | None], ...]

    def get(self, column: str) -> float | None:
        """Return the value of a column; None if it is missing or N/A."""
        return dict(self.values).get(column)


@dataclass(frozen=True)
class OpenSta:
    """The contents of a text of OpenSTA."""

    paths: tuple[StaPath, ...]
    figures: tuple[StaFigure, ...]
    power: StaPower | None
    corners: tuple[StaCorner, ...]

    def figure(self, name: str, corner: str | None = None) -> float | None:
        """Return the last figure with this name, of any corner unless one is given; None if there is none."""
        found = [one.value for one in self.figures if one.name == name and (corner is None or one.corner == corner)]
        return found[-1] if found else None


def matches(head: str) -> bool:
    """Whether a text begins like one of OpenSTA."""
    lines = head.split("\n")[:400]
    for at, line in enumerate(lines):
        if line.startswith("┃ Corner/Group"):
            return True
        if at and len(line) > 4 and lines[at - 1].startswith("=====") and not lines[at - 1].strip("="):
            name = line.strip()
            if name.startswith(("report_", "finish ", *_BANNERS)):
                return True
    return False


def parse(text: str, file: str = "") -> OpenSta:
    """Return the value of a text of OpenSTA. Raises ReportError."""
    expect(text, file, matches, "a text of OpenSTA")
    lines = Lines(text, file)
    found = OpenSta(tuple(_paths(lines)), tuple(_figures(lines)), _power(lines), tuple(_corners(lines)))
    if not (found.paths or found.figures or found.power or found.corners):
        raise TruncatedReportError(file, len(lines), "no path, slack, power or corner", "the file was cut off")
    return found


def _paths(lines: Lines) -> Iterator[StaPath]:
    draft: dict[str, str] = {}
    begin = 0
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        point = _POINT.fullmatch(line) if "point: " in line[:14] else None
        if point and point["key"] == "Startpoint":
            if draft:
                yield _path(lines, begin, draft)
            draft, begin = {"Startpoint": point["name"]}, at
        elif not draft:
            continue
        elif point:
            draft.setdefault("Endpoint", point["name"])
        elif group := _GROUP.fullmatch(line):
            draft.setdefault(group["key"], group["value"])
        elif time := (_TIME.fullmatch(line) if " time" in line[-6:] else None):
            # Both times are printed twice, the second arrival negative. The first of each counts.
            draft.setdefault(time["what"], time["value"])
        elif slack := (_SLACK.fullmatch(line) if "slack (" in line else None):
            draft["slack"], draft["status"] = slack["slack"], slack["status"]
    if draft:
        yield _path(lines, begin, draft)


def _path(lines: Lines, at: int, draft: dict[str, str]) -> StaPath:
    if "Endpoint" not in draft or "arrival" not in draft:
        raise TruncatedReportError(lines.file, at + 1, "a path without an end or an arrival", "the file was cut off")
    return StaPath(
        start=draft["Startpoint"],
        end=draft["Endpoint"],
        group=draft.get("Group"),
        type=draft.get("Type"),
        arrival_ns=_real(lines, at, draft.get("arrival")),
        required_ns=_real(lines, at, draft.get("required")),
        slack_ns=_real(lines, at, draft.get("slack")),
        is_met=draft["status"] == "MET" if "status" in draft else None,
    )


def _figures(lines: Lines) -> Iterator[StaFigure]:
    banner: str | None = None
    plain: str | None = None
    for at, raw in enumerate(lines):
        line = raw.strip()
        if at and _is_bar(lines[at - 1]) and at + 1 < len(lines) and _is_bar(lines[at + 1]):
            banner = next((name for title, name in _BANNERS.items() if line.startswith(title + " (")), None)
            plain = _PLAIN.get(line.removeprefix("finish "))
        elif metric := (_METRIC.fullmatch(line) if banner else None):
            yield StaFigure(banner or "", metric["corner"], _needed(lines, at, metric["value"]))
        elif single := (_SINGLE.fullmatch(line) if line.startswith(("tns ", "wns ", "worst ")) else None):
            yield StaFigure(single["key"], None, _needed(lines, at, single["value"]))
        elif count := (_COUNT.fullmatch(line) if "violation count" in line else None):
            yield StaFigure(f"{count['key']} violation count", None, float(count["value"]))
        elif plain and line and line.strip("-"):
            yield StaFigure(plain, None, _needed(lines, at, line))
            plain = None


def _is_bar(line: str) -> bool:
    bar = line.strip()
    return len(bar) > 8 and (not bar.strip("=") or not bar.strip("-"))


def _power(lines: Lines) -> StaPower | None:
    corner: str | None = None
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        named = _CORNER.fullmatch(line) if line.startswith("=") else None
        corner = named["corner"] if named else corner
        found = _POWER.fullmatch(line) if line.startswith("Total ") else None
        if found:
            values = [_needed(lines, at, found[name]) for name in ("internal", "switching", "leakage", "total")]
            return StaPower(corner, *values)
    return None


def _corners(lines: Lines) -> Iterator[StaCorner]:
    """Yield the rows of the table drawn with box characters. Heads span several lines; their words are joined."""
    heads: list[str] = []
    for at, line in enumerate(lines):
        mark = line[:1]
        if mark not in ("┃", "│"):
            continue
        cells = [cell.strip() for cell in line.strip()[1:-1].split(mark)]
        if mark == "┃":
            heads = heads or [""] * len(cells)
            if len(cells) != len(heads):
                raise UnknownLayoutError(lines.file, at + 1, "a head has another number of cells", "expected as above")
            heads = [f"{head} {cell}".strip() for head, cell in zip(heads, cells, strict=True)]
        elif len(cells) != len(heads):
            raise UnknownLayoutError(lines.file, at + 1, f"{len(cells)} cells", f"expected {len(heads)}")
        else:
            values = [None if cell == "N/A" else _needed(lines, at, cell) for cell in cells[1:]]
            yield StaCorner(cells[0], tuple(zip(heads[1:], values, strict=True)))


def _real(lines: Lines, at: int, text: str | None) -> float | None:
    return None if text is None else _needed(lines, at, text)


def _needed(lines: Lines, at: int, text: str) -> float:
    if text in ("INF", "-INF"):
        return math.inf if text == "INF" else -math.inf
    value = number(text)
    if value is None:
        raise UnknownLayoutError(lines.file, at + 1, f"'{text[:40]}' is not a number", "expected one")
    return float(value)


KIND = Kind("opensta", Precedence.LINES, matches, parse)
