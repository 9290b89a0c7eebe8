"""Reports about paths, nets, clocks and memories. The texts are made by hand in the forms that Vivado prints."""

# ruff: noqa: E501 - tables as wide as Vivado prints them

from __future__ import annotations

from typing import Any

import pytest
from made_reports import (
    CDC,
    CONTROL,
    FANOUT,
    HOLD,
    RAM,
    ROUTE,
    SETUP,
    SEVERITIES,
    SKEW,
    SUGGESTIONS,
    TIMING,
    WORSE,
    head,
    methodology,
    path,
)

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.registry import parse, parse_all, recognise


def test_a_list_of_paths() -> None:
    value = parse(TIMING + SETUP + WORSE + HOLD)
    assert [one.slack_ns for one in value.paths] == [0.25, -0.125, 0.031]
    assert [one.check for one in value.paths] == ["setup", "setup", "hold"]
    assert (value.worst.slack_ns, value.worst.destination, value.failing) == (-0.125, "c_reg/D", 1)
    assert value.worst.logic_levels == "9  (CARRY8=2 LUT6=7)"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "Startpoint                     Endpoint                       Slack(ns)     \n" + "-" * 76 + "\n"
            "a_reg/C                        b_reg/D                        -0.250        \n"
            "a_very_long_name_of_a_cell_beyond_its_column/C b_reg/D        1.000        \n",
            [(-0.25, "a_reg/C", "b_reg/D"), (1.0, "a_very_long_name_of_a_cell_beyond_its_column/C", "b_reg/D")],
        ),
        (
            "Endpoint                       Path Delay     Path Required  CRPR     Slack(ns)\n" + "-" * 80 + "\n"
            "b_reg/D                        3.500          3.250          0.000    -0.250\n",
            [(-0.25, None, "b_reg/D")],
        ),
    ],
)
def test_a_summary_of_paths(rows: str, expected: list[Any]) -> None:
    value = parse(TIMING + rows)
    assert [(one.slack_ns, one.source, one.destination) for one in value.paths] == expected


def test_paths_without_constraints_and_none_at_all() -> None:
    free = path("inf", "", "Max at Slow Process Corner").replace("                         slack", "        none")
    value = parse(TIMING + free)
    assert (value.worst, value.failing, value.paths[0].slack_ns) == (None, 0, None)
    assert parse(TIMING + "No timing paths found.\n").paths == ()


@pytest.mark.parametrize("cut", [SETUP[: SETUP.index("Location")], "", "Slack (MET)"])
def test_a_list_that_is_cut_off(cut: str) -> None:
    with pytest.raises(TruncatedReportError):
        parse(TIMING + cut)


def test_the_status_of_the_routing() -> None:
    value = parse(ROUTE)
    assert (value.logical_nets, value.routable_nets, value.fully_routed_nets) == (100, 80, 75)
    assert (value.errors, value.unrouted_nets, value.nets_with_unplaced_pins, value.routed) == (2, 3, 1, False)
    assert [count.depth for count in value.counts] == [0, 1, 2, 1, 2, 2, 1, 2, 2]
    good = "\n".join(line for line in ROUTE.split("\n") if "unrouted" not in line and "with " not in line)
    assert parse(good.replace(":          75", ":          80")).routed
    assert len(parse_all(ROUTE + "\n" + ROUTE)) == 2
    with pytest.raises(TruncatedReportError):
        parse(ROUTE[: ROUTE.index("# of fully")])


def test_the_skew_of_buses() -> None:
    value = parse(head("report_bus_skew", "Bus Skew Report") + SKEW)
    assert [(one.id, one.corner, one.slack_ns) for one in value.constraints] == [(1, "Slow", 9.297), (2, "Fast", -0.5)]
    assert value.constraints[1].patterns == "[get_cells -hier -filter {NAME =~ *a*}] [get_cells {c_reg[*]}]"
    assert value.worst_slack_ns == -0.5
    assert parse(head("report_bus_skew", "Bus Skew Report") + "No bus skew constraints\n").constraints == ()
    with pytest.raises(TruncatedReportError):
        parse(head("report_bus_skew", "Bus Skew Report") + SKEW[: SKEW.index("[get_cells {c_reg")])


@pytest.mark.parametrize("total", ["Total control sets", "Number of unique control sets"])
def test_control_sets(total: str) -> None:
    text = CONTROL.replace("Total control sets".ljust(29), total.ljust(29))
    value = parse(head("report_control_sets", "Control Set Information") + text)
    assert (value.total, value.unused_registers) == (42, 101)
    assert [count.depth for count in value.counts] == [0, 1, 0]
    (row,) = value.flip_flops
    assert (row.clock_enable, row.synchronous, row.registers, row.slices) == ("No", "Yes", 25, 14)


def test_suggestions() -> None:
    for title in ("Report QoR Suggestions", "QoR Suggestions Report", "A title of another release"):
        text = head("report_qor_suggestions", title) + SUGGESTIONS
        assert recognise(text).name == "vivado_qor_suggestions"
        (one,) = parse(text).suggestions
        assert (one.name, one.id, one.status) == ("RQS_XDC-1-1", "RQS_XDC-1", "GENERATED")
        assert (one.applicable_for, one.automatic, one.description) == ("place_design", "Yes", "Add a constraint")
    assert parse(head("report_qor_suggestions", "Report QoR Suggestions") + "No suggestions.\n").suggestions == ()


def test_memories() -> None:
    value = parse(head("report_ram_utilization", "RAM Utilization Report") + RAM)
    assert [(one.name, one.used, one.available) for one in value.types] == [("BlockRAM", 12.5, 1344), ("URAM", 2, 640)]
    (one,) = value.memories
    assert {item.name: item.value for item in one.values} == {
        "Array Size": "1024x36",
        "RAM Type": "RAMB36",
        "Slack": "0.250",
    }


def test_nets_with_many_loads() -> None:
    value = parse(head("report_high_fanout_nets", "High Fan-out Nets Information") + FANOUT)
    assert [(one.net, one.fanout, one.driver) for one in value.nets] == [
        ("u0/enable", 15000, "FDRE"),
        ("u0/x[3]", 120, "LUT6"),
    ]
    assert [(one.worst_slack_ns, one.worst_delay_ns) for one in value.nets] == [(-0.104, 2.45), (None, 0.9)]


def test_crossings_between_clocks() -> None:
    value = parse(head("report_cdc -details", "CDC Report") + CDC)
    assert [(one.source, one.destination, one.endpoints, one.safe, one.unsafe) for one in value.pairs] == [
        ("clk_a", "clk_b", 12, 10, 2),
        ("clk_b", "clk_a", 3, 3, 0),
    ]
    assert (value.unsafe, value.pairs[1].no_async_reg) == (2, 1)
    assert {one.id: one.count for one in value.rules} == {"CDC-1": 2, "CDC-3": 13}
    assert parse(head("report_cdc", "CDC Report")).unsafe is None


def test_methodology_in_all_severities() -> None:
    value = parse(head("report_methodology", "Report Methodology") + methodology())
    assert {name: value.count(name) for name in SEVERITIES} == {name: at + 1 for at, name in enumerate(SEVERITIES)}
    details = "1. REPORT SUMMARY\n-----------------\n             Violations found: 6\n\n2. REPORT DETAILS\n-----------------\n"
    details += "".join(f"TIMING-{at}#1 {name}\nwords  \n\n" for at, name in enumerate(SEVERITIES))
    value = parse(head("report_methodology", "Report Methodology", "2017.1") + details)
    assert [(rule.severity, rule.count) for rule in value.rules] == [(name, 1) for name in SEVERITIES]


def test_a_table_with_another_column_is_named() -> None:
    with pytest.raises(UnknownLayoutError, match="no column 'Fanout'"):
        parse(head("report_high_fanout_nets", "High Fan-out Nets Information") + FANOUT.replace("Fanout", "Number"))
