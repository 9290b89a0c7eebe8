"""The step that joins a network's models into the program of target hw_emu."""

from __future__ import annotations

from pathlib import Path

from blocks.network import Network
from farm.step import PYTHON, File, Output, Resources, Step, Text
from integration.design import design_of, kernel_of
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.open.simulation.compile_model import HARNESS, MODEL
from toolchains.open.simulation.dma.bench import HEADERS as BENCH_HEADERS
from toolchains.open.simulation.kernel.links import link_modules
from toolchains.open.simulation.kernel.table import HEADERS, program_main
from toolchains.open.simulation.memory import HEADERS as MEMORY_HEADERS

PROGRAM = "toolchains.open.simulation.kernel.stitch"
SIMULATION = "toolchains/open/simulation"


def program_step(build: Build, network: Network, name: str, place: str, log: str) -> Step:
    """The step of that name; `place` is the folder of its outputs, `log` what its log is called."""
    cores = network.cores()
    names = sorted({core.name for core in cores.values()})
    models = (*names, *link_modules(network))
    return Step(
        name=name,
        argv=(
            *(PYTHON, "-m", PROGRAM, "--design", "design.json", "--kernel", "kernel.json"),
            *("--cores", *names, "--models", *models),
        ),
        inputs=(
            *modules_of(build.root, PROGRAM),
            *(File(f"{each}/interface.json", f"{build.folder}/hls/{each}/interface.json") for each in names),
            *(File(f"{each}/{MODEL}", f"{build.folder}/model/{each}/{MODEL}") for each in models),
            File(HARNESS, f"{build.folder}/model/harness/{HARNESS}"),
            File("protocol.hpp", "toolchains/open/emulation/protocol.hpp"),
            File("harness.hpp", f"{SIMULATION}/harness.hpp"),
            *(File(each, f"{SIMULATION}/dma/{each}") for each in BENCH_HEADERS),
            *(File(each, f"{SIMULATION}/memory/{each}") for each in MEMORY_HEADERS),
            *(File(Path(each).name, f"{SIMULATION}/kernel/{each}") for each in HEADERS),
            Text("main.cpp", program_main(network)),
            Text("design.json", json_text(design_of(network).describe())),
            Text("kernel.json", json_text(kernel_of(network).describe())),
        ),
        outputs=(Output("program", f"{place}/program"), Output("kernel.xml", f"{place}/kernel.xml")),
        log=f"{place}/{log}.log",
        tools=(compiler(), *interpreter()),
        facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )
