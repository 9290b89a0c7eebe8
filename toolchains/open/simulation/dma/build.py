"""Render, verilate and compile DMA cores in one go, for tests and benchmarks. Steps get rendered texts as inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from blocks.core.rtl import render
from blocks.dma import DmaCore
from toolchains.open.simulation.compile_model import VERILATOR_FLAGS, installed_verilator
from toolchains.open.simulation.dma.bench import JOINT, SOURCES, compile_bench, joint
from toolchains.open.simulation.verilator import Verilator

HERE = Path(__file__).resolve().parent
BLOCKS = HERE.parents[3] / "blocks"


def build(
    cores: Sequence[DmaCore],
    folder: Path,
    *,
    verilator: Verilator | None = None,
    flags: Sequence[str] = VERILATOR_FLAGS,
    change: Callable[[str], str] = lambda text: text,
    library: Path | None = None,
) -> Path:
    """Make the program that simulates the cores, and return its path.

    Args:
        cores: Cores of any shape, each once.
        folder: An empty folder; it keeps all files that are made.
        verilator: The Verilator to use; default: the one that steps use.
        flags: Options for Verilator.
        change: Applied to the text of each SystemVerilog file first, e.g. to plant a fault.
        library: The harness, which has Verilator's library in it, as `compile_bench` says.

    Raises:
        ModelError: Verilator or the compiler fails or is missing.
    """
    views = [render(core) for core in cores]
    files = views[0].files
    for view in views:
        (folder / f"{view.name}.sv").write_text(view.top)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(change((BLOCKS / file).read_text()))
    for source in SOURCES:
        shutil.copyfile(HERE / source, folder / source)
    (folder / JOINT).write_text(joint(cores))
    names, verilator = [core.name for core in cores], verilator or installed_verilator()
    return compile_bench(names, files, folder, verilator, flags, library)
