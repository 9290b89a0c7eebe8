"""Check the cores' interfaces, write `kernel.xml`, and join the compiled cores into the emulation's program."""

from __future__ import annotations

from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from integration.design import design_of, kernel_of
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.emulation.program import program_main

PROGRAM = "toolchains.open.emulation.stitch"


def stitch(build: Build, network: Network) -> Step:
    """The step that joins a network's cores."""
    cores = network.cores()
    names = sorted({core.name for core in cores.values()})
    place = f"{build.folder}/{STAGE.name}"
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--design", "design.json", "--kernel", "kernel.json", *names),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            *(
                File(f"{name}/{file}", f"{build.folder}/hls/{name}/{file}")
                for name in names
                for file in ("core.o", "interface.json")
            ),
            *(File(name, f"toolchains/open/emulation/{name}") for name in ("program.hpp", "protocol.hpp")),
            Text("main.cpp", lambda: program_main(network)),
            Text("design.json", lambda: json_text(design_of(network).describe())),
            Text("kernel.json", lambda: json_text(kernel_of(network).describe())),
        ),
        outputs=(Output("program", f"{place}/program"), Output("kernel.xml", f"{place}/kernel.xml")),
        log=f"{place}/stitch.log",
        tools=(compiler(), *interpreter()),
        facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage("stitch", Per.NETWORK, stitch, "kernel of", needs=("hls",))
