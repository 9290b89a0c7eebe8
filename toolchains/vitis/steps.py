"""The steps of the vitis toolchain for targets hw_emu and hw."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from blocks.core.graph import Core
from blocks.core.hls import headers_of
from blocks.core.rtl import files_of, render
from blocks.dma import DmaCore
from blocks.network import Block, Network
from blocks.views import Views
from farm.modules import python_files
from farm.step import PYTHON, File, Output, Resources, Step, Text, Tool
from integration.design import design_of, link_plan_of
from integration.fit.problem import FitProblem
from integration.kernel import kernel_xml
from integration.platform import Platform
from toolchains.core_file import core_text
from toolchains.failures import signatures
from toolchains.hls_subset.release import release_header
from toolchains.open.steps import MISSING, PACKAGES, OpenToolchain, core_facts, interpreter, json_text
from toolchains.vitis.hls.bench import bench_ports, bench_source
from toolchains.vitis.hls.cosim_step import hls_cosim_step
from toolchains.vitis.hls.fifo_latency import fifo_depths
from toolchains.vitis.hls.scripts import BENCH, SYNTHESISED, HlsJob, estimate_script, export_script
from toolchains.vitis.link.config import PAYLOAD, LinkJob
from toolchains.vitis.link.floorplan import PROCEDURES
from toolchains.vitis.link.plan import VppPlan
from toolchains.vitis.ooc.memory_rtl import SOURCE as MEMORY_SOURCE
from toolchains.vitis.ooc.scripts import CONSTRAINTS, OocJob, constraints, ooc_script
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.stitch import structural
from toolchains.vitis.stitch.block_design import HIERARCHY, UTILIZATION
from toolchains.vitis.stitch.job import StitchJob, converter_core, job_of
from toolchains.vitis.stitch.templates import NETLIST_STEP, STITCH_STEP
from toolchains.vitis.tools.discovery import Installation, Tools
from toolchains.vitis.tools.missing import missing_for, text
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.tool import COMPLETE, VARIABLE

ERROR_LINES = (r"^ERROR: \[", "^Traceback ")
NEWEST = Release(2025, 1)
"""What scripts are rendered for where no tools are: `doit list` and `doit plan` work everywhere."""


class _OpenSteps(OpenToolchain):
    """The steps that need no AMD tool, in the folder of this build."""

    @property
    def folder(self) -> str:
        return f"build/{self.network.name}/vitis-{self.target}"


@dataclass(frozen=True)
class VitisToolchain:
    """Steps for one network on one target. `licences` names those that the farm counts."""

    root: Path
    network: Network
    platform: Platform
    target: str
    clock_mhz: float
    settings: VitisSettings
    tools: Tools
    shared: OpenToolchain
    fit_problem: FitProblem
    licences: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Whose steps these are."""
        return "vitis"

    @property
    def folder(self) -> str:
        """Where this build's artefacts lie."""
        return f"build/{self.network.name}/vitis-{self.target}"

    @property
    def core_task(self) -> str:
        """The kernel is stitched of netlists; HLS runs before where the view asks for it."""
        return "ooc"

    @property
    def xclbin(self) -> str:
        """The end of the build."""
        return f"{self.folder}/{self.network.name}.xclbin"

    @property
    def installation(self) -> Installation | None:
        """The tools that are used: the release asked for, else the newest."""
        wanted = Release.of(self.settings.release) if self.settings.release else None
        return self.tools.of(wanted) if wanted else self.tools.newest()

    @property
    def release(self) -> Release:
        """The release that scripts are rendered for."""
        if self.settings.release and (wanted := Release.of(self.settings.release)):
            return wanted
        return self.installation.release if self.installation else NEWEST

    @property
    def is_stand_in(self) -> bool:
        """Whether the tools only stand in for AMD's."""
        return self.installation is not None and self.installation.is_stand_in

    @property
    def clock_ns(self) -> float:
        """The period of the kernel's clock."""
        return 1000 / self.clock_mhz

    def view(self, core: Core | DmaCore) -> str:
        """How a core is written for Vivado: `hls` or `rtl`. Blocks that share a core agree; the network's file does."""
        return self.views.of(next(block for block, its in self.network.cores().items() if its.name == core.name))

    @property
    def views(self) -> Views:
        """How the network's cores are written: as the settings ask for all of them, else as its file says."""
        return Views(self.settings.view) if self.settings.view else self.network.views

    def weights(self, block: Block) -> Step:
        """Trained values to memory images."""
        return self.shared.weights(block)

    def model(self, core: Core) -> Step:
        """The core's RTL, verilated."""
        return self.shared.model(core)

    def harness(self) -> Step:
        """What runs the models."""
        return self.shared.harness()

    def stimuli(self) -> Step | None:
        """What the blocks read when the network classifies."""
        return self.shared.stimuli()

    def cosim(self, block: Block) -> Step:
        """The block simulated and compared with the model: view rtl by Verilator, view hls by HLS co-simulation."""
        core = block.core()
        if self.view(core) == "rtl":
            return self.shared.cosim(block)
        modules = self._modules("toolchains.vitis.hls.run_cosim", core)
        job = self._hls_job(core)
        return hls_cosim_step(self.hls(core), block.name, core, job, self.folder, modules, self._hls_name)

    def dma_cosim(self) -> Step:
        """The DMA core's RTL simulated at a card memory."""
        return self.shared.dma_cosim()

    def empty_memories(self, block: Block) -> tuple[Step, ...]:
        """The parameter memories synthesised by Yosys, for whoever looks at their area; the kernel has its own IPs."""
        return self.shared.empty_memories(block)

    def memories(self, block: Block) -> Step:
        """The same with trained values."""
        return self.shared.memories(block)

    def hls(self, core: Core | DmaCore) -> Step:
        """Vitis HLS on the C++ view of a core: C simulation, synthesis, packaged IP."""
        place = f"{self.folder}/hls/{core.name}"
        headers = ("operators/farm_hls.hpp", *headers_of(core))
        job = self._hls_job(core)
        two_runs = isinstance(core, Core) and bool(fifo_depths(core))
        scripts = [Text("export.tcl", export_script(job, simulated=two_runs))]
        if two_runs:
            scripts.append(Text("estimate.tcl", estimate_script(job)))
        program = ("--release", str(self.release), "--part", self.platform.part, "--tool", self._hls_name)
        return Step(
            name=f"hls:{core.name}",
            argv=(PYTHON, "-m", "toolchains.vitis.hls.run", "--core", "core.json", *program),
            inputs=(
                *self._modules("toolchains.vitis.hls.run", core),
                *(File(header, f"blocks/{header}") for header in headers),
                Text("farm_release.hpp", release_header(str(self.release))),
                Text(BENCH, bench_source(core)),
                Text("core.json", core_text(core)),
                *scripts,
            ),
            outputs=tuple(
                Output(name, f"{place}/{name}")
                for name in ("ip.zip", "csynth.xml", "values.json", "interface.json", SYNTHESISED)
            ),
            log=f"{place}/hls.log",
            tools=(self._tool("hls"), *interpreter("numpy")),
            facts=core_facts(core),
            resources=self._resources(cores=1, memory_gib=8.0),
            timeout_s=self.settings.hls_hours * 3600,
            timeout_setting="vitis.hls_hours",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    def _hls_job(self, core: Core | DmaCore) -> HlsJob:
        bench = tuple(port.file for port in bench_ports(core))
        return HlsJob(core.name, self.release, self.platform.part, self.clock_ns, bench)

    @property
    def _hls_name(self) -> str:
        return f"{self.release.hls_program} {self._version}"

    def ooc(self, core: Core | DmaCore) -> Step:
        """Vivado on a core, out of context: checkpoint, utilization, timing."""
        place = f"{self.folder}/ooc/{core.name}"
        is_rtl = self.view(core) == "rtl"
        view = render(core)
        top = f"{view.name}.sv"
        job = OocJob(
            core.name,
            self.release,
            self.platform.part,
            self.clock_ns,
            self.settings.threads,
            (*view.files, top) if is_rtl else (),
            self.settings.ooc_route,
        )
        sources: tuple[File | Text, ...] = (File("ip.zip", f"{self.folder}/hls/{core.name}/ip.zip"),)
        if is_rtl:
            sources = (*(File(file, f"blocks/{file}") for file in view.files), Text(top, view.top))
        tool = f"Vivado {self._version}"
        routed = ("--routed",) if self.settings.ooc_route else ()
        words = (
            "--core",
            core.name,
            "--tool",
            tool,
            "--clock-ns",
            f"{self.clock_ns:.6f}",
            *routed,
            "--view",
            self.view(core),
        )
        return Step(
            name=f"ooc:{core.name}",
            argv=(PYTHON, "-m", "toolchains.vitis.ooc.run", *words),
            inputs=(
                *self._modules("toolchains.vitis.ooc.run"),
                *sources,
                Text(CONSTRAINTS, constraints(self.clock_ns)),
                Text("ooc.tcl", ooc_script(job)),
            ),
            outputs=tuple(Output(name, f"{place}/{name}") for name in (*job.outputs, "values.json")),
            log=f"{place}/ooc.log",
            tools=(self._tool("vivado"), *interpreter()),
            facts=(("view", self.view(core)), *core_facts(core)),
            resources=self._resources(cores=self.settings.threads, memory_gib=12.0, licences=self.licences),
            timeout_s=self.settings.ooc_hours * 3600,
            timeout_setting="vitis.ooc_hours",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    @cached_property
    def job(self) -> StitchJob:
        """The kernel to be stitched, not placed yet."""
        return job_of(
            self.network,
            self.release,
            self.platform.part,
            self.clock_mhz,
            threads=self.settings.threads,
            jobs=self.settings.jobs,
            style=self.settings.stitch_style,
        )

    def placement(self) -> Step:
        """Blocks to SLRs, memories and clock, with what `ooc` has found of each core."""
        values = {name: f"{self.folder}/ooc/{name}/values.json" for name in self.job.cores}
        given = tuple(f"{name}=ooc/{name}.json" for name in values)
        place = f"{self.folder}/stitch"
        return Step(
            name=f"placement:{self.network.name}",
            argv=(PYTHON, "-m", _FIT, "--problem", "problem.json", "--out", "fit.json", "--values", *given),
            inputs=(
                *self._modules(_FIT),
                Text("problem.json", json_text(self.fit_problem.describe())),
                *(File(f"ooc/{name}.json", path) for name, path in values.items()),
            ),
            outputs=(Output("fit.json", f"{place}/fit.json"),),
            log=f"{place}/fit.log",
            tools=interpreter(),
            error_lines=("^ERROR: ", "^Traceback "),
            signatures=signatures("vitis"),
        )

    def netlist(self, cores: Mapping[str, Core | DmaCore]) -> Step:
        """The cores joined, with parameter memories that are empty: what does not depend on weights."""
        job, place, kernel = self.job, f"{self.folder}/stitch", self.network.name
        converters = {core.name: core for link in design_of(self.network).links if (core := converter_core(link))}
        files = dict.fromkeys(file for core in converters.values() for file in files_of(core))
        files |= dict.fromkeys((MEMORY_SOURCE, *(structural.FILES if job.style == "structural" else ())))
        taken = (".dcp",) if job.style == "ipi" else (".dcp", "_stub.v")
        left = (f"{kernel}_empty.dcp", UTILIZATION, HIERARCHY, "package.tcl", "design.tcl")
        words = ("--job", "job.json", "--fit", "fit.json")
        return Step(
            name=f"netlist:{kernel}",
            argv=(PYTHON, "-m", "toolchains.vitis.stitch.run_netlist", *words),
            inputs=(
                *self._modules("toolchains.vitis.stitch.run_netlist"),
                *(File(file, file) for file in NETLIST_STEP[job.style]),
                Text("job.json", json_text(job.describe())),
                File("fit.json", f"{place}/fit.json"),
                *([] if job.style == "ipi" else [Text(CONSTRAINTS, constraints(self.clock_ns))]),
                *(File(f"{name}{end}", f"{self.folder}/ooc/{name}/{name}{end}") for name in job.cores for end in taken),
                *(File(file, f"blocks/{file}") for file in files),
                *(Text(f"{name}.sv", render(core).top) for name, core in converters.items()),
            ),
            outputs=tuple(Output(name, f"{place}/{name}") for name in left),
            log=f"{place}/netlist.log",
            tools=(self._tool("vivado"), *interpreter()),
            facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
            resources=self._resources(cores=self.settings.jobs, memory_gib=16.0, licences=self.licences),
            timeout_s=self.settings.link_hours * 3600,
            timeout_setting="vitis.link_hours",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    def stitch(self, cores: Mapping[str, Core | DmaCore]) -> Step:
        """The kernel as a netlist IP and an .xo, with its weights. Nothing is synthesised."""
        job, place, kernel = self.job, f"{self.folder}/stitch", self.network.name
        empty = f"{kernel}_empty.dcp"
        left = ("kernel.xo", "kernel_ip.zip", f"{kernel}.dcp", f"{kernel}_funcsim.v", "contents.tcl", "kernel.tcl")
        return Step(
            name=f"stitch:{kernel}",
            argv=(PYTHON, "-m", "toolchains.vitis.stitch.run_stitch", "--job", "job.json"),
            inputs=(
                *self._modules("toolchains.vitis.stitch.run_stitch"),
                *(File(file, file) for file in STITCH_STEP),
                Text("job.json", json_text(job.describe())),
                Text("kernel.xml", kernel_xml(job.kernel)),
                File(empty, f"{place}/{empty}"),
                *self._weights(),
            ),
            outputs=tuple(Output(name, f"{place}/{name}") for name in left),
            log=f"{place}/stitch.log",
            tools=(self._tool("vivado"), *interpreter("numpy")),
            facts=tuple((f"{block}.core", core.name) for block, core in cores.items()),
            resources=self._resources(cores=1, memory_gib=16.0, licences=self.licences),
            timeout_s=self.settings.link_hours * 3600,
            timeout_setting="vitis.link_hours",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    def link_job(self) -> LinkJob:
        """What v++ is told."""
        kernel = self.job.kernel
        return LinkJob(
            kernel=kernel,
            release=self.release,
            target=self.target,
            platform=self.platform.vbnv,
            clock_mhz=self.clock_mhz,
            banks=tuple(
                (argument.name, self.platform.bank(self.platform.tags(argument.name)[0]).sp)
                for argument in kernel.arguments
            ),
            optimize=self.settings.optimize,
            jobs=self.settings.jobs,
            has_fixed_clocks=(shell := self.platform.shell()) is not None and shell.has_fixed_clocks,
        )

    def link(self) -> Step:
        """The xclbin."""
        payload = (File(PAYLOAD, self._payload.xclbin),) if self.is_stand_in else ()
        xo = f"{self.network.name}.xo"
        plan = link_plan_of(
            self.network,
            toolchain=self.name,
            target=self.target,
            view=str(self.views),
            clock_mhz=self.clock_mhz,
            tools={"vitis": self._version},
            made=(xo,),
        )
        shell, accepts_lower = self.platform.shell(), self.settings.accept_lower_clock
        assert shell is not None  # noqa: S101  find_vitis has refused a board without it
        vpp = VppPlan(self.link_job(), self.job, shell, accepts_lower, f"v++ {self._version}")
        words = ("--plan", "plan.json", "--vpp", "vpp.json", "--fit", "fit.json")
        return Step(
            name=f"link:{self.network.name}",
            argv=(PYTHON, "-m", "toolchains.vitis.link.run", *words),
            inputs=(
                *self._modules("toolchains.vitis.link.run"),
                File(PROCEDURES, PROCEDURES),
                Text("plan.json", json_text(plan.describe())),
                Text("vpp.json", json_text(vpp.describe())),
                File(xo, f"{self.folder}/stitch/kernel.xo"),
                File("fit.json", f"{self.folder}/stitch/fit.json"),
                *self._weights(),
                File("fc_weights.bin", f"{self.folder}/weights/{self.network.head.name}/fc_weights.bin"),
                *payload,
            ),
            outputs=(
                Output("kernel.xclbin", self.xclbin),
                Output("values.json", f"{self.folder}/link/values.json"),
                Output("vpp_command.txt", f"{self.folder}/link/vpp_command.txt"),
                Output("reports.txt", f"{self.folder}/link/reports.txt", may_be_empty=True),
            ),
            log=f"{self.folder}/link.log",
            tools=(self._tool("v++"), *interpreter()),
            facts=(("clock_mhz", str(self.clock_mhz)), ("platform", self.platform.vbnv)),
            resources=self._resources(cores=self.settings.jobs, memory_gib=48.0, licences=self.licences),
            timeout_s=self.settings.link_hours * 3600,
            timeout_setting="vitis.link_hours",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    def payload(self) -> tuple[Step, ...]:
        """Open's build for sw_emu, whose xclbin the stand-in carries along; nothing where the tools are AMD's."""
        if not self.is_stand_in:
            return ()
        cores, steps = self.network.cores(), self._payload
        found = [
            *(steps.weights(block) for block in self.network.blocks),
            *(steps.hls(core) for core in {core.name: core for core in cores.values()}.values()),
            steps.stitch(cores),
            steps.link(),
        ]
        return tuple(replace(step, name=f"payload:{step.name.replace(':', '-')}") for step in found)

    @property
    def _payload(self) -> OpenToolchain:
        return OpenToolchain(self.root, self.network, self.platform, "sw_emu", self.clock_mhz)

    def _weights(self) -> tuple[File, ...]:
        return tuple(
            File(f"weights/{block.name}/{file}", f"{self.folder}/weights/{block.name}/{file}")
            for block in self.network.blocks
            for file in ("memories.bin", "memories.json")
        )

    @property
    def _version(self) -> str:
        if self.installation is None:
            return MISSING
        return f"{self.release} (stand-in)" if self.is_stand_in else str(self.release)

    def _tool(self, name: str) -> Tool:
        """A tool by its release: a release's programs are one installation. A stand-in is never taken for AMD's."""
        return Tool(name, self._version)

    def _resources(self, *, cores: int, memory_gib: float, licences: tuple[str, ...] = ()) -> Resources:
        # Where nothing real will run, the machine need not be large.
        if self.is_stand_in or self.installation is None:
            return Resources(licences=licences)
        return Resources(cores, memory_gib, licences)

    @cached_property
    def _private(self) -> tuple[tuple[str, str], ...]:
        """What this machine has: no part of any key."""
        found: dict[str, str] = dict(self.tools.licences)
        if not found and self.tools.licence_files:
            # The private HOME of a run hides them.
            found["XILINXD_LICENSE_FILE"] = ":".join(self.tools.licence_files)
        wanted = Release.of(self.settings.release) if self.settings.release else None
        needs_hls = any(self.view(core) == "hls" for core in self.network.cores().values())
        lacks = text(
            missing_for(
                self.tools, wanted, self.platform, needs_hls=needs_hls, needs_licence=self.settings.needs_licence
            )
        )
        if lacks:
            found[VARIABLE + "MISSING"] = lacks
        chosen = self.installation
        if chosen is None:
            return tuple(found.items())
        programs = (("VIVADO", "vivado"), ("HLS", self.release.hls_program), ("VPP", "v++"))
        for kind, name in programs:
            if path := chosen.program(name):
                found[VARIABLE + kind] = path
        folders = dict.fromkeys(str(Path(path).parent) for _, path in chosen.programs)
        for variable, product in (("XILINX_VITIS", "Vitis"), ("XILINX_VIVADO", "Vivado"), ("XILINX_HLS", "Vitis_HLS")):
            if folder := chosen.folder(product):
                found[variable] = folder
        if self.tools.xrt:
            found["XILINX_XRT"] = self.tools.xrt
            folders[f"{self.tools.xrt}/bin"] = None
        if file := self.tools.platform_file(self.platform.vbnv):
            found["PLATFORM_REPO_PATHS"] = str(Path(file).parent.parent)
        found[VARIABLE + "BIN"] = os.pathsep.join(folders)
        return tuple(found.items())

    def _modules(self, module: str, *cores: Core | DmaCore) -> tuple[File, ...]:
        names = [module]
        nodes = [node for core in cores if isinstance(core, Core) for node in core.graph.nodes]
        rooms = sorted({type(node.operator).__module__ for node in nodes})
        names += [name for room in rooms for name in (room, f"{room}.model")]
        files = {file.path: file for name in names for file in python_files(name, self.root, PACKAGES)}
        return tuple(files[path] for path in sorted(files))


_FIT = "integration.fit.program"


def open_steps(root: Path, network: Network, platform: Platform, target: str, clock_mhz: float) -> OpenToolchain:
    """The steps without AMD's tools, for a build of this toolchain."""
    return _OpenSteps(root, network, platform, target, clock_mhz)
