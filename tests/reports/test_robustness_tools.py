"""Damaged reports and logs of HLS, v++, Yosys, nextpnr, OpenSTA and FINN: nothing but ReportError ever comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from accidents import by_content, mutated, only_report_errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_reports import MADE

from reports.hls import csynth as hls_csynth
from reports.hls import csynth_xml as hls_csynth_xml
from reports.logs import log
from reports.logs.value import Log
from reports.open_tools import finn, nextpnr, yosys_stat
from reports.reading.errors import (
    EmptyReportError,
    ReportError,
    TruncatedReportError,
    UnknownLayoutError,
    WrongKindError,
)
from reports.reading.kind import Kind
from reports.reading.source import read
from reports.registry import KINDS, recognise
from reports.vpp import kernel_description, link_summary, system_estimate

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "reports_corpus"
VIVADO = (
    "clock_utilization",
    "design_analysis_qor",
    "drc",
    "power",
    "timing",
    "utilization",
    "utilization_hier",
    "utilization_slr",
    "vpp_kernel_util",
)
OTHERS = ("vivado_", "vitis_kernel_utilization")
TOOLS = tuple(kind for kind in KINDS if not kind.name.startswith(OTHERS) or kind.name == "vivado_utilization_xml")
LONGEST = 40_000
"""Of a longer text the begin and the end are kept: mutations of more of the same teach nothing."""


def _texts() -> list[str]:
    if not CORPUS.is_dir():
        return []
    folders = sorted(path for path in CORPUS.iterdir() if path.is_dir() and path.name not in VIVADO)
    files = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix != ".xclbin"]
    texts = [read(path) for path in files]
    return [text if len(text) <= LONGEST else text[: LONGEST // 2] + text[-LONGEST // 2 :] for text in texts]


TEXTS = _texts()
needs_corpus = pytest.mark.skipif(not TEXTS, reason="the corpus of reports (../shared/reports_corpus) is not here")


@pytest.mark.slow
@needs_corpus
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated(TEXTS) if TEXTS else st.nothing())
def test_mutations(text: str) -> None:
    only_report_errors(text, by_content(text, log.KIND))


@pytest.fixture
def asked_for_nightly(request: pytest.FixtureRequest) -> None:
    if "nightly" not in str(request.config.getoption("-m")):
        pytest.skip("100,000 mutations take some ten minutes: ask for them with -m nightly")


@needs_corpus
@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("asked_for_nightly")
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated([*TEXTS, *MADE.values()]) if TEXTS else st.nothing())
def test_many_mutations(text: str) -> None:
    only_report_errors(text, by_content(text, log.KIND))


def test_no_kind_is_left_out() -> None:
    """Every kind is damaged somewhere: those of the corpus above, all others here."""
    assert {name: recognise(text).name for name, text in MADE.items()} == {name: name for name in MADE}
    if CORPUS.is_dir():
        files = [path for path in CORPUS.glob("*/*") if path.suffix != ".xclbin"]
        have = {by_content(read(path), log.KIND).name for path in files}
        assert {kind.name for kind in KINDS} == have | set(MADE)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated(tuple(MADE.values())))
def test_mutations_of_kinds_beyond_the_corpus(text: str) -> None:
    only_report_errors(text, by_content(text, log.KIND))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("asked_for_nightly")
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated(tuple(MADE.values())))
def test_many_mutations_of_kinds_beyond_the_corpus(text: str) -> None:
    only_report_errors(text, by_content(text, log.KIND))


@needs_corpus
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TEXTS) if TEXTS else st.nothing())
def test_every_parser_on_every_other_kind(text: str) -> None:
    own = recognise(text)
    for kind in TOOLS:
        if kind is not own:
            only_report_errors(text, kind)


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    for kind in TOOLS:
        only_report_errors(text, kind)


@pytest.mark.parametrize("kind", TOOLS, ids=[kind.name for kind in TOOLS])
def test_empty_and_foreign(kind: Kind) -> None:
    with pytest.raises(EmptyReportError, match=r"x\.rpt: the file is empty"):
        kind.parse(" \n\n", "x.rpt")
    with pytest.raises(WrongKindError, match=r"x\.rpt:1: begins with 'Dear reader,'; expected "):
        kind.parse("\nDear reader,\n", "x.rpt")


CSYNTH = """
================================================================
== Vitis HLS Report for 'top'
================================================================
* Date:           Tue Sep  2 16:52:49 2025

* Version:        2022.2 (Build 3670227 on Oct 13 2022)
* Target device:  xcu280-fsvh2892-2L-e


================================================================
== Performance Estimates
================================================================
+ Timing:
    * Summary:
    +--------+---------+----------+------------+
    |  Clock |  Target | Estimated| Uncertainty|
    +--------+---------+----------+------------+
    |ap_clk  |  4.00 ns|  2.920 ns|     1.08 ns|
    +--------+---------+----------+------------+

+ Latency:
    * Summary:
    +---------+---------+-----+-----+---------+
    |  Latency (cycles) |  Interval | Pipeline|
    |   min   |   max   | min | max |   Type  |
    +---------+---------+-----+-----+---------+
    |        7|        ?|    8|    ?|       no|
    +---------+---------+-----+-----+---------+

================================================================
== Utilization Estimates
================================================================
* Summary:
+-----------------+---------+-----+
|       Name      | BRAM_18K| LUT |
+-----------------+---------+-----+
|Total            |        3|   12|
+-----------------+---------+-----+
|Available        |      280| 5320|
+-----------------+---------+-----+
"""


def test_what_is_not_listed_is_missing_and_what_is_unknown_is_none() -> None:
    value = hls_csynth.parse(CSYNTH)
    assert [(item.resource, item.used) for item in value.resources] == [("BRAM_18K", 3), ("LUT", 12)]
    assert (value.latency_cycles.min, value.latency_cycles.max) == (7, None)
    assert value.dsp_name is None


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("  2.920 ns", "   soon ns", UnknownLayoutError, r"c\.rpt:19: 'Estimated' is 'soon ns'; expected a time in ns"),
        ("|        7|", "|      7.5|", UnknownLayoutError, r"c\.rpt:28: .*'7.5'; expected a whole number"),
        ("|        7|        ?|", "|        7|", UnknownLayoutError, r"c\.rpt:28: a row has 4 cells"),
        ("== Utilization Estimates", "== Something", TruncatedReportError, r"no part 'Utilization Estimates'"),
        ("|Available        |      280| 5320|", "|Other|1|1|", TruncatedReportError, r"no row 'Available'"),
        ("* Target device:", "* Aim:", TruncatedReportError, r"no 'Target device'"),
        ("|       Name      |", "|       LUT       |", UnknownLayoutError, r"c\.rpt:36: the names of the columns are"),
    ],
)
def test_named_errors(old: str, new: str, error: type[ReportError], message: str) -> None:
    assert old in CSYNTH
    with pytest.raises(error, match=message):
        hls_csynth.parse(CSYNTH.replace(old, new), "c.rpt")


def test_an_xml_with_a_document_type_is_refused() -> None:
    text = '<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<profile>&b;\n<ReportVersion>\n<UserAssignments>'
    with pytest.raises(UnknownLayoutError, match=r"x\.xml:1: has a document type, which is refused"):
        hls_csynth_xml.parse(text, "x.xml")


def test_an_xml_that_ends_early_and_one_too_deep() -> None:
    text = '<root versionMajor="1"><kernel name="k"><ports>'
    with pytest.raises(TruncatedReportError, match=r"k\.xml:1: the XML ends too early"):
        kernel_description.parse(text, "k.xml")
    with pytest.raises(UnknownLayoutError, match="more than 200 levels"):
        kernel_description.parse(text + "<a>" * 100_000, "k.xml")


def test_json_that_python_alone_would_fall_over() -> None:
    for inner, message in (
        ("9" * 5000, "holds"),
        ("NaN", "holds the word NaN"),
        ("[" * 100_000, "nested too deeply"),
    ):
        with pytest.raises(ReportError, match=message):
            finn.parse_times('{"step_a": 1, "step_b": ' + inner, "t.json")
    with pytest.raises(TruncatedReportError, match=r"t\.json:2: the JSON document ends too early"):
        finn.parse_times('{"step_a": 1,\n "step_b": ', "t.json")
    with pytest.raises(UnknownLayoutError, match="'step_b' is a text; expected a number"):
        finn.parse_times('{"step_a": 1, "step_b": "x"}', "t.json")


def test_a_link_summary_that_is_still_written() -> None:
    text = '<ENTRY>\n{"thisFile": "x"}\n</ENTRY>\n<ENTRY>\n{"type": "ET_Sta'
    with pytest.raises(TruncatedReportError, match=r"l:5: the last <ENTRY> has no end"):
        link_summary.parse(text, "l")


def test_a_module_of_yosys_with_submodules_alone() -> None:
    """From a run of 0.70 on a module with two instances of another, which has one LUT1."""
    counts = (
        "        4 wires\n        4 wire bits\n        4 public wires\n        4 public wire bits\n        4 ports\n"
    )
    top = f"=== top ===\n\n{counts}        4 port bits\n        2 submodules\n        2   sub\n\n"
    sub = f"=== sub ===\n\n{counts}        2 port bits\n        1 cells\n        1   LUT1\n\n"
    found = yosys_stat.parse(f"4. Printing statistics.\n\n{top}{sub}", "s.txt")
    assert [(one.cells, one.submodules, one.count("LUT1")) for one in found.modules] == [(0, 2, 0), (1, None, 1)]
    cut = f"4. Printing statistics.\n\n=== top ===\n\n{counts}"
    with pytest.raises(TruncatedReportError, match="module 'top' has no number of cells"):
        yosys_stat.parse(cut, "s.txt")


def test_a_run_of_yosys_that_ends_before_its_statistics() -> None:
    text = " Yosys 0.40 (git sha1 abc)\n\n1. Executing Verilog-2005 frontend: x.v\n"
    with pytest.raises(TruncatedReportError, match=r"no 'Printing statistics\.'"):
        yosys_stat.parse(text, "y.log")


def test_a_run_of_nextpnr_that_ends_before_routing() -> None:
    text = "Info: Packing IOs..\nInfo: Packing constants..\nInfo: Checksum: 0x1\n"
    with pytest.raises(TruncatedReportError, match="no 'Max frequency'"):
        nextpnr.parse_log(text, "n.log")


def told(text: str) -> Log:
    return log.parse("INFO: [HLS 200-10] Running\n" + text)


def test_the_cause_is_the_first_error_that_is_not_a_tail() -> None:
    value = told("ERROR: [Common 17-39] 'x' failed\nERROR: [Place 30-487] no room\nERROR: [Synth 8-1] later\n")
    assert value.cause is not None
    assert (value.cause.code, value.cause.line, value.category) == ("Place 30-487", 3, "placement_failed")


def test_a_tail_alone_is_the_cause() -> None:
    value = told("ERROR: \nERROR: [HLS 200-70] Pre-synthesis failed.\n")
    assert [error.code for error in value.errors] == [None, "HLS 200-70"]
    assert value.cause is not None and value.cause.code == "HLS 200-70"


def test_a_log_that_just_stops_has_no_outcome() -> None:
    assert told("INFO: [Route 35-1] routing\n").outcome is None


def test_escape_sequences_and_carriage_returns() -> None:
    value = told("\x1b[31mERROR: [HLS 200-101] no\x1b[0m\nprogress 10%\rERROR: [HLS 200-102] still no\r\n")
    assert [error.code for error in value.errors] == ["HLS 200-101", "HLS 200-102"]


def test_memory_is_in_megabytes_whatever_is_printed() -> None:
    text = "INFO: [HLS 200-112] Total elapsed time: 11.08 seconds; peak allocated memory: 1.5 GB.\n"
    assert told(text).peak_memory_mb == 1536.0
    assert told(text).elapsed_s == 11.08


def test_titles_without_tables_are_not_searched_for_each_of_them() -> None:
    head = "Version:    v++ v2022.1 (64-bit)\nDesign Name:   x\nTarget Device:   d\nTotal number of kernels: 1\n"
    with pytest.raises(TruncatedReportError, match=r"e:5: 'Kernel Summary' has no table"):
        system_estimate.parse(head + "Kernel Summary\n" * 50_000, "e")
