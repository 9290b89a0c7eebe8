"""Verilate a core's RTL and compile it to an object that the harness runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from blocks.core.graph import GraphCore
from farm.step import PYTHON, File, Output, Resources, Step, Text
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.settings import CosimSettings
from toolchains.open.simulation.compile_model import HARNESS, MODEL, PACKING, TRACED_HARNESS, TRACED_MODEL
from toolchains.open.simulation.model import JOINT, texts, verilog_files
from toolchains.open.simulation.verilator import verilator

PROGRAM = "toolchains.open.simulation.compile_model"
HEADER = File("harness.hpp", "toolchains/open/simulation/harness.hpp")
PACKING_HEADERS = tuple(
    File(f"{PACKING}/{name}", f"toolchains/open/simulation/{PACKING}/{name}") for name in ("lz4.h", "zlib.h")
)


def model(build: Build, core: GraphCore) -> Step | None:
    """The step of a core. The DMA core has none: `cosim` compiles it together with its bench."""
    if not core.has_block_bench:
        return None
    place = f"{build.folder}/{STAGE.name}/{core.name}"
    operators, rendered = verilog_files(core), texts(core)
    verilog = (*operators, *(name for name in rendered if name != JOINT))
    return Step(
        name=f"{STAGE.name}:{core.name}",
        argv=(PYTHON, "-m", PROGRAM, "--core", core.name, *verilog),
        inputs=(
            *modules_of(build.root, PROGRAM),
            HEADER,
            *(File(file, f"blocks/{file}") for file in operators),
            *(Text(name, text) for name, text in rendered.items()),
        ),
        outputs=(Output(MODEL, f"{place}/{MODEL}"),),
        log=f"{place}/model.log",
        tools=(verilator(), compiler(), *interpreter()),
        facts=core.facts(),
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def harness(build: Build) -> Iterator[Step]:
    """The step that compiles harness and Verilator's library, once for all cores."""
    place = f"{build.folder}/{STAGE.name}/harness"
    yield Step(
        name=f"{STAGE.name}:harness",
        argv=(PYTHON, "-m", PROGRAM, "--harness"),
        inputs=(
            *modules_of(build.root, PROGRAM),
            HEADER,
            File("harness.cpp", "toolchains/open/simulation/harness.cpp"),
        ),
        outputs=(Output(HARNESS, f"{place}/{HARNESS}"),),
        log=f"{place}/model.log",
        tools=(verilator(), compiler(), *interpreter()),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def shared(build: Build) -> Iterator[Step]:
    """The step of the harness and, if waveforms are wanted, further steps: harness and models that can write them."""
    (plain,) = harness(build)
    yield plain
    if not build.settings.section(CosimSettings).trace:
        return
    yield _traced(plain, HARNESS, TRACED_HARNESS, PACKING_HEADERS)
    for core in {block.core().name: block.core() for block in build.network.blocks}.values():
        step = model(build, core)
        if step is not None:
            yield _traced(step, MODEL, TRACED_MODEL)


def _traced(step: Step, output: str, traced: str, more: tuple[File, ...] = ()) -> Step:
    (made,) = step.outputs
    base, _, item = step.name.partition(":")
    return replace(
        step,
        name=f"{base}:traced_{item}",
        argv=(*step.argv[:3], "--waveforms", *step.argv[3:]),
        inputs=(*step.inputs, *more),
        outputs=(Output(traced, made.target.replace(output, traced)),),
        log=step.log.replace(f"{base}.log", f"traced_{base}.log"),
    )


STAGE = Stage(
    "model", Per.CORE, model, "simulation of", shared=shared, shared_doc="runs the models, and models for waveforms"
)
