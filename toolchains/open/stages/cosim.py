"""Simulate RTL cycle by cycle: compare a block with the integer model, the DMA block with a description of its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from blocks.core.rtl import render
from blocks.kinds.block import Block
from blocks.origin import STAND_IN
from blocks.trained import parameter_file
from farm.step import PYTHON, Facts, File, Inputs, Output, Resources, Step, Text
from toolchains.common import results
from toolchains.common.build import Build
from toolchains.common.core_file import core_text, json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import image_files, recipes_of
from toolchains.open.settings import CosimSettings
from toolchains.open.simulation.compile_model import HARNESS, MODEL, TRACED_HARNESS, TRACED_MODEL, WAVEFORM
from toolchains.open.simulation.dma.bench import JOINT, SOURCES, joint
from toolchains.open.simulation.verilator import verilator
from toolchains.open.simulation.waveform import keeper

PROGRAM = "toolchains.open.simulation.cosim"
DMA_PROGRAM = "toolchains.open.simulation.dma.cosim"
ARCHIVE = "archive.npz"
"""The name of the user's images (setting `cosim.inputs`) in the step's folder."""


def cosim(build: Build, block: Block) -> Step:
    """The step that simulates a block's core with its memory images and compares it with the model."""
    core, network = block.core(), build.network
    place = f"{build.folder}/{STAGE.name}/{block.name}"
    settings = build.settings.section(CosimSettings)
    file = parameter_file(network, block)
    parameters = build.relative(file) if file else ""
    words = [f"--block={block.name}", f"--interval={network.interval()[0]}", f"--images={settings.images}"]
    given = []
    if parameters:
        given.append(File(f"{block.name}.npz", parameters))
        words.append(f"--parameters={block.name}.npz")
    if network.dataset is not None:
        given.append(File("held_out.npy", f"{build.folder}/stimuli/{block.name}.npy"))
        words.append("--held-out=held_out.npy")
    if settings.inputs:
        given.append(File(ARCHIVE, settings.inputs))
        # Pass the names of all blocks, so the step can detect a misspelt one in the archive.
        words += [f"--archive={ARCHIVE}", f"--blocks={','.join(one.name for one in network.blocks)}"]
    recipes = recipes_of(block)
    outputs = [Output("values.json", f"{place}/values.json")]
    if settings.trace:
        given.append(File(TRACED_MODEL, f"{build.folder}/model/{core.name}/{TRACED_MODEL}"))
        given.append(File(TRACED_HARNESS, f"{build.folder}/model/harness/{TRACED_HARNESS}"))
        words.append("--waveform")
        outputs.append(Output(WAVEFORM, f"{place}/{WAVEFORM}"))
    return Step(
        name=f"{STAGE.name}:{block.name}",
        argv=(PYTHON, "-m", PROGRAM, "--core=core.json", *recipes.words, *words),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, core),
            File(MODEL, f"{build.folder}/model/{core.name}/{MODEL}"),
            File(HARNESS, f"{build.folder}/model/harness/{HARNESS}"),
            *image_files(build, block, ""),
            *given,
            *recipes.inputs,
            Text("core.json", lambda: core_text(core)),
        ),
        outputs=tuple(outputs),
        log=f"{place}/cosim.log",
        tools=(verilator(), compiler(), *interpreter("numpy")),
        facts=Facts(
            lambda: (("core", core.name), ("parameters", build.shown(file) if file else STAND_IN), *core.facts())
        ),
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def dma_cosim(build: Build) -> Iterator[Step]:
    """The step that simulates the DMA block with a host, a card memory and streams.

    It has no `model` step: core and bench are one program, which compiles in seconds. Verilator's library is in the
    harness of the models.
    """
    dma = build.network.dma
    core, images = dma.core(), build.settings.section(CosimSettings).images
    view = render(core)
    place = f"{build.folder}/{STAGE.name}/{dma.name}"
    words = (f"--block={dma.name}", f"--images={images}", *view.files)
    yield Step(
        name=f"{STAGE.name}:{dma.name}",
        argv=(PYTHON, "-m", DMA_PROGRAM, "--core=core.json", *words),
        inputs=Inputs(
            modules_of(build.root, DMA_PROGRAM),
            File(HARNESS, f"{build.folder}/model/harness/{HARNESS}"),
            *(File(file, f"blocks/{file}") for file in view.files),
            *(File(file, f"toolchains/open/simulation/dma/{file}") for file in SOURCES),
            Text(f"{view.name}.sv", lambda: view.top),
            Text(JOINT, lambda: joint([core])),
            Text("core.json", lambda: json_text(core.describe())),
        ),
        outputs=(Output("values.json", f"{place}/values.json"),),
        log=f"{place}/cosim.log",
        tools=(verilator(), compiler(), *interpreter("numpy")),
        facts=Facts(core.facts),
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def waveform_keeper(build: Build) -> Callable[[tuple[Path, ...]], None] | None:
    """The function that copies the waveform to the place that the user names, or None."""
    return keeper(build.root, build.settings.section(CosimSettings).trace)


STAGE = Stage(
    "cosim",
    Per.BLOCK,
    cosim,
    "cycles, stalls and FIFO marks of",
    needs=("weights", "model", "stimuli"),
    shared=dma_cosim,
    shared_doc="cycles of the DMA block at a card memory",
    hook=waveform_keeper,
    result=results.simulation,
)
