"""Statistics of Yosys's `stat`: cells by type, for each module and for the design; in a file or at the end of a log.

There are two layouts: "Number of cells: 35" with the types indented under it (until about 0.58), and "35 cells" with
counts (and areas) before the names. A log may hold several statistics; the last one counts. In a hierarchical design
instances of submodules count as cells of a module, and the totals are under "design hierarchy". Layouts from public
files of 0.23 to 0.62.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines

_START = re.compile(r"(?:[0-9]{1,6}(?:\.[0-9]{1,6}){0,6}\. )?Printing statistics\.")
_MODULE = re.compile(r"=== (?P<name>.{1,2000}) ===")
_OLD = re.compile(r"   Number of (?P<key>[a-z ]{1,40}): +(?P<value>[0-9]{1,15})")
_OLD_CELL = re.compile(r"     (?P<name>\S{1,2000}) +(?P<value>[0-9]{1,15})")
_NEW = re.compile(r" {0,40}(?P<value>[0-9]{1,15}) {1,40}(?:(?P<area>-|[0-9.e+-]{1,20}) {1,40})?(?P<name>\S.{0,2000})")
_AREA = re.compile(r"   Chip area for (?:top )?module '(?P<name>.{1,2000})': (?P<value>[0-9.e+-]{1,30})")
_SEQUENTIAL = re.compile(r"     of which used for sequential elements: (?P<value>[0-9.e+-]{1,30})(?: .*)?")
_UNKNOWN_AREA = re.compile(r"   Area for cell type (?P<name>\S{1,2000}) is unknown!")
_LCS = re.compile(r"   Estimated number of LCs: +(?P<value>[0-9]{1,15})")
_TRANSISTORS = re.compile(r"   Estimated number of transistors: +(?P<value>[0-9]{1,15}\+?)")
_VERSION = re.compile(r" ?Yosys (?P<version>[0-9]\S{0,60})(?: \(.*)?")
_MEMORY = re.compile(r"End of script\..*MEM: (?P<value>[0-9.]{1,15}) MB peak")
_KEYS = frozenset({"wires", "wire bits", "cells", "memories", "memory bits", "processes", "ports", "port bits"})


@dataclass(frozen=True)
class CellCount:
    """The number of cells of a type. `area` is in the library's unit (um2); None if not given."""

    type: str
    count: int
    area: float | None = None


@dataclass(frozen=True)
class YosysModule:
    """A module, or the whole design. Counts are None if the layout does not print them.

    `estimated_lcs` is Yosys's own estimate of logic cells (only with `stat -tech xilinx`). `transistors` is as printed
    (`542+` if the number is unknown for some cells).
    """

    name: str
    wires: int | None
    wire_bits: int | None
    cells: int | None
    cell_types: tuple[CellCount, ...]
    memories: int | None = None
    memory_bits: int | None = None
    processes: int | None = None
    ports: int | None = None
    port_bits: int | None = None
    area: float | None = None
    sequential_area: float | None = None
    unknown_area: tuple[str, ...] = ()
    estimated_lcs: int | None = None
    transistors: str | None = None
    submodules: int | None = None

    def count(self, cell_type: str) -> int:
        """Return the number of cells of a type; 0 if absent, because Yosys lists no type without cells."""
        return next((cell.count for cell in self.cell_types if cell.type == cell_type), 0)


@dataclass(frozen=True)
class YosysStat:
    """The last statistics of a text. `design` has the totals; None if there is only one module.

    `version` and `peak_memory_mb` come from the log; None in a file of statistics alone.
    """

    version: str | None
    modules: tuple[YosysModule, ...]
    design: YosysModule | None
    peak_memory_mb: float | None

    @property
    def top(self) -> YosysModule:
        """The whole design: the totals if there are several modules, otherwise the only module."""
        return self.design or self.modules[-1]


@dataclass
class _Draft:
    name: str
    line: int
    counts: dict[str, int] = field(default_factory=dict)
    cells: list[CellCount] = field(default_factory=list)
    area: float | None = None
    sequential_area: float | None = None
    unknown_area: list[str] = field(default_factory=list)
    estimated_lcs: int | None = None
    transistors: str | None = None


def matches(head: str) -> bool:
    """Whether a text begins like statistics or as a log of Yosys."""
    lines = [line.rstrip() for line in head.split("\n")[:60]]
    if any("yosys -- Yosys Open SYnthesis Suite" in line or _VERSION.fullmatch(line) for line in lines):
        return True
    return any(_START.fullmatch(line) for line in lines[:10])


def parse(text: str, file: str = "") -> YosysStat:
    """Return the last statistics of `text`. Raises ReportError."""
    expect(text, file, matches, "statistics or a log of Yosys")
    lines = Lines(text, file)
    start: int | None = None
    version: str | None = None
    memory: float | None = None
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        if line.endswith("Printing statistics.") and _START.fullmatch(line):
            start = at
        elif "Yosys " in line[:8]:
            found = _VERSION.fullmatch(line)
            version = found["version"] if found else version
        elif line.startswith("End of script."):
            ended = _MEMORY.match(line)
            memory = _real(lines, at, ended["value"]) if ended else memory
    if start is None:
        raise TruncatedReportError(file, len(lines), "no 'Printing statistics.'", "expected a run of 'stat'")
    drafts = _drafts(lines, start + 1)
    if not drafts:
        raise TruncatedReportError(file, start + 1, "no module follows", "the file was cut off")
    modules = [_finish(lines, draft) for draft in drafts]
    total = [module for module in modules if module.name == "design hierarchy"]
    own = tuple(module for module in modules if module.name != "design hierarchy")
    if not own:
        raise TruncatedReportError(file, start + 1, "totals without a module", "expected '=== name ==='")
    return YosysStat(version, own, total[-1] if total else None, memory)


def _drafts(lines: Lines, begin: int) -> list[_Draft]:
    drafts: list[_Draft] = []
    in_cells = False
    for at in range(begin, len(lines)):
        line = lines[at].rstrip()
        if line and line[0] not in " =":
            # The next pass begins, so the statistics have ended.
            break
        head = _MODULE.fullmatch(line)
        if head:
            drafts.append(_Draft(head["name"], at + 1))
            in_cells = False
        elif drafts and line:
            in_cells = _read(lines, at, line, drafts[-1], in_cells)
    return drafts


def _read(lines: Lines, at: int, line: str, draft: _Draft, in_cells: bool) -> bool:
    """Read one line into the draft; return whether types of cells may follow."""
    old = _OLD.fullmatch(line)
    if old:
        draft.counts[old["key"]] = int(old["value"])
        return old["key"] == "cells"
    for pattern, take in _LINES:
        found = pattern.fullmatch(line)
        if found:
            take(draft, found, lines, at)
            return False
    cell = _OLD_CELL.fullmatch(line) if in_cells else None
    if cell:
        draft.cells.append(CellCount(cell["name"], int(cell["value"])))
        return True
    new = _NEW.fullmatch(line)
    if new:
        return _read_new(lines, at, new, draft, in_cells)
    return in_cells


def _read_new(lines: Lines, at: int, found: re.Match[str], draft: _Draft, in_cells: bool) -> bool:
    name = found["name"]
    count = int(found["value"])
    if not in_cells and (name in _KEYS or name.startswith("public ")):
        draft.counts[name] = count
        return name == "cells"
    if name == "submodules":
        draft.counts[name] = count
        return False
    if in_cells:
        area = found["area"]
        draft.cells.append(CellCount(name, count, None if area in (None, "-") else _real(lines, at, area)))
    return in_cells


def _take_area(draft: _Draft, found: re.Match[str], lines: Lines, at: int) -> None:
    draft.area = _real(lines, at, found["value"])


def _take_sequential(draft: _Draft, found: re.Match[str], lines: Lines, at: int) -> None:
    draft.sequential_area = _real(lines, at, found["value"])


def _take_unknown(draft: _Draft, found: re.Match[str], lines: Lines, at: int) -> None:
    draft.unknown_area.append(found["name"])


def _take_lcs(draft: _Draft, found: re.Match[str], lines: Lines, at: int) -> None:
    draft.estimated_lcs = int(found["value"])


def _take_transistors(draft: _Draft, found: re.Match[str], lines: Lines, at: int) -> None:
    draft.transistors = found["value"]


_LINES = (
    (_AREA, _take_area),
    (_SEQUENTIAL, _take_sequential),
    (_UNKNOWN_AREA, _take_unknown),
    (_LCS, _take_lcs),
    (_TRANSISTORS, _take_transistors),
)


def _finish(lines: Lines, draft: _Draft) -> YosysModule:
    # A module of nothing but submodules has no line for its cells.
    if not {"cells", "submodules"} & draft.counts.keys():
        what = f"module '{draft.name[:60]}' has no number of cells"
        raise TruncatedReportError(lines.file, draft.line, what, "the file was cut off, or its layout is new")
    return YosysModule(
        name=draft.name,
        wires=draft.counts.get("wires"),
        wire_bits=draft.counts.get("wire bits"),
        cells=draft.counts.get("cells", 0),
        cell_types=tuple(draft.cells),
        memories=draft.counts.get("memories"),
        memory_bits=draft.counts.get("memory bits"),
        processes=draft.counts.get("processes"),
        ports=draft.counts.get("ports"),
        port_bits=draft.counts.get("port bits"),
        area=draft.area,
        sequential_area=draft.sequential_area,
        unknown_area=tuple(draft.unknown_area),
        estimated_lcs=draft.estimated_lcs,
        transistors=draft.transistors,
        submodules=draft.counts.get("submodules"),
    )


def _real(lines: Lines, at: int, text: str) -> float:
    value = number(text)
    if value is None:
        raise UnknownLayoutError(lines.file, at + 1, f"'{text[:40]}' is not a number", "expected one")
    return float(value)


KIND = Kind("yosys_stat", Precedence.TITLE, matches, parse)
