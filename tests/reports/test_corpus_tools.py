"""Every value that a reader has typed from public reports, logs and hand-off files of all other tools comes out.

The corpus and its manifest are others' work; each key of an expectation has a getter here, and a key without one fails.
What the manifest writes as `?`, `undef`, `-` or NA is "unknown" in that file, which is None in ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.log_facts import failure_facts
from reports.log_message import read_message
from reports.log_value import Log
from reports.number import Below
from reports.registry import KINDS, parse, recognise
from reports.source import read

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "reports_corpus"
KIND_OF_FOLDER = {
    "hls_csynth_rpt": {"hls_csynth"},
    "hls_csynth_xml": {"hls_csynth_xml"},
    "hls_csynth_summary": {"hls_summary"},
    "hls_cosim": {"hls_cosim"},
    "hls_export": {"hls_export", "hls_export_xml"},
    "vpp_xclbin_info": {"vitis_xclbin_info"},
    "vpp_link_summary": {"vitis_link_summary"},
    "vpp_system_estimate": {"vitis_system_estimate"},
    "log_error": {"xilinx_log"},
    "log_ok": {"xilinx_log", "vitis_link_steps"},
    "yosys_stat": {"yosys_stat", "yosys_stat_json"},
    "nextpnr_report": {"nextpnr_json", "nextpnr_log"},
    "opensta": {"opensta"},
    "handoff": {"kernel_xml", "ip_component", "hardware_handoff"},
    "finn_reports": {
        "finn_layer_cycles",
        "finn_performance",
        "finn_step_times",
        "finn_synthesis",
        "finn_simulation",
        "finn_log",
        "vivado_utilization_xml",
    },
}
UNKNOWN = ("?", "undef", "-", "NA", "N/A", "--")
Getter = Callable[[Any, Any], Any]


def _entries() -> list[dict[str, Any]]:
    manifest = CORPUS / "MANIFEST.yaml"
    if not manifest.exists():
        return []
    with manifest.open(encoding="utf-8") as stream:
        files = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["files"]
    # The xclbin files belong to runtime.xclbin and its own test.
    return [entry for entry in files if entry["kind"] in KIND_OF_FOLDER and not entry["file"].endswith(".xclbin")]


ENTRIES = _entries()


def unknown(value: Any) -> Any:
    """An expectation with its words for "unknown" as None; `~0` is the bound that it means."""
    if isinstance(value, dict):
        return {key: unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unknown(item) for item in value]
    if value == "~0":
        return Below(1.0)
    return None if value in UNKNOWN else value


def resources(items: Any, name: str) -> dict[str, Any]:
    return {item.resource: getattr(item, name) for item in items if getattr(item, name) is not None}


# HLS ------------------------------------------------------------------------------------------------------------------


def clock(value: Any, expected: Any) -> dict[str, Any]:
    first = value.clocks[0]
    return {key: getattr(first, key) for key in expected}


def cycles(value: Any, expected: dict[str, Any]) -> dict[str, Any]:
    names = {"min": "min", "best": "min", "max": "max", "worst": "max", "avg": "average", "average": "average"}
    return {key: getattr(value, names[key]) for key in expected}


def csynth_resources(value: Any, expected: Any) -> Any:
    names = {"used": "used", "available": "available", "util_percent": "share_percent"}
    return {key: resources(value.resources, names[key]) for key in expected}


def loops(value: Any, expected: Any) -> Any:
    found = {loop.name: loop for loop in value.loops}
    return {name: {key: _loop(found[name], key) for key in row} for name, row in expected.items()}


def _loop(loop: Any, key: str) -> Any:
    read_as = {
        "latency": lambda: [loop.latency_cycles.min, loop.latency_cycles.max],
        "iteration_latency": lambda: loop.iteration_latency_cycles,
        "trip_count": lambda: int(loop.trip_count),
        "pipelined": lambda: loop.pipelined,
        "ii_achieved": lambda: loop.achieved_ii_cycles,
        "ii_target": lambda: loop.target_ii_cycles,
    }
    return read_as[key]()


def throughput(value: Any, expected: Any) -> Any:
    found = value.throughput_cycles
    if isinstance(expected, list):
        return [found.min, found.max]
    return found.min


CSYNTH: dict[str, Getter] = {
    "top": lambda value, _: value.top,
    "clock": clock,
    "latency_cycles": lambda value, expected: cycles(value.latency_cycles, expected),
    "interval_cycles": lambda value, expected: cycles(value.interval_cycles, expected),
    "latency_absolute": lambda value, _: list(value.latency_absolute),
    "pipeline_type": lambda value, _: value.pipeline_type,
    "resources": csynth_resources,
    "available_slr": lambda value, _: resources(value.resources, "available_slr"),
    "dsp_column": lambda value, _: value.dsp_name,
    "dsp_tag": lambda value, _: value.dsp_name,
    "uram_column": lambda value, _: any(item.resource == "URAM" for item in value.resources),
    "estimated_exceeds_target": lambda value, _: value.clocks[0].estimated_ns > value.clocks[0].target_ns,
    "loops": loops,
    "pipeline_depth": lambda value, _: value.pipeline_depth_cycles,
    "flow_target": lambda value, _: value.flow,
    "dataflow_throughput": throughput,
    "violation_issue_type": lambda value, _: value.issue,
}


def summary_row(row: Any, expected: dict[str, Any]) -> dict[str, Any]:
    names = {
        "module": "name",
        "name": "name",
        "kind": "kind",
        "depth": "depth",
        "dataflow": "is_dataflow",
        "issue_type": "issue",
        "violation_type": "violation",
        "slack_ns": "slack_ns",
        "latency_cycles": "latency_cycles",
        "latency_ns": "latency_ns",
        "iteration_latency": "iteration_latency_cycles",
        "interval": "interval_cycles",
        "trip_count": "trip_count",
        "pipelined": "pipelined",
    }
    amounts = {
        item.resource: f"{item.used} ({'~0' if isinstance(item.share_percent, Below) else item.share_percent}%)"
        for item in row.resources
    }
    return {key: getattr(row, names[key]) if key in names else amounts.get(key) for key in expected}


def summary_rows(value: Any, expected: Any) -> Any:
    found = []
    for wanted in expected:
        rows = [row for row in value.rows if (row.kind, row.name) == (wanted["kind"], wanted["name"])]
        shown = [summary_row(row, wanted) for row in rows]
        found.append(next((row for row in shown if row == unknown(wanted)), shown[0] if shown else None))
    return found


SUMMARY: dict[str, Getter] = {
    "top": lambda value, _: value.top,
    "flow_target": lambda value, _: {"vitis": "Vitis Kernel Flow Target", "vivado": "Vivado IP Flow Target"}[
        value.flow
    ],
    "n_modules": lambda value, _: sum(row.kind == "module" for row in value.rows),
    "n_loops": lambda value, _: sum(row.kind == "loop" for row in value.rows),
    "top_row": lambda value, expected: summary_row(value.rows[0], expected),
    "rows": summary_rows,
}


def cosim(value: Any, expected: Any) -> Any:
    found = {}
    for run in value.runs:
        wanted = expected[run.language]
        row: dict[str, Any] = {"status": {None: None, True: "Pass", False: "Fail"}[run.passed]}
        for key, part in (("latency", run.latency_cycles), ("interval", run.interval_cycles)):
            if key in wanted:
                row[key] = cycles(part, wanted[key])
        if "total_cycles" in wanted:
            row["total_cycles"] = run.total_cycles
        found[run.language] = row
    return found


COSIM: dict[str, Getter] = {"rtl": cosim}


def export_clock(value: Any, expected: Any) -> Any:
    names = {"required": "target_ns", "post_synthesis": "synthesis_ns", "post_implementation": "route_ns"}
    return {key: getattr(value, names[key]) for key in expected}


EXPORT: dict[str, Getter] = {
    "used": lambda value, expected: {key: resources(value.resources, "used").get(key) for key in expected},
    "available": lambda value, expected: {key: resources(value.resources, "available").get(key) for key in expected},
    "clock_ns": export_clock,
    "timing_met": lambda value, _: value.timing_met,
    "run_type": lambda value, _: {"synthesis": "synth", "implementation": "impl"}[value.stage],
    "wns_ns": lambda value, _: value.wns_ns,
    "wns_synth_ns": lambda value, _: value.wns_synthesis_ns,
    "wns_route_ns": lambda value, _: value.wns_route_ns,
    "tns_ns": lambda value, _: value.tns_ns,
    "top": lambda value, _: value.top,
}

# v++ ------------------------------------------------------------------------------------------------------------------


def system_clocks(value: Any, expected: Any) -> Any:
    return [{key: getattr(one, key) for key in row} for one, row in zip(value.system_clocks, expected, strict=True)]


XCLBIN_INFO: dict[str, Getter] = {
    "content": lambda value, _: value.content,
    "uuid": lambda value, _: value.uuid,
    "platform_vbnv": lambda value, _: value.platform_vbnv,
    "fpga_device": lambda value, _: value.device,
    "platform_generated_by": lambda value, _: value.platform_tool,
    "kernels": lambda value, _: list(value.kernels),
    "compute_units": lambda value, _: {
        unit.name: {"kernel": unit.kernel, "base": unit.base_address} for unit in value.compute_units
    },
    "clocks": lambda value, _: [{"name": one.name, "type": one.type, "mhz": one.frequency_mhz} for one in value.clocks],
    "system_clocks": system_clocks,
    "memory_banks_used": lambda value, _: [bank.name for bank in value.banks if bank.is_used],
    "n_memory_banks_used": lambda value, _: sum(bank.is_used for bank in value.banks),
    "args": lambda value, _: {one.name: [one.port, one.offset] for one in value.compute_units[0].arguments},
    "n_args": lambda value, _: len(value.compute_units[0].arguments),
}
ENTRY_FORMAT = "a sequence of <ENTRY>…</ENTRY>, each with one JSON object (not one JSON document)"
LINK_SUMMARY: dict[str, Getter] = {
    # The words are the reader's; that there are entries is what they say.
    "format": lambda value, _: ENTRY_FORMAT if value.entries else None,
    "entries": lambda value, _: value.entries,
    "hardware_platform": lambda value, _: value.platform,
    "target": lambda value, _: value.target,
    "container": lambda value, _: value.container,
    "kernels": lambda value, _: {kernel.name: list(kernel.compute_units) for kernel in value.kernels},
    "report_entries": lambda value, _: len(value.reports),
    "overall_state": lambda value, _: value.state,
    "steps_never_closed": lambda value, _: list(value.open_steps),
    "started": lambda value, _: value.began,
    "ended": lambda value, _: value.ended,
}


def estimates(value: Any, expected: Any) -> Any:
    found = {f"{one.compute_unit}/{one.module}": one for one in value.modules}
    shown = {}
    for name, wanted in expected.items():
        one = found[name]
        interval = one.interval_cycles
        printed = str(interval.min) if interval.min == interval.max else f"{interval.min} ~ {interval.max}"
        shown[name] = {
            "target_mhz": one.target_mhz,
            "estimated_mhz": one.estimated_mhz,
            "start_interval": None if interval.min is None else printed,
            "latency": cycles(one.latency_cycles, wanted["latency"]),
            "FF": one.ff,
            "LUT": one.lut,
            "DSP": one.dsp_printed,
            "BRAM": one.bram,
            "URAM": one.uram,
        }
    return shown


SYSTEM_ESTIMATE: dict[str, Getter] = {
    "design": lambda value, _: value.design,
    "target_clock": lambda value, expected: expected if value.platform_clock_mhz == mhz(expected) else None,
    "n_kernels": lambda value, _: len(value.kernels),
    "kernels": lambda value, _: {kernel.name: kernel.compute_units for kernel in value.kernels},
    "modules": estimates,
    "n_module_rows": lambda value, _: len(value.modules),
}


def mhz(text: str) -> float:
    return float(text.removesuffix("MHz"))


# Logs -----------------------------------------------------------------------------------------------------------------


def overuse(value: Log, expected: Any) -> Any:
    facts = failure_facts(value.errors).overuse
    with_place = any(" in " in key for key in expected)
    return {
        f"{one.resource} in {one.where}" if with_place else one.resource: {
            "required": one.required,
            "available": one.available,
        }
        for one in facts
    }


def clbs(value: Log, _: Any) -> Any:
    facts = failure_facts(value.errors)
    return {"in_pblock": facts.clbs_in_pblock, "available": facts.clbs_available, "required": facts.clbs_required}


def fact(name: str) -> Getter:
    return lambda value, _: getattr(failure_facts(value.errors), name)


def root_cause(value: Log, _: Any) -> Any:
    """The manifest gives a code, or the words of a line without one."""
    cause = value.cause
    assert cause is not None
    if cause.code is not None:
        return cause.code
    return (
        cause.text.split(". ")[0].partition("bin/")[2].partition(" Killed")[0] + " Killed"
        if "Killed" in (cause.text)
        else cause.text.partition(". ")[0]
    )


def scaled(value: Log, _: Any) -> Any:
    one = value.scaled_clocks[0]
    return {"kernel_clock": one.name, "requested_mhz": one.requested_mhz, "achieved_mhz": one.achieved_mhz}


def slack(stage: str, name: str) -> Getter:
    def get(value: Log, _: Any) -> Any:
        found = [one for one in value.slacks if one.stage.startswith(stage)]
        return getattr(found[-1], name)

    return get


def elapsed(value: Log, _: Any) -> str:
    assert value.elapsed_s is not None
    seconds = int(value.elapsed_s)
    return f"{seconds // 3600}h {seconds % 3600 // 60}m {seconds % 60}s"


def outcome(value: Any, expected: Any) -> Any:
    """Of a log only failure is certain: "passed" is ours where it came to its end without an error."""
    if not isinstance(value, Log):
        return "passed" if not value.failed else "failed"
    return {"failed": "failed", "ended": "passed", None: None}[value.outcome]


LOG: dict[str, Getter] = {
    "outcome": outcome,
    "category": lambda value, _: value.category,
    "n_error_lines": lambda value, _: len(value.errors) if isinstance(value, Log) else len(value.failed),
    "error_codes": lambda value, _: list(value.error_codes),
    "root_cause": root_cause,
    "platform": lambda value, _: value.platform,
    "failed_step": lambda value, _: value.failed_step,
    "license_feature": fact("licence_feature"),
    "license_device": fact("licence_device"),
    "missing_module": fact("missing_module"),
    "missing_kernel": fact("missing_kernel"),
    "congestion_level": fact("congestion_level"),
    "over_utilised": overuse,
    "clbs": clbs,
    "killed_pid": lambda value, _: value.killed_pid,
    "warning_before": lambda value, expected: next(one.code for one in value.warnings if one.code == expected),
    "n_critical_warning_lines": lambda value, _: value.count("CRITICAL WARNING"),
    "n_warning_lines": lambda value, _: value.count("WARNING"),
    "estimated_fmax_mhz": lambda value, _: value.estimated_fmax_mhz,
    "end_line": lambda value, _: value.end_line,
    "elapsed_s": lambda value, _: value.elapsed_s,
    "elapsed": elapsed,
    "ii_violations": lambda value, _: list(value.ii_violations),
    "timing_met": lambda value, _: value.timing_met,
    "frequency_scaled": scaled,
    "post_route_wns_ns": slack("Post", "wns_ns"),
    "post_route_tns_ns": slack("Post", "tns_ns"),
    "post_route_whs_ns": slack("Post", "whs_ns"),
    "estimated_route_wns_ns": slack("Estimated", "wns_ns"),
    "top": lambda value, _: value.top,
    "created": lambda value, expected: [path for path in value.created if path in expected],
    "xclbin_bytes": lambda value, _: value.output_bytes,
    "kernel_frequency_option": lambda value, _: value.kernel_frequency_mhz,
    "steps_success": lambda value, _: [step.name for step in value.steps if step.status == "success"],
    "n_failed_steps": lambda value, _: len(value.failed),
}

# Open tools -----------------------------------------------------------------------------------------------------------


def yosys_modules(value: Any, expected: Any) -> Any:
    found = {one.name: one for one in value.modules}
    return {name: {key: getattr(found[name], key) for key in row} for name, row in expected.items()}


def yosys_design(value: Any, expected: Any) -> Any:
    names = ("wires", "wire_bits", "cells", "transistors")
    return {key: getattr(value.design, key) if key in names else value.design.count(key) for key in expected}


def layout(value: Any, expected: str) -> str:
    """The reader's words begin with the age of the layout; only the new one has an area in every row of a cell."""
    age = "new" if any(cell.area is not None for module in value.modules for cell in module.cell_types) else "old"
    return age + expected[3:]


YOSYS: dict[str, Getter] = {
    "module": lambda value, _: value.modules[0].name,
    "top": lambda value, _: value.modules[-1].name,
    "wires": lambda value, _: value.top.wires,
    "wire_bits": lambda value, _: value.top.wire_bits,
    "cells": lambda value, _: value.top.cells,
    "some_cells_by_type": lambda value, expected: {name: value.top.count(name) for name in expected},
    "layout": layout,
    "modules": yosys_modules,
    "design_hierarchy": yosys_design,
    "area": lambda value, _: value.modules[0].area,
    "sequential_area": lambda value, _: value.modules[0].sequential_area,
    "unknown_area": lambda value, _: list(value.modules[0].unknown_area),
    "num_submodules": lambda value, _: value.modules[0].submodules,
    "creator": lambda value, _: f"Yosys {value.version}",
    "estimated_lcs": lambda value, _: value.top.estimated_lcs,
}


def fmax(clocks: Any, expected: Any) -> Any:
    found = {one.name: one for one in clocks}
    shown = {}
    for name, row in expected.items():
        one = found[name]
        known = {
            "achieved_mhz": one.achieved_mhz,
            "constraint_mhz": one.constraint_mhz,
            "verdict": "PASS" if one.is_met else "FAIL",
        }
        shown[name] = {key: known[key] for key in row}
    return shown


NEXTPNR: dict[str, Getter] = {
    "fmax": lambda value, expected: fmax(value.clocks, expected),
    "fmax_final": lambda value, expected: fmax(value.clocks, expected),
    "fmax_first": lambda value, expected: fmax(value.first_clocks, expected),
    "utilization": lambda value, expected: {
        one.resource: [one.used, one.available] for one in value.utilization if one.resource in expected
    },
    "n_critical_paths": lambda value, _: value.critical_paths,
    "met": lambda value, _: value.is_met,
}


def first_path(value: Any, _: Any) -> Any:
    path = value.paths[0]
    return {
        "start": path.start,
        "end": path.end,
        "group": path.group,
        "arrival": path.arrival_ns,
        "required": path.required_ns,
        "slack": path.slack_ns,
        "status": "MET" if path.is_met else "VIOLATED",
    }


def corner_rows(value: Any, expected: Any) -> Any:
    columns = {
        "hold_ws": "Hold Worst Slack",
        "hold_tns": "Hold TNS",
        "setup_ws": "Setup Worst Slack",
        "setup_tns": "Setup TNS",
        "setup_vio": "Setup Vio Count",
        "reg_to_reg": "Reg to Reg Paths",
    }
    found = {one.corner: one for one in value.corners}
    return {name: {key: found[name].get(columns[key]) for key in row} for name, row in expected.items()}


def figure(name: str) -> Getter:
    return lambda value, _: value.figure(name)


OPENSTA: dict[str, Getter] = {
    "n_paths": lambda value, _: len(value.paths),
    "worst_slack": lambda value, expected: (
        "INF" if value.figure("worst slack") == math.inf else min(path.slack_ns for path in value.paths)
    ),
    "first_path": first_path,
    "corner": lambda value, _: value.power.corner if value.power else value.figures[0].corner,
    "total_w": lambda value, _: value.power.total_w,
    "total_power_w": lambda value, _: value.power.total_w,
    "internal_w": lambda value, _: value.power.internal_w,
    "switching_w": lambda value, _: value.power.switching_w,
    "leakage_w": lambda value, _: value.power.leakage_w,
    "corners": corner_rows,
    "setup_wns": figure("wns"),
    "setup_ws": figure("worst slack"),
    "tns": figure("tns"),
    "wns": figure("wns"),
    "setup_violations": figure("setup violation count"),
    "hold_violations": figure("hold violation count"),
    "max_slew_violations": figure("max slew violation count"),
    "max_cap_violations": figure("max cap violation count"),
    "critical_path_delay": figure("critical path delay"),
    "critical_path_slack": figure("critical path slack"),
}

# Hand-off files and FINN ----------------------------------------------------------------------------------------------


def address_map(value: Any, expected: Any) -> Any:
    return {one.instance: [one.base, one.high] for one in value.ranges if one.instance in expected}


def modules(value: Any, expected: Any) -> Any:
    return {one.name: one.vlnv for one in value.modules if one.name in expected}


HANDOFF: dict[str, Getter] = {
    "kernel": lambda value, _: value.name,
    "language": lambda value, _: value.language,
    "vlnv": lambda value, _: value.vlnv,
    "hw_control_protocol": lambda value, _: value.control_protocol,
    "ports": lambda value, _: {port.name: port.width_bits for port in value.ports},
    "args": lambda value, _: [[one.name, one.port, one.offset] for one in value.arguments],
    "family": lambda value, _: value.families[0],
    "core_revision": lambda value, _: value.core_revision,
    "bus_interfaces": lambda value, _: list(value.bus_interfaces),
    "n_ports": lambda value, _: len(value.ports),
    "arch": lambda value, _: value.architecture,
    "board": lambda value, _: value.board,
    "package": lambda value, _: value.package,
    "speed": lambda value, _: value.speed,
    "design": lambda value, _: value.design,
    "n_modules": lambda value, _: len(value.modules),
    "modules": modules,
    "address_map": address_map,
}
FINN: dict[str, Getter] = {
    "n_layers": lambda value, _: len(value.layers),
    "max_layer": lambda value, _: value.bottleneck.layer,
    "max_cycles": lambda value, _: value.bottleneck.cycles if hasattr(value, "layers") else value.max_cycles,
    "first": lambda value, _: [value.layers[0].layer, value.layers[0].cycles],
    "critical_path_cycles": lambda value, _: value.critical_path_cycles,
    "max_cycles_node_name": lambda value, _: value.bottleneck,
    "estimated_throughput_fps": lambda value, _: value.throughput_fps,
    "estimated_latency_ns": lambda value, _: value.latency_ns,
    "report": lambda value, _: "report_utilization -hierarchical in XML" if value.resources else None,
    "design": lambda value, _: value.design,
    "design_state": lambda value, _: value.state,
    "columns": lambda value, _: ["Instance", "Module", *value.resources],
    "n_steps": lambda value, _: len(value.steps),
    "longest": lambda value, _: value.longest.step,
    "seconds": lambda value, _: value.longest.seconds,
    "step_hw_ipgen": lambda value, _: next(one.seconds for one in value.steps if one.step == "step_hw_ipgen"),
    "outcome": lambda value, _: "complete" if value.runs[-1].reached_last else "incomplete",
    "last_step": lambda value, _: value.runs[-1].steps[-1],
    "last_step_index": lambda value, _: f"{len(value.runs[-1].steps)}/{value.runs[-1].planned_steps}",
    "LUT": lambda value, _: value.lut,
    "LUTRAM": lambda value, _: value.lutram,
    "FF": lambda value, _: value.ff,
    "DSP": lambda value, _: value.dsp,
    "BRAM": lambda value, _: value.bram,
    "BRAM_18K": lambda value, _: value.bram_18k,
    "BRAM_36K": lambda value, _: value.bram_36k,
    "URAM": lambda value, _: value.uram,
    "WNS": lambda value, _: value.wns_ns,
    "fmax_mhz": lambda value, _: value.fmax_mhz,
    "vivado_version": lambda value, _: float(value.vivado_version),
    "cycles": lambda value, _: value.cycles,
    "latency_cycles": lambda value, _: value.latency_cycles,
    "interval_cycles": lambda value, _: value.interval_cycles,
    "throughput_images_per_s": lambda value, _: value.throughput_fps,
    "fclk_mhz": lambda value, _: value.clock_mhz,
}
GETTERS = {
    "hls_csynth_rpt": CSYNTH,
    "hls_csynth_xml": CSYNTH,
    "hls_csynth_summary": SUMMARY,
    "hls_cosim": COSIM,
    "hls_export": EXPORT,
    "vpp_xclbin_info": XCLBIN_INFO,
    "vpp_link_summary": LINK_SUMMARY,
    "vpp_system_estimate": SYSTEM_ESTIMATE,
    "log_error": LOG,
    "log_ok": LOG,
    "yosys_stat": YOSYS,
    "nextpnr_report": NEXTPNR,
    "opensta": OPENSTA,
    "handoff": HANDOFF,
    "finn_reports": FINN,
}


def expectations(entry: dict[str, Any]) -> Callable[[str, Any], bool]:
    """A function that tells whether the file has a value under a key; a key that nothing reads is an error."""
    text = read(CORPUS / entry["file"])
    kind = recognise(text, entry["file"])
    assert kind.name in KIND_OF_FOLDER[entry["kind"]]
    value = parse(text, entry["file"])
    getters = GETTERS[entry["kind"]]
    # A word like "-" is an unknown of most tools, but a name is a name: codes and lists are compared as they are.
    return lambda key, expected: bool(getters[key](value, expected) == unknown(expected))


@pytest.mark.skipif(not ENTRIES, reason="the corpus of reports (../shared/reports_corpus) is not here")
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_values(entry: dict[str, Any]) -> None:
    holds = expectations(entry)
    for key, expected in entry["expected"].items():
        if key != "note":
            assert holds(key, expected), key


@pytest.mark.skipif(not ENTRIES, reason="the corpus of reports (../shared/reports_corpus) is not here")
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_one_kind_only(entry: dict[str, Any]) -> None:
    head = read(CORPUS / entry["file"])[:16_384]
    found = [kind.name for kind in KINDS if kind.matches(head)]
    # A log of a co-simulation or of Yosys may hold messages too; the first kind reads it, the log's reads the rest.
    assert [name for name in found if name != "xilinx_log"][1:] == []


def test_what_looks_like_an_error_is_none() -> None:
    for line in (
        'puts "ERROR: [Common 17-1] no"',
        "# ERROR: [Common 17-1] no",
        "GJS_DEBUG_TOPICS=JS ERROR;JS LOG",
        "DRC finished with 0 Errors",
        "report_drc: ERROR count 0",
        "  ERROR: [Common 17-1] indented, as an echoed script is",
        "ERRORS: 3",
    ):
        assert read_message(line, 1) is None
