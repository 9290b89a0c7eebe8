"""Several reports in one file, as `-append` leaves them: each is read, and none hides another."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.reading.errors import UnknownLayoutError
from reports.reading.source import read
from reports.registry import KINDS, parse, parse_all, parts, recognise

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
ONE_TEXT = {"xilinx_log", "finn_log", "yosys_stat", "opensta", "nextpnr_log", "vitis_link_steps", "vitis_link_summary"}
"""Kinds of text that hold several results by nature; all others are one report, or JSON and XML, which say so."""


def head(title: str, design: str) -> str:
    return (
        "Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.\n" + "-" * 40 + "\n"
        "| Tool Version : Vivado v.2022.2 (lin64)\n"
        f"| Command      : report_x -append -file x.rpt\n| Design       : {design}\n| Device       : xcu250\n"
        "| Design State : Routed\n" + "-" * 40 + f"\n\n{title}\n\n"
    )


UTILIZATION = """1. CLB Logic
------------

+-----------+------+-------+------------+-----------+-------+
| Site Type | Used | Fixed | Prohibited | Available | Util% |
+-----------+------+-------+------------+-----------+-------+
| CLB LUTs  | LUTS |     0 |          0 |      1000 |  0.10 |
+-----------+------+-------+------------+-----------+-------+
"""


def utilization(design: str, luts: int) -> str:
    return head("Utilization Design Information", design) + UTILIZATION.replace("LUTS", f"{luts:4}")


def test_each_is_read_and_knows_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.rpt"
    file.write_text("\n" + utilization("first", 1) + "\n" + utilization("second", 2))
    lines = file.read_text().splitlines()
    assert main([str(file), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert [one["value"]["header"]["design"] for one in reports] == ["first", "second"]
    assert [one["line"] for one in reports] == [1, lines.index(lines[1], 2) + 1]
    assert main([str(file)]) == 0
    shown = capsys.readouterr().out.replace("\n", "")
    assert f"all.rpt:{reports[1]['line']}: vivado_utilization" in shown


def test_one_that_is_cut_off_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.rpt"
    broken = utilization("second", 2).replace("Used", "Spent")
    text = utilization("first", 1) + broken + utilization("third", 3)
    file.write_text(text)
    assert main([str(file), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [one["value"]["header"]["design"] for one in document["reports"]] == ["first", "third"]
    (error,) = document["errors"]
    begins = utilization("first", 1).count("\n") + 1
    assert begins < error["line"] <= begins + broken.count("\n"), "the line is that of the file"


def test_who_asks_for_one_value_is_told() -> None:
    text = utilization("first", 1) + utilization("second", 2)
    line = utilization("first", 1).count("\n") + 1
    with pytest.raises(UnknownLayoutError, match=rf"x\.rpt:{line}: another report begins here; the file has 2"):
        parse(text, "x.rpt")


def test_a_log_that_quotes_reports_is_one_text() -> None:
    log = "INFO: [Common 17-206] Exiting\n" + utilization("a", 1) + utilization("b", 2)
    assert len(parts(log)) == 1


@cache
def real_texts() -> dict[str, list[str]]:
    """The files of the corpus by their kind."""
    found: dict[str, list[str]] = {}
    for file in sorted(CORPUS.rglob("*.*")):
        if file.suffix not in (".xclbin", ".yaml"):
            text = read(file)
            found.setdefault(recognise(text).name, []).append(text)
    return found


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of reports (../shared/reports_corpus) is not here")
@pytest.mark.parametrize("kind", sorted(kind.name for kind in KINDS))
def test_real_files_one_after_the_other(kind: str) -> None:
    """All reports of a kind in one text give the values that they give alone; JSON and XML are named errors."""
    texts = real_texts().get(kind)
    if not texts:
        pytest.skip(f"no {kind} in the corpus")
    for text in texts:
        assert len(parts(text)) == 1
    together = "".join(text if text.endswith("\n") else f"{text}\n" for text in texts)
    if kind in ONE_TEXT:
        assert len(parts(together)) == 1
        return
    found = parse_all(together) if len(texts) > 1 else parse_all(together * 2)
    if texts[0].lstrip("\ufeff \n").startswith(("{", "<", "[")):
        assert [one.error is None for one in found] == [False]
        return
    alone = [parse(text) for text in (texts if len(texts) > 1 else texts * 2)]
    assert [one.error for one in found] == [None] * len(alone)
    assert [one.value for one in found] == alone
