"""The Tcl that Vivado runs to synthesise a core out of context, from either view, without a project on disk.

Commands and options: AMD UG835 (2019.2 to 2025.2). `rename_ref -prefix_all` before the checkpoint is written keeps the
modules of two cores apart in one netlist, as AMD's own kernels of several netlists do.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.template import render, rendered_lines

_HERE = "toolchains/vitis/ooc"
DONE = "farm done: out-of-context synthesis"
CONSTRAINTS = "ooc.xdc"
UTILIZATION, HIERARCHY, TIMING = "utilization.rpt", "utilization_hierarchical.rpt", "timing_summary.rpt"
ROUTED = "routed_"
"""Prefix of the reports of a core that was also placed and routed."""
CLOCK_SITE = "BUFGCE"
"""Sites of global clock buffers of UltraScale+ (AMD UG572). Which of them there are is asked of the device."""
IP_FOLDER = "ip"
"""Where the step unpacks what HLS packaged."""


@dataclass(frozen=True)
class OocJob:
    """What the script of a core depends on. `sources` are SystemVerilog files in order; none: those of the HLS IP."""

    core: str
    release: Release
    part: str
    clock_ns: float
    threads: int
    sources: tuple[str, ...]
    route: bool

    @property
    def reports(self) -> tuple[str, ...]:
        """Files of reports that the script leaves."""
        plain = (UTILIZATION, HIERARCHY, TIMING)
        return (*plain, *(ROUTED + name for name in plain)) if self.route else plain

    @property
    def outputs(self) -> tuple[str, ...]:
        """All files that the script leaves."""
        return (f"{self.core}.dcp", f"{self.core}_stub.v", *self.reports)


def constraints(clock_ns: float) -> str:
    """The clock of a core that is looked at alone; in the kernel it comes from the shell."""
    # Three digits: a period of 3.333 ns written as 3 ns would ask for a clock a tenth faster.
    return f"create_clock -name ap_clk -period {clock_ns:.3f} [get_ports ap_clk]\n"


def ooc_script(job: OocJob) -> str:
    """The script for `vivado -mode batch -source`."""
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
