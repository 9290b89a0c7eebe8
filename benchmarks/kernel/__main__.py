"""The whole kernel, simulated: `python -m benchmarks.kernel resnet50`, after `doit build network=N target=hw_emu`.

Interval and latency of the joined kernel at several clocks, and with less than the memory's bandwidth on paper, since
nobody has measured how much of it there is: the limits are for all of it. Then what the simulation takes of this
machine: seconds for the first image and for each of a batch, and its peak memory. Status 1 says that a limit of
`LIMITS` is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.sw_emu import machine, random_images
from blocks.network import Network, find_network
from config.problem import ConfigError
from integration.platform import Platform, find_platform
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, xclbin
from toolchains.open.simulation.kernel.client import Program
from toolchains.open.simulation.kernel.part import settings_part, split_part
from toolchains.open.simulation.kernel.settings import settings_lines
from toolchains.open.simulation.values import SimulationError

IMAGES = 4
RUNS = ((195.0, 100), (250.0, 100), (300.0, 100), (250.0, 80), (250.0, 60))
"""Clock in MHz and percent of the memory's bandwidth."""
LIMITS = {"resnet50": {"interval_cycles": 57_500, "latency_cycles": 180_000, "peak_mib": 4096}}
KEPT = ("crossings", "reset")
"""Lines of the xclbin's settings that follow from the fit, and hold at any clock."""


@dataclass(frozen=True)
class Figures:
    """One run of a batch: its statistics, and seconds by the clock and of CPU and memory of this machine."""

    clock_mhz: float
    percent: int
    statistics: dict[str, Any]
    seconds: float
    cpu_s: float
    peak_mib: float

    @property
    def interval(self) -> int:
        """The longest distance between the ends of two images, in cycles."""
        return int(self.statistics["interval_cycles"])

    @property
    def latency(self) -> int:
        """From the host's start to the first image's last answered result, in cycles."""
        return int(self.statistics["end"][0])


class Measured:
    """An xclbin of target hw_emu, run at clocks and memories of the caller's choice."""

    def __init__(self, file: Path, network: Network, platform: Platform, folder: Path) -> None:
        parts = xclbin.read(file).emulation
        self.program = folder / "program"
        self.program.write_bytes(parts[emulation_data.PAYLOAD])
        self.program.chmod(0o700)
        self._images, lines = split_part(parts[emulation_data.MEMORIES])
        self._kept = [line for line in lines if line.startswith(KEPT)]
        self._weights = parts[emulation_data.FC_WEIGHTS]
        self._network, self._platform = network, platform

    def run(self, images: int, clock_mhz: float, percent: int) -> Figures:
        """Images back to back in one call. Raises SimulationError."""
        lines = [*settings_lines(self._platform, clock_mhz, percent), *self._kept]
        data = np.ascontiguousarray(random_images(self._network, images)).tobytes() + self._weights
        with Program(self.program) as kernel:
            kernel.load(self._images + settings_part(lines))
            begin, before = time.perf_counter(), _cpu_s(kernel.pid)
            kernel.run(images, data)
            seconds, cpu_s = time.perf_counter() - begin, _cpu_s(kernel.pid) - before
            return Figures(clock_mhz, percent, kernel.statistics(), seconds, cpu_s, _peak_mib(kernel.pid))


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process so far (proc(5): user and system)."""
    words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")) / 1024


def missed(network: str, found: list[Figures]) -> Iterator[str]:
    """What is above a limit with all of the bandwidth, in words; the other runs show how much depends on it."""
    limits = LIMITS.get(network, {})
    found = [each for each in found if each.percent == RUNS[0][1]]
    for name, value in (
        ("interval_cycles", max(each.interval for each in found)),
        ("latency_cycles", max(each.latency for each in found)),
        ("peak_mib", max(each.peak_mib for each in found)),
    ):
        if name in limits and value > limits[name]:
            yield f"{name} is {value:,.0f}, and the limit {limits[name]:,}"


def table_of(found: list[Figures]) -> Table:
    """A line for each run."""
    table = Table("clock", "memory", "interval", "images/s", "latency", "milliseconds", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            f"{each.clock_mhz:g} MHz",
            f"{each.percent} %",
            f"{each.interval:,}",
            f"{each.clock_mhz * 1e6 / each.interval:,.0f}",
            f"{each.latency:,}",
            f"{each.latency / each.clock_mhz / 1e3:.3f}",
        )
    return table


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0, or 1 where a limit is missed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel", description=__doc__)
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--xclbin", type=Path, help="default: the one that doit has built")
    parser.add_argument("--platform", default="u250")
    given = parser.parse_args(arguments)
    file = given.xclbin or Path(f"build/{given.network}/open-hw_emu/{given.network}.xclbin")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        network, platform = find_network(given.network), find_platform(given.platform)
        with TemporaryDirectory(prefix="kernel-") as folder:
            measured = Measured(file, network, platform, Path(folder))
            first = measured.run(1, 250.0, 100)
            found = [measured.run(IMAGES, *run) for run in RUNS]
    except (ConfigError, FarmRuntimeError, SimulationError) as error:
        raise SystemExit(str(error)) from None
    console.print(f"{network.name}, the whole kernel simulated: {IMAGES} random images back to back in one call")
    console.print(table_of(found))
    console.print("memory: of the bandwidth that the board's memories have on paper; nobody has measured it")
    console.print("latency: from the host's start to the first image's answered result")
    console.print(f"on {machine()}: first image {first.seconds:.1f} s, then {found[1].seconds / IMAGES:.1f} s an image")
    console.print(f"in a batch of {IMAGES}; peak memory {max(each.peak_mib for each in found):.0f} MiB")
    console.print(f"CPU seconds: {first.cpu_s:.2f}, then {found[1].cpu_s / IMAGES:.2f} an image")
    failed = list(missed(network.name, found))
    for line in failed:
        console.print(f"[bold red]{line}[/]")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
