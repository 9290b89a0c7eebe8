"""The output of `platforminfo`: clocks, memories and resources of a platform of v++.

Layouts from public texts of 2020.2 to 2024.2: parts under a title between two lines of `=`, then `Key: value` lines,
indented below what they belong to. Resources and memories depend on the platform; those of embedded boards are short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines

_FIRST = "Basic Platform Information"
_SHELL = "Hardware Platform (Shell) Information"
_FIELD = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z][\w .()/-]{0,60}?):(?: +(?P<value>.*))?")


@dataclass(frozen=True)
class PlatformClock:
    """A clock with its index; `is_default` if kernels get it without asking."""

    index: int
    frequency_mhz: float | None
    is_default: bool


@dataclass(frozen=True)
class PlatformMemory:
    """A memory by the name that `sp` options use, with the SLRs of its segments as printed."""

    tag: str
    segments: int
    slrs: tuple[str, ...]


@dataclass(frozen=True)
class PlatformResource:
    """The amount of a resource in all, or in an SLR (`region`, as printed)."""

    region: str
    resource: str
    amount: int


@dataclass(frozen=True)
class PlatformInfo:
    """A platform. Fields that are blank are None; the folder of its file is left out."""

    platform: str | None
    vendor: str | None
    board: str | None
    version: str | None
    generated_version: str | None
    device: str | None
    board_part: str | None
    clocks: tuple[PlatformClock, ...]
    memories: tuple[PlatformMemory, ...]
    resources: tuple[PlatformResource, ...]


def matches(head: str) -> bool:
    """Whether a text begins like the description of a platform."""
    lines = [line.strip() for line in head.split("\n")[:40]]
    return any(
        line == _FIRST and 0 < at < len(lines) - 1 and _is_bar(lines[at - 1]) and _is_bar(lines[at + 1])
        for at, line in enumerate(lines)
    )


def parse(text: str, file: str = "") -> PlatformInfo:
    """Return the value of a platform's description. Raises ReportError."""
    expect(text, file, matches, "the output of platforminfo")
    lines = Lines(text, file)
    parts = _parts(lines)
    missing = next((name for name in (_FIRST, _SHELL) if name not in parts), None)
    if missing is not None:
        raise TruncatedReportError(file, len(lines), f"no part '{missing}'", "the file was cut off")
    basic, shell = (dict(_top(lines, parts[name])) for name in (_FIRST, _SHELL))
    return PlatformInfo(
        platform=basic.get("Platform"),
        vendor=shell.get("Vendor"),
        board=shell.get("Board"),
        version=shell.get("Version"),
        generated_version=shell.get("Generated Version"),
        device=shell.get("FPGA Device"),
        board_part=shell.get("Board Part"),
        clocks=tuple(_clocks(lines, parts.get("Clock Information"))),
        memories=tuple(_memories(lines, parts.get("Memory Information"))),
        resources=tuple(_resources(lines, parts)),
    )


def _is_bar(line: str) -> bool:
    return len(line.strip()) > 2 and not line.strip().strip("=")


def _parts(lines: Lines) -> dict[str, tuple[int, int]]:
    heads = [
        at for at in range(1, len(lines) - 1) if lines[at].strip() and _is_bar(lines[at - 1]) and _is_bar(lines[at + 1])
    ]
    ends = (*(at - 1 for at in heads), len(lines))
    found: dict[str, tuple[int, int]] = {}
    for at, end in zip(heads, ends[1:], strict=True):
        found.setdefault(lines[at].strip(), (at + 2, end))
    return found


def _fields(lines: Lines, span: tuple[int, int]) -> Iterator[tuple[int, str, str | None]]:
    """Yield indentation, key and value of each line of a part; the value is None if it is blank."""
    for at in range(*span):
        match = _FIELD.fullmatch(lines[at].rstrip())
        if match:
            yield len(match["indent"]), match["key"], match["value"] or None


def _top(lines: Lines, span: tuple[int, int]) -> Iterator[tuple[str, str | None]]:
    seen: set[str] = set()
    for _, key, value in _fields(lines, span):
        if key not in seen:
            seen.add(key)
            yield key, value


def _clocks(lines: Lines, span: tuple[int, int] | None) -> Iterator[PlatformClock]:
    default: str | None = None
    index: int | None = None
    for _, key, value in _fields(lines, span or (0, 0)):
        if key == "Default Clock Index":
            default = value
        elif key == "Clock Index" and value and value.isdecimal():
            index = int(value[:9])
        elif key == "Frequency" and index is not None:
            mhz = number(value or "")
            yield PlatformClock(index, None if mhz is None else float(mhz), str(index) == default)
            index = None


def _memories(lines: Lines, span: tuple[int, int] | None) -> Iterator[PlatformMemory]:
    tag: str | None = None
    segments: list[str] = []
    slrs: dict[str, None] = {}
    for _, key, value in _fields(lines, span or (0, 0)):
        if key == "Bus SP Tag":
            if tag is not None:
                yield PlatformMemory(tag, len(segments), tuple(slrs))
            tag, segments, slrs = value or "", [], {}
        elif key == "Segment Index":
            segments.append(value or "")
        elif key == "SLR" and value:
            slrs[value] = None
    if tag is not None:
        yield PlatformMemory(tag, len(segments), tuple(slrs))


def _resources(lines: Lines, parts: dict[str, tuple[int, int]]) -> Iterator[PlatformResource]:
    for name in ("Resource Availability", "Total", "Per SLR"):
        region = "total" if name == "Total" else name
        for _, key, value in _fields(lines, parts.get(name, (0, 0))):
            if value is None:
                region = key
            elif value.isdecimal() and len(value) < 16:
                yield PlatformResource(region, key, int(value))


KIND = Kind("vitis_platform_info", Precedence.LAYOUT, matches, parse)
