"""Turn trained values, or stand-ins, into memory images. The head's step also writes the streamed weights."""

from __future__ import annotations

from blocks.network import Block
from blocks.origin import STAND_IN
from blocks.trained import parameter_file
from farm.step import PYTHON, File, Output, Step, Text
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage

IMAGES = ("memories.bin", "memories.json")
FC_WEIGHTS = "fc_weights.bin"


def weights(build: Build, block: Block) -> Step:
    """The step that writes a block's memory images."""
    core = block.core()
    place = f"{build.folder}/weights/{block.name}"
    binary, index = IMAGES
    outputs = [Output(binary, f"{place}/{binary}", may_be_empty=True), Output(index, f"{place}/{index}")]
    if block is build.network.head:
        outputs.append(Output(FC_WEIGHTS, f"{place}/{FC_WEIGHTS}", may_be_empty=True))
    file = parameter_file(build.network, block)
    source = build.relative(file) if file else ""
    given = ("--parameters", f"{block.name}.npz") if file else ()
    return Step(
        name=f"weights:{block.name}",
        argv=(PYTHON, "-m", "blocks.weights", "--core", "core.json", "--block", block.name, *given),
        inputs=(
            *modules_of(build.root, "blocks.weights", core),
            Text("core.json", lambda: json_text(core.graph.describe())),
            *((File(f"{block.name}.npz", source),) if file else ()),
        ),
        outputs=tuple(outputs),
        log=f"{place}/weights.log",
        tools=interpreter("numpy"),
        facts=(("parameters", source or STAND_IN), *core.facts()),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def image_files(build: Build, block: Block, folder: str) -> tuple[File, ...]:
    """The memory images of a block as inputs of another step, in `folder` of its scratch folder ("": directly)."""
    inside = f"{folder}/" if folder else ""
    return tuple(File(f"{inside}{name}", f"{build.folder}/weights/{block.name}/{name}") for name in IMAGES)


def fc_weights_file(build: Build) -> File:
    """The streamed weights of the last layer as an input of another step."""
    return File(FC_WEIGHTS, f"{build.folder}/weights/{build.network.head.name}/{FC_WEIGHTS}")


STAGE = Stage("weights", Per.BLOCK, weights, "memory images of")
