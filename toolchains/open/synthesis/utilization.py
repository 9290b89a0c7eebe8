"""Utilization of a netlist in AMD's terms, from Yosys's statistics.

Logic LUTs are Yosys's own estimate of logic cells, over the whole hierarchy, and the LUT6_2, which it counts as
nothing. It does not include memory LUTs either; they are counted from the primitives (UG574, table of distributed RAM).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil

from config.fpga_resources import Resources
from reports.open_tools.yosys_stat import YosysStat
from toolchains.open.synthesis.primitives import BRAM_TILES, MEMORY_LUTS, REGISTERS


@dataclass(frozen=True)
class Utilization:
    """Resources of a core. `carry8s` are those in the netlist and one for each two CARRY4, to which Yosys maps."""

    resources: Resources
    logic_luts: int
    memory_luts: int
    carry8s: int
    cells: tuple[tuple[str, int], ...]


def utilization(stat: YosysStat) -> Utilization:
    """Compute the utilization of the whole design from its statistics."""
    total = stat.top
    cells = Counter({cell.type: cell.count for cell in total.cell_types})
    logic_luts = (total.estimated_lcs or 0) + cells["LUT6_2"]
    memory_luts = sum(luts * cells[name] for name, luts in MEMORY_LUTS.items())
    return Utilization(
        resources=Resources(
            luts=logic_luts + memory_luts,
            registers=sum(cells[name] for name in REGISTERS),
            bram_tiles=sum(tiles * cells[name] for name, tiles in BRAM_TILES.items()),
            urams=cells["URAM288"],
            dsps=cells["DSP48E2"],
        ),
        logic_luts=logic_luts,
        memory_luts=memory_luts,
        carry8s=cells["CARRY8"] + ceil(cells["CARRY4"] / 2),
        cells=tuple(sorted(cells.items())),
    )
