"""Faults on request: `AMD_STAND_IN_FAULT`, or a file `stand_in_fault` in the install tree.

One fault a line (or separated by `;`): `<program>[@<command>]:<fault>[=<value>]`, for example
`vivado@synth_design:licence=-4`, `vitis_hls@csynth_design:crash`, `v++@vpl.impl:clock=212.5`. `*` is any program.
"""

from __future__ import annotations

import os
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
# Faults that a command asks about itself; the others happen at the command.
LATER = {"truncate", "missing", "timing", "clock", "silent", "errorline", "y2k22", "cosim", "critical"}
FAULTS = LATER | {"licence", "crash", "hang", "oom", "disk", "error", "directory"}


@dataclass(frozen=True)
class Fault:
    """One fault: at which program and command (empty: at its start), what, and with what value."""

    program: str
    command: str
    kind: str
    value: str


def read(text: str) -> list[Fault]:
    """The faults of a text. Raises ValueError, so that a typing mistake is not a test that passes."""
    found = []
    for entry in text.replace(";", "\n").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        where, colon, what = entry.strip().partition(":")
        program, _, command = where.partition("@")
        kind, _, value = what.partition("=")
        if not colon or kind not in FAULTS:
            raise ValueError(f"no fault {entry!r}: known are {', '.join(sorted(FAULTS))}")
        if kind == "licence" and int(value or -5) not in FLEXNET:
            raise ValueError(f"no FlexNet class {value}: known are {', '.join(map(str, FLEXNET))}")
        found.append(Fault(program, command, kind, value))
    return found


class Faults:
    """The faults asked of one run of a program."""

    def __init__(self, program: str, root: Path, console: Console) -> None:
        file = root / "stand_in_fault"
        texts = [os.environ.get(VARIABLE, ""), file.read_text() if file.is_file() else ""]
        self._faults = [f for f in read("\n".join(texts)) if f.program in (program, "*")]
        self._console = console
        self._program = program
        self.silent_errors = 0

    def value(self, kind: str, command: str) -> str | None:
        """The value of a fault that a command has to act on; None if it is not asked for."""
        return next((f.value for f in self._faults if f.kind == kind and f.command in (command, "")), None)

    def strike(self, command: str, *, device: str = "") -> None:
        """Let happen what is asked for at a command (empty: at the start)."""
        for fault in self._faults:
            if fault.command == command and fault.kind not in LATER:
                self._happen(fault, command, device)

    def _happen(self, fault: Fault, command: str, device: str) -> None:
        console = self._console
        if fault.kind == "licence":
            self._refuse(int(fault.value or -5), feature_of(command), device or "unknown")
        if fault.kind == "crash":
            console.line("Abnormal program termination (11)")
            console.line(f"Please check 'hs_err_pid{os.getpid()}.log' for details")
            Path(f"hs_err_pid{os.getpid()}.log").write_text("# An unexpected error has occurred (11), on request\n")
            console.flush()
            os.kill(os.getpid(), signal.SIGSEGV)
        elif fault.kind == "hang":
            console.flush()
            time.sleep(float(fault.value or 86400))
        elif fault.kind == "oom":
            self._killed()
        elif fault.kind == "disk":
            raise ToolError(
                "Common 17-1257", f"Failed to create directory '{Path.cwd()}/.Xil': No space left on device"
            )
        elif fault.kind == "directory":
            raise ToolError("Common 17-1294", f"Cannot create directory '{Path.cwd()}/.Xil'.")
        elif fault.kind == "error":
            raise ToolError("Synth 8-2715", fault.value or "syntax error, on request")

    def _refuse(self, code: int, feature: str, device: str) -> None:
        """FlexNet says no: its code stands in the warning, the error that follows is the same for each."""
        what = f"feature '{feature}' and/or device '{device}'"
        self._console.line(f"Attempting to get a license for {what}")
        explanation = f"Explanation: {FLEXNET[code]} FlexNet Licensing error:{code},132 ({code},132)"
        self._console.warning("Common 17-348", f"Failed to get the license for {what}. {explanation}")
        raise ToolError(
            "Common 17-345",
            f"A valid license was not found for {what}. Please run the Vivado License Manager for assistance in "
            "determining which features and devices are licensed for your system.",
        )

    def _killed(self) -> None:
        """The kernel kills the tool: its start script says so and passes the status on."""
        child = os.fork()
        if child == 0:
            signal.pause()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self._console.line(f'/opt/tools/bin/loader: line 312: {child} Killed                  "$RDI_PROG" "$@"')
        self._console.flush()
        os._exit(137)

    def damage(self, path: Path, command: str) -> None:
        """Cut or remove a file that a command has written, where `truncate` or `missing` asks for it."""
        for kind in ("truncate", "missing"):
            wanted = self.value(kind, command)
            if wanted is None or (wanted and not path.name.endswith(wanted)):
                continue
            if kind == "missing":
                path.unlink()
            else:
                data = path.read_bytes()
                path.write_bytes(data[: len(data) // 2])


def feature_of(command: str) -> str:
    """Which licence a command asks for."""
    if command in ("synth_design", "synth_ip", "launch_runs"):
        return "Synthesis"
    return "HLS" if command in ("csynth_design", "open_project", "") else "Implementation"
