"""Run one of AMD's programs as a child of a step, and judge whether it succeeded.

The exit status is not enough: Vivado ends with 0 after a `return` in a script, HLS after a failed co-simulation. A run
counts if its status is 0, its log has no `ERROR: [Id n-n]` line, the script has printed its closing words, and the
expected files exist (Vivado UG835 and public logs).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ERROR_LINE = re.compile(r"^ERROR: \[")
"""`ERROR:` alone is not enough: the tools echo scripts, and a script may contain that word in a text."""
COMPLETE = "farm: the step is complete"
"""The last line of a successful step's log. If it is missing, a full disk or a killed engine may have cut the log."""
VARIABLE = "DATAFLOW_FARM_"
"""Prefix of the variables that tell a step where programs are: DATAFLOW_FARM_VIVADO, _HLS, _VPP.

_BIN holds folders to put before PATH. _MISSING lists what the build's target lacks; it is set before any tool starts.
"""
MISSING_VARIABLE = VARIABLE + "MISSING"


class ToolError(Exception):
    """A run does not count; the text is printed as the step's error line."""


def program(kind: str) -> str:
    """The path of a program by its kind ("VIVADO"). Raises ToolError if anything that the target needs is missing."""
    missing = os.environ.get(MISSING_VARIABLE)
    if missing:
        # The first step fails with this, so the user need not wait hours until the link does.
        raise ToolError(f"dataflow-farm: {missing}")
    path = os.environ.get(VARIABLE + kind)
    if not path:
        raise ToolError(f"there is no {_NAMES[kind]} here; 'doit tools' lists what was found and the search paths")
    return path


_NAMES = {"VIVADO": "Vivado", "HLS": "HLS compiler", "VPP": "v++"}


def run(
    kind: str,
    words: Sequence[str],
    *,
    folder: Path,
    says: str | None = None,
    writes: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> str:
    """Run a program in a folder of its own and return its output.

    Args:
        kind: The program ("VIVADO", "HLS", "VPP").
        words: Its arguments.
        folder: Its working directory. No other process may use it, because the tools put `.Xil` and logs there.
        says: A text that a successful run prints; None if the program has none.
        writes: Files, relative to the folder, that must exist afterwards and not be empty.
        more: Further environment variables.

    Raises:
        ToolError: The run does not count. The tool's output is in the step's log.
    """
    path = program(kind)
    before = [name for name in writes if (folder / name).exists()]
    if before:
        raise ToolError(f"{before[0]} exists before the run, so it cannot prove that the tool has written it")
    # Each process gets its own HOME: parallel runs collide in ~/.Xilinx, and init scripts there would be sourced.
    # A child that outlives its tool may still write there during removal. Such errors do not concern the run.
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as home:
        environment = {
            **os.environ,
            "HOME": home,
            # The only locale that every system has. C.UTF-8 is missing on RHEL and CentOS 7, where 2019.2 to 2021 run,
            # and Vivado aborts if the C++ library does not know the locale.
            "LC_ALL": "C",
            "XILINX_LOCAL_USER_DATA": "no",
            "PATH": os.pathsep.join(filter(None, (os.environ.get(VARIABLE + "BIN"), os.environ.get("PATH")))),
            **(more or {}),
        }
        printed, status = _follow([path, *words], folder, environment)
    judge(Path(path).name, printed, status, folder=folder, says=says, writes=writes)
    return "\n".join(printed) + "\n"


def judge(
    name: str, printed: Sequence[str], status: int, *, folder: Path, says: str | None, writes: Sequence[str]
) -> None:
    """Judge a run of a program by its output, its exit status, and the files in the folder.

    Raises:
        ToolError: The run does not count.
    """
    errors = [line for line in printed if ERROR_LINE.match(line)]
    if status != 0:
        what = f"signal {-status}" if status < 0 else f"status {status}"
        raise ToolError(f"{name} ended with {what}" + ("" if errors else _crash_words(printed)))
    if errors:
        raise ToolError(f"{name} ended with status 0 after {len(errors)} error lines")
    if says is not None and not any(says in line for line in printed):
        raise ToolError(f"{name} ended with status 0 without saying '{says}'")
    for wanted in writes:
        file = folder / wanted
        if not file.is_file() or file.stat().st_size == 0:
            raise ToolError(
                f"{name} ended with status 0, but {wanted} {'is empty' if file.is_file() else 'is not there'}"
            )


def vivado(script: str, says: str, writes: Sequence[str]) -> str:
    """Run a script in Vivado, in the current folder, and return its output. Raises ToolError, see `run`."""
    name = script.removesuffix(".tcl")
    words = ("-mode", "batch", "-source", script, "-log", f"{name}.log", "-journal", f"{name}.jou", "-notrace")
    return run("VIVADO", words, folder=Path(), says=says, writes=writes)


def _follow(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[list[str], int]:
    """Run the child and copy its output to the step's log line by line, so the log shows where a child hangs."""
    printed = []
    try:
        child = subprocess.Popen(
            list(words),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise ToolError(f"{words[0]} cannot be started: {error.strerror}") from None
    with child:
        assert child.stdout is not None  # noqa: S101  asked for above
        for line in child.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            printed.append(line.rstrip("\n"))
    return printed, child.returncode


def _crash_words(printed: Sequence[str]) -> str:
    if any(line.strip() == "while executing" for line in printed):
        return " on an error of the script"
    return " and no error line: it crashed" if printed else " and printed nothing: it crashed"
