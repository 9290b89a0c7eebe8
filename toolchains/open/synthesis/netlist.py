"""Read netlists written by Yosys's JSON backend: modules, cells and bits.

Layout: `help write_json` of Yosys. A bit is the number of a net, or "0", "1" or "x" for a constant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Bit = int | str


@dataclass(frozen=True, slots=True)
class Cell:
    """An instance of a primitive or of a module. `outputs` names the ports that drive."""

    name: str
    type: str
    parameters: Mapping[str, str]
    connections: Mapping[str, tuple[Bit, ...]]
    outputs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Module:
    """A module: ports with direction and bits, cells, and the public names of bits that have one."""

    name: str
    ports: Mapping[str, tuple[str, tuple[Bit, ...]]]
    cells: tuple[Cell, ...]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Netlist:
    """A design: its modules by name, without those of the cell library."""

    top: str
    modules: Mapping[str, Module]


def read_netlist(path: Path, top: str) -> Netlist:
    """Read a netlist. Raises KeyError if the file has no module called `top`."""
    modules = json.loads(path.read_text())["modules"]
    own = {name: _module(name, value) for name, value in modules.items() if not _is_library(value)}
    return Netlist(own[top].name, own)


def _is_library(value: Mapping[str, Any]) -> bool:
    return any(name in value["attributes"] for name in ("blackbox", "whitebox"))


def _module(name: str, value: Mapping[str, Any]) -> Module:
    ports = {port: (entry["direction"], tuple(entry["bits"])) for port, entry in value["ports"].items()}
    cells = tuple(_cell(cell, entry) for cell, entry in value["cells"].items())
    names: dict[int, str] = {}
    for net, entry in value["netnames"].items():
        bits = entry["bits"]
        if entry["hide_name"]:
            continue
        for index, bit in enumerate(bits):
            if isinstance(bit, int):
                text = net if len(bits) == 1 else f"{net}[{index}]"
                # Prefer the name that is highest in the hierarchy: a reader knows that one.
                if bit not in names or text.count(".") < names[bit].count("."):
                    names[bit] = text
    return Module(name, ports, cells, names)


def _cell(name: str, entry: Mapping[str, Any]) -> Cell:
    directions = entry.get("port_directions", {})
    return Cell(
        name,
        entry["type"],
        entry["parameters"],
        {port: tuple(bits) for port, bits in entry["connections"].items()},
        frozenset(port for port, direction in directions.items() if direction != "input"),
    )
