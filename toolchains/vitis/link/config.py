"""Options for v++ to link a kernel: on the command line in 2019.2, in a configuration file in all later releases.

Sources: AMD UG1393 (2019.2), UG1702 (2020.1 to 2025.2). In a file the `|` of `0:250|1:500` needs no quoting for a
shell, and a clock id appears once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from config.frozen import dataclass
from integration.fit.result import Fit
from integration.kernel import Kernel
from toolchains.vitis.tools.releases import Release

CONFIG = "link.cfg"
FLOORPLAN = "floorplan.tcl"
FLOORPLAN_PROPERTY = "run.impl_1.STEPS.OPT_DESIGN.TCL.POST"
PLRAM_SCRIPT = "plram.tcl"
TEMP, LOGS, REPORTS = "_x", "logs", "reports"
PAYLOAD = "stand_in_payload.xclbin"
"""The stand-in of v++ embeds this file in the xclbin. It is an input of the step only if v++ is the stand-in."""
FIXED_CLOCKS_FROM = Release(2020, 2)
"""The first release that documents `--clock.freqHz`, which shells with fixed clocks need (AMD UG1393)."""
FIXED_CLOCK_TOLERANCE = 0.05
"""Allowed relative deviation from the clock asked for on such a shell (`--clock.tolerance`, AMD UG1393; 5 % is from
memory)."""
HERE = "@HERE@"
"""A placeholder for the folder that v++ runs in, because the property that names a script needs an absolute path."""


@dataclass(frozen=True)
class Plram:
    """A PLRAM that the link makes larger: its number, its size in KiB afterwards, and its SLR."""

    number: int
    size_kib: int
    slr: str


@dataclass(frozen=True)
class LinkJob:
    """The inputs of the link. `banks` are pairs of argument and memory, as v++ names it; `slr` holds the whole kernel.

    `plrams` are the PLRAMs that the link makes larger where an argument lies in them.
    `has_fixed_clocks` is a property of the shell: v++ adds a clock for the kernel instead of scaling the shell's.
    """

    kernel: Kernel
    release: Release
    target: str
    platform: str
    clock_mhz: float
    banks: tuple[tuple[str, str], ...]
    optimize: int
    jobs: int
    slr: str | None = None
    has_floorplan: bool = False
    has_fixed_clocks: bool = False
    plrams: tuple[Plram, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The job as plain JSON values; `from_description` reads it back."""
        return {**asdict(self), "release": str(self.release)}

    @staticmethod
    def from_description(values: Mapping[str, Any]) -> LinkJob:
        """Read a job that `describe` wrote."""
        release = Release.of(values["release"])
        assert release is not None  # noqa: S101  the flow has written it
        banks = tuple((argument, bank) for argument, bank in values["banks"])
        plrams = tuple(Plram(**each) for each in values["plrams"])
        read = {"kernel": Kernel.from_description(values["kernel"]), "release": release, "banks": banks}
        return LinkJob(**{**values, **read, "plrams": plrams})

    def placed(self, fit: Fit) -> LinkJob:
        """The job with the memories of a fit and, for target hw, its SLRs. hw_emu has memories but places nothing."""
        banks = tuple((bank.argument, bank.sp) for bank in fit.banks)
        if self.target != "hw":
            return replace(self, banks=banks)
        return replace(self, banks=banks, slr=fit.single_slr, has_floorplan=fit.single_slr is None)

    @property
    def grown(self) -> tuple[Plram, ...]:
        """The PLRAMs to make larger."""
        used = {bank for _, bank in self.banks}
        return tuple(each for each in self.plrams if f"PLRAM[{each.number}]" in used)

    @property
    def has_file(self) -> bool:
        """Whether the release reads options from a configuration file."""
        return self.release >= Release(2020, 1)

    @property
    def system_link_hook(self) -> str:
        """The parameter that names a script for the platform's block design, run before kernels are linked into it."""
        return "compiler.userPreSysLinkOverlayTcl" if self.has_file else "compiler.userPreSysLinkTcl"

    @property
    def asked_mhz(self) -> float:
        """The clock asked of v++: whole MHz if it scales clocks, never more than the cores were made for."""
        return self.clock_mhz if self.has_fixed_clocks else float(int(self.clock_mhz))

    @property
    def most_mhz(self) -> float:
        """The highest clock of a correct link. On shells with fixed clocks it may exceed `asked_mhz` a little."""
        return self.asked_mhz * (1 + FIXED_CLOCK_TOLERANCE) if self.has_fixed_clocks else self.asked_mhz

    @property
    def frequency(self) -> str:
        """The option for the clock; clock 0 is ap_clk."""
        return f"0:{self.asked_mhz:g}"

    @property
    def output(self) -> str:
        """The name of the file that v++ makes."""
        return f"{self.kernel.name}.xclbin"


def link_words(job: LinkJob) -> tuple[str, ...]:
    """The arguments of `v++`."""
    words = ["--link", "--target", job.target, "--output", job.output, f"{job.kernel.name}.xo"]
    if job.has_file:
        return (*words, "--config", CONFIG)
    instance = job.kernel.instance
    words += ["--platform", job.platform, "--save-temps", "--temp_dir", TEMP, "--log_dir", LOGS]
    words += ["--report_dir", REPORTS, "--report_level", "1", "--optimize", str(job.optimize), "--jobs", str(job.jobs)]
    words += ["--kernel_frequency", job.frequency, "--nk", f"{job.kernel.name}:1:{instance}"]
    for argument, bank in job.banks:
        words += ["--sp", f"{instance}.{argument}:{bank}"]
    if job.slr:
        words += ["--slr", f"{instance}:{job.slr.upper()}"]
    if job.grown:
        words += ["--xp", f"param:{job.system_link_hook}={HERE}/{PLRAM_SCRIPT}"]
    if job.has_floorplan:
        words += ["--xp", f"vivado_prop:{FLOORPLAN_PROPERTY}={HERE}/{FLOORPLAN}"]
    return tuple(words)


def link_config(job: LinkJob) -> str:
    """Render the configuration file; empty for a release that reads none."""
    if not job.has_file:
        return ""
    kernel = job.kernel
    lines = [
        f"# {kernel.name} on {job.platform}, for v++ {job.release}",
        f"platform={job.platform}",
        "save-temps=1",
        f"temp_dir={TEMP}",
        f"log_dir={LOGS}",
        f"report_dir={REPORTS}",
        "report_level=1",
        f"optimize={job.optimize}",
        f"jobs={job.jobs}",
        *([] if job.has_fixed_clocks else [f"kernel_frequency={job.frequency}"]),
        "",
        "[connectivity]",
        f"nk={kernel.name}:1:{kernel.instance}",
        *(f"sp={kernel.instance}.{argument}:{bank}" for argument, bank in job.banks),
        *([f"slr={kernel.instance}:{job.slr.upper()}"] if job.slr else []),
    ]
    if job.has_fixed_clocks:
        lines += ["", "[clock]", f"freqHz={round(job.clock_mhz * 1e6)}:{kernel.instance}"]
    if job.grown:
        lines += ["", "[advanced]", f"param={job.system_link_hook}={HERE}/{PLRAM_SCRIPT}"]
    if job.target == "hw" and job.has_floorplan:
        lines += ["", "[vivado]", f"prop={FLOORPLAN_PROPERTY}={HERE}/{FLOORPLAN}"]
    return "\n".join(lines) + "\n"


def plram_script(job: LinkJob) -> str:
    """The Tcl that sets the sizes of PLRAMs; empty where none is to grow.

    Procedure, cell and keys as AMD's example plram_config (Vitis_Accel_Examples) and the public ResNet-50 of 2020 use
    them; the latency is the example's. In UltraRAM: 2 MiB would take 456 block RAMs.
    """
    if not job.grown:
        return ""
    memory = "[get_bd_cells /memory_subsystem]"
    lines = [
        f"sdx_memory_subsystem::update_plram_specification {memory} PLRAM_MEM{each.number:02} {{SIZE {each.size_kib}K "
        f"AXI_DATA_WIDTH 512 SLR_ASSIGNMENT {each.slr.upper()} READ_LATENCY 10 MEMORY_PRIMITIVE URAM}}"
        for each in job.grown
    ]
    return "\n".join([*lines, "validate_bd_design -force", "save_bd_design"]) + "\n"
