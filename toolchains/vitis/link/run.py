"""v++ on the kernel: `python -m toolchains.vitis.link.run` is the `link` step. It leaves xclbin and manifest in one."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integration.fit.solve import Fit
from integration.platform import Shell
from reports.reading.errors import ReportError
from reports.summary.step_values import Linked
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, kernels, xclbin
from runtime.formats.manifest import Argument, Cycles, Manifest, Parameters, from_json
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
from toolchains.vitis.link.reports import LinkReports, messages_of_runs, read_reports, require, warnings_of_floorplan
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.tools import tool

TOLD = "told.txt"
"""What v++ was told: command, configuration, floorplan."""
PAYLOAD_VARIABLE = "AMD_STAND_IN_PAYLOAD"
DATA_CLOCK = 0
_MHZ_TOLERANCE = 0.5


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def parameters_of(blocks: list[str]) -> Parameters:
    """Where the trained values are from, and the digest over all of them in the order of the blocks."""
    origins: set[str] = set()
    whole = hashlib.sha256()
    for block in blocks:
        origins.update(json.loads(Path("weights", block, "memories.json").read_text("utf-8"))["origins"])
        whole.update(Path("weights", block, "memories.bin").read_bytes())
    whole.update(Path("fc_weights.bin").read_bytes())
    return Parameters(origin=", ".join(sorted(origins)), digest=whole.hexdigest())


def achieved_mhz(file: xclbin.Xclbin) -> float | None:
    """The kernel's clock as the file has it (whole MHz), or None in a file without clocks."""
    if not file.clocks:
        return None
    data = [clock for clock in file.clocks if clock.type_name == "DATA"] or [file.clocks[DATA_CLOCK]]
    return float(data[0].frequency_mhz)


def prepare(plan: Mapping[str, Any], fit: Fit) -> LinkJob:
    """Write the configuration and the floorplan of a fit; return the job."""
    job = LinkJob.from_description(plan["link"]).placed(fit)
    if job.has_file:
        Path(CONFIG).write_text(link_config(job).replace(HERE, str(Path().resolve())), "utf-8")
    told = " ".join(("v++", *link_words(job))) + "\n\n" + link_config(job)
    if job.has_floorplan:
        placed = {block.block: block.slrs[0] for block in fit.blocks}
        shell = Shell(**{**plan["shell"], "pblocks": tuple(plan["shell"]["pblocks"])})
        stitched = StitchJob.from_description(plan["stitch"], placed)
        script = floorplan_script(stitched, fit, shell)
        Path(FLOORPLAN).write_text(script, "utf-8")
        told += f"\n{script}"
    Path(TOLD).write_text(told, "utf-8")
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


def banks_of(plan: Mapping[str, Any], file: xclbin.Xclbin, fit: Fit) -> dict[str, tuple[str, ...]]:
    """Tags of the memories that each argument reaches, as the file calls them: PYNQ names the memories after it.

    The fit's where the file connects an argument to nothing.
    """
    units = [at for at, unit in enumerate(file.ip_layout) if unit.name == f"{plan['kernel']}:{plan['instance']}"]
    described = [kernel for kernel in kernels.read_xml(file.metadata or "<project/>") if kernel.name == plan["kernel"]]
    reached: dict[int, list[str]] = {}
    for connection in file.connections:
        if connection.ip_index in units:
            reached.setdefault(connection.argument_index, []).append(file.memories[connection.memory_index].tag)
    found: dict[str, tuple[str, ...]] = {bank.argument: (bank.tag,) for bank in fit.banks}
    for argument in described[0].arguments if described else ():
        if argument.is_pointer and argument.index in reached:
            found[argument.name] = tuple(dict.fromkeys(reached[argument.index]))
    return found


def manifest_of(
    plan: Mapping[str, Any], parts: Mapping[str, bytes], tags: Mapping[str, tuple[str, ...]], carried: Manifest | None,
    mhz: float,
) -> Manifest:  # fmt: skip
    """What the file says of itself."""
    return Manifest(
        network=plan["network"],
        kernel=plan["kernel"],
        instance=plan["instance"],
        toolchain="vitis",
        target=plan["target"],
        view=plan["view"],
        parameters=parameters_of(plan["blocks"]),
        clock_mhz=mhz,
        arguments=tuple(
            Argument(
                **{**each, "shape": tuple(each["shape"]), "dtypes": tuple(each["dtypes"])}, banks=tags[each["name"]]
            )
            for each in plan["arguments"]
        ),
        folding=plan["folding"],
        inputs={name: digest(Path(name).read_bytes()) for name in plan["sources"]},
        tools=plan["tools"],
        cycles=Cycles(predicted_ii=plan["interval"], bottleneck=plan["bottleneck"]),
        parts={name: digest(data) for name, data in parts.items()},
        payload=carried.payload if carried else None,
        labels=tuple(plan["labels"]),
        dataset=plan["dataset"],
    )


def clock_of(plan: Mapping[str, Any], job: LinkJob, file: xclbin.Xclbin, found: LinkReports) -> float:
    """The clock in MHz that the linked file runs at, once it and the reports say that the timing is met with it.

    Raises:
        ToolError: reports are missing or say that it is not, or v++ has lowered the clock and the settings forbid that.
    """
    mhz, asked = achieved_mhz(file), job.asked_mhz
    if plan["target"] != "hw":
        # Simulated at the clock that was asked for.
        return asked if mhz is None else mhz
    if mhz is None:
        raise tool.ToolError("the xclbin names no clocks")
    lowered = mhz < asked - _MHZ_TOLERANCE
    require(found, lowered=lowered)
    if lowered:
        what = f"dataflow-farm: timing is not met at {asked:g} MHz: v++ has lowered the clock to {mhz:g} MHz"
        if not plan["accept_lower_clock"]:
            raise tool.ToolError(f"{what}, and vitis.accept_lower_clock is false")
        print(f"WARNING: {what}")
    return mhz


def finish(plan: Mapping[str, Any], job: LinkJob, fit: Fit, found: LinkReports) -> None:
    """Write the xclbin with its manifest and the last layer's weights, and the values."""
    file = xclbin.read(job.output)
    mhz = clock_of(plan, job, file, found)
    parts = dict(file.emulation)
    weights = Path("fc_weights.bin").read_bytes()
    if weights:
        parts.setdefault(emulation_data.FC_WEIGHTS, weights)
    carried = xclbin.read(PAYLOAD) if Path(PAYLOAD).exists() else None
    origin = from_json(carried.manifest_json) if carried and carried.manifest_json else None
    manifest = manifest_of(plan, parts, banks_of(plan, file, fit), origin, mhz)
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
        predicted_interval_cycles=plan["interval"],
        bottleneck=plan["bottleneck"],
        parameters=manifest.parameters.origin,
        tool=plan["tool"],
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
    parser.add_argument("--fit", type=Path, required=True, help="where blocks and arguments lie, as JSON")
    given = parser.parse_args()
    plan = json.loads(given.plan.read_text("utf-8"))
    fit = Fit.from_description(json.loads(given.fit.read_text("utf-8")))
    try:
        job = prepare(plan, fit)
        link(job)
        found = read_reports((Path(REPORTS), Path(TEMP, "reports"), Path(TEMP)))
        finish(plan, job, fit, found)
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
