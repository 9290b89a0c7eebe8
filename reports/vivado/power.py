"""Vivado's `report_power`: power by component, current by supply, temperature, and confidence.

Layouts from public reports of 2014.2 to 2026.1. Only later releases have budget rows. For a card, rows for FPGA and HBM
are indented under the total. On an HBM card the printed components may add up to a little less than the total.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Bounded, Number, bounded, is_absent, number
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, Section, sections

TITLE = "Power Report"
_REMARK = re.compile(r" \(([^()]{1,100})\)$")


@dataclass(frozen=True)
class Component:
    """A kind of component on the chip. A row with `depth` 1 is part of the last row with depth 0."""

    name: str
    depth: int
    power_w: Bounded | None
    used: Number | None
    available: Number | None
    util_percent: Bounded | None


@dataclass(frozen=True)
class Supply:
    """A supply rail. One with `depth` 1 is fed by the last rail with depth 0. `margin` as printed: `3.612 (MET)`."""

    name: str
    depth: int
    voltage_v: Number | None
    total_a: Number | None
    dynamic_a: Number | None
    static_a: Number | None
    powerup_a: Number | None
    budget_a: Number | None
    margin: str | None


@dataclass(frozen=True)
class InstancePower:
    """The power of an instance of the design, with its children."""

    name: str
    depth: int
    power_w: Bounded | None


@dataclass(frozen=True)
class Power:
    """A power report. Texts are as printed, without footnote stars. A budget that was not set is None.

    `remark` is the text in brackets after the total, e.g. "Junction temp exceeded!" if the part gets too hot.
    """

    header: Header
    total_on_chip_w: Bounded
    remark: str | None
    fpga_w: Bounded | None
    hbm_w: Bounded | None
    dynamic_w: Bounded | None
    device_static_w: Bounded | None
    total_off_chip_w: Bounded | None
    budget_w: Number | None
    budget_margin: str | None
    effective_tja_c_per_w: Number | None
    max_ambient_c: Number | None
    junction_c: Number | None
    confidence: str | None
    setting_file: str | None
    activity_file: str | None
    nets_matched: str | None
    components: tuple[Component, ...]
    supplies: tuple[Supply, ...]
    instances: tuple[InstancePower, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a power report."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> Power:
    """Return the value of a power report. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    parts = {part.title: part for part in sections(lines)}
    summary = _Summary(_needed(parts, "Summary", lines))
    components = _needed(parts, "On-Chip Components", lines).table("On-Chip", "Power (W)")
    supplies = _needed(parts, "Power Supply Summary", lines).table("Source", "Voltage (V)", "Total (A)")
    by_hierarchy = parts.get("By Hierarchy")
    instances = tuple(by_hierarchy.tables()) if by_hierarchy else ()
    for table in instances:
        table.needs("Name", "Power (W)")
    total = summary.bounded("Total On-Chip Power (W)")
    if total is None:
        raise UnknownLayoutError(file, summary.line, "no 'Total On-Chip Power (W)'", "expected it in the summary")
    return Power(
        header=header,
        total_on_chip_w=total,
        remark=summary.remark("Total On-Chip Power (W)"),
        fpga_w=summary.bounded("FPGA Power (W)"),
        hbm_w=summary.bounded("HBM Power (W)"),
        dynamic_w=summary.bounded("Dynamic (W)"),
        device_static_w=summary.bounded("Device Static (W)"),
        total_off_chip_w=summary.bounded("Total Off-Chip Power (W)"),
        budget_w=summary.number("Design Power Budget (W)"),
        budget_margin=summary.text("Power Budget Margin (W)"),
        effective_tja_c_per_w=summary.number("Effective TJA (C/W)"),
        max_ambient_c=summary.number("Max Ambient (C)"),
        junction_c=summary.number("Junction Temperature (C)"),
        confidence=summary.text("Confidence Level"),
        setting_file=summary.text("Setting File"),
        activity_file=summary.text("Simulation Activity File"),
        nets_matched=summary.text("Design Nets Matched"),
        components=tuple(_component(row) for row in components.rows),
        supplies=tuple(_supply(row) for row in supplies.rows),
        instances=tuple(
            InstancePower(row.name, row.depth_spaces // 2, row.bounded("Power (W)"))
            for table in instances
            for row in table.rows
        ),
    )


def _needed(parts: dict[str, Section], title: str, lines: Lines) -> Section:
    if title not in parts:
        raise UnknownLayoutError(lines.file, len(lines), f"no section '{title}'", "a power report has one")
    return parts[title]


class _Summary:
    """The pairs of the summary, by name."""

    def __init__(self, section: Section) -> None:
        rows = section.pairs()
        self.line = rows[0].line if rows else section.begin
        self._rows: dict[str, Row] = {row.name: row for row in rows}

    def text(self, name: str) -> str | None:
        row = self._rows.get(name)
        if row is None:
            return None
        cell = row.cells[1].rstrip("*")
        return None if is_absent(cell) or cell == "Unspecified" else cell

    def remark(self, name: str) -> str | None:
        match = _REMARK.search(self.text(name) or "")
        return match[1] if match else None

    def number(self, name: str) -> Number | None:
        cell = self.text(name)
        if cell is None:
            return None
        value = number(cell)
        if value is None:
            raise self._rows[name].unreadable("value", "a number")
        return value

    def bounded(self, name: str) -> Bounded | None:
        cell = self.text(name)
        if cell is None:
            return None
        value = bounded(_REMARK.sub("", cell))
        if value is None:
            raise self._rows[name].unreadable("value", "a number")
        return value


def _component(row: Row) -> Component:
    return Component(
        name=row.name,
        depth=row.depth_spaces // 2,
        power_w=row.bounded("Power (W)"),
        used=row.number("Used"),
        available=row.number("Available"),
        util_percent=row.bounded("Utilization (%)"),
    )


def _supply(row: Row) -> Supply:
    budget = None if row.text("Budget (A)") == "Unspecified" else row.number("Budget (A)")
    return Supply(
        name=row.name,
        depth=row.depth_spaces // 3,
        voltage_v=row.number("Voltage (V)"),
        total_a=row.number("Total (A)"),
        dynamic_a=row.number("Dynamic (A)"),
        static_a=row.number("Static (A)"),
        powerup_a=row.number("Powerup (A)"),
        budget_a=budget,
        margin=row.text("Margin (A)"),
    )


KIND = Kind("vivado_power", Precedence.TITLE, matches, parse, heads=HEADS)
