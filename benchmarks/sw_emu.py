"""Measures the emulation of a network and prints the time of its build: `python -m benchmarks.sw_emu resnet50`.

It prints images per second of the emulated card with one and with all workers, CPU time per image, the same for the
integer model, and the time of each step from the records of the last builds. They are figures of this machine, not of a
card.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from blocks.network import Network, find_network
from blocks.network_model import network_values, run_network
from blocks.trained import stand_in_note
from config.problem import ConfigError
from farm.results.folder import RECORDS

Tensor = np.ndarray[Any, Any]
SEED = 2020


@dataclass(frozen=True)
class Speed:
    """Wall and CPU seconds per image."""

    wall_s: float
    cpu_s: float

    @property
    def images_a_second(self) -> float:
        """By wall time."""
        return 1 / self.wall_s


def machine() -> str:
    """The machine in general terms."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].split() for line in lines if line.startswith("model name")]
    maker = " ".join(models[0][:2]) if models else "unknown processor"
    return f"{cores} cores ({maker}, {platform.machine()}), {memory_gib:.0f} GiB"


def random_images(network: Network, count: int) -> Tensor:
    """Images uint8 [N, H, W, C]; they may be random, because the time does not depend on values."""
    shape = (count, network.image.height, network.image.width, network.image.channels)
    return np.random.default_rng(SEED).integers(0, 256, shape, np.uint8)


def emulated(path: Path, images: Tensor, batch: int | None) -> tuple[Speed, Tensor]:
    """Run all images on the emulated card, `batch` images a call, after one to warm up. Returns speed and results.

    The child's CPU time is known only when it has ended; the time for starting and warming up is subtracted.
    """
    import runtime  # noqa: PLC0415  pynq is slow to import, so check the arguments first

    def run(chosen: Tensor) -> tuple[float, float, Tensor]:
        before = _children_cpu_s()
        with runtime.Accelerator(path, batch=batch) as accelerator:
            accelerator.results(images[:1])
            begin = time.perf_counter()
            results = accelerator.results(chosen)
            wall_s = time.perf_counter() - begin
        return wall_s, _children_cpu_s() - before, results

    _, idle_s, _ = run(images[:0])
    wall_s, cpu_s, results = run(images)
    return Speed(wall_s / len(images), (cpu_s - idle_s) / len(images)), results


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def modelled(network: Network, images: Tensor) -> tuple[Speed, Tensor]:
    """Run all images through the integer model, one at a time. Returns speed and results."""
    values = {block.name: network_values(network, block) for block in network.blocks}
    weights = values[network.last.name].streamed
    run_network(network, values, images[:1], weights)
    begin, cpu = time.perf_counter(), time.process_time()
    results = [run_network(network, values, image[None], weights)[network.last.name][0] for image in images]
    count = len(images)
    return Speed((time.perf_counter() - begin) / count, (time.process_time() - cpu) / count), np.stack(results).reshape(
        count, -1
    )


def build_times(folder: Path) -> list[dict[str, Any]]:
    """The records of a build's steps, by CPU time, the longest first."""
    records = [json.loads(path.read_text("utf-8")) for path in Path(RECORDS, folder).rglob("*.json")]
    return sorted(records, key=lambda record: -float(record["cpu_s"]))


def show_build(console: Console, folder: Path) -> None:
    """Print the cost of each step in its last run."""
    records = build_times(folder)
    table = Table("step", "wall s", "CPU s", "peak GiB", box=None, pad_edge=False)
    for record in records:
        numbers = (f"{record[key]:.{places}f}" for key, places in (("wall_s", 1), ("cpu_s", 1), ("peak_memory_gib", 2)))
        table.add_row(record["name"], *numbers)
    console.print(table)
    wall, cpu = (sum(record[key] for record in records) for key in ("wall_s", "cpu_s"))
    console.print(f"{len(records)} steps: {cpu:.0f} s CPU, {wall:.0f} s one after the other")


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0, or 1 if the emulation and the integer model disagree.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--images", type=int, default=8, help="images of one measurement [default: 8]")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    if given.images < 2:
        raise SystemExit("--images: give at least 2, so that two workers have something to do")
    folder = Path("build", network.name, "open-sw_emu")
    path = folder / f"{network.name}.xclbin"
    if not path.exists():
        raise SystemExit(f"{path} is missing; make it with: doit build network={network.name}")
    # The classes may be meaningless; stand_in_note says so in one line.
    warnings.simplefilter("ignore", UserWarning)
    console = Console(highlight=False)
    console.print(f"{network.name} on {machine()}")
    if note := stand_in_note(network):
        console.print(note, soft_wrap=True)
    images = random_images(network, given.images)
    model, expected = modelled(network, images)
    workers = min(given.images, len(os.sched_getaffinity(0)))
    rows = [("emulated card, one image a call (1 worker)", *emulated(path, images, 1))]
    rows.append((f"emulated card, {given.images} images a call ({workers} workers)", *emulated(path, images, None)))
    table = Table("", "images/s", "CPU s per image", box=None, pad_edge=False)
    for label, speed, _ in (*rows, ("integer model (numpy), one image a call", model, expected)):
        table.add_row(label, f"{speed.images_a_second:.2f}", f"{speed.cpu_s:.3f}")
    console.print(table)
    show_build(console, folder)
    one = "index" if network.results.indices else "sum"
    differing = sum(int((results != expected).any()) for _, _, results in rows)
    console.print("the results differ from the integer model's" if differing else f"every {one} equals the model's")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
