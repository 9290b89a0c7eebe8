"""Render the Tcl that fills the parameter memories of the joined netlist and writes the kernel's netlist.

INIT properties of block RAMs and look-up tables are writable in an open checkpoint (AMD UG835 `set_property`, UG974;
public scripts replace firmware and weights in this way). Nothing is synthesised.
"""

from __future__ import annotations

from collections.abc import Mapping

from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.templates import CONTENTS
from toolchains.vitis.tools.template import render

DONE = "farm done: memories filled"
VALUES = "contents_values.tcl"


def contents_script(job: StitchJob) -> str:
    """Render the script. It reads the values from another file, see `values_text`."""
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
    """Render the calls that fill the memories, from INIT properties by memory and cell."""
    lines = [
        f"farm_fill {memory}/{cell} {{{' '.join(f'{key} {value}' for key, value in values.items())}}}"
        for memory, cells in contents.items()
        for cell, values in cells.items()
    ]
    return "\n".join(["# Made from the memory images.", f"set farm_wanted {len(lines)}", *lines]) + "\n"
