"""How the values of Vivado's power, clocks, checks and analyses in the corpus are read from ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corpus import as_printed, only


def named(rows: Any, name: str) -> Any:
    return next(row for row in rows if row.name == name)


def windows(value: Any, stage: str) -> list[Any]:
    return [window for window in value.congestion if window.stage == stage]


def rails(value: Any, expected: Any) -> Any:
    found = {}
    for name, row in expected.items():
        supply = named(value.supplies, name)
        found[name] = {key: getattr(supply, key) for key in row}
    return found


POWER: dict[str, Callable[[Any, Any], Any]] = {
    "total_on_chip_w": lambda value, _: value.total_on_chip_w,
    "dynamic_w": lambda value, _: value.dynamic_w,
    "device_static_w": lambda value, _: value.device_static_w,
    "junction_c": lambda value, _: value.junction_c,
    "effective_tja_c_per_w": lambda value, _: value.effective_tja_c_per_w,
    "max_ambient_c": lambda value, _: value.max_ambient_c,
    "confidence": lambda value, _: value.confidence,
    "total_off_chip_w": lambda value, _: value.total_off_chip_w,
    "fpga_power_w": lambda value, _: value.fpga_w,
    "hbm_power_w": lambda value, _: value.hbm_w,
    # "Unspecified*" is a budget that nobody set.
    "power_budget_w": lambda v, expected: expected if (v.budget_w, expected) == (None, "Unspecified*") else v.budget_w,
    "power_budget_margin": lambda value, _: value.budget_margin,
    "simulation_activity_file": lambda value, _: value.activity_file,
    "design_nets_matched": lambda value, _: value.nets_matched,
    "on_chip": lambda value, expected: {n: as_printed(named(value.components, n).power_w) for n in expected},
    "block_ram_used": lambda value, _: named(value.components, "Block RAM").used,
    "power_rails": rails,
    "vccint": lambda value, expected: rails(value, {"Vccint": expected})["Vccint"],
}


def global_clocks(value: Any, expected: Any) -> Any:
    names = ("id", "clock", "period_ns", "driver", "loads", "non_clock_loads")
    return [{name: getattr(clock, name) for name in names} for clock in value.global_clocks]


CLOCKS: dict[str, Callable[[Any, Any], Any]] = {
    "primitives": lambda value, _: {p.name: {"used": p.used, "available": p.available} for p in value.primitives},
    "global_clocks": global_clocks,
}


def rules(items: Any) -> list[dict[str, Any]]:
    return [{"rule": rule.rule, "severity": rule.severity, "count": rule.count} for rule in items]


CHECKS: dict[str, Callable[[Any, Any], Any]] = {
    "report": lambda value, _: value.title,
    "found": lambda value, _: value.found,
    "rules": lambda value, _: rules(value.rules),
}


def path1(value: Any, expected: Any) -> Any:
    path = value.paths[0]
    heads = {
        "requirement_ns": "Requirement",
        "path_delay_ns": "Path Delay",
        "logic_delay": "Logic Delay",
        "net_delay": "Net Delay",
        "slack_ns": "Slack",
        "logic_levels": "Logic Levels",
        "routes": "Routes",
        "start_clock": "Start Point Clock",
        "start_point": "Start Point Pin",
        "end_point": "End Point Pin",
    }
    found = {key: path.value(heads[key]) for key in expected}
    return {key: type(expected[key])(text) for key, text in found.items()}


def first_placer_row(value: Any, expected: Any) -> Any:
    window = windows(value, "placer")[0]
    found = {name: getattr(window, name) for name in ("direction", "type", "level", "window")}
    shares = {"combined_luts": "Combined LUTs", "avg_lut_input": "Avg LUT Input", "LUT": "LUT", "DSP": "DSP"}
    found.update({key: type(expected[key])(window.share(name)) for key, name in shares.items()})
    return found


def slr_crossings(value: Any, expected: Any) -> Any:
    found = {row.cell: {"nets": row.nets, **{cut.between: cut.nets for cut in row.cuts}} for row in value.crossings}
    return only(expected, found)


def complexity(value: Any, expected: Any) -> Any:
    heads = {"registers": "Registers", "memory_lut": "Memory LUT"}
    found = {}
    for row in value.complexity:
        typed = expected[row.instance]
        item: dict[str, Any] = {}
        for key in typed:
            if key == "module":
                item[key] = row.module or ""
            elif hasattr(row, key):
                item[key] = getattr(row, key)
            else:
                text = row.other(heads.get(key, key))
                item[key] = text if isinstance(typed[key], str) else int(text)
        found[row.instance] = item
    return found


def stage_count(stage: str) -> Callable[[Any, Any], Any]:
    return lambda value, _: len(windows(value, stage))


def stage_level(stage: str) -> Callable[[Any, Any], Any]:
    return lambda value, _: max(window.level for window in windows(value, stage))


def report_command(value: Any, expected: Any) -> Any:
    """The command with the option whose sections came; without one where they are of several."""
    sections = {"-complexity": "Complexity", "-congestion": "Congest", "-timing": "Setup Path"}
    options = [option for option, words in sections.items() if any(words in name for name in value.reported)]
    return " ".join(["report_design_analysis", *(options if len(options) == 1 else [])])


ANALYSIS: dict[str, Callable[[Any, Any], Any]] = {
    "report": report_command,
    "path1": path1,
    "logic_levels": lambda value, _: {
        row.clock: {"requirement": row.requirement, "counts": list(row.counts)} for row in value.logic_levels
    },
    "placer_congestion_rows": stage_count("placer"),
    "router_congestion_rows": stage_count("router"),
    "placer_max_level": stage_level("placer"),
    "router_max_level": stage_level("router"),
    "first_placer_row": first_placer_row,
    "slr_crossings": slr_crossings,
    "rows": complexity,
}


def qor_details(value: Any, expected: Any) -> Any:
    found: dict[str, Any] = {}
    for item in value.details:
        row = {"threshold": item.threshold, "actual": item.actual, "status": item.status}
        found[item.name] = row if isinstance(expected.get(item.name), dict) else item.status
    return only(expected, found)


QOR: dict[str, Callable[[Any, Any], Any]] = {
    "report": lambda value, _: "report_qor_assessment" if value.score_text else None,
    "score": lambda value, _: value.score,
    "score_text": lambda value, _: value.score_text,
    "scope": lambda value, _: value.scope,
    "details": qor_details,
    "methodology": lambda value, _: [
        {"id": rule.rule, "criticality": rule.severity, "violations": rule.count} for rule in value.methodology
    ],
}
FAILFAST: dict[str, Callable[[Any, Any], Any]] = {
    "report": lambda value, _: "report_failfast" if value.criteria else None,
    "run": lambda value, _: value.run,
    "criteria": lambda value, expected: only(
        expected,
        {c.name: {"guideline": c.guideline, "actual": c.actual, "status": c.status} for c in value.criteria},
    ),
    "n_review": lambda value, _: sum(one.status == "REVIEW" for one in value.criteria),
}
