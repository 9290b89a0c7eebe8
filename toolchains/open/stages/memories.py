"""Parameter memories: synthesise one empty netlist per width and depth, then fill in the images of each block."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.core.rtl import RtlView
from blocks.kinds.block import Block
from blocks.parameter_memory import rtl as memory_rtl
from blocks.parameter_memory.plan import MemoryPlan, memory_plans
from farm.step import PYTHON, File, Inputs, Output, Resources, Step
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import image_files
from toolchains.open.stages.ooc import synthesis
from toolchains.open.synthesis.script import FILLED_JSON, FILLED_VERILOG, NETLIST

PROGRAM = "toolchains.open.synthesis.fill_memory"


def memory_view(plan: MemoryPlan) -> RtlView:
    """An empty parameter memory in the form of a core with one output."""
    return RtlView(plan.module, lambda: memory_rtl.render(plan), (memory_rtl.FILE,), ())


def empty_memories(build: Build) -> Iterator[Step]:
    """The steps that synthesise empty memories. Trained values never enter a synthesis."""
    plans = [plan for block in build.network.blocks for plan in memory_plans(block.core().graph)]
    for plan in {plan.module: plan for plan in plans}.values():
        # Its memory is made of explicit primitives.
        yield synthesis(build, memory_view(plan), (), STAGE.name, infers=False)


def memories(build: Build, block: Block) -> Step:
    """The step that fills a block's images into the empty netlists."""
    place = f"{build.folder}/{STAGE.name}/{block.name}"
    empty = sorted({plan.module for plan in memory_plans(block.core().graph)})
    return Step(
        name=f"{STAGE.name}:{block.name}",
        argv=(PYTHON, "-m", PROGRAM, "--block", block.name),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            *image_files(build, block, ""),
            *(File(f"{name}.json", f"{build.folder}/{STAGE.name}/{name}/{NETLIST}") for name in empty),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in (FILLED_JSON, FILLED_VERILOG)),
        log=f"{place}/memories.log",
        tools=interpreter("numpy", "pyosys"),
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage(
    "memories",
    Per.BLOCK,
    memories,
    "parameter memories of",
    needs=("weights", "memories"),
    shared=empty_memories,
    shared_doc="a memory without contents",
)
