"""The nets of a module by name, the same in every format that is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolchains.open.netlist.cells import Part
from toolchains.open.synthesis.netlist import Bit


@dataclass(frozen=True, slots=True)
class PortBit:
    """A bit of a port: its place counts from the lowest bit."""

    port: str
    place: int
    width: int

    def __str__(self) -> str:
        """The bit in Verilog."""
        return self.port if self.width == 1 else f"{self.port}[{self.place}]"


@dataclass(frozen=True, slots=True)
class Nets:
    """The nets of a module: those at a port have the name of its first bit, input ports first."""

    at_ports: Mapping[int, PortBit]
    inside: Mapping[int, str]
    aliases: tuple[tuple[PortBit, Bit], ...]
    """Output bits that are a constant or a net which has the name of another port's bit."""

    def verilog(self, bit: Bit) -> str:
        """The bit in an expression."""
        if isinstance(bit, str):
            return f"1'b{bit}"
        return str(self.at_ports[bit]) if bit in self.at_ports else self.inside[bit]


def nets_of(part: Part) -> Nets:
    """Name the nets of a module."""
    at_ports: dict[int, PortBit] = {}
    aliases: list[tuple[PortBit, Bit]] = []
    for wanted in ("input", "inout", "output"):
        for port, (direction, bits) in part.ports.items():
            for place, bit in enumerate(bits if direction == wanted else ()):
                here = PortBit(port, place, len(bits))
                if isinstance(bit, int) and bit not in at_ports:
                    at_ports[bit] = here
                else:
                    aliases.append((here, bit))
    taken = {port.lower() for port in part.ports} | {cell.name.lower() for cell in part.cells}
    taken |= {name.lower() for name in part.nets.values()}
    inside = {bit: part.nets.get(bit) or _free(f"n{bit}", taken) for bit in _used(part) if bit not in at_ports}
    return Nets(at_ports, inside, tuple(aliases))


def _used(part: Part) -> Iterator[int]:
    seen: set[int] = set()
    for cell in part.cells:
        for bits in cell.connections.values():
            for bit in bits:
                if isinstance(bit, int) and bit not in seen:
                    seen.add(bit)
                    yield bit


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name}_"
    return name
