"""The longest register-to-register paths of a netlist: delay of the logic without wires, and number of levels.

The netlist is flat, so paths may cross module boundaries. `delays` gives the delays of cells. No path ends at a port of
the core, because every port has a register slice behind it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from toolchains.open.synthesis.delays import LUT_O5_PINS_PS, LUT_PINS_PS, is_lut, timing_of
from toolchains.open.synthesis.dissolve import FlatCell, FlatNetlist

MAX_LOGIC_NS = 2.4
MAX_LEVELS = 8
"""A path beyond either limit is doubtful at 250 MHz: wires and the clock need the rest of the 4 ns."""
SHOWN = 10
"""Number of paths kept: the slowest, and the deepest."""


@dataclass(frozen=True)
class Path:
    """A path between two registers, named by their outputs. `cells` lists the cell types on it, in order."""

    start: str
    end: str
    logic_ns: float
    levels: int
    cells: tuple[str, ...]

    @property
    def is_doubtful(self) -> bool:
        """Whether the path leaves too little of a 4 ns period for wires."""
        return self.logic_ns > MAX_LOGIC_NS or self.levels > MAX_LEVELS


@dataclass(frozen=True)
class Timing:
    """The worst path into each register (a vector counts as one), sorted worst first: by delay, and by levels.

    `untimed` counts cells that the delay model lacks, by type. Such a cell ends a path and starts another.
    """

    slowest: tuple[Path, ...]
    deepest: tuple[Path, ...]
    untimed: tuple[tuple[str, int], ...]

    @property
    def logic_ns(self) -> float:
        """The longest delay, in ns; 0 for a core without paths."""
        return self.slowest[0].logic_ns if self.slowest else 0.0

    @property
    def levels(self) -> int:
        """The largest number of levels; 0 for a core without paths."""
        return self.deepest[0].levels if self.deepest else 0

    @property
    def doubtful(self) -> tuple[Path, ...]:
        """The paths beyond a limit, each once."""
        return tuple(dict.fromkeys(path for path in (*self.slowest, *self.deepest) if path.is_doubtful))


class LoopError(Exception):
    """A combinational loop; the text names one of its nets."""


def analyse(netlist: FlatNetlist) -> Timing:
    """Return the worst paths of a netlist. Raises LoopError for a combinational loop."""
    graph = _Graph(netlist)
    order = graph.order()
    delays = _Arrivals(graph, order, by_levels=False)
    levels = _Arrivals(graph, order, by_levels=True)
    return Timing(
        slowest=tuple(_worst(graph, delays)),
        deepest=tuple(_worst(graph, levels)),
        untimed=tuple(sorted(graph.untimed.items())),
    )


class _Graph:
    """The timing graph: arcs into each net as (source net, picoseconds, levels), and where paths start and end."""

    def __init__(self, netlist: FlatNetlist) -> None:
        count = len(netlist.names)
        self.names = netlist.names
        self.arcs: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
        self.lut_pins: list[tuple[int, ...]] = [()] * count
        """For the output of a LUT: the delays of its pins, the fastest first."""
        self.driver: list[FlatCell | None] = [None] * count
        self.launch: dict[int, int] = {}
        self.ends: list[tuple[int, int, FlatCell]] = []
        self.untimed: Counter[str] = Counter()
        places = _carry_places(netlist.cells)
        carries = {cell.pins["CO"][7] for cell in netlist.cells if cell.type == "CARRY8" and "CO" in cell.pins} - {-1}
        for cell in netlist.cells:
            for port in cell.outputs:
                for net in cell.pins.get(port, ()):
                    if net >= 0:
                        self.driver[net] = cell
            if is_lut(cell.type):
                self._lut(cell)
            else:
                cascaded = cell.type == "CARRY8" and cell.pins.get("CI", (-1,))[0] in carries
                self._timed(cell, places.get(cell.name, 0), cascaded=cascaded)

    def _lut(self, cell: FlatCell) -> None:
        for port, pins in (("O", LUT_PINS_PS), ("O6", LUT_PINS_PS), ("O5", LUT_O5_PINS_PS)):
            for out in cell.pins.get(port, ()):
                if out >= 0:
                    self.lut_pins[out] = pins
                    # O5 of a LUT6_2 does not depend on I5.
                    skipped = {"O", "O5", "O6", "I5" if port == "O5" else ""}
                    inputs = (net for name, nets in cell.pins.items() if name not in skipped for net in nets)
                    self.arcs[out] = [(net, 0, 1) for net in inputs if net >= 0]

    def _timed(self, cell: FlatCell, place: int, *, cascaded: bool) -> None:
        timing = timing_of(cell.type, cell.parameters, cascaded=cascaded)
        if timing is None:
            self._unknown(cell)
            return
        for port, delay in timing.launch:
            self.launch.update((net, delay) for net in cell.pins.get(port, ()) if net >= 0)
        for port, delay in timing.capture:
            self.ends += [(net, delay, cell) for net in cell.pins.get(port, ()) if net >= 0]
        for arc in timing.arcs:
            starts, ends = cell.pins.get(arc.start, ()), cell.pins.get(arc.end, ())
            if arc.start_bit < len(starts) and arc.end_bit < len(ends):
                start, end = starts[arc.start_bit], ends[arc.end_bit]
                if start >= 0 and end >= 0:
                    # Two CARRY4 make a CARRY8, so along the chain every second one adds no level.
                    levels = 0 if arc.start == "CI" and place % 2 else 1
                    self.arcs[end].append((start, arc.delay_ps, levels))

    def _unknown(self, cell: FlatCell) -> None:
        if cell.type in ("VCC", "GND"):
            return
        self.untimed[cell.type] += 1
        for port, nets in cell.pins.items():
            if port in cell.outputs:
                self.launch.update((net, 0) for net in nets if net >= 0)
            else:
                self.ends += [(net, 0, cell) for net in nets if net >= 0]

    def order(self) -> list[int]:
        """The nets driven by logic in topological order."""
        readers: list[list[int]] = [[] for _ in self.names]
        open_inputs = [0] * len(self.names)
        for net, arcs in enumerate(self.arcs):
            for start in {start for start, _, _ in arcs}:
                readers[start].append(net)
                open_inputs[net] += 1
        ready = [net for net, count in enumerate(open_inputs) if not count]
        found = []
        while ready:
            net = ready.pop()
            if self.arcs[net]:
                found.append(net)
            for reader in readers[net]:
                open_inputs[reader] -= 1
                if not open_inputs[reader]:
                    ready.append(reader)
        stuck = [net for net, count in enumerate(open_inputs) if count]
        if stuck:
            name = next((self.names[net] for net in stuck if self.names[net]), "a net without a name")
            raise LoopError(f"there is a combinational loop through {name}; put a register into it")
        return found


def _carry_places(cells: Iterable[FlatCell]) -> dict[str, int]:
    """The position of each CARRY4 in its chain, counted from 0."""
    before: dict[str, int] = {}
    by_top: dict[int, str] = {}
    for cell in cells:
        if cell.type == "CARRY4":
            before[cell.name] = cell.pins.get("CI", (-1,))[0]
            top = cell.pins.get("CO", ())
            if len(top) == 4 and top[3] >= 0:
                by_top[top[3]] = cell.name
    places: dict[str, int] = {}
    for name in before:
        chain = [name]
        while (lower := by_top.get(before[chain[-1]])) is not None and lower not in places and lower not in chain:
            chain.append(lower)
        place = places.get(lower, -1) if lower is not None else -1
        for each in reversed(chain):
            place += 1
            places[each] = place
    return places


class _Arrivals:
    """The latest arrival at each net, or its number of levels, and the previous net on that path (none at a start)."""

    def __init__(self, graph: _Graph, order: list[int], *, by_levels: bool) -> None:
        self.by_levels = by_levels
        self.at: dict[int, int] = {net: 0 if by_levels else delay for net, delay in graph.launch.items()}
        self.before: dict[int, int] = {}
        for net in order:
            known = [(self.at[start], delay, levels, start) for start, delay, levels in graph.arcs[net]
                     if start in self.at]  # fmt: skip
            if not known:
                continue
            if by_levels:
                best, start = max((at + levels, start) for at, _, levels, start in known)
            elif graph.lut_pins[net]:
                # The last signal to arrive gets the fastest pin.
                known.sort(reverse=True)
                best, start = max(
                    (at + pin, start) for (at, _, _, start), pin in zip(known, graph.lut_pins[net], strict=False)
                )
            else:
                best, start = max((at + delay, start) for at, delay, _, start in known)
            # A memory's output changes with its clock and with its address.
            if best > self.at.get(net, -1):
                self.at[net] = best
                self.before[net] = start


_BIT = re.compile(r"\[[0-9]+\]$")


def _worst(graph: _Graph, arrivals: _Arrivals) -> Iterator[Path]:
    """The worst path into each register; the bits of a vector count as one register."""
    found: dict[str, tuple[int, int, str]] = {}
    for net, setup, cell in graph.ends:
        if net not in arrivals.at:
            continue
        value = arrivals.at[net] + (0 if arrivals.by_levels else setup)
        name = _name(graph, cell)
        register = _BIT.sub("", name)
        if register not in found or (value, name) > (found[register][0], found[register][2]):
            found[register] = (value, net, name)
    for value, net, name in sorted(found.values(), key=lambda item: (-item[0], item[2]))[:SHOWN]:
        yield _path(graph, arrivals, value, net, name)


def _path(graph: _Graph, arrivals: _Arrivals, value: int, net: int, end: str) -> Path:
    nets = [net]
    while nets[-1] in arrivals.before:
        nets.append(arrivals.before[nets[-1]])
    nets.reverse()
    cells = [driver.type for at in nets[1:] if (driver := graph.driver[at]) is not None]
    levels = arrivals.at[net] if arrivals.by_levels else _levels(graph, nets)
    delay = value if not arrivals.by_levels else _delay(graph, nets)
    first = graph.driver[nets[0]]
    start = graph.names[nets[0]] or (_name(graph, first) if first else "a port")
    return Path(start, end, round(delay / 1000, 3), levels, tuple(cells))


def _levels(graph: _Graph, nets: list[int]) -> int:
    total = 0
    for start, end in pairwise(nets):
        total += max(levels for source, _, levels in graph.arcs[end] if source == start)
    return total


def _delay(graph: _Graph, nets: list[int]) -> int:
    """The delay along the nets, through the slowest used pin of each LUT."""
    total = graph.launch.get(nets[0], 0)
    for start, end in pairwise(nets):
        if graph.lut_pins[end]:
            total += graph.lut_pins[end][len(graph.arcs[end]) - 1]
        else:
            total += max(delay for source, delay, _ in graph.arcs[end] if source == start)
    return total


def _name(graph: _Graph, cell: FlatCell) -> str:
    """Name a register by its output, as in the source; other cells by their own name."""
    for port in ("Q", "O", "O6", "DOA", "P", "DOUTBDOUT", "DOUTADOUT"):
        for net in cell.pins.get(port, ()):
            if net >= 0 and graph.names[net]:
                return graph.names[net]
    return cell.name
