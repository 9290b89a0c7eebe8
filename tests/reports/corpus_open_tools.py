"""How the values of Yosys, nextpnr and OpenSTA in the corpus are read from ours."""

from __future__ import annotations

import math
from typing import Any

from corpus import Getter


def yosys_modules(value: Any, expected: Any) -> Any:
    found = {one.name: one for one in value.modules}
    return {name: {key: getattr(found[name], key) for key in row} for name, row in expected.items()}


def yosys_design(value: Any, expected: Any) -> Any:
    names = ("wires", "wire_bits", "cells", "transistors")
    return {key: getattr(value.design, key) if key in names else value.design.count(key) for key in expected}


def layout(value: Any, expected: str) -> str:
    """The reader's words begin with the age of the layout; only the new one has an area in every row of a cell."""
    age = "new" if any(cell.area is not None for module in value.modules for cell in module.cell_types) else "old"
    return age + expected[3:]


YOSYS: dict[str, Getter] = {
    "module": lambda value, _: value.modules[0].name,
    "top": lambda value, _: value.modules[-1].name,
    "wires": lambda value, _: value.top.wires,
    "wire_bits": lambda value, _: value.top.wire_bits,
    "cells": lambda value, _: value.top.cells,
    "some_cells_by_type": lambda value, expected: {name: value.top.count(name) for name in expected},
    "layout": layout,
    "modules": yosys_modules,
    "design_hierarchy": yosys_design,
    "area": lambda value, _: value.modules[0].area,
    "sequential_area": lambda value, _: value.modules[0].sequential_area,
    "unknown_area": lambda value, _: list(value.modules[0].unknown_area),
    "num_submodules": lambda value, _: value.modules[0].submodules,
    "creator": lambda value, _: f"Yosys {value.version}",
    "estimated_lcs": lambda value, _: value.top.estimated_lcs,
}


def fmax(clocks: Any, expected: Any) -> Any:
    found = {one.name: one for one in clocks}
    shown = {}
    for name, row in expected.items():
        one = found[name]
        known = {
            "achieved_mhz": one.achieved_mhz,
            "constraint_mhz": one.constraint_mhz,
            "verdict": "PASS" if one.is_met else "FAIL",
        }
        shown[name] = {key: known[key] for key in row}
    return shown


NEXTPNR: dict[str, Getter] = {
    "fmax": lambda value, expected: fmax(value.clocks, expected),
    "fmax_final": lambda value, expected: fmax(value.clocks, expected),
    "fmax_first": lambda value, expected: fmax(value.first_clocks, expected),
    "utilization": lambda value, expected: {
        one.resource: [one.used, one.available] for one in value.utilization if one.resource in expected
    },
    "n_critical_paths": lambda value, _: value.critical_paths,
    "met": lambda value, _: value.is_met,
}


def first_path(value: Any, _: Any) -> Any:
    path = value.paths[0]
    return {
        "start": path.start,
        "end": path.end,
        "group": path.group,
        "arrival": path.arrival_ns,
        "required": path.required_ns,
        "slack": path.slack_ns,
        "status": "MET" if path.is_met else "VIOLATED",
    }


def corner_rows(value: Any, expected: Any) -> Any:
    columns = {
        "hold_ws": "Hold Worst Slack",
        "hold_tns": "Hold TNS",
        "setup_ws": "Setup Worst Slack",
        "setup_tns": "Setup TNS",
        "setup_vio": "Setup Vio Count",
        "reg_to_reg": "Reg to Reg Paths",
    }
    found = {one.corner: one for one in value.corners}
    return {name: {key: found[name].get(columns[key]) for key in row} for name, row in expected.items()}


def figure(name: str) -> Getter:
    return lambda value, _: value.figure(name)


OPENSTA: dict[str, Getter] = {
    "n_paths": lambda value, _: len(value.paths),
    "worst_slack": lambda value, expected: (
        "INF" if value.figure("worst slack") == math.inf else min(path.slack_ns for path in value.paths)
    ),
    "first_path": first_path,
    "corner": lambda value, _: value.power.corner if value.power else value.figures[0].corner,
    "total_w": lambda value, _: value.power.total_w,
    "total_power_w": lambda value, _: value.power.total_w,
    "internal_w": lambda value, _: value.power.internal_w,
    "switching_w": lambda value, _: value.power.switching_w,
    "leakage_w": lambda value, _: value.power.leakage_w,
    "corners": corner_rows,
    "setup_wns": figure("wns"),
    "setup_ws": figure("worst slack"),
    "tns": figure("tns"),
    "wns": figure("wns"),
    "setup_violations": figure("setup violation count"),
    "hold_violations": figure("hold violation count"),
    "max_slew_violations": figure("max slew violation count"),
    "max_cap_violations": figure("max cap violation count"),
    "critical_path_delay": figure("critical path delay"),
    "critical_path_slack": figure("critical path slack"),
}
