"""What a kernel's netlist takes: per block, of what stands between blocks, and of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from config.fpga_resources import Resources
from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats.edif import Primitive
from toolchains.open.netlist.join import Joined, memory_name
from toolchains.open.synthesis.primitives import BRAM_TILES, MEMORY_LUTS, PRIMITIVES, REGISTERS


class Census:
    """Counts primitives, instance by instance. Modules are added behind those that they instantiate."""

    def __init__(self) -> None:
        self.cells: dict[str, Counter[str]] = {}
        self.tied: dict[str, int] = {}
        self._ports: dict[str, dict[str, tuple[bool, int]]] = {}

    def add(self, part: Part) -> None:
        """Count a module."""
        total: Counter[str] = Counter()
        tied = part.tied
        for cell in part.cells:
            if cell.type in PRIMITIVES:
                total[cell.type] += 1
                ports = self._ports.setdefault(cell.type, {})
                ports |= {port: (port in cell.outputs, len(bits)) for port, bits in cell.connections.items()}
            else:
                total.update(self.cells[cell.type])
                tied += self.tied[cell.type]
        self.cells[part.name], self.tied[part.name] = total, tied

    def primitives(self) -> list[Primitive]:
        """The primitives that were seen, with the ports that are joined somewhere."""
        return [
            Primitive(name, tuple((port, *what) for port, what in sorted(ports.items())))
            for name, ports in sorted(self._ports.items())
        ]


def resources(cells: Mapping[str, int]) -> Resources:
    """The resources of primitives, as the step `ooc` counts them; LUT1 is an inverter, which Yosys calls INV there."""
    return Resources(
        luts=logic_luts(cells) + sum(luts * cells.get(name, 0) for name, luts in MEMORY_LUTS.items()),
        registers=sum(cells.get(name, 0) for name in REGISTERS),
        bram_tiles=sum(tiles * cells.get(name, 0) for name, tiles in BRAM_TILES.items()),
        urams=cells.get("URAM288", 0),
        dsps=cells.get("DSP48E2", 0),
    )


def logic_luts(cells: Mapping[str, int]) -> int:
    """Logic cells that hold these LUTs, by the rule of Yosys (`stat -tech xilinx`), and the LUT6_2, one each.

    A LUT of three to six inputs fills one; those of three or four leave room for a LUT2. The other LUT2 go two by two.
    Inverters (LUT1) count as nothing: what they feed absorbs them.
    """
    wide = sum(cells.get(f"LUT{size}", 0) for size in ("3", "4", "5", "6", "6_2"))
    left = cells.get("LUT2", 0) - cells.get("LUT3", 0) - cells.get("LUT4", 0)
    return wide + -(-max(left, 0) // 2)


def summary(job: Mapping[str, Any], joined: Joined, census: Census) -> dict[str, Any]:
    """The members of `area.json`: resources of each block with its memories, of links, and of the whole."""
    top = joined.part
    memories: dict[str, list[str]] = {}
    for memory in job["memories"]:
        memories.setdefault(memory["block"], []).append(memory_name(memory))
    blocks = {block["name"]: _sum(census, [block["core"], *memories.get(block["name"], ())]) for block in job["blocks"]}
    own = {block["name"] for block in job["blocks"]} | {f"{name}_memory" for each in memories.values() for name in each}
    between = {
        cell.name: census.cells[cell.type] for cell in top.cells if cell.type in census.cells and cell.name not in own
    }
    whole = census.cells[top.name]
    return {
        "format": 1,
        "is_estimate": True,
        "total": resources(whole).known,
        "blocks": {name: {"slr": joined.slrs[name], **resources(cells).known} for name, cells in blocks.items()},
        "between": {name: resources(cells).known for name, cells in between.items()},
        "inverters": whole["LUT1"],
        "tied_bits": census.tied[top.name],
        "cells": dict(sorted(whole.items())),
    }


def _sum(census: Census, modules: Iterable[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name in modules:
        total.update(census.cells[name])
    return total
