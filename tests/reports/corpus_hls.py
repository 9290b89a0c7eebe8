"""How the values of Vivado HLS and Vitis HLS in the corpus are read from ours."""

from __future__ import annotations

from typing import Any

from corpus import Getter, cycles, resources, unknown

from reports.reading.number import Below


def clock(value: Any, expected: Any) -> dict[str, Any]:
    first = value.clocks[0]
    return {key: getattr(first, key) for key in expected}


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
