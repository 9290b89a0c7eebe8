"""The steps of the open toolchain for target sw_emu."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from blocks.core.graph import Core
from blocks.core.hls import headers_of
from blocks.core.rtl import RtlView, render
from blocks.dma import DmaCore
from blocks.network import Block, Network
from blocks.origin import STAND_IN
from blocks.parameter_memory.plan import memory_plans
from blocks.trained import parameter_file
from farm.modules import python_files
from farm.step import PYTHON, File, Output, Resources, Step, Text, Tool
from integration.design import design_of, kernel_of, link_plan_of
from integration.platform import Platform
from toolchains.failures import signatures
from toolchains.hls_subset.release import release_header
from toolchains.open.emulation.program import program_main
from toolchains.open.simulation.steps import ARCHIVE, cosim_step, dma_cosim_step, harness_step, model_step, stimuli_step
from toolchains.open.simulation.verilator import find_verilator
from toolchains.open.synthesis.steps import MEMORIES, filling_step, memory_view, synthesis_step
from toolchains.simulation_settings import CosimSettings

PACKAGES = ("blocks", "config", "farm", "integration", "reports", "runtime", "toolchains")
CARD = ("runtime.accelerator", "runtime.emulation")
"""What `import runtime` would load for PYNQ, which no step's program imports: they only read and write its files."""
MISSING = "missing"
"""The version of a tool that is not there: `doit list` and the like work without it, and installing it is a change."""
HLS_RELEASE = "2022.2"
"""The release of Vitis HLS whose form the top is compiled in, against the open headers."""
ERROR_LINES = ("^ERROR: ", "^Traceback ")
# The open stream header only warns where hardware would hang: read while empty, or beats left over.
STREAM_WARNING = "^WARNING: Hls::stream "


@cache
def compiler() -> Tool:
    """The C++ compiler and its version; where there is none, the step that needs it says so."""
    program = shutil.which("g++")
    if program is None:
        return Tool("g++", MISSING)
    done = subprocess.run([program, "-dumpfullversion", "-dumpmachine"], capture_output=True, text=True, check=False)
    return Tool("g++", " ".join(done.stdout.split()))


@cache
def verilator() -> Tool:
    """Verilator and its version; where there is none, the step that needs it says so."""
    found = find_verilator()
    return Tool("verilator", found.version if found else MISSING)


def interpreter(*packages: str) -> tuple[Tool, ...]:
    """Python and the packages that can change what a step writes."""
    return (Tool("python", f"{sys.version_info.major}.{sys.version_info.minor}"), *map(_package, packages))


@cache
def _package(name: str) -> Tool:
    try:
        return Tool(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Tool(name, MISSING)


def core_facts(core: Core | DmaCore) -> tuple[tuple[str, str], ...]:
    """The shape of a core, for explanations."""
    if isinstance(core, DmaCore):
        return (("image_word_bytes", str(core.image_word_bytes)), ("weights_word_bytes", str(core.weights_word_bytes)))
    return tuple(
        (f"{node.name}.{field}", str(value))
        for node in core.graph.nodes
        for field, value in node.operator.facts().items()
        if field != "operator"
    )


def json_text(value: object) -> str:
    """Plain values as the text of a file, always the same."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class OpenToolchain:
    """Steps for one network on one target. Paths are relative to `root`, the checkout."""

    root: Path
    network: Network
    platform: Platform
    target: str
    clock_mhz: float
    cosim_settings: CosimSettings = field(default_factory=CosimSettings)

    @property
    def name(self) -> str:
        """Whose steps these are."""
        return "open"

    def view(self, core: Core | DmaCore) -> str:
        """Yosys reads no C++: every core is synthesised from its RTL."""
        return "rtl"

    @property
    def folder(self) -> str:
        """Where this build's artefacts lie: one folder per network and target, so that switching re-runs nothing."""
        return f"build/{self.network.name}/open-{self.target}"

    @property
    def core_task(self) -> str:
        """The emulation is linked of compiled C++."""
        return "hls"

    @property
    def xclbin(self) -> str:
        """The end of the build."""
        return f"{self.folder}/{self.network.name}.xclbin"

    def weights(self, block: Block) -> Step:
        """Trained values, or stand-ins, to memory images; the head's streamed weights travel with them."""
        graph = block.core().graph
        place = f"{self.folder}/weights/{block.name}"
        outputs = [
            Output("memories.bin", f"{place}/memories.bin", may_be_empty=True),
            Output("memories.json", f"{place}/memories.json"),
        ]
        if block is self.network.head:
            outputs.append(Output("fc_weights.bin", f"{place}/fc_weights.bin", may_be_empty=True))
        file = parameter_file(self.network, block)
        source = self._relative(file) if file else ""
        given = ("--parameters", f"{block.name}.npz") if file else ()
        return Step(
            name=f"weights:{block.name}",
            argv=(PYTHON, "-m", "blocks.weights", "--core", "core.json", "--block", block.name, *given),
            inputs=(
                *self._modules("blocks.weights", block.core()),
                Text("core.json", json_text(graph.describe())),
                *((File(f"{block.name}.npz", source),) if file else ()),
            ),
            outputs=tuple(outputs),
            log=f"{place}/weights.log",
            tools=interpreter("numpy"),
            facts=(("parameters", source or STAND_IN), *core_facts(block.core())),
            error_lines=ERROR_LINES,
            signatures=signatures("open"),
        )

    def hls(self, core: Core | DmaCore) -> Step:
        """The body as an object file; body and top run against the model."""
        place = f"{self.folder}/hls/{core.name}"
        headers = ("operators/farm_hls.hpp", *headers_of(core))
        shape = core.describe() if isinstance(core, DmaCore) else core.graph.describe()
        return Step(
            name=f"hls:{core.name}",
            argv=(PYTHON, "-m", "toolchains.open.emulation.compile_core", "--core", "core.json"),
            inputs=(
                *self._modules("toolchains.open.emulation.compile_core", core),
                *(File(header, f"blocks/{header}") for header in headers),
                File("core_abi.hpp", "toolchains/open/emulation/core_abi.hpp"),
                File("docs/hls_pragmas.yaml", "docs/hls_pragmas.yaml"),
                Text("host/farm_release.hpp", release_header("host")),
                Text("release/farm_release.hpp", release_header(HLS_RELEASE)),
                Text("core.json", json_text({"kind": core.kind, "shape": shape})),
            ),
            outputs=tuple(Output(name, f"{place}/{name}") for name in ("core.o", "interface.json", "csim.json")),
            log=f"{place}/hls.log",
            tools=(compiler(), *interpreter("numpy", "hls4ml", "tree-sitter", "tree-sitter-cpp")),
            facts=core_facts(core),
            resources=Resources(memory_gib=1.5),
            error_lines=(*ERROR_LINES, STREAM_WARNING),
            signatures=signatures("open"),
        )

    def model(self, core: Core) -> Step:
        """The core's RTL, verilated and compiled."""
        modules = self._modules("toolchains.open.simulation.compile_model")
        return model_step(core, self.folder, modules, (verilator(), compiler(), *interpreter()), core_facts(core))

    def harness(self) -> Step:
        """What runs the models, compiled."""
        modules = self._modules("toolchains.open.simulation.compile_model")
        return harness_step(self.folder, modules, (verilator(), compiler(), *interpreter()))

    def stimuli(self) -> Step | None:
        """What the blocks read when the network classifies; None without a data set."""
        network = self.network
        if network.dataset is None:
            return None
        modules = self._modules("toolchains.open.simulation.stimuli", *(block.core() for block in network.blocks))
        folder = network.parameters.relative_to(network.file.parent).as_posix()
        trained = {block.name: file for block in network.blocks if (file := parameter_file(network, block))}
        files = {network.file.name: network.file, **{f"{folder}/{name}.npz": file for name, file in trained.items()}}
        given = tuple(File(path, self._relative(source)) for path, source in files.items())
        images = self.cosim_settings.images
        return stimuli_step(network, self.folder, images, modules, given, interpreter("numpy", "scikit-learn"))

    def cosim(self, block: Block) -> Step:
        """The block's RTL with its memory images, simulated and compared with the model."""
        core, settings = block.core(), self.cosim_settings
        file = parameter_file(self.network, block)
        parameters = self._relative(file) if file else ""
        interval_cycles, _ = self.network.interval()
        stimuli = []
        if self.network.dataset is not None:
            stimuli.append(File("held_out.npy", f"{self.folder}/stimuli/{block.name}.npy"))
        if settings.inputs:
            stimuli.append(File(ARCHIVE, settings.inputs))
        return cosim_step(
            block,
            self.folder,
            interval_cycles,
            settings.images,
            self._modules("toolchains.open.simulation.cosim", core),
            parameters,
            tuple(stimuli),
            (verilator(), compiler(), *interpreter("numpy")),
            (("core", core.name), ("parameters", parameters or STAND_IN), *core_facts(core)),
            tuple(one.name for one in self.network.blocks),
        )

    def dma_cosim(self) -> Step:
        """The DMA block's RTL, simulated and compared with a description of its task."""
        dma, images = self.network.dma, self.cosim_settings.images
        modules = self._modules("toolchains.open.simulation.dma.cosim")
        tools = (verilator(), compiler(), *interpreter("numpy"))
        return dma_cosim_step(dma, self.folder, images, modules, tools, core_facts(dma.core()))

    def ooc(self, core: Core | DmaCore) -> Step:
        """The RTL of a core synthesised out of context: netlist, utilization and logic delay."""
        return self._synthesis(render(core), core_facts(core))

    def empty_memories(self, block: Block) -> tuple[Step, ...]:
        """The parameter memories of a block synthesised without contents, one per width and depth."""
        plans = {plan.module: plan for plan in memory_plans(block.core().graph)}
        return tuple(self._synthesis(memory_view(plan), (), MEMORIES) for plan in plans.values())

    def memories(self, block: Block) -> Step:
        """The parameter memories of a block with its trained values in them."""
        modules = self._modules("toolchains.open.synthesis.fill_memory")
        plans = memory_plans(block.core().graph)
        return filling_step(block.name, plans, self.folder, modules, interpreter("numpy", "pyosys"))

    def _synthesis(self, view: RtlView, facts: tuple[tuple[str, str], ...], task: str = "ooc") -> Step:
        modules = self._modules("toolchains.open.synthesis.synthesise")
        (python, yosys) = interpreter("pyosys")
        return synthesis_step(view, self.folder, modules, yosys, (python,), facts, task)

    def netlist(self, cores: Mapping[str, Core | DmaCore]) -> Step | None:
        """Nothing: the emulation joins compiled cores."""
        return None

    def stitch(self, cores: Mapping[str, Core | DmaCore]) -> Step:
        """Interfaces checked, `kernel.xml`, and the program that joins the compiled cores."""
        names = sorted({core.name for core in cores.values()})
        place = f"{self.folder}/stitch"
        design, kernel = design_of(self.network), kernel_of(self.network)
        return Step(
            name=f"stitch:{self.network.name}",
            argv=(
                PYTHON,
                "-m",
                "toolchains.open.emulation.stitch",
                "--design",
                "design.json",
                "--kernel",
                "kernel.json",
                *names,
            ),
            inputs=(
                *self._modules("toolchains.open.emulation.stitch"),
                *(
                    File(f"{name}/{file}", f"{self.folder}/hls/{name}/{file}")
                    for name in names
                    for file in ("core.o", "interface.json")
                ),
                File("program.hpp", "toolchains/open/emulation/program.hpp"),
                Text("main.cpp", program_main(self.network)),
                Text("design.json", json_text(design.describe())),
                Text("kernel.json", json_text(kernel.describe())),
            ),
            outputs=(Output("program", f"{place}/program"), Output("kernel.xml", f"{place}/kernel.xml")),
            log=f"{place}/stitch.log",
            tools=(compiler(), *interpreter()),
            facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
            error_lines=ERROR_LINES,
            signatures=signatures("open"),
        )

    def link(self) -> Step:
        """The xclbin."""
        made = ("program", "kernel.xml")
        plan = link_plan_of(
            self.network,
            toolchain=self.name,
            target=self.target,
            view="hls",
            clock_mhz=self.clock_mhz,
            tools={tool.name: tool.version for tool in (compiler(), *interpreter("numpy", "hls4ml"))},
            made=made,
        )
        weights = f"{self.folder}/weights"
        words = ("--plan", "plan.json", "--platform", "platform.json")
        return Step(
            name=f"link:{self.network.name}",
            argv=(PYTHON, "-m", "toolchains.open.emulation.link", *words),
            inputs=(
                *self._modules("toolchains.open.emulation.link"),
                Text("plan.json", json_text(plan.describe())),
                Text("platform.json", json_text(self.platform.describe())),
                *(File(name, f"{self.folder}/stitch/{name}") for name in made),
                *(
                    File(f"weights/{block}/{file}", f"{weights}/{block}/{file}")
                    for block in plan.blocks
                    for file in ("memories.bin", "memories.json")
                ),
                File("fc_weights.bin", f"{weights}/{self.network.head.name}/fc_weights.bin"),
            ),
            outputs=(
                Output("kernel.xclbin", self.xclbin),
                Output("values.json", f"{self.folder}/link/values.json"),
            ),
            log=f"{self.folder}/link.log",
            tools=interpreter(),
            facts=(("clock_mhz", str(self.clock_mhz)), ("platform", self.platform.vbnv)),
            error_lines=ERROR_LINES,
            signatures=signatures("open"),
        )

    def placement(self) -> Step | None:
        """Nothing is placed for emulation in software; `doit fit` shows what would be."""
        return None

    def payload(self) -> tuple[Step, ...]:
        """Nothing: no tool of this toolchain has a stand-in."""
        return ()

    def _modules(self, module: str, *cores: Core | DmaCore) -> tuple[File, ...]:
        """The project's modules that a Python step imports; of the operators only those that its cores are made of.

        Operators are imported by name at run time, which no look at import statements finds.
        """
        names = [module]
        nodes = [node for core in cores if isinstance(core, Core) for node in core.graph.nodes]
        rooms = sorted({type(node.operator).__module__ for node in nodes})
        names += [name for room in rooms for name in (room, f"{room}.model")]
        files = {file.path: file for name in names for file in python_files(name, self.root, PACKAGES, never=CARD)}
        return tuple(files[path] for path in sorted(files))

    def _relative(self, path: Path) -> str:
        # Not resolved: a folder of parameters may be a link to where there is room for it.
        return Path(os.path.relpath(path, self.root)).as_posix()
