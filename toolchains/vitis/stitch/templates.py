"""The Tcl files of this room, and which of them a step's program renders: these are File inputs of the step.

Their places for values are those of `toolchains/vitis/tools/template.py`.
"""

from __future__ import annotations

_FOLDER = "toolchains/vitis/stitch/tcl"
DESIGN_PROCEDURES, NETLIST = f"{_FOLDER}/design_procedures.tcl", f"{_FOLDER}/netlist.tcl"
PACKAGING_PROCEDURES, CORE_IP = f"{_FOLDER}/packaging_procedures.tcl", f"{_FOLDER}/core_ip.tcl"
SYNTHESIS, STRUCTURAL = f"{_FOLDER}/synthesis.tcl", f"{_FOLDER}/structural.tcl"
CONTENTS, KERNEL = f"{_FOLDER}/contents.tcl", f"{_FOLDER}/kernel.tcl"

NETLIST_STEP = {
    "ipi": (PACKAGING_PROCEDURES, CORE_IP, SYNTHESIS, DESIGN_PROCEDURES, NETLIST),
    "structural": (STRUCTURAL,),
}
"""Of the step `netlist`, by `vitis.stitch_style`."""
STITCH_STEP = (CONTENTS, PACKAGING_PROCEDURES, KERNEL)
"""Of the step `stitch`."""
