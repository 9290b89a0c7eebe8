"""The waveform of a simulated block, where the user wants it (setting `cosim.trace`)."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path

from toolchains.open.simulation.compile_model import WAVEFORM


class WaveformError(Exception):
    """Why there is no waveform at the place that was asked for."""


def keeper(root: Path, file: str) -> Callable[[tuple[Path, ...]], None] | None:
    """Return what copies the waveform among a step's outputs to `file`, seen from `root`; None where none is wanted."""
    if not file:
        return None
    blocks: list[str] = []

    def keep(outputs: tuple[Path, ...]) -> None:
        made = next((path for path in outputs if path.name == WAVEFORM), None)
        block = outputs[0].parent.name
        if made is None:
            raise WaveformError(
                f"cosim.trace: this simulation of {block} can leave no waveform; only blocks in RTL can"
            )
        if blocks and block not in blocks:
            raise WaveformError(f"cosim.trace: {file} is of {blocks[0]}; ask for one block: doit cosim:{block}")
        blocks.append(block)
        wanted = root / file
        if not wanted.exists() or not filecmp.cmp(made, wanted, shallow=False):
            wanted.parent.mkdir(parents=True, exist_ok=True)
            half = wanted.with_name(f".{wanted.name}.half")
            shutil.copyfile(made, half)
            half.replace(wanted)

    return keep
