"""Which links are taken: a summary that is not met, the clock of the linked file, and what the settings allow."""

from __future__ import annotations

import types
from typing import Any

import pytest

from reports.timing import Slacks
from runtime import xclbin
from runtime.sections import Clock
from toolchains.vitis import run_link
from toolchains.vitis.link_reports import LinkReports, require
from toolchains.vitis.tool import ToolError


def reports(
    *, met: bool | None, setup: int = 0, hold: int = 0, pulse: int = 0, wns: float | None = -0.948
) -> LinkReports:
    """Reports whose summary has so many failing end points; WNS is that of a public build at 130 MHz."""
    slacks = Slacks(wns, -1.0, setup, 900, 0.01, 0.0, hold, 900, 0.5, 0.0, pulse, 90)
    return LinkReports(total=None, slrs=None, timing=slacks, met=met, files=())


@pytest.mark.parametrize(
    ("found", "lowered", "refused"),
    [
        (reports(met=True, wns=0.1), False, None),
        (reports(met=True, wns=0.1), True, None),
        (reports(met=False, setup=7), True, None),
        (reports(met=False, setup=7), False, "has not lowered"),
        (reports(met=False, hold=1), True, "hold"),
        (reports(met=False, setup=7, hold=1), True, "setup, hold"),
        (reports(met=False, pulse=1), True, "pulse_width"),
        (reports(met=False), True, "no failing check named"),
        (reports(met=None, wns=None), False, "has reached nothing"),
        (LinkReports(None, None, None, None, ()), True, "no timing summary"),
    ],
)
def test_a_summary_that_is_not_met(found: LinkReports, lowered: bool, refused: str | None) -> None:
    if refused is None:
        require(found, lowered=lowered)
        return
    with pytest.raises(ToolError, match=refused):
        require(found, lowered=lowered)


def linked(*clocks: Clock) -> xclbin.Xclbin:
    return xclbin.compose(platform_vbnv="a", mode=xclbin.Mode.FLAT, metadata="<project/>", clocks=clocks)


# The order of public builds for cards with HBM: the memory's clock is the first.
HBM, KERNEL = Clock("hbm_aclk", 450, 3), Clock("KERNEL_CLK", 500, 2)


@pytest.mark.parametrize(
    ("clocks", "target", "found", "accept", "expected"),
    [
        ((HBM, KERNEL, Clock("DATA_CLK", 250, 1)), "hw", reports(met=True, wns=0.1), True, 250.0),
        ((HBM, KERNEL, Clock("DATA_CLK", 201, 1)), "hw", reports(met=False, setup=7), True, 201.0),
        ((HBM, KERNEL, Clock("DATA_CLK", 201, 1)), "hw", reports(met=False, setup=7), False, ToolError),
        ((HBM, KERNEL, Clock("DATA_CLK", 250, 1)), "hw", reports(met=False, setup=7), True, ToolError),
        ((HBM, KERNEL, Clock("DATA_CLK", 201, 1)), "hw", reports(met=False, hold=1), True, ToolError),
        ((), "hw", reports(met=True, wns=0.1), True, ToolError),
        ((), "hw_emu", LinkReports(None, None, None, None, ()), True, 250.0),
    ],
)
def test_the_clock_of_the_linked_file(
    clocks: tuple[Clock, ...], target: str, found: LinkReports, accept: bool, expected: Any
) -> None:
    plan = {"target": target, "accept_lower_clock": accept}
    job: Any = types.SimpleNamespace(clock_mhz=250.0)
    if expected is ToolError:
        with pytest.raises(ToolError):
            run_link.clock_of(plan, job, linked(*clocks), found)
    else:
        assert run_link.clock_of(plan, job, linked(*clocks), found) == expected
