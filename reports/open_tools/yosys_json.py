"""Yosys's `stat -json`: the same counts as its text, as JSON. Layout from a public file of 0.62."""

from __future__ import annotations

import re

from reports.open_tools.yosys_stat import CellCount, YosysModule, YosysStat
from reports.reading.document import Record, read_json
from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence

_CREATOR = re.compile(r"Yosys (?P<version>[0-9]\S{0,60})(?: .*)?")


def matches(head: str) -> bool:
    """Whether a text begins like statistics of Yosys in JSON."""
    return head.lstrip("\ufeff \r\n\t").startswith("{") and '"creator"' in head and '"num_wires"' in head


def parse(text: str, file: str = "") -> YosysStat:
    """Return the value of the statistics. Raises ReportError."""
    expect(text, file, matches, "statistics of Yosys in JSON")
    root = Record(read_json(text, file), file)
    creator = _CREATOR.fullmatch(root.text("creator"))
    modules = tuple(_module(name, found) for name, found in root.record("modules").records().items())
    if not modules:
        raise UnknownLayoutError(file, None, "'modules' is empty", "expected at least one module")
    design = _module("design", root.record("design")) if "design" in root else None
    return YosysStat(creator["version"] if creator else None, modules, design, None)


def _module(name: str, found: Record) -> YosysModule:
    types = found.record("num_cells_by_type")
    return YosysModule(
        name=name,
        wires=found.maybe_count("num_wires"),
        wire_bits=found.maybe_count("num_wire_bits"),
        cells=found.count("num_cells"),
        cell_types=tuple(CellCount(cell, types.count(cell)) for cell in types.value),
        memories=found.maybe_count("num_memories"),
        memory_bits=found.maybe_count("num_memory_bits"),
        processes=found.maybe_count("num_processes"),
        ports=found.maybe_count("num_ports"),
        port_bits=found.maybe_count("num_port_bits"),
        area=found.maybe_number("area"),
        sequential_area=found.maybe_number("sequential_area"),
        submodules=found.maybe_count("num_submodules"),
        estimated_lcs=found.maybe_count("estimated_num_lc"),
    )


KIND = Kind("yosys_stat_json", Precedence.LAYOUT, matches, parse)
