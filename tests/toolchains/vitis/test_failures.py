"""Lines of AMD's tools, each with the class that a person gives it and whether it is worth another try.

The numbers are those of public logs and of AMD's and FlexNet's documents; the texts around them are short forms.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.execution.failure import Failure, failed, log_findings, retry_of
from farm.step import Output, Step
from toolchains.common.failures import signatures

LICENCE = "ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' and/or device 'xcu250'."
LINES = [
    # FlexNet: seats taken, server gone, host down, daemon down are waited for.
    (f"{LICENCE} FLEXnet Licensing error:(-4,132)", "licence", True),
    (f"{LICENCE} FLEXnet Licensing error:-15,570. (-15,570)", "licence", True),
    (f"{LICENCE} (-96,7)", "licence", True),
    (f"{LICENCE} (-97,121)", "licence", True),
    # No such feature, expired, denied, too old are not.
    (f"{LICENCE} (-5,357)", "licence", False),
    (f"{LICENCE} (-10,32)", "licence", False),
    (f"{LICENCE} (-18,147)", "licence", False),
    (f"{LICENCE} (-21,126)", "licence", False),
    (LICENCE, "licence", False),
    ("ERROR: [Common 17-1294] Failed to create directory '.Xil'", "infrastructure", True),
    ("ERROR: [Common 17-354] Could not open 'a.rpt' for writing.", "infrastructure", True),
    ("No space left on device", "disk", False),
    ("ERROR: [VPL 17-102] Failed writing to file", "disk", False),
    ("Abnormal program termination (11)", "crash", True),
    ("std::bad_alloc", "memory", True),
    ("ERROR: '2201012030' is an invalid argument. Please specify an integer value.", "config", False),
    ("ERROR: [HLS 200-1023] Part 'xcu999' is not installed.", "config", False),
    ("ERROR: [HLS 200-1032] solution configuration has changed", "config", False),
    ("ERROR: [HLS 200-642] unknown option", "config", False),
    ("ERROR: [HLS 207-3776] use of undeclared identifier 'x'", "source", False),
    ("ERROR: [HLS 200-1715] Encountered problem during source synthesis", "source", False),
    ("ERROR: [SIM 211-100] 'csim_design' failed: nonzero return value.", "source", False),
    ("ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***", "source", False),
    ("ERROR: [Synth 8-439] module 'farm_skid' not found", "config", False),
    ("ERROR: [Common 17-69] Command failed: Vivado Synthesis failed", "source", False),
    ("ERROR: [DRC UTLZ-1] Resource utilization: RAMB36/FIFO over-utilized", "capacity", False),
    ("ERROR: [VPL 4-23] Error(s) found during DRC. Placer not run.", "capacity", False),
    ("ERROR: [Route 35-2] Design is not legally routed.", "capacity", False),
    ("ERROR: [VPL 35-3] Congestion", "capacity", False),
    ("ERROR: [Vivado_Tcl 4-78] Error(s) found during DRC. Opt_design not run.", "config", False),
    ("ERROR: [BD 41-237] Bus Interface property FREQ_HZ does not match", "config", False),
    ("ERROR: [BD_TCL-115] The following IPs are not found in the IP Catalog", "config", False),
    ("ERROR: [v++ 60-602] Source file does not exist: digits.xo", "config", False),
    ("ERROR: [CFGEN 83-2292] --sp tag references an unknown memory", "config", False),
    ("ERROR: dataflow-farm: timing is not met in the routed design (WNS -0.2 ns)", "timing", False),
    ("ERROR: vivado ended with status 139 and no error line: it crashed", "crash", True),
    ("ERROR: dataflow-farm: there is no licence: set XILINXD_LICENSE_FILE", "config", False),
    ("ERROR: utilization.rpt:3: the table has no rows; the file was cut off", "crash", True),
    ("ERROR: vivado ended with status 0, but a.dcp is not there", "crash", True),
    ("ERROR: [VPL 17-345] A valid license was not found for feature 'Implementation'", "licence", False),
]


def failure(tmp_path: Path, *lines: str) -> Failure:
    log = tmp_path / "log"
    log.write_text("\n".join(("INFO: [Common 17-83] begin", *lines, "ERROR: [Common 17-39] failed", "")))
    step = Step("a", ("x",), (), (Output("o", "build/o"),), "build/log", signatures=signatures("vitis"))
    return failed("exit", "1", "build/log", log_findings(log, step))


@pytest.mark.parametrize(("line", "kind", "again"), LINES)
def test_vitis(tmp_path: Path, line: str, kind: str, again: bool) -> None:
    found = failure(tmp_path, line)
    assert (found.kind, retry_of(found).attempts > 1) == (kind, again)
    assert line in found.lines


def test_the_cause_counts_and_not_what_follows_from_it(tmp_path: Path) -> None:
    found = failure(
        tmp_path,
        "ERROR: [Common 17-345] A valid license was not found (-4,132)",
        "ERROR: [Common 17-69] Command failed: Vivado Synthesis failed",
        "ERROR: vivado ended with status 1",
    )
    assert found.kind == "licence"


ORDINARY = [
    # Of good runs, as the tools print them.
    "INFO: [HLS 200-10] Adding design file 'stem_top.cpp' to the project",
    "INFO: [HLS 200-1510] Running: csynth_design",
    "WARNING: [HLS 207-5292] unused parameter 'x'",
    "INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***",
    "INFO: [SIM 211-1] CSim done with 0 errors.",
    "INFO: [Synth 8-7080] Parallel synthesis criteria is not met",
    "WARNING: [Synth 8-3331] design stem has unconnected port ap_rst_n",
    "INFO: [BD 41-1029] Generation completed for the IP Integrator block stem .",
    "CRITICAL WARNING: [BD 41-1356] Slave segment is not assigned into an address space",
    "INFO: [IP_Flow 19-3805] Generating core",
    "INFO: [CFGEN 83-2226] Inferring mapping for argument digits_1.in to DDR[1]",
    "INFO: [SYSTEM_LINK 82-70] Extracting xo v3 file digits.xo",
    "INFO: [v++ 60-1441] Run run_link: Step vpl: Completed",
    "INFO: [Common 17-349] Got license for feature 'Synthesis' and/or device 'xcu250'",
    "INFO: [Route 35-39] Router estimated timing met",
    "set_param general.maxThreads 4",
]


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_is_no_cause(tmp_path: Path, line: str) -> None:
    found = failure(tmp_path, line, "ERROR: xyz ended with status 1")
    assert (line in found.lines, found.kind) == (False, "source")


def test_the_last_words_of_our_own_scripts_are_no_failure(tmp_path: Path) -> None:
    found = failure(tmp_path, "farm done: out-of-context synthesis", "ERROR: [HLS 207-1] syntax")
    assert found.kind == "source"


@pytest.mark.parametrize(
    "words",
    [
        "the netlist has no memory cell res2a_conv1_weights_memory/bit3",
        "the floorplan finds 0 cells called res2a in pfm_top_i/dynamic_region/digits_1, not one",
        "res2a has 0 interfaces for its stream input_r, not one",
        "res2a/input_r has 4 bytes a beat, the design has 8",
    ],
)
def test_what_a_release_names_differently_is_not_left_to_the_user(tmp_path: Path, words: str) -> None:
    found = failure(tmp_path, f"ERROR: dataflow-farm: {words}")
    assert found.kind == "config"
    assert "docs/amd/first-run-on-amd.md" in found.remedy
