"""Run Vitis HLS on a core: `python -m toolchains.vitis.hls.run` is the `hls` step of a core in view hls.

It simulates the C++ against the model, synthesises, sets FIFO depths by the reported pipelines, and packages the IP.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from blocks.core.base import Core
from blocks.core.hls import render
from reports.hls import csynth_xml as hls_csynth_xml
from reports.hls.csynth import Csynth
from reports.reading import source
from reports.reading.errors import ReportError
from reports.summary.step_values import FORMAT
from toolchains.common.core_file import read_core
from toolchains.vitis.hls.bench_vectors import write_vectors
from toolchains.vitis.hls.fifo_latency import deeper, pipeline_cycles
from toolchains.vitis.hls.scripts import DONE, PROJECT, SOLUTION, SYNTHESISED
from toolchains.vitis.tools import tool
from toolchains.vitis.tools.archive import pack_folder
from toolchains.vitis.tools.releases import Release

CSIM_OK = "CSim done with 0 errors"
SOLUTION_FOLDER = f"{PROJECT}/{SOLUTION}"
_CLOCK_DIGITS_NS = 0.01


def synthesise(script: str, release: Release, *, simulates: bool, exports: bool, core: str) -> list[Csynth]:
    """Run a script and return the reports of all functions, the top's first. Raises ToolError."""
    writes = [f"{SOLUTION_FOLDER}/syn/report/{core}_csynth.xml"]
    if exports:
        writes.append(f"{SOLUTION_FOLDER}/impl/ip/component.xml")
    command = release.hls_command(script, script.replace(".tcl", ".log"))
    printed = tool.run("HLS", command[1:], folder=Path(), says=DONE, writes=writes)
    if simulates and CSIM_OK not in printed:
        raise tool.ToolError(f"the run reported success, but the C simulation did not print '{CSIM_OK}'")
    folder = Path(SOLUTION_FOLDER, "syn", "report")
    top = folder / f"{core}_csynth.xml"
    others = sorted(path for path in folder.glob("*_csynth.xml") if path != top)
    return [hls_csynth_xml.parse(source.read(path), path.name) for path in (top, *others)]


def values_of(top: Csynth, tool_name: str, added: int) -> dict[str, Any]:
    """Make the content of `values.json` from csynth's estimates, with the names that other steps use."""
    interval = (top.throughput_cycles or top.interval_cycles).max
    values = {
        "format": FORMAT,
        "is_estimate": True,
        "tool": tool_name,
        **top.used.known,
        "estimated_ns": next((clock.estimated_ns for clock in top.clocks), None),
        "interval_cycles": interval,
        "latency_cycles": top.latency_cycles.max,
        "fifo_beats_added": added,
    }
    return {name: value for name, value in values.items() if value is not None}


def check_report(top: Csynth, core: str, part: str, clock_ns: float) -> None:
    """Raise ToolError if the report is of another core, part or clock. It prints the clock with two digits."""
    if top.top != core or top.device.replace("_", "-") != part:
        raise tool.ToolError(f"csynth reports {top.top} on {top.device}, not {core} on {part}")
    targets = [clock.target_ns for clock in top.clocks if clock.target_ns is not None]
    if not targets or any(abs(target - clock_ns) > _CLOCK_DIGITS_NS for target in targets):
        shown = ", ".join(f"{target:g} ns" for target in targets) or "no clock"
        raise tool.ToolError(f"csynth has scheduled {core} for {shown}, not for {clock_ns:.3f} ns")


def run(core: Core, release: Release, part: str, tool_name: str, clock_ns: float) -> None:
    """Run the step in the current folder. Raises ToolError, ReportError or ValueError if the run does not count."""
    view = render(core)
    header = Path(f"{view.name}.hpp")
    header.write_text(view.body)
    Path(f"{view.name}_top.cpp").write_text(view.top)
    write_vectors(core, Path())
    depths = core.fifo_depths()
    added = 0
    if depths:
        reports = synthesise("estimate.tcl", release, simulates=True, exports=False, core=view.name)
        check_report(reports[0], view.name, part, clock_ns)
        added = pipeline_cycles(reports)
        header.write_text(deeper(view.body, depths, added))
        Path(SOLUTION_FOLDER, "syn", "report", f"{view.name}_csynth.xml").unlink()
    top = synthesise("export.tcl", release, simulates=not depths, exports=True, core=view.name)[0]
    check_report(top, view.name, part, clock_ns)
    Path(SYNTHESISED).write_text(header.read_text())
    pack_folder(Path(SOLUTION_FOLDER, "impl", "ip"), Path("ip.zip"))
    Path("csynth.xml").write_bytes(Path(SOLUTION_FOLDER, "syn", "report", f"{view.name}_csynth.xml").read_bytes())
    Path("values.json").write_text(json.dumps(values_of(top, tool_name, added), indent=1) + "\n", "utf-8")
    ports = [{"name": p.name, "direction": p.direction, "width_bits": p.width_bits, "role": p.role} for p in view.ports]
    Path("interface.json").write_text(json.dumps({"core": view.name, "ports": ports}, indent=1) + "\n", "utf-8")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="kind and shape of the core, as JSON")
    parser.add_argument("--release", required=True)
    parser.add_argument("--part", required=True)
    parser.add_argument("--tool", required=True, help="name and release, for the values")
    parser.add_argument("--clock-ns", type=float, required=True)
    arguments = parser.parse_args()
    release = Release.of(arguments.release)
    assert release is not None  # noqa: S101  the flow has rendered it
    try:
        run(read_core(arguments.core), release, arguments.part, arguments.tool, arguments.clock_ns)
    except (tool.ToolError, ReportError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
