"""Framed and ruled tables, written by hand after the layouts."""

from __future__ import annotations

import pytest

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.number import Below, bounded, number
from reports.reading.plain import plain
from reports.vivado.table import Lines, framed_tables, ruled_table, sections

FRAMED = """\
+------+-------+-------+
| Name |  Used | Util% |
+------+-------+-------+
| a*   |    12 | <0.01 |
|   b  |  1.50 |       |
+------+-------+-------+
| all  |   NA  | 3.0%  |
+------+-------+-------+
"""

RULED = """\

Clock           WNS(ns)      TNS(ns)
-----           -------      -------
sys_clk                        0.000
  long/name_1    -0.071  -123456.750
"""


def test_framed() -> None:
    (table,) = framed_tables(Lines(FRAMED, "f"), 0, 8)
    assert table.columns == ("Name", "Used", "Util%")
    assert [row.name for row in table.rows] == ["a", "b", "all"]
    assert [row.depth_spaces for row in table.rows] == [0, 2, 0]
    assert [row.number("Used") for row in table.rows] == [12, 1.5, None]
    assert [row.bounded("Util%") for row in table.rows] == [Below(0.01), None, 3.0]
    assert table.rows[0].number("Fixed") is None
    with pytest.raises(UnknownLayoutError, match=r"f:5: 'Used' of 'b' is '1\.50'; expected a whole number"):
        table.rows[1].count("Used")
    with pytest.raises(UnknownLayoutError, match=r"f:1: the table has no column 'Fixed'; its columns are: Name, Used"):
        table.needs("Name", "Fixed")


def test_heads_without_rows() -> None:
    lines = Lines("+---+---+\n| a | b |\n+---+---+\n* note\n", "f")
    (table,) = framed_tables(lines, 0, len(lines))
    assert (table.columns, table.rows) == (("a", "b"), ())


def test_a_bar_in_a_name() -> None:
    lines = Lines("+-----+---+\n| a   | b |\n+-----+---+\n| x|y | 1 |\n+-----+---+\n", "f")
    (table,) = framed_tables(lines, 0, len(lines))
    assert table.rows[0].cells == ("x|y", "1")


def test_a_frame_that_does_not_close() -> None:
    for cut in range(FRAMED.index("| a*"), len(FRAMED) - 2):
        lines = Lines(FRAMED[:cut], "f")
        if FRAMED[:cut].endswith(("-+", "-+\n")):
            continue  # there the frame is closed
        with pytest.raises(TruncatedReportError):
            list(framed_tables(lines, 0, len(lines)))


def test_ruled() -> None:
    lines = Lines(RULED, "f")
    table = ruled_table(lines, 0, len(lines))
    assert table is not None
    assert table.columns == ("Clock", "WNS(ns)", "TNS(ns)")
    assert [row.cells for row in table.rows] == [("sys_clk", "", "0.000"), ("long/name_1", "-0.071", "-123456.750")]
    assert table.rows[0].number("WNS(ns)") is None
    assert table.rows[1].depth_spaces == 2


def test_the_table_of_contents_promises() -> None:
    text = "Table of Contents\n-----------------\n1. One\n2. Two\n\n1. One\n------\n\n2. Two\n------\n"
    assert [(part.number, part.title) for part in sections(Lines(text, "f"))] == [("1", "One"), ("2", "Two")]
    with pytest.raises(TruncatedReportError, match="f:9: the section 'Two' of the table of contents is missing"):
        sections(Lines(text[: text.rindex("2. Two")], "f"))


def test_numbers() -> None:
    assert [number(text) for text in ("0", "-3", "0.50", "1e3", ".5")] == [0, -3, 0.5, 1000.0, 0.5]
    for text in ("", "-", "NA", "inf", "nan", "1e999", "1.2.3", "1_000", "0x10", "\u0663", "9" * 40):
        assert number(text) is None
    assert isinstance(number("3"), int)
    assert bounded("<0.001") == Below(0.001)
    assert plain((Below(0.01), float("inf"), None, True)) == ["<0.01", "inf", None, True]
