"""The project's modules that a step's program imports. They are inputs of the step, so they are part of its key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from blocks.core.base import Core
from farm.modules import python_files
from farm.step import File

PACKAGES = ("blocks", "config", "farm", "integration", "reports", "runtime", "toolchains")
CARD = ("runtime.accelerator", "runtime.emulation")
"""Modules that `import runtime` loads for PYNQ. Programs of steps only read and write files and do not need them."""


def modules_of(root: Path, module: str, *cores: Core) -> Callable[[], tuple[File, ...]]:
    """A function that lists the modules that `python -m module` imports; of the operators, only those that `cores` use.

    Operators are imported by name at run time, so import statements do not show them. It is for `Inputs` of a step:
    finding the modules takes longer than all else of a step.
    """
    return partial(_found, root, module, cores)


def _found(root: Path, module: str, cores: tuple[Core, ...]) -> tuple[File, ...]:
    rooms = sorted({room for core in cores for room in core.operator_modules()})
    names = [module, *(name for room in rooms for name in (room, f"{room}.model"))]
    files = {file.path: file for name in names for file in python_files(name, root, PACKAGES, never=CARD)}
    return tuple(files[path] for path in sorted(files))
