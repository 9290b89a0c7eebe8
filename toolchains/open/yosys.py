"""Run a Yosys script in a process of its own: `python -m toolchains.open.yosys SCRIPT`.

An error ends Yosys' process, whichever process that is, so it is never this one.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


class YosysError(Exception):
    """Why Yosys gave up: what and where, with its own words."""


@dataclass(frozen=True)
class YosysRun:
    """What a run said, and what it took."""

    log: str
    seconds: float
    peak_gib: float


_WHERE = re.compile(r"(?P<file>[A-Za-z0-9_./+-]+\.sv):(?P<line>[0-9]+)")


def run_script(script: Path, log: Path) -> YosysRun:
    """Run a script in the current folder. Raises YosysError with the first reason."""
    started = time.monotonic()
    with log.open("w") as out:
        command = [sys.executable, "-m", "toolchains.open.yosys", str(script)]
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    if status:
        raise YosysError(reason(text, status))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return YosysRun(text, seconds, peak)


def reason(log: str, status: int) -> str:
    """Return the first error of a log; a failed assertion of `check` is replaced by the warnings that it is about."""
    lines = log.splitlines()
    errors = [line.split("ERROR: ", 1)[1] for line in lines if "ERROR: " in line]
    warnings = [line for line in lines if line.startswith("Warning: ")]
    if errors and "problems in 'check'" in errors[0] and warnings:
        return " ".join(_paragraph(lines, lines.index(warnings[-1])))
    if errors:
        return errors[0]
    missing = next((line for line in lines if line.startswith("ModuleNotFoundError")), None)
    if missing:
        return f"{missing}; install the project's dependencies again: pip install -e ."
    return f"Yosys ended with status {status} and without a word; its last line is: {lines[-1] if lines else 'none'}"


def _paragraph(lines: list[str], at: int) -> list[str]:
    found = [lines[at].removeprefix("Warning: ").strip()]
    for line in lines[at + 1 :]:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return found


def main() -> None:
    """Run the script that is named on the command line."""
    from pyosys import libyosys  # noqa: PLC0415  only the child needs it

    libyosys.run_pass(f"script {sys.argv[1]}", libyosys.Design())


if __name__ == "__main__":
    main()
