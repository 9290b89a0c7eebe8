"""A netlist as EDIF 2 0 0, as Vivado reads it: one library of primitives, one of modules, buses as arrays.

The first member of an array is the highest bit. Constants come from a GND and a VCC of each module. Parameters are
properties: bits as sized hexadecimal strings, whole numbers of 32 bits as integers. Vivado has not read one of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats.nets import PortBit, nets_of
from toolchains.open.netlist.formats.verilog import sized
from toolchains.open.synthesis.netlist import Bit, Cell
from toolchains.open.synthesis.primitives import PRIMITIVES

_INTEGER_BITS = 32
_LIBRARY, _WORK = "hdi_primitives", "work"
_DRIVERS = {"0": ("GND", "G"), "1": ("VCC", "P")}


@dataclass(frozen=True, order=True)
class Primitive:
    """A primitive with those of its ports that are joined somewhere: name, whether it is an output, bits."""

    name: str
    ports: tuple[tuple[str, bool, int], ...]


def head(kernel: str, primitives: Iterable[Primitive]) -> str:
    """What stands before the modules: the library of primitives."""
    given = [
        *(Primitive(name, ((port, True, 1),)) for name, port in _DRIVERS.values()),
        *sorted(primitives),
    ]
    lines = [
        f"(edif {kernel}", "  (edifVersion 2 0 0)", "  (edifLevel 0)", "  (keywordMap (keywordLevel 0))",
        '  (status (written (timeStamp 1970 1 1 0 0 0) (program "Dataflow Farm")))',
        f"  (library {_LIBRARY} (edifLevel 0) (technology (numberDefinition))",
    ]  # fmt: skip
    for primitive in given:
        ports = [_port(name, "OUTPUT" if output else "INPUT", bits) for name, output, bits in primitive.ports]
        lines += [*_cell_head(primitive.name, ports), "    ))"]
    lines += ["  )", f"  (library {_WORK} (edifLevel 0) (technology (numberDefinition))"]
    return "\n".join(lines) + "\n"


def tail(kernel: str, device: str) -> str:
    """What stands behind the modules: which one is the top, and the device."""
    part = f' (property part (string "{device}"))' if device else ""
    return f"  )\n  (design {kernel} (cellRef {kernel} (libraryRef {_WORK})){part})\n)\n"


def module(part: Part, *, last: bool = False) -> Iterator[str]:
    """The lines of a module."""
    ports = [_port(name, direction.upper(), len(bits)) for name, (direction, bits) in part.ports.items()]
    yield from _cell_head(part.name, ports)
    yield "      (contents"
    joined = _joined(part)
    taken = {cell.name for cell in part.cells} | set(part.ports)
    drivers = {}
    for constant, (kind, port) in _DRIVERS.items():
        if constant in joined:
            drivers[constant] = _free(kind, taken)
            joined[constant].insert(0, f"(portRef {port} (instanceRef {drivers[constant]}))")
            yield f"        (instance {drivers[constant]} {_reference(kind, _LIBRARY)})"
    for cell in part.cells:
        yield _instance(cell)
    nets = nets_of(part)
    taken |= set(nets.inside.values())
    for bit, ends in joined.items():
        if isinstance(bit, str):
            name = _free(f"{drivers[bit]}_net", taken)
        elif bit in nets.at_ports:
            name = _renamed(nets.at_ports[bit], taken)
        else:
            name = nets.inside[bit]
        yield f"        (net {name} (joined {' '.join(ends)}))"
    yield "      )"
    yield "    ))"


def _cell_head(name: str, ports: Iterable[str]) -> Iterator[str]:
    yield f"    (cell {name} (cellType GENERIC) (view netlist (viewType NETLIST)"
    yield "      (interface"
    yield from (f"        {port}" for port in ports)
    yield "      )"


def _port(name: str, direction: str, bits: int) -> str:
    what = name if bits == 1 else f'(array (rename {name} "{name}[{bits - 1}:0]") {bits})'
    return f"(port {what} (direction {direction}))"


def _reference(kind: str, library: str) -> str:
    return f"(viewRef netlist (cellRef {kind} (libraryRef {library})))"


def _instance(cell: Cell) -> str:
    library = _LIBRARY if cell.type in PRIMITIVES else _WORK
    properties = "".join(f" (property {key} {_value(key, value)})" for key, value in cell.parameters.items())
    return f"        (instance {cell.name} {_reference(cell.type, library)}{properties})"


def _value(key: str, value: str) -> str:
    if not re.fullmatch("[01]+", value):
        return '(string "' + value.rstrip(" ") + '")'
    number = int(value, 2)
    if len(value) == _INTEGER_BITS and not key.startswith("INIT") and number < 2 ** (_INTEGER_BITS - 1):
        return f"(integer {number})"
    return f'(string "{sized(value)}")'


def _joined(part: Part) -> dict[Bit, list[str]]:
    """The ends of each net."""
    found: dict[Bit, list[str]] = {}
    for port, (_, bits) in part.ports.items():
        for place, bit in enumerate(bits):
            found.setdefault(bit, []).append(f"(portRef {_member(port, place, len(bits))})")
    for cell in part.cells:
        for port, bits in cell.connections.items():
            for place, bit in enumerate(bits):
                member = _member(port, place, len(bits))
                found.setdefault(bit, []).append(f"(portRef {member} (instanceRef {cell.name}))")
    return found


def _member(port: str, place: int, width: int) -> str:
    return port if width == 1 else f"(member {port} {width - 1 - place})"


def _renamed(bit: PortBit, taken: set[str]) -> str:
    """The net at a bit of a port. Its name has brackets, which an identifier has not."""
    return bit.port if bit.width == 1 else f'(rename {_free(f"{bit.port}_{bit.place}_", taken)} "{bit}")'


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name}_"
    taken.add(name)
    return name
