"""Which links are taken, and what is read of the linked file: its clock, and what it calls the memories."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from integration.kernel import Kernel
from reports.vivado.timing import Slacks
from runtime.formats import kernels, xclbin
from runtime.formats.sections import Clock, Connection, IpLayoutEntry, MemoryBank
from toolchains.vitis.link import run as run_link
from toolchains.vitis.link.reports import LinkReports, require, warnings_of_floorplan
from toolchains.vitis.tools.tool import ToolError


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
        (reports(met=None, wns=None), False, "no path is constrained by the clock"),
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
        ((HBM, KERNEL, Clock("DATA_CLK", 251, 1)), "hw", reports(met=True, wns=0.1), True, ToolError),
        ((HBM, KERNEL, Clock("DATA_CLK", 300, 1)), "hw", reports(met=True, wns=0.1), True, ToolError),
        ((), "hw", reports(met=True, wns=0.1), True, ToolError),
        ((), "hw_emu", LinkReports(None, None, None, None, ()), True, 250.0),
    ],
)
def test_the_clock_of_the_linked_file(
    clocks: tuple[Clock, ...], target: str, found: LinkReports, accept: bool, expected: Any
) -> None:
    job: Any = types.SimpleNamespace(asked_mhz=250.0, most_mhz=250.0, target=target)
    if expected is ToolError:
        with pytest.raises(ToolError):
            run_link.clock_of(job, linked(*clocks), found, accept_lower=accept)
    else:
        assert run_link.clock_of(job, linked(*clocks), found, accept_lower=accept) == expected


def test_memories_are_called_as_the_linked_file_calls_them() -> None:
    """A shell may say bank1 where the platform's file expects DDR[1]; PYNQ knows the file's tags only."""
    arguments = tuple(
        kernels.KernelArgument(name, index, "M_AXI_GMEM", 0x10 + 12 * index, 8, "void*", 1)
        for index, name in enumerate(("in_r", "out_r", "weightsmem"))
    )
    ports = (
        kernels.Port("M_AXI_GMEM", "master", 512, 0xFFFFFFFF),
        kernels.Port("S_AXI_CONTROL", "slave", 32, 0x1000),
    )
    instances = (kernels.Instance("k_1", 0x1800000), kernels.Instance("k_2", 0x1810000))
    file = xclbin.compose(
        platform_vbnv="xilinx_u250_xdma_201830_2",
        mode=xclbin.Mode.FLAT,
        metadata=kernels.write_xml(
            [kernels.Kernel("k", "own:farm:k:1.0", ports, arguments, instances)],
            project="k", platform_vbnv="xilinx_u250_xdma_201830_2", fpga="f", target="hw", data_clock_mhz=250,
            kernel_clock_mhz=500,
        ),
        memories=[MemoryBank(tag, 1, True, 1 << 24, at << 34) for at, tag in enumerate(("bank0", "bank1", "PLRAM[0]"))],
        ip_layout=[IpLayoutEntry("k:k_1", 0x1800000), IpLayoutEntry("k:k_2", 0x1810000)],
        connections=[Connection(0, 0, 1), Connection(1, 0, 0), Connection(1, 0, 2), Connection(0, 1, 2)],
    )  # fmt: skip
    banks = [types.SimpleNamespace(argument=name, tag="DDR[1]") for name in ("in_r", "out_r", "weightsmem")]
    fit: Any = types.SimpleNamespace(banks=banks)
    found = run_link.banks_of(Kernel("k", ()), file, fit)
    assert found == {"in_r": ("bank1",), "out_r": ("bank0", "PLRAM[0]"), "weightsmem": ("DDR[1]",)}


@pytest.mark.parametrize(
    ("reached", "known", "refused"),
    [
        (("DDR[1]",), ("DDR[0]", "DDR[1]"), False),
        (("DDR[0]",), ("DDR[0]", "DDR[1]"), True),
        (("HBM[0]", "DDR[1]"), ("HBM[0]", "DDR[1]"), False),
        # Of a shell with other names nobody can tell.
        (("bank0",), ("bank0", "bank1"), False),
    ],
)
def test_an_argument_in_another_memory(reached: tuple[str, ...], known: tuple[str, ...], refused: bool) -> None:
    file: Any = types.SimpleNamespace(memories=[types.SimpleNamespace(tag=tag) for tag in known])
    fit: Any = types.SimpleNamespace(banks=[types.SimpleNamespace(argument="in_r", tag="DDR[1]")])
    if refused:
        with pytest.raises(ToolError, match=r"connects in_r to DDR\[0\], not to DDR\[1\]"):
            run_link.refuse_other_banks({"in_r": reached}, file, fit)
    else:
        run_link.refuse_other_banks({"in_r": reached}, file, fit)


def test_what_the_floorplan_could_not_place_is_told_once(tmp_path: Path) -> None:
    line = "WARNING: floorplan: the register slice link1_crossing0 has no cells called slr_master"
    for folder in ("impl_1", "impl_2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "runme.log").write_text(f'INFO: [Common 17-83] begin\n{line}\n# puts "{line}"\n')
    assert warnings_of_floorplan(tmp_path) == [line]
