"""`python -m reports` on files, folders and what is neither; its JSON and the published schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.reading.source import read
from reports.registry import recognise
from reports.schema import schema, text
from reports.summary.rollup import roll_up

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "reports_corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of reports is not here")


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def project(folder: Path, *files: str) -> Path:
    """A made-up project: corpus files under names that say nothing."""
    for number, file in enumerate(files):
        place = folder / "project.runs" / "impl_1"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"out_{number}.txt").write_bytes((CORPUS / file).read_bytes())
    (folder / "project.xpr").write_text("<Project/>\n", encoding="utf-8")
    (folder / "top.dcp").write_bytes(b"PK\3\4" + bytes(100))
    return folder


def test_the_published_schema_is_the_programs() -> None:
    published = (ROOT / "docs" / "reports-schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == schema()
    assert published == text(), "write it anew: python -m reports --schema > docs/reports-schema.json"


@needs_corpus
@pytest.mark.slow
def test_the_schema_holds_for_every_file_of_the_corpus(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its import makes a grammar of addresses, for a second. Without a format checker nobody asks for it.
    monkeypatch.setitem(sys.modules, "rfc3987_syntax", None)
    import jsonschema

    _, whole = as_json(capsys, str(CORPUS))
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    envelope = {**whole, "reports": []}
    assert [error.message for error in validator.iter_errors(envelope)] == []
    # One by one: a message about one of 200 alternatives in one of 200 reports helps nobody.
    definitions = schema()["$defs"]
    references = {item["$ref"] for item in schema()["properties"]["reports"]["items"]["oneOf"]}
    assert references == {f"#/$defs/{name}" for name in definitions if name.startswith("kind.")}
    for report in whole["reports"]:
        one = {**definitions[f"kind.{report['kind']}"], "$defs": definitions}
        errors = jsonschema.Draft202012Validator(one).iter_errors(report)
        assert [f"{report['file']}: {error.json_path}: {error.message}" for error in errors] == []
    assert len(whole["reports"]) >= 78


@needs_corpus
def test_a_project_is_rolled_up_from_the_furthest_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(
        tmp_path,
        "utilization_slr/v2022.2_xcu250_4slr_full_util_routed.rpt",
        "utilization_slr/v2022.2_xcu250_4slr_slr_util_routed.rpt",
        "vpp_kernel_util/v2022.2_u250_routed.rpt",
    )
    status, whole = as_json(capsys, str(folder))
    assert status == 0
    assert len(whole["reports"]) == 3
    (design,) = whole["designs"]
    assert (design["design"], design["state"], design["slls_used"]) == ("level0_wrapper", "routed", 6685)
    luts = {use["resource"]: use for use in design["uses"]}["luts"]
    assert luts == {"resource": "luts", "used": 85935, "available": 1726208, "util_percent": 4.98}
    assert [slr["slr"] for slr in design["slrs"]] == ["SLR0", "SLR1", "SLR2", "SLR3"]
    slr1 = {use["resource"]: use["used"] for use in design["slrs"][1]["uses"]}
    assert slr1 == {"luts": 73575, "registers": 122346, "bram_tiles": 143.5, "urams": 0, "dsps": 15}
    assert [item["path"] for item in design["instances"]] == ["platform", "topKQueryScores", "topKQueryScores_1"]
    assert design["timing"] is None
    assert design["missing"] == ["timing: `report_timing_summary`", "power: `report_power`"]


@needs_corpus
def test_a_placed_report_gives_way_to_a_routed_one() -> None:
    from reports.folder import Report

    items = []
    for state in ("Fully Placed", "Physopt postRoute", "Synthesized", "Routed"):
        text = read(CORPUS / "utilization/v2024.1_xczu48dr_rfsoc_placed.rpt").replace("Fully Placed", state)
        items.append(Report(state, "vivado_utilization", recognise(text).parse(text, state)))
    (design,) = roll_up(items)
    assert design.sources == ("Physopt postRoute",)


@needs_corpus
def test_an_unplaced_slr_table_is_said_to_be_missing() -> None:
    from reports.folder import Report

    text = read(CORPUS / "utilization_slr/v2019.2_xcu250_4slr_hls4ml_vsynth.rpt")
    (design,) = roll_up([Report("a", "vivado_utilization", recognise(text).parse(text, "a"))])
    assert "utilization by SLR: nothing is placed yet; run place_design" in design.missing


@needs_corpus
def test_a_table_says_what_has_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = CORPUS / "timing" / "met_v2024.2_xc7a35t_idle.rpt"
    assert main([str(file)]) == 0
    shown = capsys.readouterr().out
    assert "vivado_timing_summary" in shown
    assert any(line.split() == ["slacks", "wns", "ns", "no", "value"] for line in shown.splitlines())
    folder = project(tmp_path, "timing/fail_v2018.2_xc7z020.rpt")
    assert main([str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "failed: WNS -3.847" in shown
    assert "missing  power: `report_power`" in shown


def test_what_cannot_be_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "list.txt"
    text.write_text("bread\n", encoding="utf-8")
    status, whole = as_json(capsys, str(text), str(tmp_path / "missing.rpt"))
    assert status == 1
    assert [error["error"] for error in whole["errors"]] == ["WrongKindError", "UnreadableError"]
    empty = tmp_path / "empty"
    empty.mkdir()
    status, whole = as_json(capsys, str(empty))
    assert (status, whole["missing"]) == (1, [f"{empty.as_posix()}: contains no recognised report"])
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


@needs_corpus
def test_a_folder_passes_over_what_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, "power/v2018.2_xc7z020.rpt")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "latin.txt").write_bytes(b"caf\xe9\n")
    status, whole = as_json(capsys, str(folder))
    assert (status, len(whole["reports"]), whole["errors"]) == (0, 1, [])


@needs_corpus
def test_a_solution_of_hls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "prj" / "solution1" / "syn" / "report" / "top.txt"
    report.parent.mkdir(parents=True)
    report.write_bytes((CORPUS / "hls_csynth_rpt" / "vhls2019.1_xc7vx690t_gru_dataflow.rpt").read_bytes())
    status, whole = as_json(capsys, str(tmp_path))
    assert status == 0
    (solution,) = whole["hls_solutions"]
    assert solution["folder"] == (tmp_path / "prj" / "solution1").as_posix()
    assert (solution["top"], solution["cosim_passed"], solution["timing_met"]) == ("myproject", None, None)
    uses = {use["resource"]: use["used"] for use in solution["functions"][0]["uses"]}
    assert uses == {"luts": 264305, "registers": 269778, "bram_tiles": 289, "urams": 0, "dsps": 1849}
    assert solution["missing"] == ["co-simulation: `cosim_design`", "synthesis by Vivado: `export_design -flow syn`"]
    assert main([str(tmp_path)]) == 0
    assert "16,375-16,401" in capsys.readouterr().out


def test_a_log_in_a_project_says_why_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "****** Vivado v2022.2 (64-bit)\nINFO: [a 1-1] b\nERROR: [Synth 8-439] module 'absent' not found\n"
    (tmp_path / "vivado.log").write_text(text)
    assert main([str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert f"{tmp_path}/vivado.log:3: failed: [Synth 8-439] module 'absent' not found" in " ".join(shown.split())


def test_a_long_name_is_shown_by_its_ends() -> None:
    from reports.summary.show import MAX_NAME, _short

    name = "pfm_top_i/static_region/slr1/pcie/inst/gt_top_i/bufg_gt_txoutclkmon_inst/O"
    assert _short(name) == "pfm_top_i/…/O"
    assert _short("short/name") == "short/name"
    sentence = "a sentence of many words, longer than any name of a netlist can be"
    assert _short(sentence) == sentence
    assert len(_short("x" * 200)) <= MAX_NAME
