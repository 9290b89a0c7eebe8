"""The dynamic region of the shell: its units, whether they fit, and the contents of each SLR."""

from __future__ import annotations

from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.devices import Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.hardware.verilog import Size
from amd_stand_in.vpp.connectivity import Unit

TOP = "pfm_top_wrapper"


def place_units(design: Netlist, path: list[str], top: str, units: list[str]) -> None:
    """The compute units below the shell's path. In two-stage shells the core is `inst` below the unit."""
    above = TOP
    for word in path:
        if word not in design.modules:
            design.modules[word] = netlist.Cell(Size(), origin="shell")
            design.modules[above].instances.append((word, word))
        above = word
    for unit in units:
        design.modules[f"{unit}_wrapper"] = netlist.Cell(Size(), [("inst", top)], "shell")
        design.modules[above].instances.append((unit, f"{unit}_wrapper"))


def refuse_too_much(sizes: list[tuple[str, Size]], platform: Platform, logs: Path, console: Console) -> None:
    """Raise ToolError, like placement, if the units exceed what the platform leaves to users."""
    total = Size()
    for _, size in sizes:
        total = total + size
    used = (total.lut, total.ff, -(-total.bram18 // 2), total.uram, total.dsp)
    for name, count, budget in zip(("LUTs", "Registers", "BRAMs", "URAMs", "DSPs"), used, platform.budget, strict=True):
        if count > budget:
            console.warning(
                "VPL 60-732", f"Link warning: The available {name} may not be sufficient to accommodate the kernels"
            )
            raise ToolError(
                "VPL UTLZ-1",
                f"Resource utilization: {name} over-utilized in Pblock pblock_dynamic_region (Area constraints exist such that this pblock requires {count} of such cell types but only {budget} compatible sites are available)",
                also=(
                    ("VPL 4-23", "Error(s) found during DRC. Placer not run."),
                    (
                        "VPL 60-773",
                        f"In '{logs}/vivado.log', caught Tcl error: problem implementing dynamic region, impl_1: place_design ERROR, please look at the run log file for more information",
                    ),
                ),
            )


def use_per_slr(design: Netlist, platform: Platform, units: dict[str, Unit], placed: dict[str, str]) -> list[Size]:
    """The size in each SLR: cells by pblock; others in the SLR of their unit, or in SLR0."""
    use = [Size() for _ in range(platform.slrs)]

    def walk(module: str, path: str, at: int) -> None:
        use[at] = use[at] + design.modules[module].size
        for name, inner in design.modules[module].instances:
            below = f"{path}/{name}" if path else name
            wanted = placed.get(below, "")
            slr = int(wanted[-1]) if wanted[-4:-1] == "SLR" or wanted[-4:-1] == "slr" else at
            unit = units.get(name)
            walk(inner, below, int(unit.slr[3:]) if unit is not None and unit.slr else slr)

    walk(design.top, "", 0)
    return use
