"""The `cosim` step of a block in view hls: the step of its core's `hls` task, with another program and script."""

from __future__ import annotations

from dataclasses import replace

from blocks.core.graph import GraphCore
from farm.step import PYTHON, File, Output, Step, Text
from toolchains.core_file import core_text
from toolchains.vitis.hls.bench import bench_source
from toolchains.vitis.hls.scripts import BENCH, COSIM, COSIM_IMAGES, SYNTHESISED, HlsJob, cosim_script


def hls_cosim_step(
    hls: Step, block: str, core: GraphCore, job: HlsJob, folder: str, modules: tuple[File, ...], tool_name: str
) -> Step:
    """The step that simulates a block's core as `hls` has synthesised it.

    Args:
        hls: The core's, whose limits, tools and signatures are taken.
        block: Its name.
        core: Its core.
        job: What the core's scripts depend on.
        folder: The build's.
        modules: Those that the program imports.
        tool_name: Name and release, for the values.
    """
    place = f"{folder}/cosim/{block}"
    (release,) = (item for item in hls.inputs if item.path == "farm_release.hpp")
    words = ("--core", "core.json", "--release", str(job.release), "--tool", tool_name)
    return replace(
        hls,
        name=f"cosim:{block}",
        argv=(PYTHON, "-m", "toolchains.vitis.hls.run_cosim", *words),
        inputs=(
            *modules,
            *(File(header, f"blocks/{header}") for header in ("operators/farm_hls.hpp", *core.headers())),
            File(f"{core.name}.hpp", f"{folder}/hls/{core.name}/{SYNTHESISED}"),
            release,
            Text(BENCH, bench_source(core, COSIM_IMAGES)),
            Text("core.json", core_text(core)),
            Text(COSIM, cosim_script(job)),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in ("values.json", "cosim.rpt")),
        log=f"{place}/cosim.log",
    )
