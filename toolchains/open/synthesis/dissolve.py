"""Flatten a netlist: primitives are named by their instance path, nets are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolchains.open.synthesis.netlist import Bit, Module, Netlist


@dataclass(frozen=True, slots=True)
class FlatCell:
    """A primitive. `pins` gives its nets by port, -1 for a constant; `outputs` are the ports that drive."""

    name: str
    type: str
    parameters: Mapping[str, str]
    pins: Mapping[str, tuple[int, ...]]
    outputs: frozenset[str]


@dataclass(frozen=True, slots=True)
class FlatNetlist:
    """All primitives, and the names of nets 0, 1, ...: the name at the highest level that has one, else empty."""

    cells: tuple[FlatCell, ...]
    names: tuple[str, ...]


def dissolve(netlist: Netlist) -> FlatNetlist:
    """Replace instances by their modules' contents until only primitives remain."""
    work = _Work(netlist)
    work.expand(netlist.modules[netlist.top], "", {})
    return work.finish()


class _Work:
    def __init__(self, netlist: Netlist) -> None:
        self.modules = netlist.modules
        self.names: list[str] = []
        self.cells: list[FlatCell] = []
        # A wire that connects two ports of a module directly merges two nets into one.
        self.same: dict[int, int] = {}

    def find(self, net: int) -> int:
        while net in self.same:
            net = self.same[net]
        return net

    def expand(self, module: Module, prefix: str, outer: Mapping[str, tuple[int, ...]]) -> None:
        local: dict[Bit, int] = {}
        for port, (_, bits) in module.ports.items():
            for bit, net in zip(bits, outer.get(port, ()), strict=False):
                if net < 0 or isinstance(bit, str):
                    continue
                if self.find(local.setdefault(bit, net)) != self.find(net):
                    self.same[self.find(net)] = self.find(local[bit])

        for bit, name in module.names.items():
            if bit not in local:
                local[bit] = self.new(prefix + name)
            elif not self.names[local[bit]]:
                self.names[local[bit]] = prefix + name
        for cell in module.cells:
            pins = {port: tuple(self.net(bit, local) for bit in bits) for port, bits in cell.connections.items()}
            if cell.type in self.modules:
                self.expand(self.modules[cell.type], f"{prefix}{cell.name}.", pins)
            else:
                self.cells.append(FlatCell(prefix + cell.name, cell.type, cell.parameters, pins, cell.outputs))

    def net(self, bit: Bit, local: dict[Bit, int]) -> int:
        if isinstance(bit, str):
            return -1
        if bit not in local:
            local[bit] = self.new("")
        return local[bit]

    def new(self, name: str) -> int:
        self.names.append(name)
        return len(self.names) - 1

    def finish(self) -> FlatNetlist:
        if self.same:
            self.cells = [
                FlatCell(
                    cell.name,
                    cell.type,
                    cell.parameters,
                    {port: tuple(self.find(net) for net in nets) for port, nets in cell.pins.items()},
                    cell.outputs,
                )
                for cell in self.cells
            ]
        return FlatNetlist(tuple(self.cells), tuple(self.names))
