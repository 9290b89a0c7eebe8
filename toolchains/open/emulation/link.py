"""Write the xclbin and its values: `python -m toolchains.open.emulation.link` is the `link` step of both emulations.

It compiles nothing. An emulation takes no resources and has no slacks: of those the values hold none.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from integration.link_plan import LinkPlan
from integration.manifest import digest, manifest_of, memory_blob, streamed_weights
from integration.package import package
from integration.platform import Platform
from reports.summary.step_values import Linked
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, xclbin
from runtime.formats.manifest import PayloadFacts
from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.simulation.kernel.part import settings_part, told_lines


def glibc_floor(program: bytes) -> str:
    """The newest glibc version that a program's symbols require, e.g. "2.34"; "none" if it names none."""
    versions = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", program)}
    return ".".join(map(str, max(versions))) if versions else "none"


def link(plan: LinkPlan, platform: Platform, settings: bytes) -> None:
    """The whole step in the current folder; `settings` stand behind the memory images.

    Raises:
        FarmRuntimeError: a container that cannot be written.
    """
    program = Path("program").read_bytes()
    parts = {emulation_data.PAYLOAD: program, emulation_data.MEMORIES: memory_blob(plan.blocks) + settings}
    weights = streamed_weights()
    if weights:
        parts[emulation_data.FC_WEIGHTS] = weights
    manifest = manifest_of(
        plan,
        banks=dict(platform.connect),
        parts=parts,
        payload=PayloadFacts(digest(program), "x86_64", glibc_floor(program), ISA_LEVEL),
        clock_mhz=plan.clock_mhz,
    )
    written = Path("kernel.xclbin")
    xclbin.write(package(platform, plan.kernel, manifest, parts, plan.clock_mhz), written)
    Linked(
        clock_mhz=plan.clock_mhz,
        xclbin_bytes=written.stat().st_size,
        predicted_interval_cycles=plan.interval_cycles,
        bottleneck=plan.bottleneck,
        parameters=manifest.parameters.origin,
    ).write(Path("values.json"))


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the xclbin cannot be written.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="description of the build, as JSON")
    parser.add_argument("--platform", type=Path, required=True, help="clocks and memories of the board, as JSON")
    parser.add_argument("--settings", type=Path, help="lines that tell a simulation of its clock and memories")
    parser.add_argument("--fit", type=Path, help="blocks to SLRs, of a simulation")
    parser.add_argument("--design", type=Path, help="instances and links, of a simulation")
    given = parser.parse_args()
    plan = LinkPlan.from_description(json.loads(given.plan.read_text("utf-8")))
    platform = Platform.from_description(json.loads(given.platform.read_text("utf-8")))
    settings = settings_part(told_lines(given.settings, given.fit, given.design)) if given.settings else b""
    try:
        link(plan, platform, settings)
    except FarmRuntimeError as error:
        print(f"ERROR: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
