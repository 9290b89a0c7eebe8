"""Modules of a netlist that may be joined: primitives of UltraScale+ only, and no bit without a driver.

Yosys leaves CARRY4, which UltraScale+ has not, INV, names with a hash in them, and bits that are undefined or that
nothing drives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from toolchains.open.synthesis.netlist import Bit, Cell, Module, Netlist
from toolchains.open.synthesis.primitives import CONVERTED, PRIMITIVES

_KEYWORDS = frozenset(
    {"input", "output", "wire", "reg", "module", "begin", "end", "case", "assign", "always", "signed"}
)
_DEFINED = {"0": "0", "1": "1"}


class NetlistError(Exception):
    """A netlist that cannot be joined; the text names both ends, or the module and its cell."""


@dataclass(frozen=True, slots=True)
class Part:
    """A module: `ports` gives direction and bits. Bits are numbers of nets, "0" or "1"; `nets` names nets."""

    name: str
    ports: Mapping[str, tuple[str, tuple[Bit, ...]]]
    cells: tuple[Cell, ...]
    nets: Mapping[int, str]
    tied: int = 0
    """Undefined or undriven bits that were set to 0."""

    def shape(self) -> str:
        """A digest of all but the contents: two memories of one shape differ in INIT values only."""
        cells = [
            (
                cell.name,
                cell.type,
                sorted((k, v) for k, v in cell.parameters.items() if not k.startswith("INIT")),
                sorted(cell.connections.items()),
            )
            for cell in self.cells
        ]
        return hashlib.sha256(repr((sorted(self.ports.items()), cells)).encode()).hexdigest()


def parts_of(netlist: Netlist) -> tuple[Part, ...]:
    """The modules of a netlist, each behind those that it instantiates; its top keeps its name.

    Other modules are named `<top>_<name without parameters>`, so that two cores never share a definition: each was
    mapped inside its own core.

    Raises:
        NetlistError: a cell is neither a module of the netlist nor a primitive of UltraScale+.
    """
    top, order = netlist.top, _inner_first(netlist)
    names = {top: top}
    taken = {top.lower()}
    for name in order:
        if name not in names:
            names[name] = _unique(f"{top}_{legal(name.rpartition(chr(92))[2])}", taken)
    return tuple(_part(netlist.modules[name], names) for name in order)


def legal(name: str) -> str:
    """A name as an identifier of Verilog and EDIF."""
    short = re.sub(r"_*[^A-Za-z0-9_]+_*", "_", name).strip("_") or "u"
    return f"u_{short}" if not short[0].isalpha() or short.lower() in _KEYWORDS else short


def _unique(name: str, taken: set[str]) -> str:
    """The name, or the first of name_1, name_2, ... that is free where case does not count, as in EDIF."""
    found = name
    for number in count(1):
        if found.lower() not in taken:
            break
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found


def _inner_first(netlist: Netlist) -> list[str]:
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        for inner in sorted({cell.type for cell in netlist.modules[name].cells} & netlist.modules.keys()):
            if inner not in order:
                visit(inner)
        order[name] = None

    visit(netlist.top)
    return list(order)


@dataclass
class _Names:
    """Names in one module: cells and nets share a space, ports keep theirs."""

    taken: set[str]
    numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    def cell(self, cell: Cell, kind: str) -> str:
        if "$" not in cell.name:
            return _unique(legal(cell.name), self.taken)
        numbers = self.numbers.setdefault(kind, count(1))
        return _unique(f"{kind.lower()}_{next(numbers)}", self.taken)


def _part(module: Module, names: Mapping[str, str]) -> Part:
    driven = {bit for direction, bits in module.ports.values() if direction == "input" for bit in bits}
    for cell in module.cells:
        if cell.type not in names and cell.type not in PRIMITIVES | CONVERTED:
            raise NetlistError(
                f"{module.name}: {cell.name} is a {cell.type}, which is no primitive of UltraScale+ and no module of "
                "the netlist; make the netlist again: doit ooc"
            )
        driven.update(bit for port in cell.outputs for bit in cell.connections.get(port, ()))
    tied = _Ties(driven)
    naming = _Names({port.lower() for port in module.ports})
    ports = {
        port: (direction, bits if direction == "input" else tied.bits(bits))
        for port, (direction, bits) in module.ports.items()
    }
    nets = {bit: _unique(legal(text), naming.taken) for bit, text in module.names.items() if bit in driven}
    cells = tuple(_converted(module, names, naming, tied))
    return Part(names[module.name], ports, cells, nets, tied.count)


class _Ties:
    """Sets bits to 0 that are undefined or have no driver, and counts them."""

    def __init__(self, driven: set[Bit]) -> None:
        self.driven = driven
        self.count = 0

    def bits(self, bits: Iterable[Bit]) -> tuple[Bit, ...]:
        return tuple(bit if isinstance(bit, int) and bit in self.driven else self._constant(bit) for bit in bits)

    def _constant(self, bit: Bit) -> Bit:
        known = _DEFINED.get(bit) if isinstance(bit, str) else None
        if known is None:
            self.count += 1
            return "0"
        return known


def _converted(module: Module, names: Mapping[str, str], naming: _Names, tied: _Ties) -> Iterator[Cell]:
    carries = [cell for cell in module.cells if cell.type == "CARRY4"]
    free = count(1 + max((bit for bit in tied.driven if isinstance(bit, int)), default=1))
    for cell in module.cells:
        if cell.type == "CARRY4":
            continue
        # A port that is named and joined to nothing has no bits.
        joined = {port: bits for port, bits in cell.connections.items() if bits}
        pins = {port: bits if port in cell.outputs else tied.bits(bits) for port, bits in joined.items()}
        if cell.type == "INV":
            lut = {"I0": pins["I"], "O": pins["O"]}
            yield Cell(naming.cell(cell, "LUT1"), "LUT1", {"INIT": "01"}, lut, cell.outputs)
        else:
            kind = names.get(cell.type, cell.type)
            given = {key: known for key, value in cell.parameters.items() if (known := _known(value))}
            yield Cell(naming.cell(cell, kind), kind, given, pins, cell.outputs & pins.keys())
    for low, high in _pairs(module.name, carries):
        yield _carry8(low, high, naming, tied, free)


def _known(value: str) -> str:
    """A parameter without undefined bits; empty if no bit is defined: then the primitive's default stands."""
    if not re.fullmatch("[01xz]+", value):
        return value
    return value.replace("x", "0").replace("z", "0") if "0" in value or "1" in value else ""


def _pairs(module: str, carries: Iterable[Cell]) -> Iterator[tuple[Cell, Cell | None]]:
    """CARRY4 two by two along each chain: the carry of the first enters the second."""
    carries = list(carries)
    above = {cell.connections["CO"][3]: cell for cell in carries if "CO" in cell.connections}
    after: dict[str, Cell] = {}
    heads = []
    for cell in carries:
        below = above.get(cell.connections["CI"][0])
        if below is None or below.name in after or cell.connections["CYINIT"][0] not in ("0", "x"):
            heads.append(cell)
        else:
            after[below.name] = cell
    left = len(carries)
    for head in heads:
        at: Cell | None = head
        while at is not None:
            high = after.get(at.name)
            yield at, high
            left -= 2 if high else 1
            at = after.get(high.name) if high else None
    if left:
        raise NetlistError(f"{module}: {left} CARRY4 are in a chain without an end")


def _carry8(low: Cell, high: Cell | None, naming: _Names, tied: _Ties, free: Iterator[int]) -> Cell:
    """One CARRY8 for two CARRY4. It has one input for the carry, where CARRY4 has two: one of them is 0 (UG974)."""
    entry = tied.bits((low.connections["CI"][0], low.connections["CYINIT"][0]))
    if "0" not in entry:
        raise NetlistError(f"{low.name}: CI and CYINIT of a CARRY4 are both in use; a CARRY8 has one input for both")
    pins: dict[str, tuple[Bit, ...]] = {
        "CI": (entry[1] if entry[0] == "0" else entry[0],),
        "CI_TOP": ("0",),
    }
    for port in ("DI", "S"):
        upper = high.connections[port] if high else ("0",) * 4
        pins[port] = tied.bits(low.connections[port]) + tied.bits(upper)
    for port in ("CO", "O"):
        pins[port] = tuple(
            bit if isinstance(bit, int) else next(free)
            for each in (low, high)
            for bit in (each.connections.get(port, ("x",) * 4) if each else ("x",) * 4)
        )
    outputs = frozenset(("CO", "O"))
    return Cell(naming.cell(low, "CARRY8"), "CARRY8", {"CARRY_TYPE": "SINGLE_CY8"}, pins, outputs)
