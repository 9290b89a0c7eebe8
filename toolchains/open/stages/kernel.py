"""The whole kernel simulated with images back to back: interval, latency, who waits for whom, marks of all FIFOs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from blocks.network import Network
from blocks.trained import parameter_file
from farm.step import PYTHON, File, Inputs, Output, Resources, Step
from toolchains.common import results
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.pictures import packages, pictures
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import fc_weights_file, image_files
from toolchains.open.settings import HwEmuSettings
from toolchains.open.simulation.compile_model import WAVEFORM
from toolchains.open.simulation.kernel.program_step import program_step
from toolchains.open.simulation.kernel.settings import told
from toolchains.open.simulation.verilator import verilator
from toolchains.open.simulation.waveform import copier

PROGRAM = "toolchains.open.simulation.kernel.run"
OWN = "open"
TRACED = "traced/"
"""The folder of the program that writes waveforms."""


def kernel(build: Build, network: Network) -> Step | None:
    """The step of a network; none for a toolchain that borrows open's stages, since its kernel is another one."""
    if build.toolchain != OWN:
        return None
    place = f"{build.folder}/{STAGE.name}"
    folder = network.parameters.relative_to(network.file.parent).as_posix()
    trained = {block.name: file for block in network.blocks if (file := parameter_file(network, block))}
    files = {
        **{file.name: file for file in network.files},
        **{f"{folder}/{name}.npz": file for name, file in trained.items()},
    }
    words, inputs = told(build)
    settings = build.settings.section(HwEmuSettings)
    images, traced = str(settings.images), bool(settings.trace)
    window = ("--trace", str(settings.trace_image), str(settings.trace_cycles)) if traced else ()
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(
            *(PYTHON, "-m", PROGRAM, "--network", network.file.name),
            *("--images", images, *words, *window),
        ),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, *(block.core() for block in network.blocks)),
            File("program", f"{place}/{TRACED if traced else ''}program"),
            *(file for block in network.blocks for file in image_files(build, block, f"weights/{block.name}")),
            *fc_weights_file(build),
            *(File(path, build.relative(source)) for path, source in files.items()),
            *pictures(build, network.dataset, int(images), "hw_emu.images"),
            *inputs,
        ),
        outputs=(
            Output("values.json", f"{place}/values.json"),
            *((Output(WAVEFORM, f"{place}/{WAVEFORM}"),) if traced else ()),
        ),
        log=f"{place}/kernel.log",
        tools=(verilator(), *interpreter("numpy", *packages(network.dataset))),
        facts=(("hw_emu.images", images), ("clock_mhz", str(build.clock_mhz)), ("platform", build.platform.vbnv)),
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def program(build: Build) -> Iterator[Step]:
    """The simulation itself, which target hw_emu puts into the xclbin; on request also one that writes waveforms."""
    if build.toolchain != OWN:
        return
    place = f"{build.folder}/{STAGE.name}"
    yield program_step(build, build.network, f"{STAGE.name}:program", place, "program")
    if build.settings.section(HwEmuSettings).trace:
        name = f"{STAGE.name}:traced_program"
        yield program_step(build, build.network, name, f"{place}/{TRACED}".rstrip("/"), "program", waveforms=True)


def waveform_copier(build: Build) -> Callable[[tuple[Path, ...]], None] | None:
    """The function that copies the waveform to the place that the user names, or None."""
    return copier(build.root, build.settings.section(HwEmuSettings).trace)


STAGE = Stage(
    "kernel",
    Per.NETWORK,
    kernel,
    "cycles of all blocks of",
    needs=("model", "weights", "placement"),
    shared=program,
    shared_doc="models of all blocks joined",
    hook=waveform_copier,
    result=results.kernel,
)
