"""Resets and clock of a kernel whose blocks lie in several SLRs, in both ways to stitch (decision 0007)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from blocks.network import find_network
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.job import StitchJob, job_of
from toolchains.vitis.stitch.structural import StubPort, top_text
from toolchains.vitis.tools.releases import Release

SLRS = {"inoutdma": "slr0", "preres": "slr0", "res2a": "slr1", "res2b": "slr1", "res3a": "slr2", "res3b": "slr2"}


@pytest.fixture(scope="module")
def job() -> StitchJob:
    found = job_of(
        find_network("digits"), Release(2022, 2), "xcu250-figd2104-2L-e", 250, threads=4, jobs=4,
        slrs={**SLRS, "postres": "slr0"},
    )  # fmt: skip
    assert found.used_slrs == ("slr0", "slr1", "slr2")
    return found


def stubs(job: StitchJob) -> dict[str, tuple[StubPort, ...]]:
    """Ports of every core as its netlist has them."""
    return {
        core: tuple(StubPort(f"{port}_TDATA", True, 8 * size) for port, size in streams.items())
        for core, streams in job.streams.items()
    }


def test_the_reset_goes_from_slr_to_slr(job: StitchJob) -> None:
    assert job.resets == (("slr0", None), ("slr1", "slr0"), ("slr2", "slr1"))
    middle = replace(job, slrs={**job.slrs, "inoutdma": "slr1"})
    assert middle.resets == (("slr1", None), ("slr2", "slr1"), ("slr0", "slr1"))
    # Nothing lies in slr1 and slr2, but the reset of slr3 passes them.
    far = replace(job, slrs={**dict.fromkeys(job.slrs, "slr0"), "res3b": "slr3"})
    assert far.resets == (("slr0", None), ("slr1", "slr0"), ("slr2", "slr1"), ("slr3", "slr2"))


def test_a_stream_has_registers_on_both_sides_of_each_boundary(job: StitchJob) -> None:
    """res3b in slr2 gives its result to postres in slr0."""
    (back,) = (stage for stage in job.stages if stage.source[0] == "res3b")
    assert [(each.source, each.sink) for each in job.crossings(back)] == [("slr2", "slr1"), ("slr1", "slr0")]
    (along,) = (stage for stage in job.stages if stage.source[0] == "res2a")
    assert job.crossings(along) == ()


def test_a_block_design_has_a_reset_per_slr_and_one_clock_net(job: StitchJob) -> None:
    script = design_script(job)
    chained = re.findall(r"^connect_bd_net \[get_bd_pins (\S+)\] \[get_bd_pins (\S+)/D\]$", script, re.MULTILINE)
    assert chained == [
        ("reset_plain/Res", "reset_slr0"),
        ("reset_slr0/Q", "reset_slr1"),
        ("reset_slr1/Q", "reset_slr2"),
    ]
    assert set(re.findall(r"CONFIG.Width 1 CONFIG.Depth (\d+)", script)) == {"1"}
    assert {f"reset_slr{i}" for i in range(3)} == set(re.findall(r"c_shift_ram\] (\w+)$", script, re.MULTILINE))
    for block, slr in job.slrs.items():
        assert re.search(rf"^farm_cell {block} \S+ {slr}$", script, re.MULTILINE)
    assert "BUFG" not in script
    assert set(re.findall(r"connect_bd_net \[get_bd_ports (\w*clk)\]", script)) == {"ap_clk"}
    assert "[get_bd_pins reset_$slr/Q] [get_bd_pins $cell/$reset]" in script


def test_a_generated_top_has_a_reset_per_slr_and_one_clock_net(job: StitchJob) -> None:
    top = top_text(job, stubs(job))
    assert set(re.findall(r"\.ap_clk\((\w+)\)|\.clk\((\w+)\)", top)) == {("ap_clk", ""), ("", "ap_clk")}
    chained = re.findall(r"digits_reset (\w+) \(.clk\(ap_clk\), .d\((\w+)\), .q\((\w+)\)\)", top)
    assert chained == [
        ("reset_slr0", "ap_rst_n", "rst_n_slr0"),
        ("reset_slr1", "rst_n_slr0", "rst_n_slr1"),
        ("reset_slr2", "rst_n_slr1", "rst_n_slr2"),
    ]
    cores = dict(job.instances)
    for block, slr in job.slrs.items():
        instance = top[top.index(f"    {cores[block]} {block} (") :]
        assert f".ap_rst_n(rst_n_{slr})" in instance[: instance.index(");\n")]
    assert "BUFG" not in top


def test_one_slr_has_one_reset(job: StitchJob) -> None:
    alone = replace(job, slrs={})
    assert alone.used_slrs == ("slr0",)
    assert re.findall(r"c_shift_ram\] (\w+)$", design_script(alone), re.MULTILINE) == ["reset_slr0"]
