"""The Tcl that fills the parameter memories of the stitched netlist, cell by cell, and writes what becomes the kernel.

INIT properties of block RAMs and look-up tables in an open checkpoint are writable (AMD UG835 `set_property`, UG974;
public scripts exchange firmware and weights so). Nothing is synthesised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toolchains.vitis.stitch.job import StitchJob

DONE = "farm done: memories filled"
VALUES = "contents_values.tcl"
_PROCEDURES = """\
# All primitives below the parameter memories by memory and place; a search for each would go through the whole design.
set farm_cells [dict create]
set farm_filled 0
foreach cell [get_cells -quiet -hierarchical -filter {NAME =~ *_memory/*}] {
    if {[regexp {(\\w+_memory)/(?:\\w+/)*(bit\\d+|column\\d+/memory)$} [get_property NAME $cell] -> memory place]} {
        dict set farm_cells $memory/$place $cell
    }
}

# 64'hF0, or 0xF0.
proc farm_number {text} {
    regsub {^.*('h|0x)} $text {} digits
    return [expr "0x$digits"]
}

proc farm_fill {place values} {
    global farm_cells farm_filled
    if {![dict exists $farm_cells $place]} {
        error "dataflow-farm: the netlist has no memory cell $place"
    }
    set cell [dict get $farm_cells $place]
    set_property -dict $values $cell
    # Read back, as a number: a memory that stays empty would go unnoticed up to the card.
    foreach {name value} [lrange $values 0 1] {
        if {[farm_number [get_property $name $cell]] != [farm_number $value]} {
            error "dataflow-farm: $name of $cell is [get_property $name $cell] after it was set to $value"
        }
    }
    incr farm_filled
}
"""


def contents_script(job: StitchJob) -> str:
    """The script. The values come from a file of their own."""
    return "\n".join(_script(job)) + "\n"


def _script(job: StitchJob) -> Iterator[str]:
    name = job.kernel.name
    yield f"# {name}: contents of the parameter memories, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield f"open_checkpoint {name}_empty.dcp"
    yield ""
    yield _PROCEDURES
    yield f"source {VALUES}"
    yield "if {$farm_filled != $farm_wanted} {"
    yield '    error "dataflow-farm: $farm_filled memory cells are filled, not $farm_wanted"'
    yield "}"
    yield "# Look-up tables were kept while they held placeholders; now they are like any other."
    yield "foreach place [dict keys $farm_cells] {"
    yield "    if {[string match */bit* $place]} {"
    yield "        reset_property DONT_TOUCH [dict get $farm_cells $place]"
    yield "    }"
    yield "}"
    yield f"write_checkpoint -force {name}.dcp"
    yield f"write_verilog -force -mode funcsim {name}_funcsim.v"
    yield f"write_verilog -force -mode synth_stub {name}_stub.v"
    yield f'puts "{DONE}"'
    yield "exit 0"


def values_text(contents: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    """Memory -> cell -> INIT properties, as calls."""
    lines = [
        f"farm_fill {memory}/{cell} {{{' '.join(f'{key} {value}' for key, value in values.items())}}}"
        for memory, cells in contents.items()
        for cell, values in cells.items()
    ]
    return "\n".join(["# Made from the memory images.", f"set farm_wanted {len(lines)}", *lines]) + "\n"
