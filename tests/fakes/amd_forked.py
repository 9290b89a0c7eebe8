"""Run the stand-in's programs in forked children of the test. A new Python would take longer to start than the script.

Tests that run thousands of scripts replace `toolchains.vitis.tools.tool._follow` by `follow`. A child sees the same
command line, environment and folder as the program in the install tree, and ends with the same status.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from amd_stand_in import table
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import verilog
from amd_stand_in.hls import tool as hls
from amd_stand_in.program import main
from amd_stand_in.tcl import OWN_FAULT
from amd_stand_in.vivado import tool as vivado
from amd_stand_in.vpp import programs

WARM = (hls, programs, vivado, *(table.commands(name) for name in ("hls", "ipx", "vivado")))
"""Imports and files that every child would otherwise load itself."""


def warm(folder: Path) -> None:
    """Read the Verilog in a folder once, for all children that read it by the same relative path."""
    for file in (*folder.rglob("*.v"), *folder.rglob("*.sv")):
        with contextlib.suppress(ToolError):
            verilog.read(file.read_text(), str(file.relative_to(folder)))


def follow(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[list[str], int]:
    """Run `<root>/<product>/<release>/bin/<program>`; return its output and its status, like `subprocess`."""
    program = Path(words[0])
    release, root = program.parents[1].name, program.parents[3]
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = OWN_FAULT
        try:
            os.close(reader)
            be_child(writer, words, folder, environment)
            status = main(program.name, release, str(root))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as output:
        text = output.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout.write(text)
    return text.splitlines(), status


def be_child(writer: int, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Set the state that `exec` would set. Disable garbage collection, which would copy every shared page."""
    gc.disable()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(words)
