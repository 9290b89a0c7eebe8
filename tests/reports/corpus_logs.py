"""How the values of logs in the corpus are read from ours."""

from __future__ import annotations

from typing import Any

from corpus import Getter

from reports.logs.value import Log


def codes(value: Log) -> list[str | None]:
    """The different codes of the errors in order of their first appearance."""
    return list(dict.fromkeys(error.code for error in value.errors))


def overuse(value: Log, expected: Any) -> Any:
    facts = value.facts.overuse
    with_place = any(" in " in key for key in expected)
    return {
        f"{one.resource} in {one.where}" if with_place else one.resource: {
            "required": one.required,
            "available": one.available,
        }
        for one in facts
    }


def clbs(value: Log, _: Any) -> Any:
    facts = value.facts
    return {"in_pblock": facts.clbs_in_pblock, "available": facts.clbs_available, "required": facts.clbs_required}


def fact(name: str) -> Getter:
    return lambda value, _: getattr(value.facts, name)


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
    "error_codes": lambda value, _: codes(value),
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
