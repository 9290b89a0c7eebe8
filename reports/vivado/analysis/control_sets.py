"""Vivado's `report_control_sets`: clock, enable and reset of registers, whose variety wastes slices.

Layouts of 2015 to 2025. Until 2018 the summary counts "unique control sets", since then "total control sets" with their
parts. The list of all control sets (`-verbose`) is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines, sections

TITLED = Titled("report_control_sets", ("Control Set Information",))
_TOTALS = ("Total control sets", "Number of unique control sets")
_UNUSED = "Unused register locations in slices containing registers"


@dataclass(frozen=True)
class ControlSetCount:
    """A row of the summary, as printed; a part of another has a `depth` above 0."""

    name: str
    depth: int
    count: int | None


@dataclass(frozen=True)
class FlipFlops:
    """Registers with one combination of enable and reset, and the slices that hold them; words as printed."""

    clock_enable: str | None
    synchronous: str | None
    asynchronous: str | None
    registers: int | None
    slices: int | None


@dataclass(frozen=True)
class ControlSets:
    """Control sets of a design, and the register locations that they leave unused."""

    header: Header
    total: int | None
    unused_registers: int | None
    counts: tuple[ControlSetCount, ...]
    flip_flops: tuple[FlipFlops, ...]


def parse(text: str, file: str = "") -> ControlSets:
    """Return the value of a report of control sets. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    parts = {part.title: part for part in sections(lines)}
    if "Summary" not in parts:
        raise UnknownLayoutError(file, len(lines), "no section 'Summary'", "expected it after the head")
    rows = parts["Summary"].table("Status", "Count").rows
    counts = tuple(ControlSetCount(row.name, row.depth_spaces // 2, row.count("Count")) for row in rows)
    by_name = {count.name: count.count for count in counts}
    spread = parts.get("Flip-Flop Distribution")
    return ControlSets(
        header=header,
        total=next((by_name[name] for name in _TOTALS if name in by_name), None),
        unused_registers=by_name.get(_UNUSED),
        counts=counts,
        flip_flops=()
        if spread is None
        else tuple(
            FlipFlops(
                row.text("Clock Enable"),
                row.text("Synchronous Set/Reset"),
                row.text("Asynchronous Set/Reset"),
                row.count("Total Registers"),
                row.count("Total Slices"),
            )
            for row in spread.table("Clock Enable", "Total Registers").rows
        ),
    )


KIND = Kind("vivado_control_sets", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
