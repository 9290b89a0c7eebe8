"""The steps that synthesise: a core out of context, an empty parameter memory; and that fill a block's memories."""

from __future__ import annotations

from collections.abc import Iterable

from blocks.core.rtl import RtlView
from blocks.parameter_memory import rtl as memory_rtl
from blocks.parameter_memory.plan import MemoryPlan
from farm.step import PYTHON, File, Output, Resources, Step, Text, Tool
from toolchains.failures import signatures
from toolchains.open.synthesis.script import (
    DSP_MAP,
    FILLED_JSON,
    FILLED_VERILOG,
    NETLIST,
    STATISTICS,
    VERILOG,
    synthesis_script,
)

ERROR_LINES = ("^ERROR: ", "^Traceback ")
MEMORIES = "memories"
OUTPUTS = (NETLIST, VERILOG, STATISTICS, "values.json")


def synthesis_step(
    view: RtlView,
    folder: str,
    modules: tuple[File, ...],
    yosys: Tool,
    tools: tuple[Tool, ...],
    facts: tuple[tuple[str, str], ...],
    task: str = "ooc",
) -> Step:
    """Synthesise a view in the build's `folder`; `modules` are the project's that the step's program imports."""
    top = f"{view.name}.sv"
    place = f"{folder}/{task}/{view.name}"
    return Step(
        name=f"{task}:{view.name}",
        argv=(
            PYTHON,
            "-m",
            "toolchains.open.synthesis.synthesise",
            "--core",
            view.name,
            "--tool",
            f"Yosys {yosys.version}",
        ),
        inputs=(
            *modules,
            *(File(file, f"blocks/{file}") for file in view.files),
            File(DSP_MAP, f"toolchains/open/synthesis/{DSP_MAP}"),
            Text(top, view.top),
            Text("synthesis.ys", synthesis_script(view.name, (*view.files, top))),
        ),
        outputs=(*(Output(name, f"{place}/{name}") for name in OUTPUTS), Output("yosys.log", f"{place}/yosys.log")),
        log=f"{place}/ooc.log",
        tools=(yosys, *tools),
        facts=facts,
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def memory_view(plan: MemoryPlan) -> RtlView:
    """A parameter memory without contents, as a core with one output."""
    return RtlView(plan.module, memory_rtl.render(plan), (memory_rtl.FILE,), ())


def filling_step(
    block: str, plans: Iterable[MemoryPlan], folder: str, modules: tuple[File, ...], tools: tuple[Tool, ...]
) -> Step:
    """The `memories` step of a block: its images put into the empty netlists."""
    place = f"{folder}/{MEMORIES}/{block}"
    weights = f"{folder}/weights/{block}"
    empty = sorted({plan.module for plan in plans})
    return Step(
        name=f"{MEMORIES}:{block}",
        argv=(PYTHON, "-m", "toolchains.open.synthesis.fill_memory", "--block", block),
        inputs=(
            *modules,
            File("memories.bin", f"{weights}/memories.bin"),
            File("memories.json", f"{weights}/memories.json"),
            *(File(f"{name}.json", f"{folder}/{MEMORIES}/{name}/{NETLIST}") for name in empty),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in (FILLED_JSON, FILLED_VERILOG)),
        log=f"{place}/memories.log",
        tools=tools,
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )
