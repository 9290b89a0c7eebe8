"""Run a script of the implementation on the placed design, with the shell's pblocks and the units' paths."""

from __future__ import annotations

from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.misbehave import Faults
from amd_stand_in.run import Run
from amd_stand_in.tcl import Interpreter
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vivado.tool import Vivado


def apply(script: Path, design: Netlist, console: Console, faults: Faults, release: str, root: Path) -> dict[str, str]:
    """Run the script. Returns the pblock of each cell. Raises ToolError if it fails."""

    def tail(name: str, error: ToolError) -> str:
        for line in error.lines():
            console.line(line.replace("ERROR: [Common ", "ERROR: [VPL ").replace("ERROR: [Vivado ", "ERROR: [VPL "))
        return f"ERROR: [Common 17-39] '{name}' failed due to earlier errors."

    def leave(status: int) -> None:
        raise ToolError("VPL 60-773", f"the script '{script}' calls exit {status}")

    tcl = Interpreter(console, leave, tail)
    vivado = Vivado(Run("vivado", release, root, console, faults, tcl))
    vivado.define()
    vivado.project = vivado.add(Thing("project", "prj", {"NAME": "prj", "PART": design.part}))
    vivado.open_design(design, "impl_1")
    for name in ("pblock_dynamic_region", *(f"pblock_dynamic_SLR{at}" for at in range(len(DEVICES[design.part].slrs)))):
        vivado.add(Thing("pblock", name, {"NAME": name}))
    failed = tcl.run(script)
    if failed is not None:
        raise ToolError("VPL 60-773", f"caught Tcl error in '{script}': {failed.splitlines()[0]}")
    return vivado.placed
