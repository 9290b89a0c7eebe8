"""Synthesise a core with Vivado: `python -m toolchains.vitis.ooc.run` is the `ooc` step. It writes a checkpoint."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

from blocks.views import VIEWS
from config.fpga_resources import Resources
from reports.reading import source
from reports.reading.errors import ReportError
from reports.summary.step_values import Synthesis
from reports.vivado import timing, utilization
from toolchains.vitis.ooc.scripts import DONE, HIERARCHY, IP_FOLDER, ROUTED, TIMING, UTILIZATION
from toolchains.vitis.tools import tool
from toolchains.vitis.tools.archive import unpack_folder

SCRIPT = "ooc.tcl"


def resources_of(report: utilization.Utilization) -> Resources:
    """The total of a utilization report. Raises ToolError if it has no LUTs or no registers."""
    if not {"luts", "registers"} <= set(report.used.known):
        raise tool.ToolError("the utilization report has no row for LUTs or for registers")
    return report.used


def refuse_black_boxes(report: utilization.Utilization) -> None:
    """Raise ToolError if the netlist has black boxes: the report does not count what will fill them."""
    if report.black_boxes:
        names = ", ".join(part.name for part in report.black_boxes)
        raise tool.ToolError(f"the netlist has black boxes: {names}")


def longest_ns(report: timing.TimingSummary, clock_ns: float) -> float:
    """The delay of the longest path, in ns. Raises ToolError if no path is constrained: WNS is then NA."""
    slack = report.slacks.wns_ns
    if slack is None or not math.isfinite(slack):
        raise tool.ToolError("the timing report has no slack: no path is constrained by the clock")
    return clock_ns - slack


def run(core: str, tool_name: str, clock_ns: float, view: str, *, routed: bool) -> None:
    """Run the step in the current folder. Raises ToolError or ReportError if the run does not count."""
    if Path("ip.zip").exists():
        unpack_folder(Path("ip.zip"), Path(IP_FOLDER))
    reports = (UTILIZATION, HIERARCHY, TIMING)
    writes = [f"{core}.dcp", f"{core}_stub.v", *reports, *(ROUTED + name for name in reports if routed)]
    words = ("-mode", "batch", "-source", SCRIPT, "-log", "vivado.log", "-journal", "vivado.jou", "-notrace")
    tool.run("VIVADO", words, folder=Path(), says=DONE, writes=writes)
    prefix = ROUTED if routed else ""
    used = utilization.parse(source.read(Path(UTILIZATION)), UTILIZATION)
    refuse_black_boxes(used)
    slack = timing.parse(source.read(Path(prefix + TIMING)), prefix + TIMING)
    found = Synthesis(
        resources=resources_of(used), logic_ns=longest_ns(slack, clock_ns), is_estimate=False, tool=tool_name
    )
    values = {**found.document(), "view": view}
    Path("values.json").write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", "utf-8")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", required=True)
    parser.add_argument("--tool", required=True, help="name and release, for the values")
    parser.add_argument("--view", choices=VIEWS, required=True)
    parser.add_argument("--clock-ns", type=float, required=True)
    parser.add_argument("--routed", action="store_true", help="the script also places and routes")
    arguments = parser.parse_args()
    try:
        run(arguments.core, arguments.tool, arguments.clock_ns, arguments.view, routed=arguments.routed)
    except (tool.ToolError, ReportError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
