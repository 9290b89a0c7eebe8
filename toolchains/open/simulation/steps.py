"""The steps that simulate: `model` per core of operators, `cosim` per block, and what they share."""

from __future__ import annotations

import json

from blocks.core.graph import GraphCore
from blocks.core.rtl import render
from blocks.dma import Dma
from blocks.network import Block, Network
from farm.step import PYTHON, File, Output, Resources, Step, Text, Tool
from toolchains.core_file import core_text
from toolchains.failures import signatures
from toolchains.open.simulation.compile_model import HARNESS, MODEL
from toolchains.open.simulation.dma.bench import JOINT as DMA_JOINT
from toolchains.open.simulation.dma.bench import SOURCES as DMA_SOURCES
from toolchains.open.simulation.dma.bench import joint as dma_joint
from toolchains.open.simulation.model import JOINT, texts, verilog_files

ARCHIVE = "archive.npz"
"""The user's images by block (setting `cosim.inputs`), beside the step."""
ERROR_LINES = ("^ERROR: ", "^Traceback ")
HEADER = File("harness.hpp", "toolchains/open/simulation/harness.hpp")

Facts = tuple[tuple[str, str], ...]


def harness_step(folder: str, modules: tuple[File, ...], tools: tuple[Tool, ...]) -> Step:
    """Harness and Verilator's library, compiled once for all cores. `modules` are those that its program imports."""
    place = f"{folder}/model/harness"
    return Step(
        name="model:harness",
        argv=(PYTHON, "-m", "toolchains.open.simulation.compile_model", "--harness"),
        inputs=(*modules, HEADER, File("harness.cpp", "toolchains/open/simulation/harness.cpp")),
        outputs=(Output(HARNESS, f"{place}/{HARNESS}"),),
        log=f"{place}/model.log",
        tools=tools,
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def model_step(core: GraphCore, folder: str, modules: tuple[File, ...], tools: tuple[Tool, ...], facts: Facts) -> Step:
    """The core's RTL as an object file."""
    place = f"{folder}/model/{core.name}"
    operators, rendered = verilog_files(core), texts(core)
    verilog = (*operators, *(name for name in rendered if name != JOINT))
    return Step(
        name=f"model:{core.name}",
        argv=(PYTHON, "-m", "toolchains.open.simulation.compile_model", "--core", core.name, *verilog),
        inputs=(
            *modules,
            HEADER,
            *(File(file, f"blocks/{file}") for file in operators),
            *(Text(name, text) for name, text in rendered.items()),
        ),
        outputs=(Output(MODEL, f"{place}/{MODEL}"),),
        log=f"{place}/model.log",
        tools=tools,
        facts=facts,
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def stimuli_step(
    network: Network,
    folder: str,
    images: int,
    modules: tuple[File, ...],
    files: tuple[File, ...],
    tools: tuple[Tool, ...],
) -> Step:
    """Held-out images on their way through the network; `files` are the network's own, and its trained values."""
    place = f"{folder}/stimuli"
    words = ("--network", network.file.name, "--images", str(images))
    return Step(
        name=f"stimuli:{network.name}",
        argv=(PYTHON, "-m", "toolchains.open.simulation.stimuli", *words),
        inputs=(*modules, *files),
        outputs=tuple(Output(f"{block.name}.npy", f"{place}/{block.name}.npy") for block in network.blocks),
        log=f"{place}/stimuli.log",
        tools=tools,
        facts=(("cosim.images", str(images)),),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def cosim_step(
    block: Block,
    folder: str,
    interval_cycles: int,
    images: int,
    modules: tuple[File, ...],
    parameters: str,
    stimuli: tuple[File, ...],
    tools: tuple[Tool, ...],
    facts: Facts,
    blocks: tuple[str, ...] = (),
) -> Step:
    """The block, simulated and compared with the model.

    Args:
        block: What is simulated.
        folder: The build's.
        interval_cycles: In which the network takes an image.
        images: Back to back.
        modules: Those that the program imports.
        parameters: The file of trained values; empty: stand-ins.
        stimuli: `held_out.npy`, `archive.npz`, both or none of them.
        tools: All of them.
        facts: Behind the key.
        blocks: All of the network, so that an archive's misspelt name is found.
    """
    core, place = block.core(), f"{folder}/cosim/{block.name}"
    trained = (File(f"{block.name}.npz", parameters),) if parameters else ()
    words = [f"--block={block.name}", f"--interval={interval_cycles}", f"--images={images}"]
    words += [f"--parameters={file.path}" for file in trained]
    words += [f"--{file.path.partition('.')[0].replace('_', '-')}={file.path}" for file in stimuli]
    if any(file.path == ARCHIVE for file in stimuli):
        words.append(f"--blocks={','.join(blocks)}")
    return Step(
        name=f"cosim:{block.name}",
        argv=(PYTHON, "-m", "toolchains.open.simulation.cosim", "--core=core.json", *words),
        inputs=(
            *modules,
            File(MODEL, f"{folder}/model/{core.name}/{MODEL}"),
            File(HARNESS, f"{folder}/model/harness/{HARNESS}"),
            *(File(name, f"{folder}/weights/{block.name}/{name}") for name in ("memories.bin", "memories.json")),
            *trained,
            *stimuli,
            Text("core.json", core_text(core)),
        ),
        outputs=(Output("values.json", f"{place}/values.json"),),
        log=f"{place}/cosim.log",
        tools=tools,
        facts=facts,
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def dma_cosim_step(
    dma: Dma, folder: str, images: int, modules: tuple[File, ...], tools: tuple[Tool, ...], facts: Facts
) -> Step:
    """The DMA block between a host, a card memory and streams, simulated and compared with a description of its task.

    It has no `model` step: core and bench are one program, which takes seconds to compile.
    """
    core, place = dma.core(), f"{folder}/cosim/{dma.name}"
    view = render(core)
    words = (f"--block={dma.name}", f"--images={images}", *view.files)
    return Step(
        name=f"cosim:{dma.name}",
        argv=(PYTHON, "-m", "toolchains.open.simulation.dma.cosim", "--core=core.json", *words),
        inputs=(
            *modules,
            *(File(file, f"blocks/{file}") for file in view.files),
            *(File(file, f"toolchains/open/simulation/dma/{file}") for file in DMA_SOURCES),
            Text(f"{view.name}.sv", view.top),
            Text(DMA_JOINT, dma_joint([core])),
            Text("core.json", json.dumps(core.describe(), indent=1, sort_keys=True) + "\n"),
        ),
        outputs=(Output("values.json", f"{place}/values.json"),),
        log=f"{place}/cosim.log",
        tools=tools,
        facts=facts,
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )
