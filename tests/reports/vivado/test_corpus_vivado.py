"""Every value that a reader has typed from the public reports of Vivado comes out of the parsers.

The corpus and its manifest are others' work; each key of an expectation has a getter here, and a key without one fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_manifest import manifest

from reports.reading.source import read
from reports.registry import KINDS, parse, recognise
from reports.vivado.table import Lines, framed_tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import as_printed, only
from corpus_checks import ANALYSIS, CHECKS, CLOCKS, FAILFAST, POWER, QOR

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
KIND_OF_FOLDER = {
    "clock_utilization": {"vivado_clock_utilization"},
    "design_analysis_qor": {"vivado_design_analysis", "vivado_qor_assessment", "vivado_failfast"},
    "drc": {"vivado_drc", "vivado_methodology"},
    "power": {"vivado_power"},
    "timing": {"vivado_timing_summary"},
    "utilization": {"vivado_utilization"},
    "utilization_hier": {"vivado_hierarchical_utilization"},
    "utilization_slr": {"vivado_utilization"},
    "vpp_kernel_util": {"vitis_kernel_utilization"},
}
SLACKS = {
    "WNS": "wns_ns",
    "TNS": "tns_ns",
    "TNS_failing": "tns_failing",
    "TNS_total": "tns_total",
    "WHS": "whs_ns",
    "THS": "ths_ns",
    "THS_failing": "ths_failing",
    "THS_total": "ths_total",
    "WPWS": "wpws_ns",
    "TPWS": "tpws_ns",
    "TPWS_failing": "tpws_failing",
    "TPWS_total": "tpws_total",
}
STATEMENTS = {"There are no user specified timing constraints.": "nothing constrained"}


def _entries() -> list[dict[str, Any]]:
    return [entry for entry in manifest()["files"] if entry["kind"] in KIND_OF_FOLDER]


ENTRIES = _entries()


def slacks(value: Any, absent: Any) -> dict[str, Any]:
    printed = {key: as_printed(getattr(value, name)) for key, name in SLACKS.items()}
    return {key: absent if item is None else item for key, item in printed.items()}


# Timing ---------------------------------------------------------------------------------------------------------------


def clocks(value: Any, expected: Any) -> Any:
    found = {}
    for clock in value.clocks:
        row = {"period_ns": clock.period_ns, "freq_mhz": clock.frequency_mhz}
        for key in ("wns", "whs", "wpws"):
            row[key] = None if clock.slacks is None else getattr(clock.slacks, f"{key}_ns")
        found[clock.name] = row
    return {name: only(row, found.get(name, {})) for name, row in expected.items()}


def inter_clock(value: Any, expected: Any) -> Any:
    found = {(row.from_clock, row.to_clock): row.slacks.wns_ns for row in value.between_clocks}
    return [{"from": r["from"], "to": r["to"], "wns": found.get((r["from"], r["to"]))} for r in expected]


TIMING: dict[str, Callable[[Any, Any], Any]] = {
    "met": lambda value, _: value.met,
    "summary": lambda value, _: slacks(value.slacks, "NA"),
    "n_clocks": lambda value, _: len(value.clocks),
    "clocks": clocks,
    "inter_clock": inter_clock,
    "fails": lambda value, _: list(value.slacks.fails),
    "check_timing": lambda value, expected: only(expected, {check.name: check.count for check in value.checks}),
    "statement": lambda value, expected: expected if STATEMENTS[expected] == value.verdict else value.verdict,
    # The reader typed some of the clocks; `n_clocks` is the number of all.
    "clocks_subset": lambda value, _: len(value.clocks) > 8,
}

# Utilization ----------------------------------------------------------------------------------------------------------


def sites(value: Any, expected: Any) -> Any:
    found: dict[str, Any] = {}
    for site in value.sites:
        row = {"used": site.used, "available": site.available, "util_percent": as_printed(site.util_percent)}
        found.setdefault(site.name, row)
    return only(expected, found) if expected else found


def slr_table(value: Any, expected: Any) -> Any:
    found: dict[str, Any] = {}
    for site in value.slr_sites:
        row = {"used": list(site.used), "util_percent": [as_printed(share) for share in site.util_percent]}
        found.setdefault(site.name, row)
    return only(expected, found) if expected else found


def column(name: str) -> Callable[[Any, Any], Any]:
    return lambda value, expected: {key: getattr(value.site(key), name) for key in expected}


def crossings(value: Any, expected: Any) -> Any:
    return {
        row.name: {"used": row.used, "available": row.available, "util_percent": row.util_percent}
        for row in value.crossings
    }


UTILIZATION: dict[str, Callable[[Any, Any], Any]] = {
    "rows": sites,
    "uram_row_present": lambda value, _: value.resource("urams") is not None,
    "pblock": lambda value, _: value.pblock,
    "prohibited": column("prohibited"),
    "fixed": column("fixed"),
    "command_has_slr": lambda value, _: "-slr" in value.header.command.split(),
    "slrs": lambda value, _: list(value.slrs),
    "slr_table": slr_table,
    "total_slls_used": lambda value, _: value.slls_used,
    "sll": crossings,
}


def instances(value: Any, expected: Any) -> Any:
    found = []
    start = 0
    for row in expected:
        key = (row["instance"], row["module"], row["depth"])
        for at in range(start, len(value.instances)):
            item = value.instances[at]
            if (item.name, item.module, item.depth) == key:
                found.append({**row, "values": list(item.values)})
                start = at + 1
                break
    return found


HIERARCHY: dict[str, Callable[[Any, Any], Any]] = {
    "columns": lambda value, _: list(value.columns),
    "n_rows": lambda value, _: len(value.instances),
    "rows": instances,
}


def amounts(items: Any) -> dict[str, int]:
    return {amount.resource: amount.used for amount in items}


def kernel_rows(value: Any, expected: Any) -> Any:
    found = {}
    for kernel in value.kernels:
        found[kernel.name] = amounts(kernel.amounts)
        found.update({unit.name: amounts(unit.amounts) for unit in kernel.compute_units})
    return only(expected, found)


ACCELERATOR: dict[str, Callable[[Any, Any], Any]] = {
    "columns": lambda value, _: list(value.resources),
    "platform": lambda value, _: amounts(value.platform),
    "user_budget": lambda value, _: amounts(value.budget),
    "used": lambda value, _: amounts(value.used),
    "rows": kernel_rows,
    "used_percent_LUT": lambda value, _: next(a.share_percent for a in value.used if a.resource == "LUT"),
    "kernels": lambda value, _: {k.name: [unit.name for unit in k.compute_units] for k in value.kernels},
}

GETTERS: dict[str, dict[str, Callable[[Any, Any], Any]]] = {
    "vivado_timing_summary": TIMING,
    "vivado_utilization": UTILIZATION,
    "vivado_hierarchical_utilization": HIERARCHY,
    "vitis_kernel_utilization": ACCELERATOR,
    "vivado_power": POWER,
    "vivado_clock_utilization": CLOCKS,
    "vivado_drc": CHECKS,
    "vivado_methodology": CHECKS,
    "vivado_design_analysis": ANALYSIS,
    "vivado_qor_assessment": QOR,
    "vivado_failfast": FAILFAST,
}


def test_the_corpus_is_here() -> None:
    if not ENTRIES:
        pytest.skip("the corpus of reports (../shared/reports_corpus) is not here")
    assert len(ENTRIES) == 78


def expectations(entry: dict[str, Any]) -> Callable[[str, Any], bool]:
    """A function that tells whether the file has a value under a key; a key that nothing reads is an error."""
    text = read(CORPUS / entry["file"])
    kind = recognise(text, entry["file"])
    assert kind.name in KIND_OF_FOLDER[entry["kind"]]
    value = parse(text, entry["file"])
    own: dict[str, Callable[[Any, Any], Any]] = {"design": lambda value, _: value.header.design}
    own["design_state"] = lambda value, expected: expected if value.header.state == expected.lower() else None
    if kind.name == "vivado_utilization":
        lines = Lines(text, entry["file"])
        table = next(t for t in framed_tables(lines, 0, len(lines)) if t.columns[0] == "Site Type")
        own["columns"] = lambda value, _: list(table.columns[1:])
    getters = {**GETTERS[kind.name], **own}
    return lambda key, expected: bool(getters[key](value, expected) == expected)


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_expected_values(entry: dict[str, Any]) -> None:
    holds = expectations(entry)
    for key, expected in entry["expected"].items():
        if key != "note":
            assert holds(key, expected), key


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_tool_and_device(entry: dict[str, Any]) -> None:
    value = parse(read(CORPUS / entry["file"]), entry["file"])
    if not hasattr(value, "header"):
        assert value.device == entry["device"]
        return
    assert f"{value.header.tool} {value.header.version}" == entry["tool"].replace("v.", "")
    assert value.header.device == entry["device"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_exactly_one_kind_matches(entry: dict[str, Any]) -> None:
    head = read(CORPUS / entry["file"])[:16_384]
    assert len([kind.name for kind in KINDS if kind.matches(head)]) == 1
