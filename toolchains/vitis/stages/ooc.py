"""Synthesise a core with Vivado, out of context: checkpoint, utilization, timing."""

from __future__ import annotations

from blocks.core.base import Core
from blocks.core.rtl import render
from farm.step import PYTHON, Facts, File, Inputs, Output, Step, Text
from toolchains.common import results
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.ooc.scripts import CONSTRAINTS, OocJob, constraints, ooc_script

PROGRAM = "toolchains.vitis.ooc.run"


def ooc(build: VitisBuild, core: Core) -> Step:
    """The step that synthesises a core, from either view."""
    place = f"{build.folder}/ooc/{core.name}"
    view = build.view(core)
    verilog, sources = _sources(build, core)
    route = build.vitis.ooc_route
    job = OocJob(core.name, build.release, build.platform.part, build.clock_ns, build.vitis.threads, verilog, route)
    words = ["--core", core.name, "--tool", f"Vivado {build.version}", "--clock-ns", f"{build.clock_ns:.6f}"]
    words += [*(["--routed"] if route else []), "--view", view]
    step = Step(
        name=f"ooc:{core.name}",
        argv=(PYTHON, "-m", PROGRAM, *words),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            *sources,
            Text(CONSTRAINTS, constraints(build.clock_ns)),
            Text("ooc.tcl", ooc_script(job)),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in (*job.outputs, "values.json")),
        log=f"{place}/ooc.log",
        tools=(build.tool("vivado"), *interpreter()),
        facts=Facts(lambda: (("view", view), *core.facts())),
        resources=build.resources(cores=build.vitis.threads, memory_gib=12.0, licences=build.licences),
    )
    return build.with_limits(step, "ooc_hours")


def _sources(build: VitisBuild, core: Core) -> tuple[tuple[str, ...], tuple[File | Text, ...]]:
    """The SystemVerilog files in reading order (none in view hls), and the step's inputs."""
    if build.view(core) == "hls":
        return (), (File("ip.zip", f"{build.folder}/hls/{core.name}/ip.zip"),)
    view = render(core)
    top = f"{view.name}.sv"
    return (*view.files, top), (*(File(file, f"blocks/{file}") for file in view.files), Text(top, lambda: view.top))


STAGE = Stage("ooc", Per.CORE, ooc, "netlist of", needs=("hls",), result=results.synthesis)
