"""Render the Tcl that synthesises a core out of context in Vivado, from either view, without a project on disk.

Commands and options: AMD UG835 (2019.2 to 2025.2). `rename_ref -prefix_all` runs before the checkpoint is written, so
modules of different cores have different names in one netlist. AMD's own kernels made of several netlists do the same.
"""

from __future__ import annotations

from config.frozen import dataclass
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.template import render, rendered_lines

_HERE = "toolchains/vitis/ooc"
DONE = "farm done: out-of-context synthesis"
CONSTRAINTS = "ooc.xdc"
UTILIZATION, HIERARCHY, TIMING = "utilization.rpt", "utilization_hierarchical.rpt", "timing_summary.rpt"
ROUTED = "routed_"
"""Prefix of reports after place and route."""
CLOCK_SITE = "BUFGCE"
"""The type of sites of global clock buffers in UltraScale+ (AMD UG572). The script asks the device for its sites."""
IP_FOLDER = "ip"
"""The step unpacks the IP from HLS into this folder."""


@dataclass(frozen=True)
class OocJob:
    """The inputs of a core's script. `sources` are SystemVerilog files in order; if empty, those of the HLS IP."""

    core: str
    release: Release
    part: str
    clock_ns: float
    threads: int
    sources: tuple[str, ...]
    route: bool

    @property
    def reports(self) -> tuple[str, ...]:
        """Names of the reports that the script writes."""
        plain = (UTILIZATION, HIERARCHY, TIMING)
        return (*plain, *(ROUTED + name for name in plain)) if self.route else plain

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all files that the script writes."""
        return (f"{self.core}.dcp", f"{self.core}_stub.v", *self.reports)


def constraints(clock_ns: float) -> str:
    """Render the clock constraint for a core on its own. In the kernel the shell constrains the clock."""
    # Three digits: 3.333 ns rounded to 3 ns would ask for a clock 11 % faster.
    return f"create_clock -name ap_clk -period {clock_ns:.3f} [get_ports ap_clk]\n"


def ooc_script(job: OocJob) -> str:
    """Render the script for `vivado -mode batch -source`."""
    return render(
        f"{_HERE}/ooc.tcl",
        {
            "core": job.core,
            "release": str(job.release),
            "threads": job.threads,
            "part": job.part,
            "sources": _sources(job),
            "constraints": CONSTRAINTS,
            "reports": _reports(""),
            "route": _route() if job.route else (),
            "done": DONE,
        },
    )


def _sources(job: OocJob) -> list[str]:
    if job.sources:
        return [f"read_verilog -sv {{{file}}}" for file in job.sources]
    return rendered_lines(f"{_HERE}/sources_of_ip.tcl", {"folder": IP_FOLDER})


def _route() -> list[str]:
    return rendered_lines(f"{_HERE}/route.tcl", {"site": CLOCK_SITE, "reports": _reports(ROUTED)})


def _reports(prefix: str) -> list[str]:
    names = {"utilization": UTILIZATION, "hierarchy": HIERARCHY, "timing": TIMING}
    return rendered_lines(f"{_HERE}/reports.tcl", {name: prefix + file for name, file in names.items()})
