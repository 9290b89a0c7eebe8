"""Synthesise a core out of context: `python -m toolchains.open.synthesis.synthesise` is the `ooc` step.

The step writes the netlist as JSON and Verilog, and `values.json` with utilization and logic delay. Both are estimates:
Yosys maps to other cells than Vivado, and nothing is routed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from reports.open_tools import yosys_stat
from reports.reading.errors import ReportError
from reports.summary.step_values import Synthesis
from toolchains.open.synthesis import delays
from toolchains.open.synthesis.dissolve import dissolve
from toolchains.open.synthesis.logic_delay import MAX_LEVELS, MAX_LOGIC_NS, LoopError, Timing, analyse
from toolchains.open.synthesis.netlist import read_netlist
from toolchains.open.synthesis.primitives import UnknownPrimitiveError, check_known
from toolchains.open.synthesis.script import NETLIST, STATISTICS
from toolchains.open.synthesis.utilization import Utilization, utilization
from toolchains.open.synthesis.yosys import YosysError, run_synthesis


def values(tool: str, used: Utilization, timing: Timing) -> dict[str, object]:
    """Make the content of `values.json`: the members that reports read, then further ones."""
    known = Synthesis(
        resources=used.resources,
        logic_ns=timing.logic_ns,
        is_estimate=True,
        tool=tool,
        logic_levels=timing.levels,
        view="rtl",
    )
    return {
        **known.document(),
        # Always present: an empty list says that no path is doubtful.
        "doubtful_at_250_mhz": [asdict(path) for path in timing.doubtful],
        "delay_source": f"{delays.SOURCE} ({delays.FAMILY}, {delays.LICENCE}), logic without routing",
        "limits": {"logic_ns": MAX_LOGIC_NS, "levels": MAX_LEVELS},
        "slowest_paths": [asdict(path) for path in timing.slowest],
        "deepest_paths": [asdict(path) for path in timing.deepest],
        "untimed_cells": dict(timing.untimed),
        "logic_luts": used.logic_luts,
        "memory_luts": used.memory_luts,
        "carry8s_derived": used.carry8s,
        "cells": dict(used.cells),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing an error line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", required=True, help="name of the core's top module")
    parser.add_argument("--tool", required=True, help="name and version of Yosys, for the values")
    given = parser.parse_args(arguments)
    try:
        run = run_synthesis(Path("synthesis.ys"), Path("yosys.log"))
        used = utilization(yosys_stat.parse(Path(STATISTICS).read_text(), STATISTICS))
        netlist = dissolve(read_netlist(Path(NETLIST), given.core))
        check_known(given.core, (cell.type for cell in netlist.cells))
        timing = analyse(netlist)
    except (YosysError, LoopError, ReportError, UnknownPrimitiveError) as error:
        print(f"ERROR: {error}")
        return 1
    found = values(given.tool, used, timing)
    Path("values.json").write_text(json.dumps(found, indent=1) + "\n")
    counts = used.resources
    print(f"{given.core}: {counts.luts} LUT ({used.logic_luts} logic, {used.memory_luts} memory),")
    print(f"  {counts.registers} registers, {counts.bram_tiles:g} BRAM tiles, {counts.urams} URAM, {counts.dsps} DSP")
    print(f"  {timing.logic_ns:.3f} ns of logic, {timing.levels} levels ({delays.SOURCE})")
    for path in timing.doubtful:
        print(f"  doubtful at 250 MHz: {path.start} -> {path.end}: {path.logic_ns:.3f} ns, {path.levels} levels")
    print(f"  Yosys took {run.seconds:.1f} s and {run.peak_gib:.2f} GiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
