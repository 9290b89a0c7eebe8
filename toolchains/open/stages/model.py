"""Verilate a core's RTL and compile it to an object that the harness runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.rtl import render
from blocks.dma import DmaCore
from farm.step import PYTHON, File, Output, Resources, Step, Text
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.settings import CosimSettings
from toolchains.open.simulation.compile_model import HARNESS, MODEL, PACKING, TRACED_HARNESS, TRACED_MODEL
from toolchains.open.simulation.dma.bench import HEADERS as BENCH_HEADERS
from toolchains.open.simulation.dma.bench import model_joint
from toolchains.open.simulation.kernel.links import link_modules
from toolchains.open.simulation.model import JOINT, texts, texts_of, verilog_files
from toolchains.open.simulation.verilator import verilator

PROGRAM = "toolchains.open.simulation.compile_model"
HEADER = File("harness.hpp", "toolchains/open/simulation/harness.hpp")
PACKING_HEADERS = tuple(
    File(f"{PACKING}/{name}", f"toolchains/open/simulation/{PACKING}/{name}") for name in ("lz4.h", "zlib.h")
)


def model(build: Build, core: Core) -> Step:
    """The step of a core."""
    if isinstance(core, DmaCore):
        rendered = {f"{core.name}.sv": lambda: render(core).top, JOINT: lambda: model_joint([core])}
        headers = tuple(File(name, f"toolchains/open/simulation/dma/{name}") for name in BENCH_HEADERS)
        return _model(build, core.name, core.sv_files(), rendered, headers, core.facts(), words=("--bare",))
    assert isinstance(core, GraphCore)  # noqa: S101  there is no other kind
    return _model(build, core.name, verilog_files(core), texts(core), (HEADER,), core.facts())


def _model(
    build: Build,
    name: str,
    given: tuple[str, ...],
    rendered: Mapping[str, Callable[[], str]],
    headers: tuple[File, ...],
    facts: tuple[tuple[str, str], ...],
    words: tuple[str, ...] = (),
) -> Step:
    place = f"{build.folder}/{STAGE.name}/{name}"
    verilog = (*given, *(file for file in rendered if file != JOINT))
    return Step(
        name=f"{STAGE.name}:{name}",
        argv=(PYTHON, "-m", PROGRAM, "--core", name, *words, *verilog),
        inputs=(
            *modules_of(build.root, PROGRAM),
            *headers,
            *(File(file, f"blocks/{file}") for file in given),
            *(Text(file, text) for file, text in rendered.items()),
        ),
        outputs=(Output(MODEL, f"{place}/{MODEL}"),),
        log=f"{place}/model.log",
        tools=(verilator(), compiler(), *interpreter()),
        facts=facts,
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def link_models(build: Build) -> Iterator[Step]:
    """What stands between blocks: a model for each shape of a link, and of a register slice."""
    for name, (files, seen, text) in link_modules(build.network).items():
        yield _model(build, name, files, texts_of(seen, partial(str, text)), (HEADER,), (("module", name),))


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
    yield from link_models(build)
    if not build.settings.section(CosimSettings).trace:
        return
    yield _traced(plain, HARNESS, TRACED_HARNESS, PACKING_HEADERS)
    for core in {block.core().name: block.core() for block in build.network.blocks}.values():
        yield _traced(model(build, core), MODEL, TRACED_MODEL)


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
    "model",
    Per.CORE,
    model,
    "simulation of",
    shared=shared,
    shared_doc="runs the models; models of what stands between blocks, and for waveforms",
)
