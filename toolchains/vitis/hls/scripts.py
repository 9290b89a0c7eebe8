"""The Tcl that Vitis HLS or Vivado HLS runs for a core: self-contained, without arguments, every setting before csynth.

The order is the one that all releases take (AMD UG1399): project, top, files, solution, part, clock, all `config_*`,
then csim, csynth, export. `config_export` after csynth is error HLS 200-1032 in Vitis HLS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.template import render

SCRIPT = "toolchains/vitis/hls/hls.tcl"
PROJECT, SOLUTION = "project", "solution"
DONE = "farm done: HLS"
VENDOR, LIBRARY, VERSION = "xilinx.com", "hls", "1.0"
BENCH = "bench.cpp"
COSIM = "cosim.tcl"
COSIM_IMAGES = 2
"""With one, no interval between images can be seen."""
SYNTHESISED = "body.hpp"
"""What `hls` leaves of the C++ body as it was synthesised, with the depths of its FIFOs."""


@dataclass(frozen=True)
class HlsJob:
    """What the scripts of a core depend on. `bench_files` are read by the test bench."""

    core: str
    release: Release
    part: str
    clock_ns: float
    bench_files: tuple[str, ...]

    @property
    def flags(self) -> str:
        """Compiler flags; paths in them are relative to the folder that the tool runs in."""
        return f"-I. -std={'c++14' if self.release.is_vitis_hls else 'c++0x'}"


def estimate_script(job: HlsJob) -> str:
    """C simulation and synthesis: for the latencies that FIFO depths need."""
    return _script(job, "C simulation, and synthesis for its latencies", ("csim_design", "csynth_design"))


def export_script(job: HlsJob, *, simulated: bool) -> str:
    """Synthesis and the packaged IP; with the C simulation unless that has been done."""
    first = () if simulated else ("csim_design",)
    last = "export_design -rtl verilog -format ip_catalog"
    return _script(job, "synthesis and packaging", (*first, "csynth_design", last))


def cosim_script(job: HlsJob) -> str:
    """C simulation, synthesis, and the RTL simulated with the same bench (AMD UG1399, "C/RTL Co-Simulation")."""
    commands = ("csim_design", "csynth_design", "cosim_design -rtl verilog")
    return _script(job, "co-simulation", commands)


# Not in 2019.2: -auto_prefix of Vivado HLS prefixes the top too (AMD UG1399, changes to module names), and `rename_ref`
# keeps the netlists' modules apart in any case.
_PREFIXED = (
    "# Cores meet in one netlist, where no two modules may have one name: theirs begin with the top's.",
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
