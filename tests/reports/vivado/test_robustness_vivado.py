"""Damaged reports: nothing but ReportError ever comes out, and each kind of trouble has its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from accidents import by_content, mutated, only_report_errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.reading.errors import (
    EmptyReportError,
    EncodingError,
    TruncatedReportError,
    UnknownLayoutError,
    UnreadableError,
    WrongKindError,
)
from reports.reading.kind import Kind
from reports.reading.source import decode, read
from reports.registry import KINDS, parse, recognise

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
FOLDERS = (
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
# Of a timing summary only the first path details are kept: mutations of more of the same teach nothing.
FUZZED_DETAILS = 8_000
VIVADO = tuple(
    kind
    for kind in KINDS
    if kind.name.startswith(("vivado_", "vitis_kernel_utilization")) and kind.name != "vivado_utilization_xml"
)


def _texts() -> list[tuple[str, str]]:
    if not CORPUS.is_dir():
        return []
    files = sorted(path for folder in FOLDERS for path in (CORPUS / folder).iterdir())
    return [(path.name, _short(read(path))) for path in files]


def _short(text: str) -> str:
    details = text.find("| Timing Details")
    if details < 0:
        return text
    end = text.find("\n\nSlack", details + FUZZED_DETAILS)
    return text if end < 0 else text[: end + 2]


TEXTS = _texts()
needs_corpus = pytest.mark.skipif(not TEXTS, reason="the corpus of reports (../shared/reports_corpus) is not here")


@pytest.mark.slow
@needs_corpus
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated([text for _, text in TEXTS]) if TEXTS else st.nothing())
def test_mutations(text: str) -> None:
    only_report_errors(text, by_content(text, VIVADO[0]))


@pytest.fixture
def asked_for_nightly(request: pytest.FixtureRequest) -> None:
    if "nightly" not in str(request.config.getoption("-m")):
        pytest.skip("100,000 mutations take some ten minutes: ask for them with -m nightly")


@needs_corpus
@pytest.mark.usefixtures("asked_for_nightly")
@pytest.mark.nightly
@pytest.mark.timeout(7200)
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated([text for _, text in TEXTS]) if TEXTS else st.nothing())
def test_many_mutations(text: str) -> None:
    only_report_errors(text, by_content(text, VIVADO[0]))


@needs_corpus
def test_every_parser_on_every_file_of_another_kind() -> None:
    for name, text in TEXTS:
        for kind in VIVADO:
            if kind is not recognise(text, name):
                with pytest.raises(WrongKindError):
                    kind.parse(text, name)


@needs_corpus
@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[name for name, _ in TEXTS])
def test_cut_within_a_table(name: str, text: str) -> None:
    """A file that ends in the middle of its first table is truncated, whatever the kind."""
    kind = recognise(text, name)
    if kind.name == "vivado_timing_summary":
        at = text.index("| Clock Summary")
    else:
        at = text.index("\n", text.index("| ", text.index("+-"))) - 3
    with pytest.raises(TruncatedReportError):
        kind.parse(text[:at], name)


@needs_corpus
@pytest.mark.parametrize("kind", VIVADO, ids=lambda kind: kind.name)
def test_empty_and_white_space(kind: Kind) -> None:
    for text in ("", " \n\n", "\t"):
        with pytest.raises(EmptyReportError):
            kind.parse(text, "report.rpt")
    with pytest.raises(EmptyReportError):
        parse("\n", "report.rpt")


def test_no_known_kind() -> None:
    with pytest.raises(WrongKindError, match='unrecognised report: "a shopping list"'):
        recognise("a shopping list\n", "list.txt")


def test_other_encodings(tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match=r"a\.rpt:1: this is not text"):
        decode(b"one\ntwo\nPK\0\1", "a.rpt")
    assert decode(b"\xef\xbb\xbftext", "a.rpt") == "text"
    with pytest.raises(UnreadableError, match="no such file"):
        read(tmp_path / "missing.rpt")
    with pytest.raises(UnreadableError):
        read(tmp_path)


HEAD = """Copyright 1986-2030 Xilinx, Inc. All Rights Reserved.
-----------------------------
| Tool Version : Vivado v.2030.1 (lin64) Build 1
| Design       : top
-----------------------------

"""


def test_unknown_layout_names_the_line() -> None:
    text = HEAD + "Utilization Design Information\n\n1. CLB Logic\n------------\n\n"
    text += "+-----+------+\n| Site Type | Quantity |\n+-----+------+\n| CLB LUTs | 3 |\n+-----+------+\n"
    with pytest.raises(UnknownLayoutError, match=r"top\.rpt:12: the table has no column 'Used'"):
        parse(text, "top.rpt")


def test_a_word_where_a_number_should_be() -> None:
    text = HEAD + "Utilization Design Information\n\n1. CLB Logic\n------------\n\n"
    text += "+---+---+---+---+\n| Site Type | Used | Available | Util% |\n+---+---+---+---+\n"
    text += "| CLB LUTs | many | 10 | 1.0 |\n+---+---+---+---+\n"
    with pytest.raises(UnknownLayoutError, match=r"top\.rpt:15: 'Used' of 'CLB LUTs' is 'many'; expected a number"):
        parse(text, "top.rpt")


def test_a_report_within_a_log_is_no_report() -> None:
    text = "INFO: [Common 17-1] start\n" + HEAD + "Power Report\n"
    assert [kind.name for kind in VIVADO if kind.matches(text)] == []
    assert [kind.name for kind in VIVADO if kind.matches(text.partition("\n")[2])] == ["vivado_power"]
