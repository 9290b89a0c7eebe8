"""v++ on the kernel: `python -m toolchains.vitis.link.run` is the `link` step. It leaves xclbin and manifest in one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from integration.fit.result import Fit
from integration.kernel import Kernel
from integration.link_plan import LinkPlan
from integration.manifest import manifest_of
from reports.reading.errors import ReportError
from reports.summary.step_values import Linked
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, kernels, xclbin
from runtime.formats.manifest import from_json
from toolchains.vitis.link.config import (
    CONFIG,
    FLOORPLAN,
    HERE,
    PAYLOAD,
    REPORTS,
    TEMP,
    LinkJob,
    link_config,
    link_words,
)
from toolchains.vitis.link.floorplan import floorplan_script
from toolchains.vitis.link.plan import VppPlan
from toolchains.vitis.link.reports import LinkReports, messages_of_runs, read_reports, require, warnings_of_floorplan
from toolchains.vitis.tools import tool

COMMAND = "vpp_command.txt"
"""The command line of v++, its configuration, and the floorplan."""
PAYLOAD_VARIABLE = "AMD_STAND_IN_PAYLOAD"
DATA_CLOCK = 0
_MHZ_TOLERANCE = 0.5


def achieved_mhz(file: xclbin.Xclbin) -> float | None:
    """The kernel's clock as the file has it (whole MHz), or None in a file without clocks."""
    if not file.clocks:
        return None
    data = [clock for clock in file.clocks if clock.type_name == "DATA"] or [file.clocks[DATA_CLOCK]]
    return float(data[0].frequency_mhz)


def prepare(plan: VppPlan, fit: Fit) -> LinkJob:
    """Write the configuration and the floorplan of a fit; return the job. `plan` is placed as the fit says."""
    job = plan.job.placed(fit)
    if job.has_file:
        Path(CONFIG).write_text(link_config(job).replace(HERE, str(Path().resolve())), "utf-8")
    command = " ".join(("v++", *link_words(job))) + "\n\n" + link_config(job)
    if job.has_floorplan:
        script = floorplan_script(plan.stitched, fit, plan.shell)
        Path(FLOORPLAN).write_text(script, "utf-8")
        command += f"\n{script}"
    Path(COMMAND).write_text(command, "utf-8")
    return job


def link(job: LinkJob) -> str:
    """Run v++; return what it printed."""
    words = [word.replace(HERE, str(Path().resolve())) for word in link_words(job)]
    more = {PAYLOAD_VARIABLE: str(Path(PAYLOAD).resolve())} if Path(PAYLOAD).exists() else {}
    try:
        printed = tool.run("VPP", words, folder=Path(), writes=[job.output], more=more)
    except tool.ToolError:
        # v++ says of a failed run of Vivado where its log is, and not why: no FlexNet number, no kill, no crash.
        for line in messages_of_runs(Path(TEMP)):
            print(line)
        raise
    # What the floorplan could not place stands in the log of a run that ended well, where nobody looks.
    for line in warnings_of_floorplan(Path(TEMP)):
        print(line)
    return printed


def banks_of(kernel: Kernel, file: xclbin.Xclbin, fit: Fit) -> dict[str, tuple[str, ...]]:
    """Tags of the memories that each argument reaches, as the file calls them: PYNQ names the memories after it.

    The fit's where the file connects an argument to nothing.
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
    """Refuse a file that connects an argument to another memory than the fit's. Raises ToolError.

    Shells that call their memories otherwise ("bank1" for DDR[1]) are not judged.
    """
    known = {memory.tag for memory in file.memories}
    for bank in fit.banks:
        reached = tags[bank.argument]
        if bank.tag in known and bank.tag not in reached:
            raise tool.ToolError(f"the linked file connects {bank.argument} to {', '.join(reached)}, not to {bank.tag}")


def clock_of(job: LinkJob, file: xclbin.Xclbin, found: LinkReports, *, accept_lower: bool) -> float:
    """The clock in MHz that the linked file runs at, once it and the reports say that the timing is met with it.

    Raises:
        ToolError: reports are missing or say that it is not, or v++ has lowered the clock and the settings forbid that.
    """
    mhz, asked = achieved_mhz(file), job.asked_mhz
    if job.target != "hw":
        # Simulated at the clock that was asked for.
        return asked if mhz is None else mhz
    if mhz is None:
        raise tool.ToolError("the xclbin names no clocks")
    lowered = mhz < asked - _MHZ_TOLERANCE
    require(found, lowered=lowered)
    if mhz > job.most_mhz + _MHZ_TOLERANCE:
        # v++ lowers a clock that fails, and raises none.
        raise tool.ToolError(f"the linked file runs at {mhz:g} MHz, v++ was to be asked for {asked:g} MHz")
    if lowered:
        what = f"dataflow-farm: timing is not met at {asked:g} MHz: v++ has lowered the clock to {mhz:g} MHz"
        if not accept_lower:
            raise tool.ToolError(f"{what}, and vitis.accept_lower_clock is false")
        print(f"WARNING: {what}")
    return mhz


def finish(plan: LinkPlan, vpp: VppPlan, job: LinkJob, fit: Fit, found: LinkReports) -> None:
    """Write the xclbin with its manifest and the last layer's weights, and the values. `job` is placed."""
    file = xclbin.read(job.output)
    mhz = clock_of(job, file, found, accept_lower=vpp.accept_lower_clock)
    parts = dict(file.emulation)
    weights = Path("fc_weights.bin").read_bytes()
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
    parser.add_argument("--plan", type=Path, required=True, help="what the flow knows of the build, as JSON")
    parser.add_argument("--vpp", type=Path, required=True, help="what v++ links and how, as JSON")
    parser.add_argument("--fit", type=Path, required=True, help="where blocks and arguments lie, as JSON")
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
            # One behind the other: each begins with a head of its own.
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
