"""Simulates the cores of a network cycle by cycle and measures the cost: `python -m benchmarks.cosim resnet50`.

Per core it prints the predicted and the measured initiation interval, the latency, the FIFOs, and the CPU time of this
machine for compiling the model and for simulating an image. Parameters and images are random, because cycles do not
depend on values. The DMA core is simulated with a card memory that has a latency. The status is 1 if a core differs
from the integer model, the DMA core moves a byte wrongly, or a limit is missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.sw_emu import machine
from blocks.core.graph import GraphCore
from blocks.core.model import random_parameters, run_graph
from blocks.dma import Dma
from blocks.fifo_depths import bounds
from blocks.network import find_network
from config.problem import ConfigError
from toolchains.open.emulation.compile_core import draw_inputs
from toolchains.open.simulation.compile_model import ModelError, installed_verilator
from toolchains.open.simulation.dma.build import build as build_dma
from toolchains.open.simulation.dma.cosim import FULL_SPEED, LATENCY_CYCLES, interval_of, latency_of
from toolchains.open.simulation.dma.cosim import scenario as dma_scenario
from toolchains.open.simulation.dma.scenario import check_arrived
from toolchains.open.simulation.dma.scenario import run as run_dma
from toolchains.open.simulation.simulator import build
from toolchains.open.simulation.values import Run, SimulationError, Stall, check_equal

SEED = 2020
IMAGES = 4
MOST_CYCLES = 57_000
"""The slowest convolution of resnet50 takes 56,448 cycles at the reference folding, plus about 1 % for overhead."""
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Figures:
    """One core: its runs at full speed and at the network's interval, and CPU seconds on this machine."""

    core: GraphCore
    full: Run
    paced: Run
    compile_s: float
    image_s: float

    @property
    def predicted(self) -> int:
        """Predicted initiation interval: the cycles of the slowest operator."""
        return max(self.core.graph.cycles().values())

    @property
    def interval(self) -> int:
        """Measured initiation interval in cycles, at full speed."""
        return self.full.ports["output"].interval()


def measure(core: GraphCore, interval: int, folder: Path) -> Figures:
    """Build and run one core.

    Raises:
        SimulationError: the core differs from the model, or deadlocks.
        ModelError: the core does not elaborate.
    """
    begin = _children_cpu_s()
    simulator = build(core, folder)
    compile_s = _children_cpu_s() - begin
    rng = np.random.default_rng(SEED)
    parameters, inputs = random_parameters(core, rng), draw_inputs(core, rng)
    # Different images: if one image were repeated, a window that mixes rows of two images would go unnoticed.
    more = [draw_inputs(core, rng)["input"] for _ in range(IMAGES - 1)]
    inputs["input"] = np.concatenate([inputs["input"], *more])
    streams = run_graph(core.graph, inputs, parameters)
    runs: list[Run] = []
    times: list[float] = []
    for stalls in ({}, {"input": Stall(image_cycles=interval)}):
        begin = time.process_time()
        run = simulator.run(inputs, parameters, images=IMAGES, stalls=stalls)
        times.append(time.process_time() - begin)
        expected = {port.name: streams[port.name].reshape(IMAGES, -1) for port in core.graph.outputs}
        check_equal(run.outputs, expected)
        runs.append(run)
    return Figures(core, runs[0], runs[1], compile_s, max(times) / IMAGES)


def measure_dma(dma: Dma, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Build and run the DMA core as its `cosim` step does.

    Returns:
        The interval in cycles, and the line of the table.

    Raises:
        SimulationError: a byte is not where it belongs, or a rule of AXI is broken.
        ModelError: the core does not elaborate.
    """
    begin = _children_cpu_s()
    bench = build_dma([dma.core()], folder)
    compile_s = _children_cpu_s() - begin
    given = dma_scenario(dma, IMAGES, FULL_SPEED)
    begin = _children_cpu_s()
    outcome = run_dma(bench, folder / FULL_SPEED, given)
    image_s = (_children_cpu_s() - begin) / IMAGES
    check_arrived(outcome, given)
    interval = interval_of(outcome)
    return interval, (
        dma.name,
        dma.core().name,
        f"{max(dma.cycles().values()):,}",
        f"{interval:,}" + ("" if interval <= MOST_CYCLES else " !"),
        f"{latency_of(outcome):,}",
        "",
        f"{compile_s:.1f}",
        f"{image_s:.2f}",
    )


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def row(users: list[str], figures: Figures) -> tuple[str, ...]:
    """The core's line of the table."""
    full, paced = figures.full, figures.paced
    fifos = ", ".join(
        f"{name} {full.marks[name]} / {paced.marks[name]} of {depth}" for name, depth in bounds(figures.core).items()
    )
    latencies = full.latency("input", "output")[0], paced.latency("input", "output")[0]
    limit = "" if figures.interval <= MOST_CYCLES else " !"
    return (
        ", ".join(users),
        figures.core.name,
        f"{figures.predicted:,}",
        f"{figures.interval:,}{limit}",
        f"{latencies[0]:,} / {latencies[1]:,}",
        fifos,
        f"{figures.compile_s:.1f}",
        f"{figures.image_s:.2f}",
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0, or 1 if a core misses a limit or differs from the model.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--block", action="append", help="only the core of this block; may be given several times")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
        verilator = installed_verilator()
    except (ConfigError, ModelError) as error:
        raise SystemExit(str(error)) from None
    users: dict[str, list[str]] = {}
    cores: dict[str, GraphCore] = {}
    for block in network.blocks:
        core = block.core()
        cores[core.name] = core
        users.setdefault(core.name, []).append(block.name)
    if given.block:
        unknown = set(given.block) - {block.name for block in network.blocks} - {network.dma.name}
        if unknown:
            raise SystemExit(f"{network.name} has no block {', '.join(sorted(unknown))}")
        cores = {name: core for name, core in cores.items() if set(given.block) & set(users[name])}
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    interval, bottleneck = network.interval()
    console.print(f"{network.name} on {machine()}; Verilator {verilator.version}; {IMAGES} images back to back")
    console.print(f"predicted interval of the network: {interval:,} cycles ({bottleneck})")
    table = Table(
        "blocks", "core", "predicted", "measured", "latency", "FIFO marks", "compile CPU s", "CPU s per image",
        box=None, pad_edge=False,
    )  # fmt: skip
    failed: list[str] = []
    slowest: list[float] = []
    with TemporaryDirectory(prefix="cosim-") as folder:
        for name, core in cores.items():
            try:
                figures = measure(core, interval, Path(folder))
            except (ModelError, SimulationError) as error:
                failed.append(f"{name}: {error}")
                continue
            table.add_row(*row(users[name], figures))
            slowest.append(figures.image_s)
            if figures.interval > MOST_CYCLES:
                failed.append(f"{name}: interval {figures.interval:,} cycles")
        if not given.block or network.dma.name in given.block:
            place = Path(folder) / network.dma.name
            place.mkdir()
            try:
                dma_interval, cells = measure_dma(network.dma, place)
            except (ModelError, SimulationError) as error:
                failed.append(f"{network.dma.name}: {error}")
            else:
                table.add_row(*cells)
                if dma_interval > MOST_CYCLES:
                    failed.append(f"{network.dma.name}: interval {dma_interval:,} cycles")
    console.print(table)
    console.print("compile: the first line includes the harness, which is compiled once")
    console.print("latency and FIFO marks: at full speed / at the network's interval; cycles of the kernel's clock")
    memory = f"a card memory with a latency of {LATENCY_CYCLES} cycles"
    console.print(
        f"{network.dma.name}: with {memory}; its latency is from the host's start to the first image's last beat"
    )
    console.print(f"limits: interval {MOST_CYCLES:,} cycles, {MOST_SECONDS:.0f} CPU s per image")
    if slowest and max(slowest) > MOST_SECONDS:
        failed.append(f"the slowest core takes {max(slowest):.1f} CPU s per image")
    for line in failed:
        console.print(f"[bold red]{line}[/]")
    if not failed:
        console.print("every core equals its model and keeps the limits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
