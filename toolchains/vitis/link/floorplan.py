"""The Tcl that puts each block into its SLR inside the linked design, run by Vivado behind opt_design.

A whole compute unit has `slr=` in the configuration; what is inside one is placed by cells and the shell's own pblocks.
`get_cells` that match nothing are a warning to Vivado: here they end the run, since the floorplan would be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integration.fit.result import Fit
from integration.platform import Shell
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.structural import SINK_SIDE, SOURCE_SIDE
from toolchains.vitis.tools.template import read

PROCEDURES = "toolchains/vitis/link/floorplan_procedures.tcl"
"""A File input of the step `link`, whose program renders the script."""


def floorplan_script(job: StitchJob, fit: Fit, shell: Shell) -> str:
    """The script. `job` is placed as `fit` says."""
    return "\n".join(_lines(job, fit, shell)) + "\n"


def _lines(job: StitchJob, fit: Fit, shell: Shell) -> Iterator[str]:
    yield f"# {job.kernel.name} in {shell.vbnv}"
    yield read(PROCEDURES)
    unit = shell.cell(job.kernel.instance)
    pblocks = {f"slr{each.lower().rpartition('slr')[2]}": each for each in shell.pblocks}
    alone = {block.block: block.slrs[0] for block in fit.blocks if len(block.slrs) == 1}
    for block in fit.blocks:
        if len(block.slrs) > 1:
            yield f"# No SLR holds {block.block} alone: {' and '.join(block.slrs)}, as the placer likes."
    for slr, _ in sorted(job.resets):
        cells = [f"reset_{slr}", *_cells(job, alone, slr)]
        yield f"farm_place {pblocks[slr]} {unit} {{{' '.join(cells)}}}"
    if job.style == "ipi":
        for each in (crossing for stage in job.stages for crossing in job.crossings(stage)):
            sides = f"slr_master {pblocks[each.source]} slr_slave {pblocks[each.sink]}"
            yield f"farm_cross {unit} {each.name} {{{sides}}}"


def _cells(job: StitchJob, alone: Mapping[str, str], slr: str) -> Iterator[str]:
    """Names of the cells that belong into an SLR; `alone` maps each block that one SLR holds to it."""
    yield from (block for block, its in alone.items() if its == slr)
    yield from (memory.name for memory in job.memories if alone.get(memory.block) == slr)
    for stage in job.stages:
        if alone.get(stage.source[0]) == slr:
            yield from [f"{stage.name}_converter"] if stage.converter else []
            yield f"{stage.name}_fifo"
        if job.style != "ipi":
            yield from (each.name + SOURCE_SIDE for each in job.crossings(stage) if each.source == slr)
            yield from (each.name + SINK_SIDE for each in job.crossings(stage) if each.sink == slr)
