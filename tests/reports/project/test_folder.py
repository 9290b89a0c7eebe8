"""Folders of anybody's projects: what holds no values is passed over, nothing that looked like a report silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.folder import read_paths

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT.parent / "shared" / "cases" / "reports"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases (../shared/cases/reports) are not here")
HEAD = """Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
------------------------------------------------
| Tool Version : Vivado v.2022.2 (lin64) Build 3671981
| Design       : top
| Device       : xcu250-figd2104-2L-e
| Design State : Routed
------------------------------------------------

"""
UTILIZATION = f"""{HEAD}Utilization Design Information

1. CLB Logic
------------

+-----------+------+-------+-----------+-------+
| Site Type | Used | Fixed | Available | Util% |
+-----------+------+-------+-----------+-------+
| CLB LUTs  |   42 |     0 |      1000 |  4.20 |
+-----------+------+-------+-----------+-------+

"""
UNKNOWN = f"{HEAD}Debug Core Information\n\n1. Cores\n--------\n\nnone\n\n"
FAILED = "****** Vivado v2022.2 (64-bit)\nERROR: [Synth 8-439] module 'a' not found\n"


def run(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, dict[str, Any]]:
    status = main([*map(str, paths), "--json"])
    return status, json.loads(capsys.readouterr().out)


def luts(document: dict[str, Any]) -> list[int]:
    return [use["used"] for one in document["designs"] for use in one["uses"] if use["resource"] == "luts"]


@pytest.mark.parametrize("order", [(UNKNOWN, UTILIZATION), (UTILIZATION, UNKNOWN), (UNKNOWN, UNKNOWN, UTILIZATION)])
@pytest.mark.parametrize("alone", [True, False])
def test_an_unknown_report_hides_none_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], order: tuple[str, ...], alone: bool
) -> None:
    (tmp_path / "all.rpt").write_text("\n".join(order))
    if not alone:
        (tmp_path / "good.log").write_text("INFO: [Common 17-206] Exiting Vivado at Tue Mar  7 10:00:00 2023...\n")
    status, document = run(capsys, tmp_path)
    assert (status, luts(document)) == (0, [42])
    assert {note["what"] for note in document["notes"]} == {
        'passed over: unrecognised report: "Debug Core Information"'
    }
    status, document = run(capsys, tmp_path / "all.rpt")
    assert (status, len(document["reports"])) == (0, 1)


def test_an_unknown_report_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        (tmp_path / f"cores_{number}.rpt").write_text(UNKNOWN)
    (tmp_path / "good.rpt").write_text(UTILIZATION)
    assert main([str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("Debug Core Information") == 1
    assert said.endswith("(and 4 more)")
    assert main([str(tmp_path / "cores_0.rpt")]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert 'unrecognised report: "Debug Core Information"' in said
    assert "vivado_utilization" not in said


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("wide.log", FAILED.encode("utf-16"), "UTF-16"),
        ("bare.log", FAILED.encode("utf-16-le"), "UTF-16"),
        ("zeros.log", bytes(300_000) + FAILED.encode(), "zero bytes"),
        ("page.log", FAILED.replace("'a'", "'é'").encode("cp1252"), "not UTF-8"),
    ],
)
def test_a_failed_run_is_told_in_any_encoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, raw: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    assert main([str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "failed: [Synth 8-439] module" in " ".join(told.out.split())
    assert words in told.err


def test_scripts_and_documents_that_quote_a_tool_are_no_logs(tmp_path: Path) -> None:
    for name in ("README.md", "run.tcl", "pack.sh", "vivado.jou", "build.mk"):
        (tmp_path / name).write_text(FAILED)
    assert read_paths([tmp_path]).reports == ()
    (tmp_path / "run.txt").write_text(FAILED)
    assert [Path(one.file).name for one in read_paths([tmp_path]).reports] == ["run.txt"]


def test_what_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.rpt").write_text(UTILIZATION)
    (tmp_path / "b.rpt").write_text(UTILIZATION)
    import reports.folder

    real = reports.folder.open_regular

    def refuse(path: Path) -> Any:
        if path.name == "b.rpt":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(reports.folder, "open_regular", refuse)
    found = read_paths([tmp_path])
    assert len(found.reports) == 1
    assert [str(note) for note in found.notes] == [
        f"{tmp_path}/b.rpt: passed over: cannot be opened (Permission denied)"
    ]


@needs_cases
def test_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = run(capsys, CASES / "03_unknown_report_first_in_file")
    assert (status, luts(document)) == (0, [200_000])
    status, document = run(capsys, CASES / "05_hls_project_autopilot" / "prj")
    assert (status, document["errors"]) == (0, [])
    assert [one["folder"].rpartition("/")[2] for one in document["hls_solutions"]] == ["solution1"]
    status, document = run(capsys, CASES / "13_log_utf16_or_zero_bytes_silent_in_folder" / "proj")
    assert status == 0
    assert [one["value"]["outcome"] for one in document["reports"]] == ["ended", "failed", "failed"]
