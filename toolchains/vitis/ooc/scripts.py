"""The Tcl that Vivado runs to synthesise a core out of context, from either view, without a project on disk.

Commands and options: AMD UG835 (2019.2 to 2025.2). `rename_ref -prefix_all` before the checkpoint is written keeps the
modules of two cores apart in one netlist, as AMD's own kernels of several netlists do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolchains.vitis.tools.releases import Release

DONE = "farm done: out-of-context synthesis"
CONSTRAINTS = "ooc.xdc"
UTILIZATION, HIERARCHY, TIMING = "utilization.rpt", "utilization_hierarchical.rpt", "timing_summary.rpt"
ROUTED = "routed_"
"""Prefix of the reports of a core that was also placed and routed."""
CONTENTS_MESSAGES = ("Synth 8-4445", "Synth 8-2898")
"""A `$readmem` file is not there; a `$readmem` is not as Vivado takes it, and is passed over."""
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
    lines = [
        f"# {job.core}: synthesis out of context, for Vivado {job.release}",
        f"set_param general.maxThreads {job.threads}",
        f"create_project -in_memory -part {job.part}",
        "# A file of contents that is not found would leave zeros and a warning.",
        *(f"set_msg_config -id {{{message}}} -new_severity ERROR" for message in CONTENTS_MESSAGES),
        *_sources(job),
        f"read_xdc -mode out_of_context {CONSTRAINTS}",
        f"synth_design -mode out_of_context -top {job.core} -part {job.part} -flatten_hierarchy rebuilt",
        f"rename_ref -prefix_all {job.core}_",
        f"write_checkpoint -force {job.core}.dcp",
        f"write_verilog -force -mode synth_stub {job.core}_stub.v",
        *_reports(""),
    ]
    if job.route:
        lines += [
            "# For its timing only: the checkpoint above is the unplaced one, which the link is free to place.",
            "# The clock comes from a global buffer outside: without its place, skew within the core is not estimated.",
            f"set sites [lsort -dictionary [get_sites -quiet -filter {{SITE_TYPE == {CLOCK_SITE}}}]]",
            "if {[llength $sites] == 0} {",
            f'    error "dataflow-farm: the device names no {CLOCK_SITE} site for the clock to come from"',
            "}",
            "set_property HD.CLK_SRC [lindex $sites [expr {[llength $sites] / 2}]] [get_ports ap_clk]",
            *("opt_design", "place_design", "phys_opt_design", "route_design"),
            *_reports(ROUTED),
        ]
    return "\n".join([*lines, f'puts "{DONE}"', "exit 0"]) + "\n"


def _sources(job: OocJob) -> Sequence[str]:
    if job.sources:
        return [f"read_verilog -sv {{{file}}}" for file in job.sources]
    return [
        "# The folder holds what was unpacked from the IP and nothing else.",
        f"foreach file [lsort [glob -directory {IP_FOLDER}/hdl/verilog *.v]] {{",
        "    read_verilog $file",
        "}",
        "# Contents of ROMs are looked up where the sources are read from.",
        f"foreach file [glob -nocomplain -directory {IP_FOLDER}/hdl/verilog *.dat] {{",
        "    file copy -force $file .",
        "}",
        "# IPs that HLS itself uses come as scripts that create them.",
        f"foreach script [lsort [glob -nocomplain -directory {IP_FOLDER}/hdl/ip *.tcl]] {{",
        "    source $script",
        "}",
    ]


def _reports(prefix: str) -> Sequence[str]:
    return [
        f"report_utilization -file {prefix}{UTILIZATION}",
        f"report_utilization -hierarchical -file {prefix}{HIERARCHY}",
        f"report_timing_summary -delay_type min_max -max_paths 10 -report_unconstrained -file {prefix}{TIMING}",
    ]
