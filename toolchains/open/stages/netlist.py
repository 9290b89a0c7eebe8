"""The netlists of cores, of what stands between them, and filled memories, merged into the netlist of the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from blocks.network import Network
from blocks.parameter_memory.plan import memory_plans
from config.problem import ConfigError
from farm.step import PYTHON, File, Inputs, Output, Resources, Step, Text
from integration.design import design_of, kernel_of
from integration.kernel_rtl.links import links_view
from toolchains.common import results
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.open.netlist.names import AREA, ENDINGS, LINKS, LOGIC, MODEL_SOURCES, MODELS, PLACES
from toolchains.open.stages.ooc import synthesis
from toolchains.open.synthesis.script import FILLED_JSON, NETLIST

FIT, MERGE, FILL = (f"toolchains.open.netlist.{name}" for name in ("fit", "merge", "fill"))


def netlist(build: Build, network: Network) -> Step:
    """The step that puts the trained values in."""
    place = f"{build.folder}/{STAGE.name}"
    # In a folder of their own: one has the name of what is made of them.
    cells = {f"cells/{name}": name for name in MODEL_SOURCES}
    with_memories = [block.name for block in network.blocks if memory_plans(block.core().graph)]
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", FILL, "--job", "job.json", "--kernel", "kernel.json", "--cells", *cells),
        inputs=Inputs(
            modules_of(build.root, FILL),
            Text("job.json", lambda: _job(network)),
            Text("kernel.json", lambda: json_text(kernel_of(network).describe())),
            *(File(cell, f"toolchains/open/netlist/{name}") for cell, name in cells.items()),
            *(File(name, f"{place}/{name}") for name in (*LOGIC, PLACES, AREA)),
            *(File(f"filled/{name}.json", f"{build.folder}/memories/{name}/{FILLED_JSON}") for name in with_memories),
        ),
        outputs=tuple(
            Output(name, f"{place}/{name}")
            for name in (*(f"{network.name}.{ending}" for ending in ENDINGS), MODELS, "kernel.xml", "values.json")
        ),
        log=f"{place}/netlist.log",
        tools=interpreter("pyosys"),
        resources=Resources(memory_gib=1.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def _job(network: Network) -> str:
    from toolchains.open.netlist.job import job_of  # noqa: PLC0415 - `doit list` does not need it

    return json_text(job_of(network))


def shared(build: Build) -> Iterator[Step]:
    """Netlists of what stands between blocks, the fit by the areas of `ooc`, and all logic joined."""
    yield synthesis(build, links_view(LINKS, design_of(build.network).links), (), STAGE.name)
    yield _fit(build)
    yield _logic(build)


def _fit(build: Build) -> Step:
    """Blocks to SLRs, as a link to a card would place view rtl; a design that does not fit ends here."""
    place = f"{build.folder}/{STAGE.name}"
    cores = build.network.cores().values()
    # Without budgets the step ends with an error whatever the areas are, so it waits for no synthesis.
    names = dict.fromkeys(core.name for core in cores) if build.platform.budget.slrs else {}
    return Step(
        name=f"{STAGE.name}:fit",
        argv=(
            *(PYTHON, "-m", FIT, "--problem", "problem.json", "--out", "fit.json"),
            *("--values", *(f"{name}=ooc/{name}.json" for name in names)),
        ),
        inputs=Inputs(
            modules_of(build.root, FIT),
            Text("problem.json", lambda: _problem(build)),
            *(File(f"ooc/{name}.json", f"{build.folder}/ooc/{name}/values.json") for name in names),
        ),
        outputs=(Output("fit.json", f"{place}/fit.json"),),
        log=f"{place}/fit.log",
        tools=interpreter(),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def _problem(build: Build) -> str:
    # Loaded here: `doit list` takes a tenth longer with it.
    from integration.fit.problem import problem_of  # noqa: PLC0415
    from integration.fit.refold import refoldings  # noqa: PLC0415

    views = {core.name: build.view(core) for core in build.network.cores().values()}
    try:
        problem = problem_of(build.network, build.platform, build.settings, build.toolchain, views)
        return json_text(replace(problem, refoldings=refoldings(build.network)).describe())
    except ConfigError as error:
        return json_text({"refused": str(error)})


def _logic(build: Build) -> Step:
    """All logic; parameter memories only by their ports."""
    place, network = f"{build.folder}/{STAGE.name}", build.network
    cores = dict.fromkeys(core.name for core in network.cores().values())
    memories = dict.fromkeys(plan.module for block in network.blocks for plan in memory_plans(block.core().graph))
    return Step(
        name=f"{STAGE.name}:logic",
        argv=(
            *(PYTHON, "-m", MERGE, "--job", "job.json", "--fit", "fit.json"),
            *("--device", build.platform.part),
        ),
        inputs=Inputs(
            modules_of(build.root, MERGE),
            Text("job.json", lambda: _job(network)),
            File("fit.json", f"{place}/fit.json"),
            *(File(f"cores/{name}.json", f"{build.folder}/ooc/{name}/{NETLIST}") for name in cores),
            *(File(f"memories/{name}.json", f"{build.folder}/memories/{name}/{NETLIST}") for name in memories),
            File(f"{LINKS}.json", f"{place}/{LINKS}/{NETLIST}"),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in (*LOGIC, PLACES, AREA)),
        log=f"{place}/logic.log",
        tools=interpreter(),
        facts=tuple((f"{block}.core", core.name) for block, core in network.cores().items()),
        resources=Resources(memory_gib=2.0),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage(
    "netlist",
    Per.NETWORK,
    netlist,
    "kernel's netlist of",
    needs=("ooc", "memories", "netlist"),
    shared=shared,
    shared_doc="what stands between blocks, the fit, and all logic without contents of memories",
    result=results.netlist,
)
