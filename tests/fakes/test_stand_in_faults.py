"""Faults on request: each looks like in the real tool, and a run without a fault succeeds."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from reports.logs import log
from reports.reading.errors import ReportError
from reports.vivado import timing, utilization

CORE = "module core (input wire ap_clk, input wire d, output reg q);\n always @(posedge ap_clk) q <= d;\nendmodule\n"
SCRIPT = """\
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog core.v
read_xdc ooc.xdc
synth_design -mode out_of_context -top core -part xcu250-figd2104-2L-e
write_checkpoint -force core.dcp
report_utilization -file u.rpt
report_timing_summary -file t.rpt
puts "all is done"
exit 0
"""
FAULT = "AMD_STAND_IN_FAULT"


@pytest.fixture(autouse=True)
def sources(bench) -> None:
    bench.write(core__v=CORE, ooc__xdc="create_clock -period 4 -name ap_clk [get_ports ap_clk]\n")


def test_without_a_fault_all_is_well(bench) -> None:
    ended = bench.vivado(SCRIPT)
    assert (ended.status, log.parse(ended.text).outcome) == (0, "ended")
    assert timing.parse((bench.folder / "t.rpt").read_text()).met is True


@pytest.mark.parametrize("code", [-4, -5, -10, -15, -18, -21, -96, -97])
def test_each_class_of_refused_licence(bench, code: int) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: f"vivado@synth_design:licence={code}"})
    ended.fails_with("Common 17-345", "'Synthesis' and/or device 'xcu250'")
    assert re.search(rf"WARNING: \[Common 17-348\].*\({code},\d+\)", ended.text)
    assert not (bench.folder / "core.dcp").exists()


def test_a_licence_of_implementation(bench) -> None:
    script = SCRIPT.replace('puts "all is done"', "opt_design\nplace_design")
    bench.vivado(script, **{FAULT: "vivado@place_design:licence=-15"}).fails_with("Common 17-345", "'Implementation'")


def test_a_crash_is_a_signal_without_an_error_line(bench) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: "vivado@synth_design:crash"})
    assert ended.status == -signal.SIGSEGV
    assert "ERROR" not in ended.text
    assert "Abnormal program termination" in ended.text
    assert list(bench.folder.glob("hs_err_pid*.log"))


def test_a_hang_lasts_until_it_is_killed(bench) -> None:
    begin = bench.vivado(SCRIPT, **{FAULT: "vivado@synth_design:hang=0.1"})
    assert begin.status == 0
    with pytest.raises(subprocess.TimeoutExpired):
        root = bench.tree("2022.2")
        subprocess.run(
            [root / "Vivado/2022.2/bin/vivado", "-mode", "batch", "-source", "s.tcl"], cwd=bench.folder, timeout=1.5, capture_output=True, check=False,
            env={FAULT: "vivado@synth_design:hang", "HOME": str(bench.folder), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip


def test_the_kernel_kills_a_child_for_its_memory(bench) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: "vivado@synth_design:oom"})
    assert ended.status == 137
    read = log.parse(ended.text)
    assert (read.outcome, read.killed_pid is not None) == ("failed", True)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [("disk", "Common 17-1257", "No space left on device"), ("directory", "Common 17-1294", "Cannot create directory")],
)
def test_the_disk(bench, kind: str, code: str, words: str) -> None:
    bench.vivado(SCRIPT, **{FAULT: f"vivado@write_checkpoint:{kind}"}).fails_with(code, words)


def test_a_report_is_cut_off_after_all_went_well(bench) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: "vivado@report_timing_summary:truncate"})
    assert (ended.status, "all is done" in ended.text) == (0, True)
    with pytest.raises(ReportError):
        timing.parse((bench.folder / "t.rpt").read_text())
    assert utilization.parse((bench.folder / "u.rpt").read_text())


def test_a_file_is_missing_after_all_went_well(bench) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: "vivado@write_checkpoint:missing"})
    assert (ended.status, "all is done" in ended.text) == (0, True)
    assert not (bench.folder / "core.dcp").exists()


def test_an_error_line_with_exit_status_0(bench) -> None:
    ended = bench.vivado(SCRIPT, **{FAULT: "vivado@exit:errorline"})
    assert ended.status == 0
    assert log.parse(ended.text).outcome == "failed"


def test_timing_fails_and_nothing_else(bench) -> None:
    assert bench.vivado(SCRIPT, **{FAULT: "vivado@report_timing_summary:timing=-0.5"}).status == 0
    read = timing.parse((bench.folder / "t.rpt").read_text())
    assert (read.met, read.slacks.wns_ns) == (False, -0.5)


def test_waiting_returns_although_the_run_failed(bench) -> None:
    script = 'create_project -force p p -part xcu250-figd2104-2L-e\nadd_files core.v\nset_property top core [current_fileset]\nlaunch_runs synth_1\nwait_on_run synth_1\nputs "PROGRESS [get_property PROGRESS [get_runs synth_1]] [get_property STATUS [get_runs synth_1]]"\nexit 0\n'
    assert "PROGRESS 100%" in bench.vivado(script).text
    ended = bench.vivado(script, **{FAULT: "vivado@launch_runs:silent;vivado@wait_on_run:silent"})
    assert (ended.status, "PROGRESS 0% synth_design ERROR" in ended.text) == (0, True)
    bench.vivado(script, **{FAULT: "vivado@launch_runs:silent"}).fails_with("Vivado 12-13638")


def test_y2k22(bench) -> None:
    bench.write(
        c__cpp="void core(hls::stream<ap_uint<8> >& x, hls::stream<ap_uint<8> >& y) {\n#pragma HLS INTERFACE axis port=x\n#pragma HLS INTERFACE axis port=y\n#pragma HLS INTERFACE ap_ctrl_none port=return\n y.write(x.read());\n}\n"
    )
    script = "open_project p\nset_top core\nadd_files c.cpp\nopen_solution s\nset_part xcu250-figd2104-2L-e\ncreate_clock -period 4\ncsynth_design\nexport_design\nexit 0\n"
    assert bench.hls(script, "2020.2").status == 0
    ended = bench.hls(
        script.replace("open_project p", "open_project q"), "2020.2", **{FAULT: "vitis_hls@export_design:y2k22"}
    )
    ended.fails_with("IMPL 213-28")
    assert re.search(r"^ERROR: '2\d{9}' is an invalid argument\. Please specify an integer value", ended.text, re.M)
    assert (bench.folder / "q/s/syn/report/core_csynth.xml").is_file()


def test_a_fault_may_be_asked_for_by_a_file_in_the_tree(bench) -> None:
    file = bench.tree("2023.2") / "stand_in_fault"
    file.write_text("# a licence\nvivado@synth_design:licence=-97\n")
    bench.vivado(SCRIPT, "2023.2").fails_with("Common 17-345")
    file.unlink()
    assert bench.vivado(SCRIPT, "2023.2").status == 0


@pytest.mark.parametrize("text", ["vivado@synth_design:licens=-4", "vivado@synth_design:licence=-3", "crash"])
def test_a_fault_that_is_none_is_never_a_run_that_passes(bench, text: str) -> None:
    assert bench.vivado(SCRIPT, **{FAULT: text}).status not in (0, -signal.SIGSEGV)
