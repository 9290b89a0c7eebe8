"""The Tcl that fills the parameter memories of the stitched netlist, cell by cell, and writes what becomes the kernel.

INIT properties of block RAMs and look-up tables in an open checkpoint are writable (AMD UG835 `set_property`, UG974;
public scripts exchange firmware and weights so). Nothing is synthesised.
"""

from __future__ import annotations

from collections.abc import Mapping

from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.templates import CONTENTS
from toolchains.vitis.tools.template import render

DONE = "farm done: memories filled"
VALUES = "contents_values.tcl"


def contents_script(job: StitchJob) -> str:
    """The script. The values come from a file of their own."""
    return render(
        CONTENTS,
        {
            "kernel": job.kernel.name,
            "release": str(job.release),
            "threads": job.threads,
            "values": VALUES,
            "done": DONE,
        },
    )


def values_text(contents: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    """Memory -> cell -> INIT properties, as calls."""
    lines = [
        f"farm_fill {memory}/{cell} {{{' '.join(f'{key} {value}' for key, value in values.items())}}}"
        for memory, cells in contents.items()
        for cell, values in cells.items()
    ]
    return "\n".join(["# Made from the memory images.", f"set farm_wanted {len(lines)}", *lines]) + "\n"
