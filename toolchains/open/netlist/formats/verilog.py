"""A netlist as structural Verilog (IEEE 1364-2005)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats.nets import nets_of
from toolchains.open.synthesis.netlist import Bit, Cell

_LINE = 110


def head(kernel: str, primitives: Iterable[object]) -> str:
    """What stands before the modules."""
    return f"// The netlist of kernel {kernel}, in primitives of UltraScale+. Written by Dataflow Farm.\n"


def tail(kernel: str, device: str) -> str:
    """What stands behind the modules."""
    return f"// {kernel} ends here; the device is {device}.\n"


def module(part: Part, *, last: bool = False) -> Iterator[str]:
    """The lines of a module."""
    nets = nets_of(part)
    ports = [
        f"  {direction} wire {f'[{len(bits) - 1}:0] ' if len(bits) > 1 else ''}{name}"
        for name, (direction, bits) in part.ports.items()
    ]
    yield f"module {part.name} ("
    yield ",\n".join(ports)
    yield ");"
    yield from _wrapped("  wire ", nets.inside.values())
    for cell in part.cells:
        yield _instance(cell, nets.verilog)
    yield from (f"  assign {here} = {nets.verilog(bit)};" for here, bit in nets.aliases)
    yield "endmodule"


def _wrapped(start: str, names: Iterable[str]) -> Iterator[str]:
    line: list[str] = []
    room = _LINE
    for name in names:
        if len(name) + 2 > room and line:
            yield f"{start}{', '.join(line)};"
            line, room = [], _LINE
        line.append(name)
        room -= len(name) + 2
    if line:
        yield f"{start}{', '.join(line)};"


def _instance(cell: Cell, name_of: Callable[[Bit], str]) -> str:
    given = ", ".join(f".{key}({parameter(value)})" for key, value in cell.parameters.items())
    pins = ", ".join(f".{port}({_bits(bits, name_of)})" for port, bits in cell.connections.items())
    return f"  {cell.type} {f'#({given}) ' if given else ''}{cell.name} ({pins});"


def _bits(bits: tuple[Bit, ...], name_of: Callable[[Bit], str]) -> str:
    names = [name_of(bit) for bit in reversed(bits)]
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"


def parameter(value: str) -> str:
    """A parameter of Yosys's JSON: bits as a sized hexadecimal number, everything else as a word in quotes."""
    if re.fullmatch("[01]+", value):
        return sized(value)
    return '"' + value.rstrip(" ") + '"'


def sized(bits: str) -> str:
    """Bits, the highest first, as a sized hexadecimal number."""
    return f"{len(bits)}'h{int(bits, 2):0{-(-len(bits) // 4)}X}"
