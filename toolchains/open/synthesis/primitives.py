"""The primitives that a netlist may consist of. Each has a count, a delay and a model for simulation.

A count is in `utilization`, a delay in `delays`, a model in `toolchains/open/netlist/models.v`. A cell without one of
them would look free, look fast or could not be checked, so it stops the build.
"""

from __future__ import annotations

from collections.abc import Iterable

LUTS = frozenset({"LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "LUT6_2"})
WIDE_MUXES = frozenset({"MUXF7", "MUXF8", "MUXF9"})
REGISTERS = ("FDRE", "FDSE", "FDCE", "FDPE")
MEMORY_LUTS = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8,
    "SRL16E": 1, "SRLC32E": 1,
}  # fmt: skip
"""LUTs that a primitive of distributed memory occupies. Two SRL16E may share one; they are counted as two."""
BRAM_TILES = {"RAMB36E2": 1.0, "RAMB18E2": 0.5}

PRIMITIVES = LUTS | WIDE_MUXES | {"CARRY8", "DSP48E2", "URAM288", *REGISTERS, *MEMORY_LUTS, *BRAM_TILES}
"""Of UltraScale+ (AMD UG974, design elements)."""
CONVERTED = frozenset({"CARRY4", "INV"})
"""What Yosys leaves in their place: two CARRY4 are a CARRY8, INV is a LUT1."""
SOURCES = frozenset({"VCC", "GND"})
"""Constants. They cost nothing."""


class UnknownPrimitiveError(Exception):
    """A netlist has a primitive that nothing here counts, times or simulates."""


def check_known(core: str, cells: Iterable[str]) -> None:
    """Check the types of a netlist's cells. Raises UnknownPrimitiveError with all that are unknown."""
    unknown = sorted(set(cells) - PRIMITIVES - CONVERTED - SOURCES)
    if unknown:
        raise UnknownPrimitiveError(
            f"{core}: the netlist has {', '.join(unknown)}, a primitive without count, delay or model; write the RTL "
            "without it, or add it to toolchains/open/synthesis/primitives.py, utilization.py and delays.py and to "
            "toolchains/open/netlist/models.v"
        )
