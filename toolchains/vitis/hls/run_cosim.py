"""Run HLS co-simulation: `python -m toolchains.vitis.hls.run_cosim` is the `cosim` step of a block in view hls.

It synthesises the exported C++ once more, with the FIFO depths of the `hls` step. The tool then simulates the RTL with
the test bench of the C simulation: several images one after the other, compared with the model.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from blocks.core.graph import GraphCore
from blocks.core.hls import render
from reports.hls import cosim as hls_cosim
from reports.hls.cosim import CosimRun
from reports.reading import source
from reports.reading.errors import ReportError
from reports.summary.step_values import Simulation
from toolchains.common.core_file import read_graph_core
from toolchains.vitis.hls.bench_vectors import write_vectors
from toolchains.vitis.hls.run import CSIM_OK, SOLUTION_FOLDER
from toolchains.vitis.hls.scripts import COSIM, COSIM_IMAGES, DONE
from toolchains.vitis.tools import tool
from toolchains.vitis.tools.releases import Release

_PASS = ("[COSIM 212-1000]", "PASS")


def verdict(printed: str, report: hls_cosim.Cosim) -> CosimRun:
    """Return the run that passed.

    Older releases end with status 0 even after a mismatch, so the log and the report must both state success.

    Raises:
        ToolError: The log or the report does not.
    """
    if CSIM_OK not in printed:
        raise tool.ToolError(f"the run reported success, but the C simulation did not print '{CSIM_OK}'")
    if not any(all(word in line for word in _PASS) for line in printed.splitlines()):
        raise tool.ToolError("the run reported success, but the co-simulation did not print COSIM 212-1000 PASS")
    if report.passed is not True:
        state = "says Fail" if report.passed is False else "names no simulated language"
        raise tool.ToolError(f"the run reported success, but the co-simulation's report {state}")
    return next(run for run in report.runs if run.passed)


def run(core: GraphCore, release: Release, tool_name: str) -> None:
    """Run the step in the current folder. Raises ToolError or ReportError if the run does not count."""
    view = render(core)
    Path(f"{view.name}_top.cpp").write_text(view.top)
    write_vectors(core, Path(), COSIM_IMAGES)
    place = Path(SOLUTION_FOLDER, "sim", "report", f"{view.name}_cosim.rpt")
    command = release.hls_command(COSIM, COSIM.replace(".tcl", ".log"))
    printed = tool.run("HLS", command[1:], folder=Path(), says=DONE, writes=[str(place)])
    found = verdict(printed, hls_cosim.parse(source.read(place), place.name))
    simulated = Simulation(
        interval_cycles=found.interval_cycles.max,
        latency_cycles=found.latency_cycles.max,
        images=COSIM_IMAGES,
        elements_compared=COSIM_IMAGES * sum(port.stream.elements for port in core.graph.outputs),
        differences=0,
        tool=tool_name,
    )
    values = {**simulated.document(), "core": core.name, "view": "hls"}
    Path("values.json").write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    Path("cosim.rpt").write_bytes(place.read_bytes())


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="kind and shape of the core, as JSON")
    parser.add_argument("--release", required=True)
    parser.add_argument("--tool", required=True, help="name and release, for the values")
    arguments = parser.parse_args()
    release, core = Release.of(arguments.release), read_graph_core(arguments.core)
    assert release is not None  # noqa: S101  the flow has rendered it
    try:
        run(core, release, arguments.tool)
    except (tool.ToolError, ReportError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
