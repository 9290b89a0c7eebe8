"""The top of a kernel's netlist: instances of cores, memories, links, register slices and resets, and their nets.

It is made from the job and the ports of the netlists alone. The SystemVerilog of `integration.kernel_rtl.top` says the
same in words of its own, and tests compare the two by simulation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from integration.kernel_rtl.slrs import NOWHERE, boundaries, reset_chain
from toolchains.open.netlist.cells import NetlistError, Part
from toolchains.open.synthesis.netlist import Bit, Cell

CLOCK, RESET = "ap_clk", "ap_rst_n"
PARTS = ("TDATA", "TVALID", "TREADY")
SOURCE, SINK, OUT = "from", "to", "out"
_WAY = {"in": "input", "out": "output", "inout": "inout"}
Ports = Mapping[str, tuple[str, int]]
"""Direction and bits of each port of a module."""


def ports_of(part: Part) -> Ports:
    """The ports of a module."""
    return {name: (direction, len(bits)) for name, (direction, bits) in part.ports.items()}


@dataclass(frozen=True)
class Joined:
    """The top, and the SLR of each of its instances: a memory is with its block, a link with its source."""

    part: Part
    slrs: Mapping[str, str]


def join(job: Mapping[str, Any], slrs: Mapping[str, str], modules: Mapping[str, Ports]) -> Joined:
    """Join the modules of a kernel.

    Args:
        job: As `job_of` gives it.
        slrs: Block to SLR; blocks that it lacks are where the DMA is.
        modules: The ports of every module that the top may instantiate, by its name.

    Raises:
        NetlistError: a netlist is missing, or a port has another direction or width than what it is joined to.
    """
    top = _Top(job, slrs, modules)
    return Joined(top.part(), top.where)


class _Top:
    def __init__(self, job: Mapping[str, Any], slrs: Mapping[str, str], modules: Mapping[str, Ports]) -> None:
        home = slrs.get(job["dma"], NOWHERE)
        self.job = job
        self.slr = {block["name"]: slrs.get(block["name"], home) for block in job["blocks"]}
        self.modules = modules
        self.bits = count(2)
        self.cells: list[Cell] = []
        self.names: dict[int, str] = {}
        self.where: dict[str, str] = {}
        self.clock, self.reset_in = next(self.bits), next(self.bits)
        self.ports: dict[str, tuple[str, tuple[Bit, ...]]] = {
            CLOCK: ("input", (self.clock,)),
            RESET: ("input", (self.reset_in,)),
        }
        self.resets: dict[str, Bit] = {}
        self.streams: dict[tuple[str, str], dict[str, tuple[Bit, ...]]] = {}

    def part(self) -> Part:
        self._resets()
        for block in self.job["blocks"]:
            for stream in block["streams"]:
                self._stream(f"{block['name']}__{stream['name']}", stream["bits"], (block["name"], stream["name"]))
        for block in self.job["blocks"]:
            self._block(block)
        for memory in self.job["memories"]:
            self._memory(memory)
        for link in self.job["links"]:
            self._link(link)
        return Part(self.job["kernel"], self.ports, tuple(self.cells), self.names)

    def _net(self, name: str) -> int:
        bit = next(self.bits)
        self.names[bit] = name
        return bit

    def _stream(self, name: str, width: int, at: tuple[str, str]) -> dict[str, tuple[Bit, ...]]:
        data = tuple(self._net(f"{name}_data_{index}") for index in range(width))
        made: dict[str, tuple[Bit, ...]] = {
            "TDATA": data,
            "TVALID": (self._net(f"{name}_valid"),),
            "TREADY": (self._net(f"{name}_ready"),),
        }
        self.streams[at] = made
        return made

    def _resets(self) -> None:
        """A register for each SLR, the next behind the last: a reset crosses one boundary in a cycle."""
        before: dict[str, Bit] = {}
        for slr, source in reset_chain(self.slr[self.job["dma"]], self.slr.values()):
            given: Bit = before[source] if source else self.reset_in
            before[slr] = self._net(f"rst_n_{slr}")
            pins: dict[str, tuple[Bit, ...]] = {
                "C": (self.clock,), "CE": ("1",), "D": (given,), "R": ("0",), "Q": (before[slr],),
            }  # fmt: skip
            self.cells.append(Cell(f"rst_n_{slr}_reg", "FDRE", {"INIT": "0"}, pins, frozenset("Q")))
        self.resets = before

    def _instance(self, name: str, module: str, slr: str, pins: dict[str, tuple[tuple[Bit, ...], str]]) -> None:
        """A cell whose ports must be exactly these; `pins` gives the bits and what they are joined to, for messages."""
        ports = self.modules.get(module)
        if ports is None:
            raise NetlistError(f"{name}: there is no netlist of {module}; make it: doit ooc")
        wired = {CLOCK: ((self.clock,), CLOCK), RESET: ((self.resets[slr],), f"the reset of {slr}"), **pins}
        for port, (bits, other) in wired.items():
            if port not in ports:
                raise NetlistError(f"{name}.{port}: the netlist of {module} has no such port; {other} is joined to it")
            if ports[port][1] != len(bits):
                raise NetlistError(
                    f"{name}.{port} has {ports[port][1]} bits in the netlist of {module}, "
                    f"but {other}, which is joined to it, has {len(bits)}"
                )
        left = sorted(set(ports) - set(wired))
        if left:
            raise NetlistError(f"{name}.{left[0]}: the netlist of {module} has this port, and nothing is joined to it")
        self.where[name] = slr
        outputs = frozenset(port for port in wired if ports[port][0] == "output")
        self.cells.append(Cell(name, module, {}, {port: bits for port, (bits, _) in wired.items()}, outputs))

    def _block(self, block: Mapping[str, Any]) -> None:
        name = block["name"]
        pins: dict[str, tuple[tuple[Bit, ...], str]] = {}
        for stream in block["streams"]:
            ways = self.modules.get(block["core"], {})
            self._direction(name, block["core"], ways, f"{stream['name']}_TVALID", stream["direction"])
            bits = self.streams[name, stream["name"]]
            pins |= {f"{stream['name']}_{each}": (bits[each], f"the stream {name}.{stream['name']}") for each in PARTS}
        for pin, direction, width in block["pins"]:
            self._direction(name, block["core"], self.modules.get(block["core"], {}), pin, direction)
            self.ports[pin] = (_WAY.get(direction, direction), tuple(next(self.bits) for _ in range(width)))
            pins[pin] = (self.ports[pin][1], f"the kernel's port {pin}")
        self._instance(name, block["core"], self.slr[name], pins)

    @staticmethod
    def _direction(name: str, module: str, ports: Ports, port: str, expected: str) -> None:
        if port in ports and ports[port][0] != _WAY.get(expected, expected):
            raise NetlistError(
                f"{name}.{port} is an {ports[port][0]} in the netlist of {module}, "
                f"but the kernel joins it as an {_WAY.get(expected, expected)}"
            )

    def _memory(self, memory: Mapping[str, Any]) -> None:
        block, port = memory["block"], memory["port"]
        bits = self.streams[block, port]
        name = memory_name(memory)
        pins = {f"{OUT}_{each}": (bits[each], f"{block}.{port}") for each in PARTS}
        self._instance(f"{name}_memory", name, self.slr[block], pins)

    def _link(self, link: Mapping[str, Any]) -> None:
        name, source, sink = link["name"], link["source"], link["sink"]
        home, goal = self.slr[source["block"]], self.slr[sink["block"]]
        if source["bits"] != sink["bits"]:
            raise NetlistError(f"{_told(source)} cannot feed {_told(sink)}: the elements differ in width")
        cells = [(name, link["module"], home)]
        for index, pair in enumerate(boundaries(home, goal)):
            sides = zip(("source", "sink"), pair, strict=True)
            cells += [(f"{name}_crossing{index}_{side}", link["slice"], slr) for side, slr in sides]
        at, told = self.streams[source["block"], source["port"]], _told(source)
        for index, (cell, module, slr) in enumerate(cells):
            last = index == len(cells) - 1
            width = sink["width"]
            to = self.streams[sink["block"], sink["port"]] if last else self._stream(f"{cell}_out", width, (cell, SINK))
            pins = {f"{SOURCE}_{each}": (at[each], told) for each in PARTS}
            pins |= {f"{SINK}_{each}": (to[each], _told(sink)) for each in PARTS}
            self._instance(cell, module, slr, pins)
            at, told = to, f"{cell}.{SINK}"


def memory_name(memory: Mapping[str, Any]) -> str:
    """The module of a block's memory, as the step `memories` names it."""
    return f"{memory['block']}_{memory['port']}"


def _told(end: Mapping[str, Any]) -> str:
    return f"{end['block']}.{end['port']} ({end['lanes']} x {end['bits']} bit)"
