"""Runs one of AMD's programs as a child of a step, and judges by its log whether it did what it was to do.

Exit status alone is never success: Vivado ends with 0 after a script's `return`, HLS after a failed co-simulation.
What counts is the status, the log without an `ERROR: [Id n-n]` line, the words that the script prints as its last act,
and the expected files (Vivado UG835 and public logs).
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
"""Not `ERROR:` alone: the tools echo scripts, and a script may hold that word in a text that it never prints."""
COMPLETE = "farm: the step is complete"
"""The last line of a good step's log: one that was cut off, by a full disk or a killed engine, vouches for nothing."""
VARIABLE = "DATAFLOW_FARM_"
"""Prefix of the variables that tell a step where programs are: DATAFLOW_FARM_VIVADO, _HLS, _VPP.

_BIN are folders in front of PATH; _MISSING lists what the build's target lacks, found out before any tool starts.
"""
MISSING_VARIABLE = VARIABLE + "MISSING"


class ToolError(Exception):
    """Why a run does not count; printed as the step's error line."""


def program(kind: str) -> str:
    """The path of a program that the flow has found ("VIVADO"). Raises ToolError if it has found none."""
    missing = os.environ.get(MISSING_VARIABLE)
    if missing:
        # Said by the first step, not by the link, hours later.
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
    """Run a program in a folder of its own and return what it printed.

    Args:
        kind: Which program; its path is the first word.
        words: The others.
        folder: Its working directory, which no other process may share: `.Xil` and logs are made there.
        says: A line that a good run prints; None where the program has no such line.
        writes: Files, relative to the folder, that have to be there afterwards and not be empty.
        more: Further variables.

    Raises:
        ToolError: the run does not count. What the tool printed is in the step's log then.
    """
    path = program(kind)
    before = [name for name in writes if (folder / name).exists()]
    if before:
        raise ToolError(f"{before[0]} exists before the run: it could not show that the tool has written it")
    # A HOME of its own for each process: parallel runs collide in ~/.Xilinx, and init scripts there would be sourced.
    # A child that outlives its tool may still write there while it is removed; that says nothing about the run.
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as home:
        environment = {
            **os.environ,
            "HOME": home,
            # The only locale that every system has: C.UTF-8 is missing on RHEL and CentOS 7, where 2019.2 to 2021 run,
            # and Vivado aborts on a name that the C++ library does not know.
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
    """Whether a run of a program counts, by the lines that it printed, its status, and what it left in the folder.

    Raises:
        ToolError: it does not.
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
    """Run a script in Vivado, in the current folder. Raises ToolError as `run` does."""
    name = script.removesuffix(".tcl")
    words = ("-mode", "batch", "-source", script, "-log", f"{name}.log", "-journal", f"{name}.jou", "-notrace")
    return run("VIVADO", words, folder=Path(), says=says, writes=writes)


def _follow(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[list[str], int]:
    """Start the child; what it prints goes into the step's log as it comes, so that a hang shows where."""
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
