"""Synthesise RTL with Yosys, out of context: netlist, utilization, logic delay."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.core.base import Core
from blocks.core.rtl import RtlView, render
from blocks.dma import DmaCore
from farm.step import PYTHON, Facts, File, Inputs, Output, Resources, Step, Text
from toolchains.common import results
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.synthesis.script import DSP_MAP, NETLIST, STATISTICS, VERILOG, synthesis_script

PROGRAM = "toolchains.open.synthesis.synthesise"
OUTPUTS = (NETLIST, VERILOG, STATISTICS, "values.json")


def ooc(build: Build, core: Core) -> Step:
    """The step that synthesises a core."""
    urams = core.keeps_weights if isinstance(core, DmaCore) else False
    return synthesis(build, render(core), Facts(core.facts), "ooc", urams=urams)


def synthesis(
    build: Build,
    view: RtlView,
    facts: Sequence[tuple[str, str]],
    task: str,
    *,
    urams: bool = False,
    infers: bool = True,
) -> Step:
    """The step that synthesises a view, named as an item of `task`.

    `urams`: whether it has UltraRAM; `infers`: whether its source holds a memory that Yosys has to map.
    """
    top = f"{view.name}.sv"
    place = f"{build.folder}/{task}/{view.name}"
    python, yosys = interpreter("pyosys")
    return Step(
        name=f"{task}:{view.name}",
        argv=(PYTHON, "-m", PROGRAM, "--core", view.name, "--tool", f"Yosys {yosys.version}"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            *(File(file, f"blocks/{file}") for file in view.files),
            File(DSP_MAP, f"toolchains/open/synthesis/{DSP_MAP}"),
            Text(top, lambda: view.top),
            Text("synthesis.ys", lambda: synthesis_script(view.name, (*view.files, top), urams=urams, infers=infers)),
        ),
        outputs=(*(Output(name, f"{place}/{name}") for name in OUTPUTS), Output("yosys.log", f"{place}/yosys.log")),
        log=f"{place}/ooc.log",
        tools=(yosys, python),
        facts=facts,
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage("ooc", Per.CORE, ooc, "netlist of", result=results.synthesis)
