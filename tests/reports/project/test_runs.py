"""Whose figures a roll-up shows: builds are told apart by folder, device, release and run, stages by what a file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.folder import read_paths
from reports.project.runs import place_of, same_device, variant_of
from reports.project.stage import of_name, stage_of
from reports.summary.rollup import RollUp, roll_up

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "reports"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases (../shared/cases/reports) are not here")


def utilization(
    luts: int,
    *,
    device: str = "xcu250-figd2104-2L-e",
    state: str = "Routed",
    version: str = "2022.2",
    date: str = "Mon Mar  3 12:00:00 2025",
    design: str = "top_wrapper",
    slrs: tuple[int, int] | None = None,
    boxes: int = 0,
) -> str:
    text = f"""Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
----------------------------------------------------------
| Tool Version : Vivado v.{version} (lin64) Build 3671981
| Date         : {date}
| Command      : report_utilization -file u.rpt
| Design       : {design}
| Device       : {device}
| Design State : {state}
----------------------------------------------------------

Utilization Design Information

1. CLB Logic
------------

+-----------+---------+-------+-----------+-------+
| Site Type |   Used  | Fixed | Available | Util% |
+-----------+---------+-------+-----------+-------+
| CLB LUTs  | {luts:7} |     0 |   1728000 | 10.00 |
+-----------+---------+-------+-----------+-------+

"""
    if slrs is not None:
        text += f"""2. SLR CLB Logic and Dedicated Block Utilization
------------------------------------------------

+-----------+---------+---------+--------+--------+
| Site Type |  SLR0   |  SLR1   | SLR0 % | SLR1 % |
+-----------+---------+---------+--------+--------+
| CLB LUTs  | {slrs[0]:7} | {slrs[1]:7} |   5.00 |   5.00 |
+-----------+---------+---------+--------+--------+

"""
    if boxes:
        text += f"""3. Black Boxes
--------------

+----------+------+
| Ref Name | Used |
+----------+------+
| absent   | {boxes:4} |
+----------+------+

"""
    return text


def rolled(folder: Path, files: dict[str, str]) -> list[tuple[int, RollUp]]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = read_paths([folder])
    assert found.errors == ()
    return sorted(
        ((next((int(use.used or 0) for use in one.uses), -1), one) for one in roll_up(found.reports)),
        key=lambda pair: pair[0],
    )


def amounts(folder: Path, files: dict[str, str]) -> list[int]:
    return [luts for luts, _ in rolled(folder, files)]


def test_folders_devices_releases_and_runs_are_told_apart(tmp_path: Path) -> None:
    one, two = utilization(1), utilization(2)
    assert amounts(tmp_path / "a", {"cardA/u.rpt": one, "cardB/u.rpt": two}) == [1, 2]
    assert amounts(tmp_path / "b", {"u1.rpt": one, "u2.rpt": utilization(2, device="xcu50-fsvh2104-2-e")}) == [1, 2]
    assert amounts(tmp_path / "c", {"u1.rpt": one, "u2.rpt": utilization(2, version="2019.2")}) == [1, 2]
    runs = {"p/p.runs/impl_1/top_utilization_placed.rpt": one, "p/p.runs/impl_2/top_utilization_placed.rpt": two}
    assert amounts(tmp_path / "d", runs) == [1, 2]
    links = {f"{name}/reports/link/imp/impl_1_full_util_routed.rpt": text for name, text in (("x", one), ("y", two))}
    assert amounts(tmp_path / "e", links) == [1, 2]
    assert amounts(tmp_path / "f", {"seed1_util.rpt": one, "seed2_util.rpt": two}) == [1, 2]


def test_what_only_sorts_reports_separates_nothing(tmp_path: Path) -> None:
    early, late = utilization(1, state="Synthesized"), utilization(2)
    assert amounts(tmp_path / "a", {"reports/synth/util.rpt": early, "reports/impl/util.rpt": late}) == [2]
    assert amounts(tmp_path / "b", {"post_synth_util.rpt": early, "post_route_util.rpt": late}) == [2]
    runs = {"p.runs/synth_1/t_utilization_synth.rpt": early, "p.runs/impl_1/t_utilization_placed.rpt": late}
    assert amounts(tmp_path / "c", runs) == [2]
    copies = {
        "_x/reports/link/imp/impl_1_full_util_routed.rpt": late,
        "_x/link/vivado/vpl/prj/prj.runs/impl_1/full_util_routed.rpt": late,
    }
    assert amounts(tmp_path / "d", copies) == [2]
    short = utilization(1, device="xcu250-figd2104", state="Synthesized")
    assert amounts(tmp_path / "e", {"a.rpt": short, "b.rpt": late}) == [2]


@pytest.mark.parametrize("state", ["Physopt postRoute", "Routed", "Fully Placed"])
def test_a_link_that_is_only_synthesised_is_not_routed(tmp_path: Path, state: str) -> None:
    shell = utilization(9, state=state, date="Mon Mar  3 13:00:00 2025")
    files = {"imp/impl_1_full_util_synthed.rpt": shell, "imp/impl_1_full_util_routed.rpt": utilization(5)}
    ((luts, one),) = rolled(tmp_path, files)
    assert (luts, one.state) == (5, "routed")
    (tmp_path / "imp/impl_1_full_util_routed.rpt").unlink()
    ((luts, one),) = rolled(tmp_path, {})
    assert (luts, one.state) == (9, "synthesized")
    assert any("state of the shell" in note for note in one.notes)


def test_two_files_that_disagree_are_named(tmp_path: Path) -> None:
    newer = utilization(2, date="Mon Mar  3 12:30:00 2025")
    ((luts, one),) = rolled(tmp_path, {"u/a_util.rpt": newer, "u/a_util_routed.rpt": utilization(1)})
    assert luts == 2
    assert [note for note in one.notes if "disagree" in note] == [
        "a_util.rpt and a_util_routed.rpt disagree; taken is the first, "
        "which is newer (Mon Mar  3 12:30:00 2025, Mon Mar  3 12:00:00 2025)"
    ]


def test_black_boxes_and_unplaced_cells_are_said(tmp_path: Path) -> None:
    ((_, one),) = rolled(tmp_path / "a", {"u.rpt": utilization(100, slrs=(30, 30), boxes=2)})
    assert "40 of 100 LUT are in no SLR: not placed" in one.notes
    assert "2 black boxes (absent): no figure counts what will be in them" in one.notes
    ((_, one),) = rolled(tmp_path / "b", {"u.rpt": utilization(100, slrs=(70, 30))})
    assert one.notes == ()


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("impl_1_full_util_synthed.rpt", 0),
        ("impl_1_kernel_util_placed.rpt", 2),
        ("impl_1_hw_bb_locked_timing_summary_postroute_physopted.rpt", 4),
        ("top_utilization_placed.rpt", 2),
        ("post_route_timing.rpt", 3),
        ("post_synth.rpt", 0),
        ("u.rpt", None),
        ("utilization.rpt", None),
    ],
)
def test_the_stage_in_a_name(name: str, rank: int | None) -> None:
    assert of_name(name) == rank


def test_a_design_called_like_a_stage() -> None:
    assert stage_of("synth_utilization.rpt", "Routed", None, "synth") == (3, False)
    assert stage_of("router_utilization_synth.rpt", "Synthesized", None, "router") == (0, False)
    assert stage_of("top_routed.rpt", "Fully Placed") == (2, False)
    assert stage_of("u.rpt", "Physopt postRoute", "report_utilization -file a/full_util_synthed.rpt") == (0, True)


def test_places() -> None:
    assert place_of("p/p.runs/impl_1/a.rpt") == ("p", "impl_1")
    assert place_of("p/reports/synth/a.rpt") == ("p", "")
    assert place_of("_x/reports/link/imp/a.rpt") == ("_x", "")
    assert place_of("_x/link/vivado/vpl/prj/prj.runs/impl_1/a.rpt") == ("_x", "")
    assert place_of("cards/u50/a.rpt") == ("cards/u50", "")
    assert place_of("a.rpt") == (".", "")
    assert variant_of("seed1_top_wrapper_util_routed.rpt", "top_wrapper") == "seed1"


def test_devices() -> None:
    assert same_device("xc7a100tfgg484-1", "7a100t-fgg484")
    assert same_device("xcu50-fsvh2104-2-e", None)
    assert not same_device("xcu50-fsvh2104-2-e", "xcu250-figd2104-2L-e")


@needs_cases
def test_the_cases() -> None:
    (one,) = roll_up(read_paths([CASES / "01_vpp_synthed_counts_as_routed"]).reports)
    assert [use.used for use in one.uses] == [200_000]
    assert [[use.used for use in slr.uses] for slr in one.slrs] == [[90_000], [110_000]]
    two = roll_up(read_paths([CASES / "02_projects_of_equal_design_name"]).reports)
    assert {(one.device, one.uses[0].used) for one in two} == {
        ("xcu50-fsvh2104-2-e", 700_000),
        ("xcu250-figd2104-2L-e", 300_000),
    }
