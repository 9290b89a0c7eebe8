"""Render the Tcl that places each block in its SLR inside the linked design. Vivado runs it after opt_design.

`slr=` in the configuration places a whole compute unit. Parts of one are placed by assigning cells to the shell's own
pblocks. If `get_cells` matches nothing, Vivado only warns; this script then fails, because there would be no floorplan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integration.fit.result import Fit
from integration.platform import Shell
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.structural import SINK_SIDE, SOURCE_SIDE
from toolchains.vitis.tools.template import read

PROCEDURES = "toolchains/vitis/link/floorplan_procedures.tcl"
"""An input file of the step `link`; its program renders the script."""


def floorplan_script(job: StitchJob, fit: Fit, shell: Shell) -> str:
    """Render the script. `job` must be placed according to `fit`."""
    return "\n".join(_lines(job, fit, shell)) + "\n"


def _lines(job: StitchJob, fit: Fit, shell: Shell) -> Iterator[str]:
    yield f"# {job.kernel.name} in {shell.vbnv}"
    yield read(PROCEDURES)
    unit = shell.cell(job.kernel.instance)
    pblocks = {f"slr{each.lower().rpartition('slr')[2]}": each for each in shell.pblocks}
    alone = {block.block: block.slrs[0] for block in fit.blocks if len(block.slrs) == 1}
    for block in fit.blocks:
        if len(block.slrs) > 1:
            yield f"# {block.block} fits into no single SLR: the placer chooses between {' and '.join(block.slrs)}."
    for slr, _ in sorted(job.resets):
        cells = [f"reset_{slr}", *_cells(job, alone, slr)]
        yield f"farm_place {pblocks[slr]} {unit} {{{' '.join(cells)}}}"
    if job.style == "ipi":
        for each in (crossing for stage in job.stages for crossing in job.crossings(stage)):
            sides = f"slr_master {pblocks[each.source]} slr_slave {pblocks[each.sink]}"
            yield f"farm_cross {unit} {each.name} {{{sides}}}"


def _cells(job: StitchJob, alone: Mapping[str, str], slr: str) -> Iterator[str]:
    """Names of the cells that belong in an SLR; `alone` maps each block that fits into one SLR to that SLR."""
    yield from (block for block, its in alone.items() if its == slr)
    yield from (memory.name for memory in job.memories if alone.get(memory.block) == slr)
    for stage in job.stages:
        if alone.get(stage.source[0]) == slr:
            yield from [f"{stage.name}_converter"] if stage.converter else []
            yield f"{stage.name}_fifo"
        if job.style != "ipi":
            yield from (each.name + SOURCE_SIDE for each in job.crossings(stage) if each.source == slr)
            yield from (each.name + SINK_SIDE for each in job.crossings(stage) if each.sink == slr)
