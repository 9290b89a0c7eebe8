"""The quick way through a regular hierarchy and the careful way give the same."""

from __future__ import annotations

import pytest

from reports.reading.errors import ReportError
from reports.vivado import hierarchy

HEAD = """Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
----------------------------------------
| Tool Version : Vivado v.2022.2 (lin64)
| Design       : top
| Device       : xcu250
----------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

"""
TABLE = """+----------+--------+--------------+----------+--------+
| Instance | Module | Total LUTs   | FFs      | RAMB36 |
+----------+--------+--------------+----------+--------+
| top      |  (top) |  100 (1.50%) |    2_000 |      1 |
|   (top)  |  (top) |           10 |       20 |      0 |
|   a      |      A |           60 |      500 |        |
|     b    |      B |           30 |      100 |      0 |
|   c      |      C |           30 |    1500  |      1 |
+----------+--------+--------------+----------+--------+

* Note: a sum may be larger.
""".replace("2_000", " 2000")
TEXT = HEAD + TABLE


def test_both_ways_give_the_same() -> None:
    quick = hierarchy._regular(TEXT, "a.rpt")
    assert quick is not None
    assert quick == hierarchy.parse(TEXT, "a.rpt")
    assert quick == hierarchy.parse(TEXT.replace("\n", "\r\n"), "a.rpt"), "the careful way"
    assert [one.path for one in quick.instances] == ["top", "top/(top)", "top/a", "top/a/b", "top/c"]
    assert [one.values for one in quick.instances][:3] == [(100, 2000, 1), (10, 20, 0), (60, 500, None)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("           60 ", "           6x "),
        ("|     b    |      B |", "|     b    |"),
        ("+--------+\n\n* Note", "\n\n* Note"),
        ("| Instance |", "| Instant  |"),
        ("1. Utilization by Hierarchy\n\n1.", "1. Utilization by Hierarchy\n2. Another\n\n1."),
        (TABLE[TABLE.index("|     b") :], ""),
    ],
)
def test_what_is_irregular_is_read_with_care(old: str, new: str) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    assert hierarchy._regular(text, "a.rpt") is None
    with pytest.raises(ReportError):
        hierarchy.parse(text, "a.rpt")
