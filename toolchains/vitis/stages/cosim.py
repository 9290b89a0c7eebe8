"""Simulate a block and compare it with the model: view rtl with Verilator, view hls with HLS co-simulation."""

from __future__ import annotations

from dataclasses import replace

from blocks.kinds.block import Block
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from toolchains.common.core_file import core_text
from toolchains.common.modules import modules_of
from toolchains.common.stage import Per
from toolchains.hls_subset.release import release_header
from toolchains.open.stages import cosim as open_cosim
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.hls.bench import bench_source
from toolchains.vitis.hls.scripts import BENCH, COSIM, COSIM_IMAGES, SYNTHESISED, cosim_script
from toolchains.vitis.stages.hls import header_files, hls, hls_job, tool_name

PROGRAM = "toolchains.vitis.hls.run_cosim"


def cosim(build: VitisBuild, block: Block) -> Step:
    """The step that simulates a block."""
    core = block.core()
    if build.view(core) == "rtl":
        return open_cosim.cosim(build, block)
    place = f"{build.folder}/{STAGE.name}/{block.name}"
    words = ("--core", "core.json", "--release", str(build.release), "--tool", tool_name(build))
    # Limits, tools and signatures are the same as for the core's synthesis.
    return replace(
        hls(build, core),
        name=f"{STAGE.name}:{block.name}",
        argv=(PYTHON, "-m", PROGRAM, *words),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, core),
            *header_files(core),
            File(f"{core.name}.hpp", f"{build.folder}/hls/{core.name}/{SYNTHESISED}"),
            Text("farm_release.hpp", release_header(str(build.release))),
            Text(BENCH, bench_source(core, COSIM_IMAGES)),
            Text("core.json", core_text(core)),
            Text(COSIM, cosim_script(hls_job(build, core))),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in ("values.json", "cosim.rpt")),
        log=f"{place}/cosim.log",
    )


STAGE = replace(open_cosim.STAGE, per=Per.BLOCK, step=cosim, needs=(*open_cosim.STAGE.needs, "hls"))
