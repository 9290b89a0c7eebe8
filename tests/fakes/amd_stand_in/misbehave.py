"""Faults on request: `AMD_STAND_IN_FAULT`, or a file `stand_in_fault` in the install tree.

One fault a line (or separated by `;`): `<program>[@<command>]:<fault>[=<value>][ in <text>][ once]`, for example
`vivado@synth_design:licence=-4 once`, `vitis_hls@csynth_design:crash`, `v++@vpl.impl:clock=212.5`. `*` is any program.
With `in` it strikes only if the path of the working directory contains that text; with `once` only in the first run.
"""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.errors import ToolError

VARIABLE = "AMD_STAND_IN_FAULT"
FLEXNET = {
    -4: "Licensed number of users already reached.",
    -5: "No such feature exists.",
    -10: "Feature has expired.",
    -15: "Cannot connect to license server system.",
    -18: "License server system does not support this feature.",
    -21: "License file does not support this version.",
    -96: "License server machine is down or not responding.",
    -97: "The desired vendor daemon is down.",
}
# Commands query these faults themselves; the others happen at the start of a command.
LATER = {"truncate", "missing", "timing", "clock", "silent", "errorline", "y2k22", "cosim", "critical"}
FAULTS = LATER | {"licence", "crash", "hang", "oom", "disk", "error", "directory"}


_ENTRY = re.compile(r"(?P<what>.+?)(?: in (?P<place>\S+))?(?P<once> once)?$")
STRUCK = "stand_in_struck"
"""File in the install tree that lists the faults with `once` that have struck."""


@dataclass(frozen=True)
class Fault:
    """A fault: program, command (empty: at its start), kind, value, and the text for `in`."""

    program: str
    command: str
    kind: str
    value: str
    place: str = ""
    once: bool = False


def read(text: str) -> list[Fault]:
    """Parse faults. Raises ValueError, because with a misspelt fault a test could pass."""
    found = []
    for entry in text.replace(";", "\n").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        parts = _ENTRY.match(entry.strip())
        assert parts is not None
        where, colon, what = parts["what"].partition(":")
        program, _, command = where.partition("@")
        kind, _, value = what.partition("=")
        if not colon or kind not in FAULTS:
            raise ValueError(f"no fault {entry!r}: known are {', '.join(sorted(FAULTS))}")
        if kind == "licence" and int(value or -5) not in FLEXNET:
            raise ValueError(f"no FlexNet class {value}: known are {', '.join(map(str, FLEXNET))}")
        found.append(Fault(program, command, kind, value, parts["place"] or "", bool(parts["once"])))
    return found


class Faults:
    """The faults requested for a run of a program."""

    def __init__(self, program: str, root: Path, console: Console) -> None:
        file = root / "stand_in_fault"
        texts = [os.environ.get(VARIABLE, ""), file.read_text() if file.is_file() else ""]
        here = str(Path.cwd())
        self._faults = [f for f in read("\n".join(texts)) if f.program in (program, "*") and f.place in here]
        self.any = bool(self._faults)
        self._console = console
        self._program = program
        self._struck = root / STRUCK
        self._mine: set[Fault] = set()

    def value(self, kind: str, command: str) -> str | None:
        """The value of a fault that the command itself acts on; None if it is not requested."""
        wanted = (f for f in self._faults if f.kind == kind and f.command in (command, ""))
        return next((f.value for f in wanted if self._counts(f)), None)

    def strike(self, command: str, *, device: str = "") -> None:
        """Carry out the faults requested at a command (empty: at the start)."""
        for fault in self._faults:
            if fault.command == command and fault.kind not in LATER and self._counts(fault):
                self._happen(fault, command, device)

    def _counts(self, fault: Fault) -> bool:
        """Whether a fault strikes in this run. One with `once` belongs to the first run that reaches it."""
        if not fault.once or fault in self._mine:
            return True
        known = self._struck.read_text().splitlines() if self._struck.is_file() else []
        if repr(fault) in known:
            return False
        with self._struck.open("a") as file:
            file.write(f"{fault!r}\n")
        self._mine.add(fault)
        return True

    def child(self, command: str, *, device: str = "") -> list[str] | None:
        """The output of a child process that a fault ends at a command; None if none strikes.

        The tool itself goes on and sees a failed run.
        """
        for fault in self._faults:
            if fault.command != command or fault.kind in LATER or not self._counts(fault):
                continue
            if fault.kind == "hang":
                self._sleep(fault)
            else:
                return _child_lines(fault, command, device)
        return None

    def _happen(self, fault: Fault, command: str, device: str) -> None:
        console = self._console
        if fault.kind == "hang":
            self._sleep(fault)
            return
        before, error = words_of(fault, command, device, self._program)
        for line in before:
            console.line(line)
        console.flush()
        if fault.kind == "crash":
            Path(f"hs_err_pid{os.getpid()}.log").write_text("# An unexpected error has occurred (11), on request\n")
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault.kind == "oom":
            os._exit(137)
        if error is not None:
            raise error

    def _sleep(self, fault: Fault) -> None:
        self._console.flush()
        time.sleep(float(fault.value or 86400))

    def damage(self, path: Path, command: str) -> None:
        """Cut or remove a file that a command has written, if `truncate` or `missing` is requested."""
        for kind in ("truncate", "missing"):
            wanted = self.value(kind, command)
            if wanted is None or (wanted and not path.name.endswith(wanted)):
                continue
            if kind == "missing":
                path.unlink()
            else:
                data = path.read_bytes()
                path.write_bytes(data[: len(data) // 2])


def words_of(fault: Fault, command: str, device: str, program: str = "vivado") -> tuple[list[str], ToolError | None]:
    """The lines that the tool prints for a fault, and its final error; a crash and a kill have none."""
    if fault.kind == "licence":
        # FlexNet's code is in the warning; the error that follows is always the same.
        code = int(fault.value or -5)
        what = f"feature '{feature_of(command)}' and/or device '{device or 'unknown'}'"
        why = f"Explanation: {FLEXNET[code]} FlexNet Licensing error:{code},132 ({code},132)"
        return [
            f"Attempting to get a license for {what}",
            f"WARNING: [Common 17-348] Failed to get the license for {what}. {why}",
        ], ToolError(
            "Common 17-345",
            f"A valid license was not found for {what}. Please run the Vivado License Manager for assistance in "
            "determining which features and devices are licensed for your system.",
        )
    if fault.kind == "crash":
        return [
            "Abnormal program termination (11)",
            f"Please check 'hs_err_pid{os.getpid()}.log' for details",
        ], None
    if fault.kind == "oom":
        # The kernel kills the tool; its start script reports that and returns the status.
        return [f'/opt/tools/bin/loader: line 312: {os.getpid()} Killed                  "$RDI_PROG" "$@"'], None
    if fault.kind == "disk":
        text = f"Failed to create directory '{Path.cwd()}/.Xil': No space left on device"
        return [], ToolError("Common 17-1257", text)
    if fault.kind == "directory":
        return [], ToolError("Common 17-1294", f"Cannot create directory '{Path.cwd()}/.Xil'.")
    code = (
        "SIM 211-100"
        if command == "csim_design"
        else "HLS 207-1"
        if program.startswith(("vitis", "vivado_hls"))
        else "Synth 8-2715"
    )
    return [], ToolError(code, fault.value or "syntax error, on request")


def _child_lines(fault: Fault, command: str, device: str) -> list[str]:
    before, error = words_of(fault, command, device)
    return [*before, *(error.lines() if error else [])]


def feature_of(command: str) -> str:
    """The licence that a command requests."""
    if command in ("synth_design", "synth_ip", "launch_runs", "vpl.synth"):
        return "Synthesis"
    return "HLS" if command in ("csynth_design", "open_project", "") else "Implementation"
