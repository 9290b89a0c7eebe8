"""Every value that a reader has typed from the public reports of Vivado comes out of the parsers.

The corpus and its manifest are others' work; each key of an expectation has a getter, and a key without one fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.reading.source import read
from reports.registry import KINDS, parse, recognise
from reports.vivado.table import Lines, framed_tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import Getter
from corpus_vivado import GETTERS

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


def _entries() -> list[dict[str, Any]]:
    manifest = CORPUS / "MANIFEST.yaml"
    if not manifest.exists():
        return []
    with manifest.open(encoding="utf-8") as stream:
        files = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["files"]
    return [entry for entry in files if entry["kind"] in KIND_OF_FOLDER]


ENTRIES = _entries()


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
    own: dict[str, Getter] = {"design": lambda value, _: value.header.design}
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
