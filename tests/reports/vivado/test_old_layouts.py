"""Layouts of older releases than the corpus has, written by hand after public reports of 2015.4 to 2017.2."""

from __future__ import annotations

import pytest

from reports.reading.errors import TruncatedReportError
from reports.registry import parse
from reports.vivado.clock_utilization import ClockUtilization
from reports.vivado.power import Power
from reports.vivado.table import Lines, framed_tables

HEAD = """\
Copyright 1986-2015 Xilinx, Inc. All Rights Reserved.
-----------------------------------------
| Tool Version : Vivado v.2015.4 (lin64)
| Design       : top
-----------------------------------------

"""

CLOCKS = """\
Clock Utilization Report

1. Clock Primitive Utilization
------------------------------

+------+------+-----------+-----------+
| Type | Used | Available | Num Fixed |
+------+------+-----------+-----------+
| BUFG |    2 |        32 |         0 |
+------+------+-----------+-----------+

2. Details of Global Clocks
---------------------------

+-------+-----------+----------+--------------+-------+
|       |           |          |   Num Loads  |       |
+-------+-----------+----------+------+-------+-------+
| Index | BUFG Cell | Net Name | BELs | Sites | Fixed |
+-------+-----------+----------+------+-------+-------+
|     1 | a_BUFG    | a_net    |   33 |     9 |    no |
|     2 | b_BUFG    | b_net    |  140 |    33 |    no |
+-------+-----------+----------+------+-------+-------+
"""

CHECKS = """\
Report DRC

1. REPORT SUMMARY
-----------------
             Max violations: <unlimited>
             Violations found: 3

2. REPORT DETAILS
-----------------
PLIO-7#1 Warning
Placement Constraints Check for IO constraints
An IO Bus with more than one IO standard is found.
Related violations: <none>

PLIO-7#2 Warning
Placement Constraints Check for IO constraints
Another one.
Related violations: <none>

ZPS7-1#1 Critical Warning
PS7 block required
The PS7 cell must be used in this design.
Related violations: <none>
"""


def test_clocks_of_2015() -> None:
    value = parse(HEAD + CLOCKS, "clocks.rpt")
    assert isinstance(value, ClockUtilization)
    assert [(clock.id, clock.net, clock.loads) for clock in value.global_clocks] == [
        ("1", "a_net", 33),
        ("2", "b_net", 140),
    ]
    assert {(clock.clock, clock.period_ns, clock.non_clock_loads) for clock in value.global_clocks} == {
        (None, None, None)
    }


def test_heads_over_heads() -> None:
    lines = Lines(CLOCKS, "f")
    _, table = framed_tables(lines, 0, len(lines))
    assert table.columns == ("Index", "BUFG Cell", "Net Name", "BELs", "Sites", "Fixed")


def test_rules_without_a_table_are_counted() -> None:
    value = parse(HEAD + CHECKS, "drc.rpt")
    assert [(rule.rule, rule.severity, rule.description, rule.count) for rule in value.rules] == [
        ("PLIO-7", "Warning", "Placement Constraints Check for IO constraints", 2),
        ("ZPS7-1", "Critical Warning", "PS7 block required", 1),
    ]
    with pytest.raises(TruncatedReportError, match="the rules add up to 2, the report found 3"):
        parse(HEAD + CHECKS[: CHECKS.index("ZPS7-1")], "drc.rpt")


def test_a_part_that_gets_too_hot() -> None:
    text = HEAD + "Power Report\n\n1. Summary\n----------\n\n"
    text += "+-------------------------+----------------------------------+\n"
    text += "| Total On-Chip Power (W) | 12.034 (Junction temp exceeded!) |\n"
    text += "| Device Static (W)       | 1.041                            |\n"
    text += "+-------------------------+----------------------------------+\n\n"
    text += "1.1 On-Chip Components\n----------------------\n+---------+-----------+\n| On-Chip | Power (W) |\n"
    text += "+---------+-----------+\n| Clocks  |    <0.001 |\n+---------+-----------+\n\n"
    text += "1.2 Power Supply Summary\n------------------------\n+--------+-------------+-----------+\n"
    text += "| Source | Voltage (V) | Total (A) |\n" + 2 * "+--------+-------------+-----------+\n"
    value = parse(text, "power.rpt")
    assert isinstance(value, Power)
    assert (value.total_on_chip_w, value.remark, value.device_static_w) == (12.034, "Junction temp exceeded!", 1.041)
    assert (value.dynamic_w, value.junction_c, value.supplies) == (None, None, ())
