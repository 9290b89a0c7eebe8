"""Turn trained values, or stand-ins, into memory images. The head's step also writes the streamed weights."""

from __future__ import annotations

from blocks.kinds.block import Block
from blocks.origin import STAND_IN
from blocks.trained import parameter_file
from config.frozen import dataclass
from farm.step import PYTHON, Facts, File, Inputs, Output, Step, Text
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage

IMAGES = ("memories.bin", "memories.json")
FC_WEIGHTS = "fc_weights.bin"


@dataclass(frozen=True)
class Recipes:
    """How a general block's arrays are made, for a step: words of its command, and the file that they name."""

    words: tuple[str, ...] = ()
    inputs: tuple[Text, ...] = ()


def recipes_of(block: Block) -> Recipes:
    """The recipes of a general block; nothing for blocks of other kinds."""
    recipes = block.recipes()
    if not recipes:
        return Recipes()
    return Recipes(("--recipes", "recipes.json"), (Text("recipes.json", lambda: json_text(list(recipes))),))


def weights(build: Build, block: Block) -> Step:
    """The step that writes a block's memory images."""
    core = block.core()
    place = f"{build.folder}/weights/{block.name}"
    binary, index = IMAGES
    outputs = [Output(binary, f"{place}/{binary}", may_be_empty=True), Output(index, f"{place}/{index}")]
    recipes = recipes_of(block)
    if block is build.network.streaming:
        outputs.append(Output(FC_WEIGHTS, f"{place}/{FC_WEIGHTS}", may_be_empty=True))
    file = parameter_file(build.network, block)
    source = build.relative(file) if file else ""
    given = ("--parameters", f"{block.name}.npz") if file else ()
    return Step(
        name=f"weights:{block.name}",
        argv=(PYTHON, "-m", "blocks.weights", "--core", "core.json", "--block", block.name, *recipes.words, *given),
        inputs=Inputs(
            modules_of(build.root, "blocks.weights", core),
            Text("core.json", lambda: json_text(core.graph.describe())),
            *recipes.inputs,
            *((File(f"{block.name}.npz", source),) if file else ()),
        ),
        outputs=tuple(outputs),
        log=f"{place}/weights.log",
        tools=interpreter("numpy"),
        facts=Facts(lambda: (("parameters", build.shown(file) if file else STAND_IN), *core.facts())),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def image_files(build: Build, block: Block, folder: str) -> tuple[File, ...]:
    """The memory images of a block as inputs of another step, in `folder` of its scratch folder ("": directly)."""
    inside = f"{folder}/" if folder else ""
    return tuple(File(f"{inside}{name}", f"{build.folder}/weights/{block.name}/{name}") for name in IMAGES)


def fc_weights_file(build: Build) -> tuple[File, ...]:
    """The streamed weights of the last layer as an input of another step; none if all weights are on chip."""
    streaming = build.network.streaming
    return (File(FC_WEIGHTS, f"{build.folder}/weights/{streaming.name}/{FC_WEIGHTS}"),) if streaming else ()


STAGE = Stage("weights", Per.BLOCK, weights, "memory images of")
