"""The step that joins a network's models into the program of target hw_emu."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blocks.core.base import Core
from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Resources, Step, Text
from integration.design import design_of, kernel_of
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.open.simulation.compile_model import HARNESS, MODEL, TRACED_HARNESS, TRACED_MODEL
from toolchains.open.simulation.dma.bench import HEADERS as BENCH_HEADERS
from toolchains.open.simulation.kernel.links import LINKS
from toolchains.open.simulation.kernel.table import HEADERS, program_main
from toolchains.open.simulation.memory import HEADERS as MEMORY_HEADERS

PROGRAM = "toolchains.open.simulation.kernel.stitch"
SIMULATION = "toolchains/open/simulation"


def interfaces_of(cores: Iterable[Core]) -> dict[str, Any]:
    """The ports of cores by name, in the form of `check_interfaces`."""
    return {core.name: {"ports": [asdict(port) for port in core.ports()]} for core in cores}


def program_step(build: Build, network: Network, name: str, place: str, log: str, *, waveforms: bool = False) -> Step:
    """The step of that name; `place` is the folder of its outputs, `log` what its log is called."""
    model, harness = (TRACED_MODEL, TRACED_HARNESS) if waveforms else (MODEL, HARNESS)
    cores = network.cores()
    names = sorted({core.name for core in cores.values()})
    models = (*names, LINKS)
    return Step(
        name=name,
        argv=(
            *(PYTHON, "-m", PROGRAM, "--design", "design.json", "--kernel", "kernel.json"),
            *("--interfaces", "interfaces.json", *(("--waveforms",) if waveforms else ()), "--models", *models),
        ),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            *(File(f"{each}/{model}", f"{build.folder}/model/{each}/{model}") for each in models),
            File(harness, f"{build.folder}/model/harness/{harness}"),
            File("protocol.hpp", "toolchains/open/emulation/protocol.hpp"),
            File("harness.hpp", f"{SIMULATION}/harness.hpp"),
            *(File(each, f"{SIMULATION}/dma/{each}") for each in BENCH_HEADERS),
            *(File(each, f"{SIMULATION}/memory/{each}") for each in MEMORY_HEADERS),
            *(File(Path(each).name, f"{SIMULATION}/kernel/{each}") for each in HEADERS),
            Text("main.cpp", lambda: program_main(network)),
            Text("design.json", lambda: json_text(design_of(network).describe())),
            Text("interfaces.json", lambda: json_text(interfaces_of(cores.values()))),
            Text("kernel.json", lambda: json_text(kernel_of(network).describe())),
        ),
        outputs=(Output("program", f"{place}/program"), Output("kernel.xml", f"{place}/kernel.xml")),
        log=f"{place}/{log}.log",
        tools=(compiler(), *interpreter()),
        facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )
