"""Run held-out images through the integer model to get the input tensor of each block, for `cosim`."""

from __future__ import annotations

from blocks.network import Network
from blocks.trained import parameter_file
from farm.step import PYTHON, File, Inputs, Output, Step
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.pictures import packages, pictures
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.settings import CosimSettings

PROGRAM = "toolchains.open.simulation.stimuli"


def stimuli(build: Build, network: Network) -> Step | None:
    """The step that makes the input tensors; None if the network has no data set."""
    if network.dataset is None:
        return None
    folder = network.parameters.relative_to(network.file.parent).as_posix()
    trained = {block.name: file for block in network.blocks if (file := parameter_file(network, block))}
    files = {
        **{file.name: file for file in network.files},
        **{f"{folder}/{name}.npz": file for name, file in trained.items()},
    }
    images = str(build.settings.section(CosimSettings).images)
    place = f"{build.folder}/{STAGE.name}"
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--network", network.file.name, "--images", images),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, *(block.core() for block in network.blocks)),
            *(File(path, build.relative(source)) for path, source in files.items()),
            *pictures(build, network.dataset, int(images), "cosim.images"),
        ),
        outputs=tuple(Output(f"{block.name}.npy", f"{place}/{block.name}.npy") for block in network.blocks),
        log=f"{place}/stimuli.log",
        tools=interpreter("numpy", *packages(network.dataset)),
        facts=(("cosim.images", images),),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage("stimuli", Per.NETWORK, stimuli, "inputs of the blocks of")
