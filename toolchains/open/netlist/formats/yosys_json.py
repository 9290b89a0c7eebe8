"""A netlist in the JSON format of Yosys (`help write_json`), which its `read_json` takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats.nets import nets_of
from toolchains.open.synthesis.netlist import Cell


def head(kernel: str, primitives: Iterable[object]) -> str:
    """What stands before the modules."""
    return '{"creator": "Dataflow Farm", "modules": {\n'


def tail(kernel: str, device: str) -> str:
    """What stands behind the modules."""
    return "}}\n"


def module(part: Part, *, last: bool = False) -> Iterator[str]:
    """The lines of a module."""
    nets = nets_of(part)
    named: dict[str, list[int]] = {name: [bit] for bit, name in part.nets.items() if bit in nets.inside}
    described: dict[str, Any] = {
        "attributes": {},
        "ports": {port: {"direction": direction, "bits": list(bits)} for port, (direction, bits) in part.ports.items()},
    }
    yield f"{json.dumps(part.name)}: {{{_members(described)},"
    yield '"cells": {'
    yield ",\n".join(
        f"{json.dumps(cell.name)}: {json.dumps(_cell(cell), separators=(',', ':'))}" for cell in part.cells
    )
    yield '}, "netnames": {'
    yield ",\n".join(
        f"{json.dumps(name)}: {json.dumps({'hide_name': 0, 'bits': bits, 'attributes': {}}, separators=(',', ':'))}"
        for name, bits in [*_ports(part), *named.items()]
    )
    yield "}}" if last else "}},"


def _ports(part: Part) -> Iterator[tuple[str, list[Any]]]:
    yield from ((port, list(bits)) for port, (_, bits) in part.ports.items())


def _members(described: dict[str, Any]) -> str:
    return json.dumps(described)[1:-1]


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "hide_name": 0,
        "type": cell.type,
        "parameters": dict(cell.parameters),
        "attributes": {},
        "port_directions": {port: "output" if port in cell.outputs else "input" for port in cell.connections},
        "connections": {port: list(bits) for port, bits in cell.connections.items()},
    }
