"""Run Vitis HLS on the C++ view of a core: C simulation, synthesis, packaged IP."""

from __future__ import annotations

from blocks.core.base import Core
from farm.step import PYTHON, Facts, File, Inputs, Output, Step, Text
from toolchains.common.core_file import core_text
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.hls_subset.release import release_header
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.hls.bench import bench_ports, bench_source
from toolchains.vitis.hls.scripts import BENCH, SYNTHESISED, HlsJob, estimate_script, export_script

PROGRAM = "toolchains.vitis.hls.run"
OUTPUTS = ("ip.zip", "csynth.xml", "values.json", "interface.json", SYNTHESISED)


def hls(build: VitisBuild, core: Core) -> Step:
    """The step that makes the IP of a core."""
    place = f"{build.folder}/hls/{core.name}"
    job = hls_job(build, core)
    two_runs = bool(core.fifo_depths())
    scripts = [Text("export.tcl", export_script(job, simulated=two_runs))]
    if two_runs:
        scripts.append(Text("estimate.tcl", estimate_script(job)))
    words = ("--release", str(build.release), "--part", build.platform.part, "--tool", tool_name(build))
    clock = ("--clock-ns", f"{build.clock_ns:.6f}")
    step = Step(
        name=f"hls:{core.name}",
        argv=(PYTHON, "-m", PROGRAM, "--core", "core.json", *words, *clock),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, core),
            *header_files(core),
            Text("farm_release.hpp", release_header(str(build.release))),
            Text(BENCH, bench_source(core)),
            Text("core.json", core_text(core)),
            *scripts,
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in OUTPUTS),
        log=f"{place}/hls.log",
        tools=(build.tool("hls"), *interpreter("numpy")),
        facts=Facts(core.facts),
        resources=build.resources(cores=1, memory_gib=8.0),
    )
    return build.with_limits(step, "hls_hours")


def hls_job(build: VitisBuild, core: Core) -> HlsJob:
    """The inputs of a core's scripts."""
    bench = tuple(port.file for port in bench_ports(core))
    return HlsJob(core.name, build.release, build.platform.part, build.clock_ns, bench)


def header_files(core: Core) -> tuple[File, ...]:
    """The headers that a core's C++ includes."""
    return tuple(File(header, f"blocks/{header}") for header in ("operators/farm_hls.hpp", *core.headers()))


def tool_name(build: VitisBuild) -> str:
    """Name and release of the HLS program, for the values."""
    return f"{build.release.hls_program} {build.version}"


STAGE = Stage("hls", Per.CORE, hls, "core of")
