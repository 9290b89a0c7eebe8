"""Link the kernel with v++: `python -m toolchains.vitis.link.run` is the `link` step. The xclbin holds the manifest."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from integration.fit.result import Fit
from integration.kernel import Kernel
from integration.link_plan import LinkPlan
from integration.manifest import manifest_of, streamed_weights
from reports.reading.errors import ReportError
from reports.summary.step_values import Linked
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, kernels, xclbin, xrt_emulation
from runtime.formats.manifest import from_json
from toolchains.vitis.link.config import (
    CONFIG,
    FLOORPLAN,
    HERE,
    PAYLOAD,
    PLRAM_SCRIPT,
    REPORTS,
    TEMP,
    LinkJob,
    link_config,
    link_words,
    plram_script,
)
from toolchains.vitis.link.floorplan import floorplan_script
from toolchains.vitis.link.plan import VppPlan
from toolchains.vitis.link.reports import LinkReports, messages_of_runs, read_reports, require, warnings_of_floorplan
from toolchains.vitis.tools import tool

COMMAND = "vpp_command.txt"
"""An output of the step: command line of v++, its configuration, and the floorplan."""
PAYLOAD_VARIABLE = "AMD_STAND_IN_PAYLOAD"
DATA_CLOCK = 0
_MHZ_TOLERANCE = 0.5


def achieved_mhz(file: xclbin.Xclbin) -> float | None:
    """The kernel's clock in the file (whole MHz), or None if the file has no clocks."""
    if not file.clocks:
        return None
    data = [clock for clock in file.clocks if clock.type_name == "DATA"] or [file.clocks[DATA_CLOCK]]
    return float(data[0].frequency_mhz)


def prepare(plan: VppPlan, fit: Fit) -> LinkJob:
    """Write the configuration and the floorplan of a fit; return the placed job. `plan` must be placed by the fit."""
    job = plan.job.placed(fit)
    if job.has_file:
        Path(CONFIG).write_text(link_config(job).replace(HERE, str(Path().resolve())), "utf-8")
    command = " ".join(("v++", *link_words(job))) + "\n\n" + link_config(job)
    if job.grown:
        script = plram_script(job)
        Path(PLRAM_SCRIPT).write_text(script, "utf-8")
        command += f"\n{script}"
    if job.has_floorplan:
        script = floorplan_script(plan.stitched, fit, plan.shell)
        Path(FLOORPLAN).write_text(script, "utf-8")
        command += f"\n{script}"
    Path(COMMAND).write_text(command, "utf-8")
    return job


def link(job: LinkJob) -> str:
    """Run v++; return its output. Raises ToolError."""
    words = [word.replace(HERE, str(Path().resolve())) for word in link_words(job)]
    more = {PAYLOAD_VARIABLE: str(Path(PAYLOAD).resolve())} if Path(PAYLOAD).exists() else {}
    try:
        printed = tool.run("VPP", words, folder=Path(), writes=[job.output], more=more)
    except tool.ToolError:
        # If a run of Vivado fails, v++ names its log but not the cause: no FlexNet number, no kill, no crash.
        for line in messages_of_runs(Path(TEMP)):
            print(line)
        raise
    # Nobody looks into the log of a successful run, so repeat its warnings about parts that could not be placed.
    for line in warnings_of_floorplan(Path(TEMP)):
        print(line)
    return printed


def banks_of(kernel: Kernel, file: xclbin.Xclbin, fit: Fit) -> dict[str, tuple[str, ...]]:
    """Return the tags of the memories that each argument reaches, as in the file, because PYNQ uses these names.

    If the file connects an argument to nothing, use the fit's.
    """
    units = [at for at, unit in enumerate(file.ip_layout) if unit.name == f"{kernel.name}:{kernel.instance}"]
    described = [each for each in kernels.read_xml(file.metadata or "<project/>") if each.name == kernel.name]
    reached: dict[int, list[str]] = {}
    for connection in file.connections:
        if connection.ip_index in units:
            reached.setdefault(connection.argument_index, []).append(file.memories[connection.memory_index].tag)
    found: dict[str, tuple[str, ...]] = {bank.argument: (bank.tag,) for bank in fit.banks}
    for argument in described[0].arguments if described else ():
        if argument.is_pointer and argument.index in reached:
            found[argument.name] = tuple(dict.fromkeys(reached[argument.index]))
    return found


def refuse_other_banks(tags: Mapping[str, tuple[str, ...]], file: xclbin.Xclbin, fit: Fit) -> None:
    """Raise ToolError if the file connects an argument to another memory than the fit.

    Shells with other names for their memories ("bank1" for DDR[1]) are not checked.
    """
    known = {memory.tag for memory in file.memories}
    for bank in fit.banks:
        reached = tags[bank.argument]
        if bank.tag in known and bank.tag not in reached:
            raise tool.ToolError(f"the linked file connects {bank.argument} to {', '.join(reached)}, not to {bank.tag}")


def clock_of(job: LinkJob, file: xclbin.Xclbin, found: LinkReports, *, accept_lower: bool) -> float:
    """Return the clock of the linked file, in MHz, after checking that the timing is met at it.

    Raises:
        ToolError: Reports are missing, timing is not met, or v++ has lowered the clock and the settings forbid it.
    """
    mhz, asked = achieved_mhz(file), job.asked_mhz
    if job.target != "hw":
        # Emulation simulates the clock asked for.
        return asked if mhz is None else mhz
    if mhz is None:
        raise tool.ToolError("the xclbin names no clocks")
    lowered = mhz < asked - _MHZ_TOLERANCE
    require(found, lowered=lowered)
    if mhz > job.most_mhz + _MHZ_TOLERANCE:
        # v++ may lower a clock but never raises it.
        raise tool.ToolError(f"the linked file runs at {mhz:g} MHz, but {asked:g} MHz was asked for")
    if lowered:
        what = f"dataflow-farm: timing is not met at {asked:g} MHz: v++ has lowered the clock to {mhz:g} MHz"
        if not accept_lower:
            raise tool.ToolError(f"{what}, and vitis.accept_lower_clock is false")
        print(f"WARNING: {what}")
    return mhz


def finish(plan: LinkPlan, vpp: VppPlan, job: LinkJob, fit: Fit, found: LinkReports) -> None:
    """Write `values.json` and the xclbin with its manifest and the last layer's weights. `job` is placed."""
    file = xclbin.read(job.output)
    mhz = clock_of(job, file, found, accept_lower=vpp.accept_lower_clock)
    # Without what repeats the sections of the file that a stand-in carried along: they are others here.
    parts = {name: data for name, data in file.emulation.items() if name not in xrt_emulation.SECTIONS}
    weights = streamed_weights()
    if weights:
        parts.setdefault(emulation_data.FC_WEIGHTS, weights)
    carried = xclbin.read(PAYLOAD) if Path(PAYLOAD).exists() else None
    origin = from_json(carried.manifest_json) if carried and carried.manifest_json else None
    payload = origin.payload if origin else None
    banks = banks_of(plan.kernel, file, fit)
    refuse_other_banks(banks, file, fit)
    manifest = manifest_of(plan, banks=banks, parts=parts, payload=payload, clock_mhz=mhz)
    written = Path("kernel.xclbin")
    xclbin.write(xclbin.extend(file, xclbin.carried(manifest.to_json(), parts)), written)
    slacks = found.timing
    linked = Linked(
        total=found.total,
        slrs=found.slrs,
        wns_ns=slacks.wns_ns if slacks else None,
        whs_ns=slacks.whs_ns if slacks else None,
        clock_mhz=mhz,
        xclbin_bytes=written.stat().st_size,
        predicted_interval_cycles=plan.interval_cycles,
        bottleneck=plan.bottleneck,
        parameters=manifest.parameters.origin,
        tool=vpp.tool,
    )
    values = {**linked.document(), "requested_mhz": job.clock_mhz}
    Path("values.json").write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", "utf-8")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="description of the build, as JSON")
    parser.add_argument("--vpp", type=Path, required=True, help="the link by v++, as JSON")
    parser.add_argument("--fit", type=Path, required=True, help="SLRs of blocks and memories of arguments, as JSON")
    given = parser.parse_args()
    plan = LinkPlan.from_description(json.loads(given.plan.read_text("utf-8")))
    fit = Fit.from_description(json.loads(given.fit.read_text("utf-8")))
    slrs = {block.block: block.slrs[0] for block in fit.blocks}
    vpp = VppPlan.from_description(json.loads(given.vpp.read_text("utf-8")), slrs)
    try:
        job = prepare(vpp, fit)
        link(job)
        found = read_reports((Path(REPORTS), Path(TEMP, "reports"), Path(TEMP)))
        finish(plan, vpp, job, fit, found)
        Path("reports.txt").write_text(
            # Concatenated: each report begins with its own header.
            "".join(f"{file.read_text('utf-8', errors='replace')}\n" for file in found.files),
            "utf-8",
        )
    except (tool.ToolError, ReportError, FarmRuntimeError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
