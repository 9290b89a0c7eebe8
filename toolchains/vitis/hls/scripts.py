"""Render the Tcl that Vitis HLS or Vivado HLS runs for a core. It takes no arguments.

All releases accept this order (AMD UG1399): project, top, files, solution, part, clock, all `config_*`, then csim,
csynth, export. In Vitis HLS `config_export` after csynth is error HLS 200-1032.
"""

from __future__ import annotations

from collections.abc import Sequence

from config.frozen import dataclass
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.template import render

SCRIPT = "toolchains/vitis/hls/hls.tcl"
PROJECT, SOLUTION = "project", "solution"
DONE = "farm done: HLS"
VENDOR, LIBRARY, VERSION = "xilinx.com", "hls", "1.0"
BENCH = "bench.cpp"
COSIM = "cosim.tcl"
COSIM_IMAGES = 2
"""One image would show no interval between images."""
SYNTHESISED = "body.hpp"
"""An output of `hls`: the C++ body as synthesised, with the final FIFO depths."""


@dataclass(frozen=True)
class HlsJob:
    """The inputs of a core's scripts. The test bench reads `bench_files`."""

    core: str
    release: Release
    part: str
    clock_ns: float
    bench_files: tuple[str, ...]

    @property
    def flags(self) -> str:
        """Compiler flags. Paths are relative to the folder that the tool runs in."""
        return f"-I. -std={'c++14' if self.release.is_vitis_hls else 'c++0x'}"


def estimate_script(job: HlsJob) -> str:
    """Render the script for C simulation and synthesis; FIFO depths need the latencies that it reports."""
    return _script(job, "C simulation, and synthesis for its latencies", ("csim_design", "csynth_design"))


def export_script(job: HlsJob, *, simulated: bool) -> str:
    """Render the script for synthesis and packaging; it includes the C simulation unless `simulated`."""
    first = () if simulated else ("csim_design",)
    last = "export_design -rtl verilog -format ip_catalog"
    return _script(job, "synthesis and packaging", (*first, "csynth_design", last))


def cosim_script(job: HlsJob) -> str:
    """Render the script for C simulation, synthesis and co-simulation (AMD UG1399, "C/RTL Co-Simulation")."""
    commands = ("csim_design", "csynth_design", "cosim_design -rtl verilog")
    return _script(job, "co-simulation", commands)


# Not for 2019.2: -auto_prefix of Vivado HLS also prefixes the top (AMD UG1399, changes to module names), and
# `rename_ref` gives the netlists' modules unique names anyway.
_PREFIXED = (
    "# All cores end up in one netlist, where module names must be unique, so they begin with the top's name.",
    "config_rtl -module_auto_prefix",
)


def _script(job: HlsJob, purpose: str, commands: Sequence[str]) -> str:
    vitis = job.release.is_vitis_hls
    return render(
        SCRIPT,
        {
            "core": job.core,
            "purpose": purpose,
            "program": job.release.hls_program,
            "release": str(job.release),
            "project": PROJECT,
            "flags": job.flags,
            "bench": " ".join((BENCH, *job.bench_files)),
            "solution": f"-flow_target vivado {SOLUTION}" if vitis else SOLUTION,
            "part": job.part,
            "clock_ns": f"{job.clock_ns:.3f}",
            "prefixes": _PREFIXED if vitis else (),
            "vendor": VENDOR,
            "library": LIBRARY,
            "version": VERSION,
            "commands": commands,
            "done": DONE,
        },
    )
