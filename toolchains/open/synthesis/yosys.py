"""Run a Yosys script in a process of its own: `python -m toolchains.open.synthesis.yosys SCRIPT`.

An error in Yosys ends the process that it runs in, so it never runs in ours.
"""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class YosysError(Exception):
    """Yosys failed; the text says what and where, in Yosys's words."""


@dataclass(frozen=True)
class YosysRun:
    """A finished run: its log, wall time and peak memory."""

    log: str
    seconds: float
    peak_gib: float


CELLS = "cells.v"
"""The cells that a core may have and that Yosys declares only in a library with a thousand others."""
LARGE_CELLS = ("RAMB18E2", "RAMB36E2", "URAM288", "DSP48E2")
ONLY_WITH = "  # only with "
"""What may follow a command of a script: the command is left out if no cell is in the selection behind these words."""

_PLACE = re.compile(r"[A-Za-z0-9_./+-]+\.s?v:[0-9]+")
_NAME = re.compile(r"[\\'`]([A-Za-z_][A-Za-z0-9_]*)")
_CHECK = "in 'check -assert'"
_LATCH = "t:$dlatch"


def run_script(script: Path, log: Path, folder: Path = Path()) -> YosysRun:
    """Run `script`, a path relative to `folder`, in `folder`; write `log`. Raises YosysError with the first reason."""
    started = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with log.open("w") as out:
        command = [sys.executable, "-m", "toolchains.open.synthesis.yosys", str(script)]
        status = subprocess.run(
            command, stdout=out, stderr=subprocess.STDOUT, check=False, cwd=folder, env=environment
        ).returncode
    seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    if status:
        raise YosysError(reason(text, status, folder))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return YosysRun(text, seconds, peak)


def run_synthesis(script: Path, log: Path, folder: Path = Path()) -> YosysRun:
    """Like `run_script`, with `CELLS` in the folder."""
    (folder / CELLS).write_text(large_cells())
    return run_script(script, log, folder)


def large_cells() -> str:
    """The Verilog of `LARGE_CELLS`, as Yosys declares them. Raises YosysError if Yosys is not installed."""
    library = (share() / "xilinx" / "cells_xtra.v").read_text()
    return "".join(
        found[0]
        for name in LARGE_CELLS
        for found in [re.search(rf"^module {name} ?\(.*?^endmodule\n", library, re.DOTALL | re.MULTILINE)]
        if found
    )


def share() -> Path:
    """The folder of Yosys's cell libraries. Raises YosysError if Yosys is not installed."""
    found = importlib.util.find_spec("pyosys")
    if found is None or not found.submodule_search_locations:
        raise YosysError(
            "the package pyosys is not installed; install the project's dependencies again: pip install -e ."
        )
    return Path(next(iter(found.submodule_search_locations))) / "share"


def reason(log: str, status: int, folder: Path = Path()) -> str:
    """Return why Yosys failed, in one line. It names file and line if they can be found in `folder`.

    A failed assertion of `check` only gives a number of problems, so its first warning is returned instead.
    """
    lines = log.splitlines()
    where, _, error = next((line for line in lines if "ERROR: " in line), "").partition("ERROR: ")
    if not error:
        return _without_error(lines, status)
    error = _cause(error, lines)
    if _PLACE.search(error):
        return error
    where = where.rstrip(": ")
    place = where if _PLACE.fullmatch(where) else _locate(error, folder)
    return f"{place}: {error}" if place else error


def _without_error(lines: list[str], status: int) -> str:
    missing = next((line for line in lines if line.startswith("ModuleNotFoundError")), None)
    if missing:
        return f"{missing}; install the project's dependencies again: pip install -e ."
    last = lines[-1] if lines else "nothing"
    return f"Yosys ended with status {status} without an error line; the last line of its log: {last}"


def _cause(error: str, lines: list[str]) -> str:
    """The first warning of a failed `check`, advice for a latch, otherwise the error itself."""
    if _CHECK in error:
        at = max(index for index, line in enumerate(lines) if _CHECK in line)
        begin = max((i for i, line in enumerate(lines[:at]) if "Executing CHECK" in line), default=0)
        return next((_paragraph(lines, i) for i in range(begin, at) if lines[i].startswith("Warning: ")), error)
    if _LATCH in error:
        return "the source describes a latch (always_latch); cores must not contain latches: use always_ff"
    return error


def _paragraph(lines: list[str], at: int) -> str:
    found = [lines[at].removeprefix("Warning: ").strip()]
    for line in lines[at + 1 :]:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return " ".join(found)


def _locate(error: str, folder: Path) -> str:
    """The first source line with a name from the message, inside a module that the message also names."""
    names = _NAME.findall(error) + re.findall(r"\b(\w+)\.\\", error)
    for source in sorted(folder.rglob("*.sv")):
        module = ""
        for number, line in enumerate(source.read_text().splitlines(), 1):
            begun = re.match(r"\s*(?:\(\*.*\*\)\s*)?module\s+(\w+)", line)
            module = begun[1] if begun else module
            if module in names and any(name != module and re.search(rf"\b{name}\b", line) for name in names):
                return f"{source.relative_to(folder)}:{number}"
    return ""


def main() -> None:
    """Run the script named on the command line."""
    from pyosys import libyosys  # noqa: PLC0415  only the child needs it

    design = libyosys.Design()
    for line in Path(sys.argv[1]).read_text().splitlines():
        command, _, wanted = line.partition(ONLY_WITH)
        if not wanted or _is_any(libyosys, design, wanted):
            libyosys.run_pass(command, design)


def _is_any(libyosys: Any, design: Any, wanted: str) -> bool:
    """Whether a design has cells of the selection `wanted`. Yosys's scripts have no condition of their own."""
    with tempfile.NamedTemporaryFile("r") as told:
        libyosys.run_pass(f"tee -q -o {told.name} select -count {wanted}", design)
        return not re.search(r"^0 objects", told.read(), re.MULTILINE)


if __name__ == "__main__":
    main()
