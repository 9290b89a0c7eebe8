"""Utilization of a netlist in AMD's terms, from Yosys's statistics.

Logic LUTs are Yosys's own estimate of logic cells, over the whole hierarchy. The estimate does not include memory LUTs;
they are counted from the primitives (UG574, table of distributed RAM).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil

from config.fpga_resources import Resources
from reports.open_tools.yosys_stat import YosysStat

MEMORY_LUTS = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X16DR8": 8, "RAM64X8SW": 8,
    "SRL16E": 1, "SRLC32E": 1,
}  # fmt: skip
"""LUTs that a primitive of distributed memory occupies. Two SRL16E may share one; they are counted as two."""
REGISTERS = ("FDRE", "FDSE", "FDCE", "FDPE")


@dataclass(frozen=True)
class Utilization:
    """Resources of a core. `carry8s` is derived: Yosys maps to CARRY4, and two of them fill a CARRY8."""

    resources: Resources
    logic_luts: int
    memory_luts: int
    carry8s: int
    cells: tuple[tuple[str, int], ...]


def utilization(stat: YosysStat) -> Utilization:
    """Compute the utilization of the whole design from its statistics."""
    total = stat.top
    cells = Counter({cell.type: cell.count for cell in total.cell_types})
    logic_luts = total.estimated_lcs or 0
    memory_luts = sum(luts * cells[name] for name, luts in MEMORY_LUTS.items())
    return Utilization(
        resources=Resources(
            luts=logic_luts + memory_luts,
            registers=sum(cells[name] for name in REGISTERS),
            bram_tiles=cells["RAMB36E2"] + cells["RAMB18E2"] / 2,
            urams=cells["URAM288"],
            dsps=cells["DSP48E2"],
        ),
        logic_luts=logic_luts,
        memory_luts=memory_luts,
        carry8s=ceil(cells["CARRY4"] / 2),
        cells=tuple(sorted(cells.items())),
    )
