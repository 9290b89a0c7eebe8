"""Digits from network to classification on the stand-in of AMD's tools, and every way in which it can go wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from amd_machine import Machine, Make
from everyday import first

from blocks.network import NETWORKS, find_network, read_network
from farm.execution.failure import retry_of
from runtime.formats import xclbin
from runtime.formats.manifest import from_json
from toolchains.common.failures import signatures

FOLDER = "build/digits/vitis-hw"


def test_digits_classifies(built: Machine) -> None:
    program = """
import sys, numpy as np, runtime
from blocks.dataset import held_out
from blocks.network import find_network
images, labels = held_out(find_network("digits").dataset)
with runtime.Accelerator(sys.argv[1]) as accelerator:
    best = np.asarray(accelerator.classify(images))[:, 0]
print((best == labels).sum(), len(labels))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, f"{FOLDER}/digits.xclbin"],
        cwd=built.checkout, env={k: v for k, v in built.environment.items() if k != "XILINX_XRT"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    right, of = map(int, done.stdout.split())
    # The README's figure of the network itself: 99.2 % of the 360 held-out digits.
    assert (right, of) == (357, 360)


def test_the_xclbin_says_what_it_is(built: Machine, xrt_agrees) -> None:
    xrt_agrees(built.checkout / FOLDER / "digits.xclbin")
    file = xclbin.read(built.checkout / FOLDER / "digits.xclbin")
    manifest = from_json(file.manifest_json or "")
    assert (manifest.toolchain, manifest.target, manifest.view) == ("vitis", "hw", "rtl")
    assert "stand-in" in manifest.tools["vitis"]
    values = json.loads((built.checkout / FOLDER / "link" / "values.json").read_text())
    assert "stand-in" in values["tool"]


def test_no_core_was_synthesised_twice(synthesised: list[str]) -> None:
    cores = {core.name for core in find_network("digits").cores().values()}
    assert cores <= set(synthesised)
    for core in cores:
        assert synthesised.count(core) == 1, core


def test_the_second_build_runs_nothing(built: Machine) -> None:
    before = built.tally()
    assert "nothing to do" in built.doit("build", "network=digits", "target=hw")
    assert built.tally() == before


def test_emulated_hardware_takes_the_same_cores(built: Machine) -> None:
    before = built.tally()
    printed = built.doit("build", "network=digits", "target=hw_emu")
    assert "restored" in printed
    new = built.tally()[len(before) :]
    assert not {core.name for core in find_network("digits").cores().values()} & set(new)
    values = json.loads((built.checkout / "build/digits/vitis-hw_emu/link/values.json").read_text())
    assert "wns_ns" not in values


def test_blocks_in_several_slrs(built: Machine) -> None:
    """Crossings, a reset for each SLR, and a floorplan whose cells are all found in the linked design."""
    before = len(built.tally())
    built.doit("build", "network=digits", "target=hw", "fit.pin=res3b:slr2,preres:slr0")
    assert not {core.name for core in find_network("digits").cores().values()} & set(built.tally()[before:])
    design = (built.checkout / FOLDER / "stitch" / "design.tcl").read_text()
    core = find_network("digits").cores()["res3b"].name
    assert f"farm_cell res3b dataflow-farm:cores:{core}:1.0 slr2" in design
    values = json.loads((built.checkout / FOLDER / "link" / "values.json").read_text())
    assert values["slrs"]["slr2"]["luts"] > 0
    assert values["slrs"]["slr3"]["luts"] == 0
    told = (built.checkout / FOLDER / "link" / "vpp_command.txt").read_text()
    assert "farm_place pblock_dynamic_SLR2 pfm_top_i/dynamic_region/digits_1 {" in told
    assert "slr=" not in told


def test_the_netlist_ip_goes_into_a_design_of_its_own(built: Machine, tmp_path: Path) -> None:
    """The example of docs/amd/netlist_ip.md, as it stands there."""
    from toolchains.vitis.tools.archive import unpack_folder

    unpack_folder(built.checkout / FOLDER / "stitch" / "kernel_ip.zip", tmp_path / "kernel_ip")
    script = built.checkout / "docs" / "amd" / "netlist_ip.tcl"
    (tmp_path / "netlist_ip.tcl").write_bytes(script.read_bytes())
    done = subprocess.run(
        [str(built.tools / "Vivado/2022.2/bin/vivado"), "-mode", "batch", "-source", "netlist_ip.tcl"],
        cwd=tmp_path, env=built.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "example: block design validated" in done.stdout


RELEASES = [("2025.1", "ipi"), ("2019.2", "structural"), ("2019.2", "ipi"), ("2025.1", "structural")]


@pytest.mark.parametrize(
    ("name", "release", "style"),
    first([*(("short", *each) for each in RELEASES[:2]), *(("digits", *each) for each in RELEASES)]),
)
def test_a_core_and_the_kernel_in_other_releases(
    machine: Make, tmp_path: Path, name: str, release: str, style: str
) -> None:
    """Each kind of core; two are residual blocks, whose modules would have the same names without their prefixes."""
    # Digits without its second half, which is two more cores of that kind.
    head, _, tail = (NETWORKS / "digits.yaml").read_text().partition("  - name: res3a\n")
    short = tmp_path / "short.yaml"
    short.write_text(
        head.replace("name: digits", "name: short") + "  - name: postres\n" + tail.partition("postres\n")[2]
    )
    assert [block.name for block in read_network(short).blocks] == ["preres", "res2a", "res2b", "postres"]
    here = machine(release)
    view = "hls" if style == "ipi" else "rtl"
    network = short if name == "short" else name
    here.doit("stitch", f"network={network}", "target=hw", f"vitis.view={view}", f"vitis.stitch_style={style}")
    assert (here.checkout / f"build/{name}/vitis-hw/stitch/kernel.xo").stat().st_size > 0


def test_two_cores_of_resnet50_in_both_views(machine: Make) -> None:
    """Two shapes of residual block, from C++ through HLS and from SystemVerilog, each to its checkpoint."""
    here = machine()
    cores = {block: find_network("resnet50").cores()[block].name for block in ("res2b", "res5a")}
    checkpoints = {}
    for view in ("rtl", "hls"):
        before = len(here.tally())
        here.doit("ooc:res2b", "ooc:res5a", "network=resnet50", "target=hw", f"vitis.view={view}")
        ran = Counter((entry["kind"], entry["name"]) for entry in here.synthesised()[before:])
        # HLS runs twice: what csynth says of the pipelines goes into the depths of the FIFOs.
        hls = {("csynth", core): 2 for core in cores.values()} if view == "hls" else {}
        assert ran == {**{("synth", core): 1 for core in cores.values()}, **hls}
        for core in cores.values():
            place = here.checkout / "build/resnet50/vitis-hw/ooc" / core
            checkpoints[view, core] = checkpoint(place / f"{core}.dcp")
            values = json.loads((place / "values.json").read_text())
            flat, slack = (place / "utilization.rpt").read_text(), (place / "timing_summary.rpt").read_text()
            for name, row in (("luts", "CLB LUTs*"), ("registers", "CLB Registers"), ("bram_tiles", "Block RAM Tile")):
                (used,) = re.findall(rf"^\| {re.escape(row)} +\| +([0-9.]+) ", flat, re.MULTILINE)
                assert values[name] == float(used), name
            (wns,) = re.findall(r"WNS\(ns\).*\n[ -]+\n +(-?[0-9.]+) ", slack.partition("Design Timing Summary")[2])[:1]
            assert values["logic_ns"] == pytest.approx(4.0 - float(wns))
            assert "(stand-in)" in values["tool"]
        for core in cores.values() if view == "hls" else ():
            place = here.checkout / "build/resnet50/vitis-hw/hls" / core
            with zipfile.ZipFile(place / "ip.zip") as archive:
                assert {"component.xml", f"hdl/verilog/{core}.v"} <= set(archive.namelist())
            report = ElementTree.parse(place / "csynth.xml")
            assert report.findtext("UserAssignments/TopModelName") == core
            estimate = json.loads((place / "values.json").read_text())
            assert estimate["tool"] == "vitis_hls 2022.2 (stand-in)"
            assert "stand-in" in (place / "csynth.xml").read_text() + (place / "hls.log").read_text()
            assert estimate["luts"] == int(report.findtext("AreaEstimates/Resources/LUT") or -1)
            assert estimate["fifo_beats_added"] > 0
    for (_, core), netlist in checkpoints.items():
        assert (netlist["top"], netlist["part"], netlist["state"]) == (core, "xcu250-figd2104-2L-e", "Synthesized")
        assert netlist["black_boxes"] == []
        # Two cores may have a module of one name; in the kernel they must not.
        assert all(module == core or module.startswith(f"{core}_") for module in netlist["modules"])
        assert netlist["clocks"] == {"ap_clk": [4.0, "ap_clk"]}
    first, second = cores.values()
    assert checkpoints["rtl", first]["modules"] != checkpoints["hls", first]["modules"]
    assert checkpoints["rtl", first]["ports"] != checkpoints["rtl", second]["ports"]


def checkpoint(file: Path) -> dict[str, Any]:
    """What the stand-in keeps in place of a netlist."""
    with zipfile.ZipFile(file) as archive:
        found: dict[str, Any] = json.loads(archive.read("stand_in.json"))
    return found


def test_hls_of_2019_2_asks_for_a_licence(machine: Make) -> None:
    """Vivado HLS wants a feature of its own; Vitis HLS does not."""
    here = machine("2019.2")
    here.fault("vivado_hls@csynth_design:licence=-10")
    failure = here.run(here.toolchain().step("hls", find_network("digits").cores()["postres"]))
    assert failure is not None
    assert (failure.kind, retry_of(failure).attempts, "expired" in failure.remedy) == ("licence", 1, True)


def test_no_signature_matches_a_line_of_a_good_run(built: Machine) -> None:
    """What a log says anyway must not be taken for why another run failed."""
    logs = sorted(built.checkout.joinpath(FOLDER).rglob("*.log"))
    assert {"ooc.log", "netlist.log", "stitch.log", "link.log"} <= {log.name for log in logs}
    for log in logs:
        for signature in signatures("vitis"):
            found = [line for line in log.read_text().splitlines() if re.search(signature.pattern, line)]
            assert found == [], (log.name, signature.pattern)


def test_a_core_placed_and_routed(machine: Make) -> None:
    here = machine()
    step = here.toolchain("vitis.ooc_route=true").step("ooc", find_network("digits").cores()["postres"])
    assert here.run(step) is None
    left = {Path(output.target).name for output in step.outputs}
    assert {"timing_summary.rpt", "routed_timing_summary.rpt", "routed_utilization_hierarchical.rpt"} <= left


def test_a_lowered_clock_is_kept_and_said(built: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@server")
    monkeypatch.setenv("XILINX_XRT", str(built.tools / "xrt"))
    step = built.toolchain().step("link")
    kept = {output.target: (built.checkout / output.target).read_bytes() for output in step.outputs}
    built.fault("v++:clock=212.5")
    try:
        assert built.run(step) is None
        values = json.loads((built.checkout / FOLDER / "link" / "values.json").read_text())
        assert values["clock_mhz"] == pytest.approx(212.5, abs=0.5)
        assert values["requested_mhz"] == 250
    finally:
        (built.tools / "stand_in_fault").unlink()
        for target, content in kept.items():
            (built.checkout / target).write_bytes(content)


@pytest.mark.parametrize(
    ("gone", "said"),
    [("XILINXD_LICENSE_FILE", "there is no licence"), ("XILINX_XRT", "XRT is not installed")],
)
def test_what_is_missing_is_said_before_a_tool_starts(
    machine: Make, monkeypatch: pytest.MonkeyPatch, gone: str, said: str
) -> None:
    here = machine()
    monkeypatch.delenv(gone)
    monkeypatch.setenv("HOME", str(here.checkout))
    step = here.toolchain().step("ooc", find_network("digits").cores()["postres"])
    failure = here.run(step)
    assert failure is not None
    assert failure.kind == "config"
    assert any(said in line for line in failure.lines)
    assert not any("Start of session" in line for line in Path(here.checkout / step.log).read_text().splitlines())


@pytest.mark.nightly
def test_the_whole_resnet50(machine: Make) -> None:
    here = machine()
    here.doit("build", "network=resnet50", "target=hw", timeout_s=1500)
    values = json.loads((here.checkout / "build/resnet50/vitis-hw/link/values.json").read_text())
    assert len([slr for slr, used in values["slrs"].items() if used["luts"] > 0]) > 1
    cores = {core.name for core in find_network("resnet50").cores().values()}
    assert {name: here.tally().count(name) for name in cores} == dict.fromkeys(cores, 1)


def test_whatever_a_stand_in_wrote_says_so(built: Machine) -> None:
    """No figure of it may be taken for one of AMD's tools."""
    folder = built.checkout / FOLDER
    texts = [file for end in ("*.rpt", "*_funcsim.v", "*_stub.v", "link/reports.txt") for file in folder.rglob(end)]
    logs = [folder / "link.log", folder / "stitch" / "stitch.log", *folder.glob("ooc/*/ooc.log")]
    assert len({file.name.partition(".")[0].partition("_")[0] for file in texts}) > 3
    for file in (*texts, *logs):
        assert "stand-in" in file.read_text(), file
    for file in (*folder.glob("ooc/*/values.json"), folder / "link" / "values.json"):
        assert json.loads(file.read_text())["tool"].endswith("(stand-in)"), file
    assert b"stand-in: no bitstream" in (folder / "digits.xclbin").read_bytes()
    told = subprocess.run(
        [built.tools / "xrt/bin/xclbinutil", "--info", "--input", folder / "digits.xclbin"],
        cwd=built.checkout, env=built.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.count("stand-in") >= 2
