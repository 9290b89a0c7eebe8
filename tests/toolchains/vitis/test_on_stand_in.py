"""Digits from network to classification on the stand-in of AMD's tools, and every way in which it can go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.network import find_network
from farm.failure import retry_of
from runtime import xclbin
from runtime.manifest import from_json

FOLDER = "build/digits/vitis-hw"


def test_digits_classifies(built) -> None:  # type: ignore[no-untyped-def]
    program = """
import sys, numpy as np, runtime
from sklearn.datasets import load_digits
data = load_digits()
images, labels = data.images.astype(np.uint8)[::5][..., None], data.target[::5]
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


def test_the_xclbin_says_what_it_is(built) -> None:  # type: ignore[no-untyped-def]
    file = xclbin.read(built.checkout / FOLDER / "digits.xclbin")
    manifest = from_json(file.manifest_json or "")
    assert (manifest.toolchain, manifest.target, manifest.view) == ("vitis", "hw", "rtl")
    assert "stand-in" in manifest.tools["vitis"]
    values = json.loads((built.checkout / FOLDER / "link" / "values.json").read_text())
    assert "stand-in" in values["tool"]


def test_no_core_was_synthesised_twice(built) -> None:  # type: ignore[no-untyped-def]
    tops = built.tally()
    cores = {core.name for core in find_network("digits").cores().values()}
    assert cores <= set(tops)
    for core in cores:
        assert tops.count(core) == 1, core


def test_the_second_build_runs_nothing(built) -> None:  # type: ignore[no-untyped-def]
    before = built.tally()
    assert "nothing to do" in built.doit("build", "network=digits", "target=hw")
    assert built.tally() == before


def test_emulated_hardware_takes_the_same_cores(built) -> None:  # type: ignore[no-untyped-def]
    before = built.tally()
    printed = built.doit("build", "network=digits", "target=hw_emu")
    assert "restored" in printed
    new = built.tally()[len(before) :]
    assert not {core.name for core in find_network("digits").cores().values()} & set(new)
    values = json.loads((built.checkout / "build/digits/vitis-hw_emu/link/values.json").read_text())
    assert "wns_ns" not in values


def test_blocks_in_several_slrs(built) -> None:  # type: ignore[no-untyped-def]
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
    told = (built.checkout / FOLDER / "link" / "told.txt").read_text()
    assert "farm_place pblock_dynamic_SLR2 pfm_top_i/dynamic_region/digits_1 {" in told
    assert "slr=" not in told


def test_the_netlist_ip_goes_into_a_design_of_its_own(built, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The example of docs/netlist_ip.md, as it stands there."""
    from toolchains.vitis.archive import unpack_folder

    unpack_folder(built.checkout / FOLDER / "stitch" / "kernel_ip.zip", tmp_path / "kernel_ip")
    script = built.checkout / "docs" / "netlist_ip.tcl"
    (tmp_path / "netlist_ip.tcl").write_bytes(script.read_bytes())
    done = subprocess.run(
        [str(built.tools / "Vivado/2022.2/bin/vivado"), "-mode", "batch", "-source", "netlist_ip.tcl"],
        cwd=tmp_path, env=built.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "example: block design validated" in done.stdout


@pytest.mark.parametrize("release", ["2019.2", "2025.1"])
@pytest.mark.parametrize("style", ["ipi", "structural"])
def test_a_core_and_the_kernel_in_other_releases(machine, release: str, style: str) -> None:  # type: ignore[no-untyped-def]
    here = machine(release)
    view = "hls" if style == "ipi" else "rtl"
    here.doit("stitch", "network=digits", "target=hw", f"vitis.view={view}", f"vitis.stitch_style={style}")
    assert (here.checkout / FOLDER / "stitch" / "kernel.xo").stat().st_size > 0


def test_two_cores_of_resnet50_in_both_views(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    for view in ("rtl", "hls"):
        words = ("network=resnet50", "target=hw", f"vitis.view={view}")
        here.doit("ooc:res2b", "ooc:res5a", *words)


# What happens, where, and what the engine makes of it: class and whether it is tried again.
FAULTS = [
    ("vivado@synth_design:licence=-4", "licence", True),
    ("vivado@synth_design:licence=-15", "licence", True),
    ("vivado@synth_design:licence=-96", "licence", True),
    ("vivado@synth_design:licence=-97", "licence", True),
    ("vivado@synth_design:licence=-5", "licence", False),
    ("vivado@synth_design:licence=-10", "licence", False),
    ("vivado@synth_design:licence=-18", "licence", False),
    ("vivado@synth_design:licence=-21", "licence", False),
    ("vivado@synth_design:crash", "crash", True),
    ("vivado@synth_design:oom", "memory", True),
    ("vivado@synth_design:disk", "disk", False),
    ("vivado@synth_design:directory", "infrastructure", True),
    ("vivado@synth_design:error", "source", False),
    ("vivado@report_timing_summary:truncate", "source", False),
    ("vivado@write_checkpoint:missing", "source", False),
    ("vivado:errorline", "source", False),
]


def test_a_run_that_failed_in_silence(built, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """`wait_on_run` of older releases returns from a failed run as from any other."""
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@server")
    monkeypatch.setenv("XILINX_XRT", str(built.tools / "xrt"))
    built.fault("vivado@launch_runs:silent;vivado@wait_on_run:silent")
    try:
        toolchain = built.toolchain()
        failure = built.run(toolchain.stitch(toolchain.network.cores()))
    finally:
        (built.tools / "stand_in_fault").unlink()
    assert failure is not None
    assert "synth_1 ended as: synth_design ERROR" in (built.checkout / failure.log).read_text()


@pytest.mark.parametrize(("fault", "kind", "again"), FAULTS)
def test_a_fault_of_vivado(machine, fault: str, kind: str, again: bool) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    here.fault(fault)
    step = here.toolchain().ooc(find_network("digits").cores()["postres"])
    failure = here.run(step)
    assert failure is not None
    assert (failure.kind, retry_of(failure).attempts > 1) == (kind, again), failure
    assert not (here.checkout / step.outputs[0].target).exists()


def test_a_core_placed_and_routed(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    step = here.toolchain("vitis.ooc_route=true").ooc(find_network("digits").cores()["postres"])
    assert here.run(step) is None
    left = {Path(output.target).name for output in step.outputs}
    assert {"timing_summary.rpt", "routed_timing_summary.rpt", "routed_utilization_hierarchical.rpt"} <= left


def test_a_tool_that_hangs_is_ended(machine) -> None:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    here = machine()
    here.fault("vivado@synth_design:hang")
    step = replace(here.toolchain().ooc(find_network("digits").cores()["postres"]), timeout_s=3.0)
    failure = here.run(step)
    assert failure is not None
    assert failure.kind == "timeout"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("vitis_hls@csynth_design:crash", "crash"),
        ("vitis_hls@csim_design:error=x", "source"),
        ("vitis_hls@csynth_design:truncate", "source"),
        ("vitis_hls@export_design:missing", "source"),
        ("vitis_hls@export_design:y2k22", "config"),
    ],
)
def test_a_fault_of_hls(machine, fault: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    here = machine("2021.1")
    here.fault(fault)
    failure = here.run(here.toolchain().hls(find_network("digits").cores()["postres"]))
    assert failure is not None
    assert failure.kind == kind, failure


def test_y2k22_names_the_patch(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine("2021.1")
    here.fault("vitis_hls@export_design:y2k22")
    failure = here.run(here.toolchain().hls(find_network("digits").cores()["postres"]))
    assert failure is not None
    assert "76960" in failure.remedy


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("v++:timing", "timing", ()),
        ("v++:clock=212.5", "timing", ("vitis.accept_lower_clock=false",)),
        ("v++@vpl:crash", "crash", ()),
        ("v++:missing=.xclbin", "source", ()),
    ],
)
def test_a_fault_of_the_link(built, fault: str, kind: str, words: tuple[str, ...], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@server")
    monkeypatch.setenv("XILINX_XRT", str(built.tools / "xrt"))
    built.fault(fault)
    try:
        failure = built.run(built.toolchain(*words).link())
    finally:
        (built.tools / "stand_in_fault").unlink()
    assert failure is not None
    assert failure.kind == kind, failure


def test_a_lowered_clock_is_kept_and_said(built, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@server")
    monkeypatch.setenv("XILINX_XRT", str(built.tools / "xrt"))
    step = built.toolchain().link()
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
    [("XILINXD_LICENSE_FILE", "there is no licence"), ("XILINX_XRT", "there is no XRT")],
)
def test_what_is_missing_is_said_before_a_tool_starts(machine, monkeypatch, gone: str, said: str) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    monkeypatch.delenv(gone)
    monkeypatch.setenv("HOME", str(here.checkout))
    step = here.toolchain().ooc(find_network("digits").cores()["postres"])
    failure = here.run(step)
    assert failure is not None
    assert failure.kind == "config"
    assert any(said in line for line in failure.lines)
    assert not any("Start of session" in line for line in Path(here.checkout / step.log).read_text().splitlines())


@pytest.mark.nightly
def test_the_whole_resnet50(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    here.doit("build", "network=resnet50", "target=hw", timeout_s=1500)
    values = json.loads((here.checkout / "build/resnet50/vitis-hw/link/values.json").read_text())
    assert len([slr for slr, used in values["slrs"].items() if used["luts"] > 0]) > 1
    cores = {core.name for core in find_network("resnet50").cores().values()}
    assert {name: here.tally().count(name) for name in cores} == dict.fromkeys(cores, 1)
