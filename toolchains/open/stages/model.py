"""Verilate a core's RTL and compile it to an object that the harness runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.rtl import render
from blocks.dma import DmaCore
from farm.step import PYTHON, Facts, File, Inputs, Output, Resources, Step, Text
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.settings import CosimSettings, HwEmuSettings
from toolchains.open.simulation.compile_model import HARNESS, JOINT, MODEL, PACKING, TRACED_HARNESS, TRACED_MODEL
from toolchains.open.simulation.dma.bench import HEADERS as BENCH_HEADERS
from toolchains.open.simulation.dma.bench import model_joint
from toolchains.open.simulation.kernel.links import LINKS, link_modules
from toolchains.open.simulation.model import runs_briefly, texts, texts_of, verilog_files
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
        words = ("--bare", *_pace(brief=_network_runs_briefly(build)))
        return _model(build, core.name, core.sv_files(), rendered, headers, Facts(core.facts), words)
    assert isinstance(core, GraphCore)  # noqa: S101  there is no other kind
    words = _pace(brief=runs_briefly(core))
    return _model(build, core.name, verilog_files(core), texts(core), (HEADER,), Facts(core.facts), words)


def _pace(*, brief: bool) -> tuple[str, ...]:
    return ("--brief",) if brief else ()


def _network_runs_briefly(build: Build) -> bool:
    """Whether all cores do: what stands between them runs as long as they do."""
    return all(runs_briefly(block.core()) for block in build.network.blocks)


def _model(
    build: Build,
    name: str,
    given: tuple[str, ...],
    rendered: Mapping[str, Callable[[], str]],
    headers: tuple[File, ...],
    facts: Sequence[tuple[str, str]],
    words: tuple[str, ...],
) -> Step:
    verilog = (*given, *(file for file in rendered if file != JOINT))
    return _step(build, name, ("--core", name, *words, "--files", *verilog), given, rendered, headers, facts)


def _step(
    build: Build,
    name: str,
    words: tuple[str, ...],
    given: tuple[str, ...],
    rendered: Mapping[str, Callable[[], str]],
    headers: tuple[File, ...],
    facts: Sequence[tuple[str, str]],
) -> Step:
    place = f"{build.folder}/{STAGE.name}/{name}"
    return Step(
        name=f"{STAGE.name}:{name}",
        argv=(PYTHON, "-m", PROGRAM, *words),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
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
    """What stands between blocks: models of each shape of a link and of a register slice, in one object."""
    modules = link_modules(build.network)
    files = tuple(dict.fromkeys(file for given, _, _ in modules.values() for file in given))
    rendered = {
        f"{name}/{file}": text
        for name, (_, seen, module) in modules.items()
        for file, text in texts_of(seen, partial(str, module)).items()
    }
    words = (*_pace(brief=_network_runs_briefly(build)), "--modules", *modules, "--files", *files)
    yield _step(build, LINKS, words, files, rendered, (HEADER,), (("modules", ", ".join(modules)),))


def harness(build: Build) -> Iterator[Step]:
    """The step that compiles harness and Verilator's library, once for all cores."""
    place = f"{build.folder}/{STAGE.name}/harness"
    yield Step(
        name=f"{STAGE.name}:harness",
        argv=(PYTHON, "-m", PROGRAM, "--harness"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
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
    whole = bool(build.settings.section(HwEmuSettings).trace)
    if not whole and not build.settings.section(CosimSettings).trace:
        return
    yield _traced(plain, HARNESS, TRACED_HARNESS, PACKING_HEADERS)
    blocks = {block.core().name: block.core() for block in build.network.blocks}
    cores: dict[str, Core] = {core.name: core for core in build.network.cores().values()} if whole else {**blocks}
    for core in cores.values():
        yield _traced(model(build, core), MODEL, TRACED_MODEL)
    for step in link_models(build) if whole else ():
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
    "model",
    Per.CORE,
    model,
    "simulation of",
    shared=shared,
    shared_doc="runs the models; models of what stands between blocks, and for waveforms",
)
