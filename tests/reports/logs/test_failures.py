"""Failed runs: crashes, killed processes, codes in every form, and the step within which v++ failed.

The lines are those of public logs and of the tools' documents, in short forms.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.logs import log
from reports.logs.failures import failure_table
from reports.logs.message import read_message
from reports.reading.source import read_noted
from reports.registry import parse
from reports.vivado.table import Lines

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "reports"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases (../shared/cases/reports) are not here")
BANNER = "\n****** Vivado v2022.2 (64-bit)\n\nCommand: route_design\nINFO: [Route 35-254] Multithreading\n"

PROOFS = [
    ("Abnormal program termination (11)", "crashed"),
    ("Abnormal program termination (EXCEPTION_ACCESS_VIOLATION)", "crashed"),
    ("/opt/bin/loader: line 286: 9 Segmentation fault      (core dumped) $RDI_PROG", "crashed"),
    ("segfault in /opt/Xilinx/vivado -exec vivado, exiting...", "crashed"),
    ("/opt/bin/loader: line 312:  7 Aborted                 (core dumped) $RDI_PROG", "crashed"),
    ("/opt/bin/loader: line 312:  7 Bus error               (core dumped) $RDI_PROG", "crashed"),
    ("/opt/bin/loader: line 312:  7 Illegal instruction     $RDI_PROG", "crashed"),
    ("terminate called after throwing an instance of 'std::runtime_error'", "crashed"),
    ("# A fatal error has been detected by the Java Runtime Environment:", "crashed"),
    ("*** stack smashing detected ***: terminated", "crashed"),
    ("Please check '/a/hs_err_pid4711.log' for details", "crashed"),
    ("/opt/bin/rdiArgs.sh: line 352: 11056 Killed                  $RDI_PROG", "killed"),
    ("Killed", "killed"),
    ("make: *** [Makefile:9: all] Killed", "killed"),
    ("slurmstepd: error: Detected 1 oom_kill event in StepId=1.batch.", "killed"),
    ("slurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 2024-01-01T00:00:00 DUE TO TIME LIMIT ***", "killed"),
    ("terminate called after throwing an instance of 'std::bad_alloc'", "memory"),
    ("write failed: No space left on device", "disk_write"),
]
"""Lines that prove a failure although no tool marks them as an error."""

ORDINARY = [
    "INFO: [Common 17-1] to avoid a Segmentation fault in older releases, set x",
    "# puts Killed",
    "WARNING: [Vivado 12-1] the last run left hs_err_pid1.log",
    "Killed nets: 0",
    "INFO: [Place 46-1] 12 cells Terminated in SLR1",
]


@pytest.mark.parametrize(("line", "category"), PROOFS)
def test_a_line_that_proves_a_failure_is_the_cause(line: str, category: str) -> None:
    value = log.parse(f"{BANNER}{line}\n")
    assert value.outcome == "failed"
    assert value.cause is not None
    assert (value.cause.text, value.cause.line, value.category) == (line, BANNER.count("\n") + 1, category)


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_proves_nothing(line: str) -> None:
    value = log.parse(f"{BANNER}{line}\n")
    assert (value.outcome, value.cause) == (None, None)


@pytest.mark.parametrize(("line", "category"), PROOFS)
def test_a_row_names_a_word_of_every_line_that_it_matches(line: str, category: str) -> None:
    """The words are searched first; a row without the right ones would never match."""
    row = next(row for row in failure_table().rows if row.pattern.search(line))
    assert any(word in line for word in row.words), line
    assert row.category == category


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("ERROR: [BD::TCL 103-2041] old script", "BD::TCL 103-2041", "old script"),
        ("ERROR: [PFM-10] pfm_irq - port", "PFM-10", "pfm_irq - port"),
        ("ERROR: [USF-XSim-62] 'elaborate' step failed", "USF-XSim-62", "'elaborate' step failed"),
        ("ERROR: [DRC UTLZ-1] Resource utilization: LUT", "DRC UTLZ-1", "Resource utilization: LUT"),
        ("ERROR: [v++ 60-602] Source file does not exist", "v++ 60-602", "Source file does not exist"),
        ("ERROR: [BD_TCL-115] The following IPs", "BD_TCL-115", "The following IPs"),
        ("ERROR: [#UNDEF] When using EMBEDDED", "#UNDEF", "When using EMBEDDED"),
        ("ERROR:[SIM-100] 'csim_design' failed", "SIM-100", "'csim_design' failed"),
        ("@E [HLS-70] Compilation errors found", "HLS-70", "Compilation errors found"),
        ("ERROR: System received a signal named SIGSEGV", None, "System received a signal named SIGSEGV"),
        ("FATAL_ERROR: Vivado Simulator kernel has discovered", None, "Vivado Simulator kernel has discovered"),
        ("ERROR: see [the guide] first", None, "see [the guide] first"),
    ],
)
def test_codes_in_every_form(line: str, code: str | None, text: str) -> None:
    message = read_message(line, 1)
    assert message is not None
    assert (message.severity, message.code, message.text) == ("ERROR", code, text)


@pytest.mark.parametrize(
    "front",
    [
        "> ",
        ">> ",
        "2024-03-01T10:00:00.1234567Z ",
        "[2024-03-01T10:00:00.123Z] ",
        "##[error]",
        "2024-03-01T10:00:00.1Z ##[error]",
        "\x1b[31m",
        "    ",
        "[10:00:00] ",
    ],
)
def test_what_stands_in_front_of_a_message_hides_no_error(front: str) -> None:
    value = log.parse(f"{BANNER}{front}ERROR: [Synth 8-439] module 'a' not found\n")
    assert value.cause is not None
    assert (value.cause.code, value.cause.line) == ("Synth 8-439", BANNER.count("\n") + 1)


STEPS = """
****** v++ v2022.1 (64-bit)

INFO: [v++ 60-1441] [10:00:00] Run run_link: Step vpl: Started
[11:00:00] Run vpl: Step synth: Completed
[12:00:00] Run vpl: Step impl: Failed
[12:00:00] Run vpl: FINISHED. Run Status: impl ERROR
"""
OUTER = """ERROR: [v++ 60-661] v++ link run 'run_link' failed
INFO: [v++ 60-1442] [12:00:01] Run run_link: Step vpl: Failed
"""
CAUGHT = "ERROR: [VPL 60-704] Integration error, impl_1: place_design ERROR, please look at the run log\n"


def test_the_innermost_step() -> None:
    assert (log.parse(STEPS + OUTER).failed_step, log.parse(STEPS + OUTER).innermost_step) == ("vpl", "impl")
    value = log.parse(STEPS + CAUGHT + OUTER)
    assert (value.failed_step, value.innermost_step) == ("vpl", "place_design")
    assert log.parse(BANNER).innermost_step is None


def test_an_error_before_a_crash_and_a_crash_before_an_error() -> None:
    real, crash = "ERROR: [Synth 8-439] module 'a' not found\n", "Abnormal program termination (11)\n"
    first, second = log.parse(BANNER + real + crash).cause, log.parse(BANNER + crash + real).cause
    assert first is not None
    assert second is not None
    assert (first.code, second.text) == ("Synth 8-439", crash.strip())


@pytest.mark.parametrize(
    ("banner", "tool", "version"),
    [
        ("****** xocc v2018.3 (64-bit)", "xocc", "2018.3"),
        ("****** vitis-run v2024.2 (64-bit)", "vitis-run", "2024.2"),
        ("****** Xilinx Bootgen v2022.1", "Xilinx Bootgen", "2022.1"),
        ("****** Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v2021.1 (64-bit)", "Vitis HLS", "2021.1"),
        (
            "****** Vivado(TM) HLS - High-Level Synthesis from C, C++ and SystemC v2016.4 (64-bit)",
            "Vivado HLS",
            "2016.4",
        ),
        ("# Vivado v2019.2 (64-bit)", "Vivado", "2019.2"),
    ],
)
def test_the_tool_of_a_log(banner: str, tool: str, version: str) -> None:
    value = log.parse(f"{banner}\nINFO: [Common 17-1] x\n")
    assert (value.tool, value.version) == (tool, version)


@needs_cases
@pytest.mark.parametrize(
    ("file", "code", "text"),
    [
        ("07_crash_is_no_outcome/crash.log", None, "Abnormal program termination (11)"),
        ("07_crash_is_no_outcome/segv.log", None, "Segmentation fault"),
        ("07_crash_is_no_outcome/abort.log", None, "Abnormal program termination (6)"),
        ("08_first_error_has_an_odd_code/bdtcl.log", "BD::TCL 103-2041", "This script was generated"),
        ("08_first_error_has_an_odd_code/pfm.log", "PFM-10", "pfm_irq"),
        ("08_first_error_has_an_odd_code/sig.log", None, "System received a signal named SIGSEGV"),
        ("13_log_utf16_or_zero_bytes_silent_in_folder/proj/ps.log", "BD::TCL 103-2041", "This script was generated"),
        ("13_log_utf16_or_zero_bytes_silent_in_folder/proj/zero.log", "BD::TCL 103-2041", "This script was generated"),
    ],
)
def test_the_cases(file: str, code: str | None, text: str) -> None:
    value = parse(read_noted(CASES / file).text, file)
    assert value.outcome == "failed"
    assert value.cause.code == code
    assert text in value.cause.text
    assert Lines(read_noted(CASES / file).text, file)[value.cause.line - 1].count(value.cause.text[:20]) == 1


@needs_cases
def test_the_tools_of_the_cases() -> None:
    found = {
        name: parse(read_noted(CASES / "10_tool_of_a_log_not_named" / name).text)
        for name in ("part18.log", "vitisrun.log")
    }
    assert {name: (one.tool, one.version) for name, one in found.items()} == {
        "part18.log": ("xocc", "2018.3"),
        "vitisrun.log": ("vitis-run", "2024.2"),
    }
