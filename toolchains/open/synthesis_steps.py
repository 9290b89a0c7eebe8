"""The step that synthesises a core out of context."""

from __future__ import annotations

from blocks.rtl import RtlView
from farm.step import PYTHON, File, Output, Resources, Step, Text, Tool
from toolchains.failures import signatures
from toolchains.open.synthesis_script import DSP_MAP, NETLIST, STATISTICS, VERILOG, synthesis_script

ERROR_LINES = ("^ERROR: ", "^Traceback ")
OUTPUTS = (NETLIST, VERILOG, STATISTICS, "values.json")


def synthesis_step(
    view: RtlView,
    folder: str,
    modules: tuple[File, ...],
    yosys: Tool,
    tools: tuple[Tool, ...],
    facts: tuple[tuple[str, str], ...],
) -> Step:
    """The `ooc` step of a core in the build's `folder`; `modules` are the project's that its program imports."""
    top = f"{view.name}.sv"
    place = f"{folder}/ooc/{view.name}"
    return Step(
        name=f"ooc:{view.name}",
        argv=(PYTHON, "-m", "toolchains.open.synthesise", "--core", view.name, "--tool", f"Yosys {yosys.version}"),
        inputs=(
            *modules,
            *(File(file, f"blocks/{file}") for file in view.files),
            File(DSP_MAP, f"toolchains/open/{DSP_MAP}"),
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
