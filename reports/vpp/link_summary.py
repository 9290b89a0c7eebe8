"""The event log of a v++ link: `<name>.xclbin.link_summary`, a sequence of `<ENTRY>` with one JSON object each.

The first entry names the file. The others have a type: a command or step begins (`ET_CmdStep`), its state changes
(`ET_Status`), a report was made (`ET_Report`), a description of the build (`ET_FlowMetaData`, which may occur twice).
v++ appends to the file while it runs, so steps may be open, even at its end (since 2021.1 vivado.impl never closes).
Layouts from public files of 2020.1 to 2024.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reports.reading.document import Record, read_json
from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.vivado.table import Lines


@dataclass(frozen=True)
class LinkStep:
    """A step or command: its last `state` (`CS_PASSED`, `CS_RUNNING`), and times in ms since 1970 or None."""

    name: str
    state: str | None
    began_ms: int | None
    ended_ms: int | None


@dataclass(frozen=True)
class LinkReport:
    """A report made by the link: the name of its file without folders, its type and format."""

    file_name: str
    type: str | None
    format: str | None


@dataclass(frozen=True)
class LinkKernel:
    """A kernel and its compute units."""

    name: str
    compute_units: tuple[str, ...]


@dataclass(frozen=True)
class LinkSummary:
    """A link: tool, platform, target and kernels, its steps and reports, and its overall state."""

    entries: int
    tool: str | None
    platform: str | None
    target: str | None
    container: str | None
    kernels: tuple[LinkKernel, ...]
    steps: tuple[LinkStep, ...]
    reports: tuple[LinkReport, ...]
    state: str | None
    began: str | None
    ended: str | None

    @property
    def open_steps(self) -> tuple[str, ...]:
        """The names of the steps that have not ended."""
        return tuple(step.name for step in self.steps if step.state == "CS_RUNNING")


@dataclass
class _Diary:
    """The entries read so far."""

    tool: str | None = None
    platform: str | None = None
    target: str | None = None
    container: str | None = None
    kernels: dict[str, LinkKernel] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    began: dict[str, int | None] = field(default_factory=dict)
    ended: dict[str, int | None] = field(default_factory=dict)
    reports: list[LinkReport] = field(default_factory=list)
    command: str | None = None
    first: str | None = None
    last: str | None = None


def matches(head: str) -> bool:
    """Whether a text begins like a link summary."""
    return head.lstrip("\ufeff \r\n").startswith("<ENTRY>")


def parse(text: str, file: str = "") -> LinkSummary:
    """Return the value of a link summary. Raises ReportError."""
    expect(text, file, matches, "a link summary of v++")
    diary = _Diary()
    entries = 0
    for entry in _entries(Lines(text, file)):
        entries += 1
        _note(diary, entry)
    steps = tuple(
        LinkStep(name, diary.states.get(key), diary.began.get(key), diary.ended.get(key))
        for key, name in diary.names.items()
    )
    return LinkSummary(
        entries=entries,
        tool=diary.tool,
        platform=diary.platform,
        target=diary.target,
        container=diary.container,
        kernels=tuple(diary.kernels.values()),
        steps=steps,
        reports=tuple(diary.reports),
        state=diary.states.get(diary.command) if diary.command else None,
        began=diary.first,
        ended=diary.last,
    )


def _entries(lines: Lines) -> Iterator[Record]:
    begin: int | None = None
    for at, line in enumerate(lines):
        mark = line.strip().removeprefix("\ufeff")
        if mark == "<ENTRY>":
            if begin is not None:
                raise TruncatedReportError(lines.file, at + 1, "an <ENTRY> within another", "expected </ENTRY> first")
            begin = at + 1
        elif mark == "</ENTRY>":
            if begin is None:
                raise UnknownLayoutError(lines.file, at + 1, "</ENTRY> without <ENTRY>", "expected <ENTRY> first")
            value = read_json("\n".join(lines[begin:at]), lines.file, begin + 1)
            yield Record(value, lines.file, "", begin + 1)
            begin = None
        elif begin is None and mark:
            what = f"'{mark[:40]}' is outside of an entry"
            raise UnknownLayoutError(lines.file, at + 1, what, "expected <ENTRY>")
    if begin is not None:
        raise TruncatedReportError(lines.file, len(lines), "the last <ENTRY> has no end", "the file was cut off")


def _note(diary: _Diary, entry: Record) -> None:
    if "type" not in entry:
        return
    kind = entry.text("type")
    if kind in ("ET_CmdStep", "ET_SubCmdStep"):
        _begin(diary, entry, entry.record("buildStep"))
    elif kind == "ET_Status":
        _change(diary, entry, entry.record("status"))
    elif kind == "ET_Report":
        found = entry.record("report")
        path = re.split(r"[/\\]", found.text("path"))[-1]
        diary.reports.append(LinkReport(path, found.maybe_text("reportType"), found.maybe_text("fileType")))
    elif kind == "ET_FlowMetaData":
        _describe(diary, entry.record("buildSummary"))


def _begin(diary: _Diary, entry: Record, step: Record) -> None:
    key = step.text("cmdId")
    if diary.command is None:
        # The first command is v++ itself, so its state and dates are those of the link.
        diary.command = key
        diary.first = entry.maybe_text("dateTimestamp")
    diary.names[key] = step.text("name")
    diary.began[key] = _milliseconds(entry)


def _change(diary: _Diary, entry: Record, status: Record) -> None:
    key, state = status.text("cmdId"), status.text("state")
    diary.states[key] = state
    if state != "CS_RUNNING":
        diary.ended[key] = _milliseconds(entry)
        if key == diary.command:
            diary.last = entry.maybe_text("dateTimestamp")


def _describe(diary: _Diary, summary: Record) -> None:
    diary.platform = summary.maybe_text("hardwarePlatform") or diary.platform
    diary.target = summary.maybe_text("target") or diary.target
    diary.tool = summary.maybe_text("toolVersion") or diary.tool
    if "binaryContainer" in summary:
        diary.container = summary.record("binaryContainer").record("base").maybe_text("name") or diary.container
    for value in summary.items("kernels"):
        kernel = Record(value, summary.file, f"{summary.place}.kernels", summary.line)
        name = kernel.record("base").text("name")
        units = kernel.items("cuNames")
        if not all(isinstance(unit, str) for unit in units):
            raise kernel.wrong("cuNames", "a list of texts")
        diary.kernels[name] = LinkKernel(name, tuple(units))


def _milliseconds(entry: Record) -> int | None:
    text = entry.maybe_text("timestampMillis")
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None


KIND = Kind("vitis_link_summary", Precedence.TITLE, matches, parse)
