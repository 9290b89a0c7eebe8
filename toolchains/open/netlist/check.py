"""What must hold in any kernel's netlist: one driver a net, one clock, and for each block the reset of its SLR."""

from __future__ import annotations

from collections.abc import Mapping

from integration.kernel_rtl.slrs import NOWHERE, reset_hops
from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.join import CLOCK, RESET
from toolchains.open.synthesis.netlist import Bit, Cell
from toolchains.open.synthesis.primitives import PRIMITIVES

CLOCK_PINS = {
    **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), ("C",)),
    **dict.fromkeys(("SRL16E", "SRLC32E", "DSP48E2", "URAM288"), ("CLK",)),
    **dict.fromkeys(("RAMB18E2", "RAMB36E2"), ("CLKARDCLK", "CLKBWRCLK")),
    **dict.fromkeys((name for name in PRIMITIVES if name.startswith("RAM") and not name.startswith("RAMB")), ("WCLK",)),
}
"""The clock pins of primitives (AMD UG974)."""


class Checks:
    """Finds faults, module by module. Modules are added behind those that they instantiate."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._clocks: dict[str, frozenset[str]] = {}
        """The ports of a module that feed a clock pin."""

    def add(self, part: Part) -> None:
        """Check a module. Its faults name the cells at both ends."""
        drivers = self._drivers(part)
        clocks = set()
        for cell in part.cells:
            for pin in CLOCK_PINS.get(cell.type, ()) or sorted(self._clocks.get(cell.type, ())):
                for bit in cell.connections.get(pin, ()):
                    port = self._clock(part, cell, pin, bit, drivers)
                    clocks |= {port} if port else set()
        if len(clocks) > 1:
            self.faults.append(f"{part.name}: {', '.join(sorted(clocks))} all feed clock pins; a kernel has one clock")
        self._clocks[part.name] = frozenset(clocks)

    def _drivers(self, part: Part) -> dict[Bit, str]:
        drivers: dict[Bit, str] = {}
        for name, (direction, bits) in part.ports.items():
            if direction == "input":
                drivers |= dict.fromkeys(bits, name)
        for cell in part.cells:
            for port in sorted(cell.outputs):
                for bit in cell.connections[port]:
                    if bit in drivers or isinstance(bit, str):
                        other = drivers.get(bit, f"the constant {bit}")
                        self.faults.append(f"{part.name}: {other} and {cell.name}.{port} drive the same net")
                    drivers[bit] = f"{cell.name}.{port}"
        return drivers

    def _clock(self, part: Part, cell: Cell, pin: str, bit: Bit, drivers: Mapping[Bit, str]) -> str:
        """The port that feeds a clock pin; empty for the unused port of a memory, which is tied."""
        if isinstance(bit, str):
            if len(CLOCK_PINS.get(cell.type, ())) < 2:
                self.faults.append(f"{part.name}: {cell.name}.{pin} has no clock")
            return ""
        driver = drivers.get(bit, "nothing")
        if driver not in part.ports:
            self.faults.append(f"{part.name}: {driver} drives {cell.name}.{pin}, a clock; only {CLOCK} may")
        return driver

    def top(self, part: Part, slrs: Mapping[str, str], dma: str) -> None:
        """Check the top: its clock is `ap_clk`, and each cell has the reset of its SLR. `slrs`: cell to SLR."""
        if self._clocks[part.name] - {CLOCK}:
            self.faults.append(f"{part.name}: {', '.join(sorted(self._clocks[part.name]))} is used as the clock")
        hops = reset_hops(slrs.get(dma, NOWHERE), slrs)
        registers = {cell.connections["Q"][0]: cell for cell in part.cells if cell.type == "FDRE"}
        names = {bit: cell.name for bit, cell in registers.items()}
        for cell in part.cells:
            if RESET not in cell.connections:
                continue
            bit, wanted = cell.connections[RESET][0], f"rst_n_{slrs.get(cell.name, NOWHERE)}_reg"
            found, passed = names.get(bit, "no register"), 0
            while bit in registers and passed <= len(registers):
                bit, passed = registers[bit].connections["D"][0], passed + 1
            if found != wanted:
                self.faults.append(f"{part.name}: {found} resets {cell.name}, expected {wanted}")
            elif bit != part.ports[RESET][1][0] or passed != 1 + hops[slrs.get(cell.name, NOWHERE)]:
                self.faults.append(f"{part.name}: {found}, which resets {cell.name}, does not follow from {RESET}")
