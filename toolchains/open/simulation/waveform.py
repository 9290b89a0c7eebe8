"""Copy a waveform to the place that the user names: of a block (`cosim.trace`) or a kernel (`hw_emu.trace`)."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path

from toolchains.open.simulation.compile_model import WAVEFORM


class WaveformError(Exception):
    """The waveform that was asked for cannot be provided."""


def keeper(root: Path, file: str) -> Callable[[tuple[Path, ...]], None] | None:
    """Return a function that copies the waveform among a step's outputs to `root/file`; None if `file` is empty.

    The function raises WaveformError if the step has no waveform, or if `file` already holds another block's.
    """
    if not file:
        return None
    blocks: list[str] = []

    def keep(outputs: tuple[Path, ...]) -> None:
        made = next((path for path in outputs if path.name == WAVEFORM), None)
        block = outputs[0].parent.name
        if made is None:
            raise WaveformError(
                f"cosim.trace: this simulation of {block} cannot record a waveform; only RTL of blocks can"
            )
        if blocks and block not in blocks:
            raise WaveformError(f"cosim.trace: {file} is of {blocks[0]}; ask for one block only: doit cosim:{block}")
        blocks.append(block)
        _copy(made, root / file)

    return keep


def copier(root: Path, file: str) -> Callable[[tuple[Path, ...]], None] | None:
    """Return a function that copies the waveform, if there is one among a step's outputs; None if `file` is empty."""
    if not file:
        return None

    def copy(outputs: tuple[Path, ...]) -> None:
        for made in outputs:
            if made.name == WAVEFORM:
                _copy(made, root / file)

    return copy


def _copy(made: Path, wanted: Path) -> None:
    if not wanted.exists() or not filecmp.cmp(made, wanted, shallow=False):
        wanted.parent.mkdir(parents=True, exist_ok=True)
        half = wanted.with_name(f".{wanted.name}.half")
        shutil.copyfile(made, half)
        half.replace(wanted)
