"""What CI systems get: GitHub's commands and summary, and JUnit. Nothing of a file's name or a log becomes markup."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.__main__ import main
from reports.project import ci
from reports.project.ci import Annotation, Case, gate_annotations, gate_summary, junit

HOSTILE = "a\n::add-mask::x\r\n::stop-commands::t%0A <script>|`b`|\x1b[31m\u202e"
GATES = [Case("fps >= 2000", "fps >= 2000: failed, 100 (x)", passed=False), Case("lut <= 75 %", "passed", passed=True)]


def test_an_annotation_is_one_command() -> None:
    text = str(Annotation("error", HOSTILE, HOSTILE, f"dir,x:y/{HOSTILE}", 3))
    assert "\n" not in text
    assert "\r" not in text
    assert "\x1b" not in text
    head, _, message = text.removeprefix("::error ").partition("::")
    assert [pair.partition("=")[0] for pair in head.split(",")] == ["file", "line", "title"]
    assert message.startswith("a%0A::add-mask::x%0A")
    assert "%250A" in message, "what looked like an escape stays what it was"
    assert str(Annotation("notice", "hello")) == "::notice::hello"


def test_markdown_shows_a_text_as_it_is() -> None:
    row = gate_summary([Case(HOSTILE, HOSTILE, passed=True)]).splitlines()[4]
    assert "<script>" not in row
    assert r"\`b\`" in row
    assert row.replace(r"\|", "").count("|") == 4


def test_gates_as_test_results() -> None:
    text = junit([*GATES, Case(HOSTILE, HOSTILE, passed=False)], "build/digits/open-sw_emu")
    suite = ElementTree.fromstring(text)
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [case.get("name") for case in suite][:2] == ["fps >= 2000", "lut <= 75 %"]
    assert [len(case) for case in suite] == [1, 0, 1]
    assert suite[0][0].get("message") == "fps >= 2000: failed, 100 (x)"


def test_gates_in_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [str(one) for one in gate_annotations(GATES)] == ["::error title=gate::fps >= 2000: failed, 100 (x)"]
    assert [line.split(" | ")[0] for line in gate_summary(GATES).splitlines()[4:6]] == ["| **failed**", "| passed"]
    monkeypatch.delenv(ci.SUMMARY_VARIABLE, raising=False)
    assert not ci.write_summary("x")


def test_a_folder_in_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "run.log").write_text("****** Vivado v2022.2 (64-bit)\nERROR: [Synth 8-439] module 'a' not found\n")
    (project / "cosim.rpt").write_text(
        "Report time       : x.\nSolution          : solution1.\nSimulation tool   : xsim.\n\n"
        "+---------+--------+--------------------+--------------------+\n"
        "|         |        |      Latency       |      Interval      |\n"
        "+   RTL   + Status +--------------------+--------------------+\n"
        "|         |        | min  | avg  | max  | min  | avg  | max  |\n"
        "+---------+--------+------+------+------+------+------+------+\n"
        "| Verilog |  Fail  |   NA |   NA |   NA |   NA |   NA |   NA |\n"
        "+---------+--------+------+------+------+------+------+------+\n"
    )
    file = tmp_path / "summary.md"
    monkeypatch.setenv(ci.SUMMARY_VARIABLE, str(file))
    assert main([str(project), "--format", "github"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"::error file={project}/run.log,line=2,title=failed::[Synth 8-439] module 'a' not found" in lines
    assert any("co-simulation of Verilog failed" in line for line in lines)
    assert "### Failed runs" in file.read_text()
