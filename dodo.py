"""The flow, in the order in which data flows. `doit list` shows its tasks, `doit config` its settings."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from blocks.core.graph import Core
from blocks.network import find_network
from blocks.trained import stand_in_note
from config.settings import command_line_words, load_settings
from farm.redaction import Redaction
from farm.settings import FarmSettings
from farm.step import Step
from farm.tasks import doit_config, group, plain_errors, task
from integration.fit.settings import FitSettings
from integration.platform import find_platform
from reports.logs.redaction import redact_part
from reports.summary.gates import gates_of
from toolchains.choose import find_toolchain
from toolchains.fifo_trim import TrimError, write_depths
from toolchains.simulation_settings import CosimSettings
from toolchains.toolchain import Toolchain
from toolchains.vitis.settings import VitisSettings

Task = dict[str, Any]
ROOT = Path(__file__).resolve().parent

SECTIONS = {"farm": FarmSettings, "cosim": CosimSettings, "fit": FitSettings, "vitis": VitisSettings}

with plain_errors():
    SETTINGS = load_settings(ROOT, SECTIONS, command_line_words(sys.argv[1:]))
    NETWORK = find_network(SETTINGS.network, origin=SETTINGS.origin("network"))
    PLATFORM = find_platform(SETTINGS.platform, origin=SETTINGS.origin("platform"))
    SETTINGS = SETTINGS.resolved("vitis.view", NETWORK.views, f"blocks/networks/{NETWORK.name}.yaml")
    TOOLCHAIN: Toolchain = find_toolchain(ROOT, SETTINGS, NETWORK, PLATFORM)
    CORES = NETWORK.cores()
    VIEWS = {core.name: TOOLCHAIN.view(core) for core in CORES.values()}
    GATES = gates_of(SETTINGS, CORES)
REDACTION = Redaction(redact_part)
DOIT_CONFIG = doit_config(TOOLCHAIN.folder, settings=SETTINGS, redaction=REDACTION, default_tasks=["build"])


def task_weights() -> Iterator[Task]:
    """Trained values -> memory images, per block"""
    for block in NETWORK.blocks:
        yield task(TOOLCHAIN.weights(block), doc=f"memory images of {block.name}")


def per_core(name: str, step: Callable[[Any], Step], doc: str, kinds: Any = object) -> Iterator[Task]:
    """A task for each core, once, and for each block a group that names its core's."""
    cores = {block: core for block, core in CORES.items() if isinstance(core, kinds)}
    for core in {core.name: core for core in cores.values()}.values():
        users = [block for block, its in cores.items() if its.name == core.name]
        yield task(step(core), doc=f"{doc} {', '.join(users)}")
    for block, core in cores.items():
        yield group(block, f"{name}:{core.name}")


def task_hls() -> Iterator[Task]:
    """C++ compiled and run against the model, per core; hls:BLOCK names its core"""
    yield from per_core("hls", TOOLCHAIN.hls, "core of")


def task_ooc() -> Iterator[Task]:
    """RTL synthesised out of context, per core: netlist, area, logic delay; ooc:BLOCK names its core"""
    yield from per_core("ooc", TOOLCHAIN.ooc, "netlist of")


def task_model() -> Iterator[Task]:
    """RTL verilated and compiled, per core; model:BLOCK names its core"""
    yield from per_core("model", TOOLCHAIN.model, "simulation of", Core)
    yield task(TOOLCHAIN.harness(), doc="what runs the models")


def task_stimuli() -> Iterator[Task]:
    """Held-out images on their way through the network, for cosim"""
    if step := TOOLCHAIN.stimuli():
        yield task(step, doc=f"what the blocks of {NETWORK.name} read")


def task_cosim() -> Iterator[Task]:
    """RTL simulated with images back to back and compared with the model, per block"""
    for block in NETWORK.blocks:
        yield task(TOOLCHAIN.cosim(block), doc=f"cycles, stalls and FIFO marks of {block.name}")
    yield task(TOOLCHAIN.dma_cosim(), doc=f"cycles of {NETWORK.dma.name} at a card memory")


def task_fifos() -> Task:
    """What cosim measured -> trimmed FIFO depths beside the network file, to be reviewed"""
    return {"actions": [trim_fifos], "task_dep": ["cosim"], "verbosity": 2}


def trim_fifos() -> TaskFailed | None:
    """Write the depths and say what they are."""
    try:
        print(write_depths(ROOT, TOOLCHAIN.folder, NETWORK))  # noqa: T201
    except TrimError as error:
        return TaskFailed(str(error))
    return None


def task_memories() -> Iterator[Task]:
    """Parameter memories: netlists without contents, one per width and depth; memories:BLOCK fills in its images"""
    empty = {step.name: step for block in NETWORK.blocks for step in TOOLCHAIN.empty_memories(block)}
    for step in empty.values():
        yield task(step, doc="a memory without contents")
    for block in NETWORK.blocks:
        yield task(TOOLCHAIN.memories(block), doc=f"parameter memories of {block.name}")


def task_block() -> Iterator[Task]:
    """All that one block needs"""
    trained = {block.name for block in NETWORK.blocks}
    for block in CORES:
        yield group(block, f"{TOOLCHAIN.core_task}:{block}", *([f"weights:{block}"] if block in trained else []))


def task_netlist() -> Iterator[Task]:
    """The cores joined in one netlist, parameter memories empty: what new weights leave as it is"""
    if step := TOOLCHAIN.netlist(CORES):
        yield task(step, doc=f"netlist of {NETWORK.name} without weights")


def task_stitch() -> Iterator[Task]:
    """The cores joined into one kernel: interfaces checked, kernel.xml"""
    yield task(TOOLCHAIN.stitch(CORES), doc=f"kernel of {NETWORK.name}")


def task_link() -> Iterator[Task]:
    """The kernel put into the platform: the xclbin"""
    yield task(TOOLCHAIN.link(), doc=f"xclbin of {NETWORK.name}", publish_hook=trust_built, note=stand_in_note(NETWORK))


def task_placement() -> Iterator[Task]:
    """Blocks to SLRs after what ooc has found, for stitch and link"""
    if step := TOOLCHAIN.placement():
        yield task(step, doc=f"blocks of {NETWORK.name} to SLRs")


def task_payload() -> Iterator[Task]:
    """Where a stand-in takes the place of AMD's tools: what its xclbin carries along, so that it classifies"""
    for step in TOOLCHAIN.payload():
        yield task(step, doc=f"for the stand-in: {step.name.partition(':')[2]}")


def task_tools() -> Task:
    """AMD's tools on this machine: what is found, and what is missing for which target"""
    return {"actions": [show_tools], "verbosity": 2}


def show_tools() -> None:
    """Print it; nothing is started."""
    from toolchains.vitis.tools.tools_report import tools_report  # noqa: PLC0415  only when asked for

    print(tools_report(SETTINGS, PLATFORM))  # noqa: T201


def task_build() -> Task:
    """Everything up to the xclbin (the default)"""
    return {"actions": None, "task_dep": ["link"]}


def task_fit() -> Task:
    """Blocks to SLRs of the board, with what is known; starts no tool"""
    return {"actions": [show_fit], "verbosity": 2}


def show_fit() -> TaskFailed | None:
    """Print the fit; one that there is not fails with what is missing."""
    from integration.fit.command import show  # noqa: PLC0415  only when asked for

    missing = show(NETWORK, PLATFORM, SETTINGS, ROOT / TOOLCHAIN.folder, TOOLCHAIN.name, VIEWS)
    return TaskFailed(missing) if missing else None


def task_reports() -> Task:
    """What is known of the build: cycles, area, budget, times, gates; starts no tool"""
    return {"actions": [show_reports], "verbosity": 2}


def show_reports() -> TaskFailed | None:
    """Leave what reports cannot know of blocks and boards, and print the report; a gate that does not hold fails."""
    from integration.estimate import leave_estimate  # noqa: PLC0415  only when asked for
    from integration.fit.command import leave  # noqa: PLC0415
    from reports.summary.page import make  # noqa: PLC0415

    leave_estimate(ROOT / TOOLCHAIN.folder, NETWORK, PLATFORM, SETTINGS, TOOLCHAIN.name, VIEWS)
    leave(NETWORK, PLATFORM, SETTINGS, ROOT / TOOLCHAIN.folder, TOOLCHAIN.name, VIEWS)
    failed = make(ROOT, TOOLCHAIN.folder, GATES)
    return TaskFailed(f"{len(failed)} of {len(GATES)} gates failed: {failed[0]}") if failed else None


def trust_built(outputs: tuple[Path, ...]) -> None:
    """Let the emulated card run what was built here."""
    from runtime.trust import trust_payload  # noqa: PLC0415  only after a link

    trust_payload(outputs[0], note=f"built in {ROOT}")
