"""The project's modules behind a step's program: inputs of the step, and with that part of its key."""

from __future__ import annotations

from pathlib import Path

from blocks.core.base import Core
from farm.modules import python_files
from farm.step import File

PACKAGES = ("blocks", "config", "farm", "integration", "reports", "runtime", "toolchains")
CARD = ("runtime.accelerator", "runtime.emulation")
"""What `import runtime` would load for PYNQ, which no step's program imports: they only read and write its files."""


def modules_of(root: Path, module: str, *cores: Core) -> tuple[File, ...]:
    """The modules that `python -m module` imports; of the operators only those that `cores` are made of.

    Operators are imported by name at run time, which no look at import statements finds.
    """
    rooms = sorted({room for core in cores for room in core.operator_modules()})
    names = [module, *(name for room in rooms for name in (room, f"{room}.model"))]
    files = {file.path: file for name in names for file in python_files(name, root, PACKAGES, never=CARD)}
    return tuple(files[path] for path in sorted(files))
