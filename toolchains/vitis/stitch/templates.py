"""The Tcl files of this folder, and the steps that render them; the files are inputs of these steps.

`toolchains/vitis/tools/template.py` describes the placeholders in them.
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
"""Files that the step `netlist` renders, by `vitis.stitch_style`."""
STITCH_STEP = (CONTENTS, PACKAGING_PROCEDURES, KERNEL)
"""Files that the step `stitch` renders."""
