"""Every way in which AMD's tools go wrong, at every step: class, whether it is tried again, and what the user reads.

doit runs as a user runs it, with the engine's clock hurried; what it prints is the evidence. The faults are those of
tests/fakes/README.md.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from amd_machine import Machine

from blocks.network import find_network

HURRIED = Path(__file__).parent / "hurried_doit.py"
FOLDER = "build/digits/vitis-hw"
CORES = tuple({core.name: core for core in find_network("digits").cores().values()})


@dataclass(frozen=True)
class Row:
    """A fault at a step: its class, how often the step starts, whether it ends well, and pieces of what is printed."""

    task: str
    fault: str
    kind: str
    says: tuple[str, ...]
    starts: int = 1
    recovers: bool = False
    words: tuple[str, ...] = ()


def passing(task: str, fault: str, kind: str, *says: str) -> Row:
    """A fault of the first attempt alone, which the second outlives."""
    return Row(task, f"{fault} once", kind, says, starts=2, recovers=True)


def lasting(task: str, fault: str, kind: str, *says: str, starts: int = 1, words: tuple[str, ...] = ()) -> Row:
    """A fault of every attempt."""
    return Row(task, fault, kind, says, starts, words=words)


SEATS = "all seats are taken; the step waits for one"
SILENT = "the licence server does not answer; the step tries again"
ROWS = [
    # FlexNet: what waiting may mend is tried again, the rest is told at once. Exit 1 in each case.
    passing("ooc", "vivado@synth_design:licence=-4", "licence", SEATS),
    passing("ooc", "vivado@synth_design:licence=-15", "licence", SILENT),
    passing("ooc", "vivado@synth_design:licence=-96", "licence", SILENT),
    passing("ooc", "vivado@synth_design:licence=-97", "licence", SILENT),
    lasting("ooc", "vivado@synth_design:licence=-5", "licence", "(-5,132)", "the licence server has no such feature"),
    lasting("ooc", "vivado@synth_design:licence=-10", "licence", "(-10,132)", "the licence has expired"),
    lasting("ooc", "vivado@synth_design:licence=-18", "licence", "(-18,132)", "ask its administrator"),
    lasting("ooc", "vivado@synth_design:licence=-21", "licence", "(-21,132)", "older releases; renew it"),
    passing("ooc", "vivado@synth_design:crash", "crash", "the tool crashed; it is tried once more"),
    passing("ooc", "vivado@synth_design:oom", "memory", "the operating system killed the tool to free memory"),
    passing("ooc", "vivado@synth_design:directory", "infrastructure", "could not make a folder or open a file"),
    lasting("ooc", "vivado@synth_design:disk", "disk", "No space left on device", "free space on the checkout's disk"),
    lasting("ooc", "vivado@synth_design:error=bad", "source", "ERROR: [Synth 8-2715] bad", "change the block"),
    passing("ooc", "vivado@report_timing_summary:truncate", "crash", "left half a report"),
    lasting("ooc", "vivado@write_checkpoint:missing", "crash", ".dcp is not there", starts=2),
    lasting("ooc", "vivado@exit:errorline", "source", "status 0 after 1 error lines", "its outputs are discarded"),
    # HLS. Only Vivado HLS asks for a licence; Vitis HLS does not.
    lasting("hls", "vitis_hls@csynth_design:crash", "crash", "signal 11", "the tool crashed", starts=2),
    lasting("hls", "vitis_hls@csim_design:error=nonzero return value", "source", "[SIM 211-100] nonzero return value",
            "the C++ and the model disagree"),
    lasting("hls", "vitis_hls@csynth_design:error=use of undeclared identifier", "source",
            "ERROR: [HLS 207-1] use of undeclared identifier", "change the block or operator"),
    passing("hls", "vitis_hls@csynth_design:truncate=_csynth.xml", "crash", "left half a report"),
    passing("hls", "vitis_hls@export_design:missing=component.xml", "crash", "did not write that file"),
    lasting("hls", "vitis_hls@exit:errorline", "source", "status 0 after 1 error lines"),
    lasting("hls", "vitis_hls@export_design:y2k22", "config", "is an invalid argument", "answer record 76960"),
    # Stitching: synthesis is a run of its own below Vivado, whose messages come through the wait for it.
    # An IP's run writes only its own log.
    passing("netlist", "vivado@ip_run:licence=-4", "licence", SEATS),
    passing("netlist", "vivado@launch_runs:crash", "crash", "the tool crashed"),
    lasting("netlist", "vivado@launch_runs:silent;vivado@wait_on_run:silent", "source",
            "synth_1 ended as: synth_design ERROR"),
    passing("netlist", "vivado@report_utilization:truncate", "crash", "left half a report"),
    passing("stitch", "vivado@package_xo:missing", "crash", "did not write that file"),
    # The link: v++ says where the log of the run that failed is, and only that log says why.
    passing("link", "v++@vpl.synth:licence=-4", "licence", SEATS),
    lasting("link", "v++@vpl.impl:licence=-5", "licence", "(-5,132)", "the licence server has no such feature"),
    passing("link", "v++@vpl.impl:crash", "crash", "the tool crashed"),
    passing("link", "v++@vpl.impl:truncate=timing_summary_routed.rpt", "crash", "left half a report"),
    passing("link", "v++@vpl.impl:missing=timing_summary_routed.rpt", "crash", "did not write that file"),
    passing("link", "v++:missing=.xclbin", "crash", "did not write that file"),
    lasting("link", "v++@exit:errorline", "source", "status 0 after 1 error lines"),
    lasting("link", "v++@vpl.impl:timing=-0.5", "timing", "timing is not met in the routed design (WNS -0.5 ns",
            "lower clock_mhz"),
    lasting("link", "v++@vpl.impl:clock=212.5", "timing", "v++ has lowered the clock to 212",
            "lower clock_mhz", words=("vitis.accept_lower_clock=false",)),
]  # fmt: skip
HANGS = [
    lasting("hls", "vitis_hls@csynth_design:hang", "timeout", "did not end within 360 s", "raise vitis.hls_hours"),
    lasting("ooc", "vivado@synth_design:hang", "timeout", "did not end within 360 s", "raise vitis.ooc_hours"),
    lasting("link", "v++@vpl.impl:hang", "timeout", "did not end within 360 s", "raise vitis.link_hours"),
]  # fmt: skip
#: The same again at other steps, for nights.
MORE = [
    passing("ooc", "vivado@write_checkpoint:missing", "crash", "did not write that file"),
    passing("hls", "vitis_hls@csynth_design:oom", "memory", "the operating system killed the tool"),
    lasting("hls", "vitis_hls@csynth_design:disk", "disk", "free space"),
    passing("netlist", "vivado@launch_runs:licence=-4", "licence", SEATS),
    passing("netlist", "vivado@ip_run:crash", "crash", "the tool crashed"),
    lasting("netlist", "vivado@launch_runs:licence=-10", "licence", "(-10,132)", "the licence has expired"),
    passing("netlist", "vivado@launch_runs:oom", "memory", "the operating system killed the tool"),
    lasting("stitch", "vivado@exit:errorline", "source", "status 0 after 1 error lines"),
    passing("link", "v++@vpl:crash", "crash", "the tool crashed"),
    passing("link", "v++@vpl.impl:oom", "memory", "the operating system killed the tool"),
    lasting("link", "v++@vpl.impl:disk", "disk", "free space"),
]  # fmt: skip
MORE_HANGS = [
    lasting("netlist", "vivado@launch_runs:hang", "timeout", "did not end within 360 s", "raise vitis.link_hours"),
]
#: One output of each kind of step, whose absence makes it run.
WITNESS = {
    "hls": "ip.zip",
    "ooc": "values.json",
    "netlist": "digits_empty.dcp",
    "stitch": "kernel.xo",
    "link": "values.json",
}
FOLDERS = {"netlist": "stitch"}
"""Where a step leaves its outputs, if not in a folder of its own name."""


@dataclass(frozen=True)
class Seen:
    """What a row's step did: its name, all that doit printed of it, and what is left."""

    step: str
    printed: str
    witness: Path
    processes: tuple[str, ...]

    def block(self, word: str) -> str:
        """What is printed behind `again` or `FAILED`, the last time; empty where that is nowhere."""
        found = re.findall(rf"^  {word} +{re.escape(self.step)} .*\n(?: {{10}}.*\n)*", self.printed, re.MULTILINE)
        return str(found[-1]) if found else ""


def batches(rows: list[Row]) -> list[list[Row]]:
    """Rows that one doit can show: each at a core of its own; of netlist, stitch and link there is one step."""
    found: list[list[Row]] = []
    for row in rows:
        most = len(CORES) if row.task in ("hls", "ooc") else 1
        last = found[-1] if found else []
        if last and last[0].task == row.task and len(last) < most and last[0].words == row.words:
            last.append(row)
        else:
            found.append([row])
    return found


def strike(machine: Machine, rows: list[Row], store: Path, *words: str) -> dict[Row, Seen]:
    """Run doit once with the faults of a batch."""
    steps = {row: f"{row.task}:{core if row.task in ('hls', 'ooc') else 'digits'}" for row, core in zip(rows, CORES)}  # noqa: B905
    faults, witnesses = [], {}
    for row, step in steps.items():
        faults += [
            (f"{one.removesuffix(' once')} in {step.replace(':', '-')}" + (" once" if one.endswith(" once") else ""))
            for one in row.fault.split(";")
        ]
        below = step.partition(":")[2] if row.task in ("hls", "ooc") else ""
        witnesses[row] = machine.checkout / FOLDER / FOLDERS.get(row.task, row.task) / below / WITNESS[row.task]
        witnesses[row].unlink(missing_ok=True)
    machine.fault("\n".join(faults))
    (machine.tools / "stand_in_struck").unlink(missing_ok=True)
    # A store of its own: what an earlier row has made must not be restored in place of a run.
    given = ("network=digits", "target=hw", f"farm.store={store}", *rows[0].words, *words)
    failing = any(not row.recovers for row in rows)
    printed = machine.doit("-c", *steps.values(), *given, status=int(failing), runs=(str(HURRIED),))
    left = tuple(machine.processes())
    return {row: Seen(step, printed, witnesses[row], left) for row, step in steps.items()}


@pytest.fixture(scope="module")
def seen(built: Machine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Row], Seen]:
    """What a row's step did; the batch of the row runs when the first of it is asked for."""
    machine = built.fork(tmp_path_factory.mktemp("broken"))
    plain, hangs = [*batches(ROWS[::2]), *batches([*ROWS[1::2], *MORE])], [*batches(HANGS), *batches(MORE_HANGS)]
    results: dict[Row, Seen] = {}

    def see(row: Row) -> Seen:
        if row not in results:
            batch = next(each for each in (*plain, *hangs) if row in each)
            hours = [f"vitis.{name}_hours=0.1" for name in ("hls", "ooc", "link")] if batch in hangs else []
            store = tmp_path_factory.mktemp("store")
            results.update(strike(machine, batch, store, *hours))
            shutil.rmtree(store)
        return results[row]

    return see


def name(row: Row) -> str:
    """The row in the list of tests."""
    return f"{row.task}-{row.fault.partition('@')[2] or row.fault}".replace(" ", "-")


#: Later steps first: what a fault has kept from being made would be made again for the steps behind it.
ORDER = ("link", "stitch", "netlist", "ooc", "hls")
EVERYDAY = [*ROWS[::2], *HANGS]
CASES = sorted(
    [
        *(pytest.param(row, id=name(row)) for row in EVERYDAY),
        *(pytest.param(row, id=name(row), marks=pytest.mark.nightly) for row in (*ROWS[1::2], *MORE, *MORE_HANGS)),
    ],
    key=lambda case: (ORDER.index(case.values[0].task), case.values[0] not in EVERYDAY),
)


@pytest.mark.parametrize("row", CASES)
def test_a_misbehaviour(seen: Callable[[Row], Seen], row: Row) -> None:
    found = seen(row)
    again, failed = found.block("again"), found.block("FAILED")
    told = again if row.recovers else failed
    assert told, found.printed
    # One line says the class and what to do; it is the same whether the step is tried again or not.
    assert re.search(rf"\n          remedy: .*\(failure class: {row.kind}[,;)]", told), told
    for piece in row.says:
        assert piece in told, told
    assert len(re.findall(rf"^  run +{re.escape(found.step)} ", found.printed, re.MULTILINE)) == row.starts
    assert bool(failed) != row.recovers, found.printed
    # Nothing is left of a failure: no target, no process.
    assert found.witness.exists() == row.recovers
    assert found.processes == ()
    if not row.recovers:
        assert "          log: build/" in told
        assert f"          rerun: doit repro {found.step}" in told
