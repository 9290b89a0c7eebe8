"""Every value that a reader has typed from public reports, logs and hand-off files of all other tools comes out.

The corpus and its manifest are others' work; each key of an expectation has a getter here, and a key without one fails.
What the manifest writes as `?`, `undef`, `-` or NA is "unknown" in that file, which is None in ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_manifest import manifest

from reports.logs.message import read_message
from reports.reading.source import read
from reports.registry import KINDS, parse, recognise

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import unknown
from corpus_handoff import FINN, HANDOFF
from corpus_hls import COSIM, CSYNTH, EXPORT, SUMMARY
from corpus_logs import LOG
from corpus_open_tools import NEXTPNR, OPENSTA, YOSYS
from corpus_vpp import LINK_SUMMARY, SYSTEM_ESTIMATE, XCLBIN_INFO

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


def _entries() -> list[dict[str, Any]]:
    # The xclbin files belong to runtime.formats.xclbin and its own test.
    files = manifest()["files"]
    return [entry for entry in files if entry["kind"] in KIND_OF_FOLDER and not entry["file"].endswith(".xclbin")]


ENTRIES = _entries()


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
