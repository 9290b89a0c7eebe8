"""The Tcl that puts each block into its SLR inside the linked design, run by Vivado behind opt_design.

A whole compute unit has `slr=` in the configuration; what is inside one is placed by cells and the shell's own pblocks.
`get_cells` that match nothing are a warning to Vivado: here they end the run, since the floorplan would be none.
"""

from __future__ import annotations

from collections.abc import Iterator

from integration.fit.solve import Fit
from integration.platform import Shell
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.structural import SINK_SIDE, SOURCE_SIDE

_PROCEDURES = """\
# Cells by their names below the compute unit, whatever is between.
proc farm_place {pblock unit names} {
    foreach name $names {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*/$name || NAME == $unit/$name"]
        if {[llength $cells] != 1} {
            error "dataflow-farm: the floorplan finds [llength $cells] cells called $name in $unit, not one"
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}

# The two sides of a register slice between SLRs. What they are called inside is AMD's: where they are not found, the
# placer has to find the place.
proc farm_cross {unit name sides} {
    foreach {side pblock} $sides {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*$name/*$side*"]
        if {[llength $cells] == 0} {
            puts "WARNING: floorplan: the register slice $name has no cells called $side"
            continue
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}
"""


def floorplan_script(job: StitchJob, fit: Fit, shell: Shell) -> str:
    """The script. `job` is placed as `fit` says."""
    return "\n".join(_lines(job, fit, shell)) + "\n"


def _lines(job: StitchJob, fit: Fit, shell: Shell) -> Iterator[str]:
    yield f"# {job.kernel.name} in {shell.vbnv}"
    yield _PROCEDURES
    unit = shell.cell(job.kernel.instance)
    pblocks = {f"slr{each.lower().rpartition('slr')[2]}": each for each in shell.pblocks}
    alone = {block.block: block.slrs[0] for block in fit.blocks if len(block.slrs) == 1}
    for block in fit.blocks:
        if len(block.slrs) > 1:
            yield f"# No SLR holds {block.block} alone: {' and '.join(block.slrs)}, as the placer likes."
    for slr, _ in sorted(job.resets):
        cells = [f"reset_{slr}"]
        cells += [name for name, its in alone.items() if its == slr]
        cells += [memory.name for memory in job.memories if alone.get(memory.block) == slr]
        for stage in job.stages:
            if alone.get(stage.source[0]) == slr:
                cells += [f"{stage.name}_converter"] if stage.converter else []
                cells.append(f"{stage.name}_fifo")
            if job.style != "ipi":
                cells += [each.name + SOURCE_SIDE for each in job.crossings(stage) if each.source == slr]
                cells += [each.name + SINK_SIDE for each in job.crossings(stage) if each.sink == slr]
        yield f"farm_place {pblocks[slr]} {unit} {{{' '.join(cells)}}}"
    if job.style == "ipi":
        for stage in job.stages:
            for each in job.crossings(stage):
                sides = f"slr_master {pblocks[each.source]} slr_slave {pblocks[each.sink]}"
                yield f"farm_cross {unit} {each.name} {{{sides}}}"
