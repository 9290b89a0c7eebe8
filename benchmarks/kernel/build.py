"""Times builds of a simulated kernel (target hw_emu) with free tools: `python -m benchmarks.kernel.build resnet50`.

A copy of this checkout with an empty store builds the network, then again with one block folded anew, then again with
new weights of that block. For each it prints the steps that ran, seconds by the clock and of CPU, and the memory of all
processes together. How much of the machine other programs took meanwhile is printed too: the clock depends on it.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.sw_emu import machine
from blocks.core.graph import Graph
from blocks.kinds.residual import Residual
from blocks.network import Network, find_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from config.problem import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Took:
    """One build: steps that ran, seconds, and the most memory that its processes held together."""

    what: str
    steps: int
    wall_s: float
    cpu_s: float
    peak_gib: float
    others: float
    """Of all processors' time, the share that other programs took."""


class Checkout:
    """A copy of this checkout, with a store and a home of its own in `folder`; with `own_store`, the user's store."""

    def __init__(self, folder: Path, network: Network, *, own_store: bool = False) -> None:
        self.folder, self.network = folder / "checkout", network
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XILINX")},
            **({} if own_store else {name: str(folder / "data") for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME")}),
            "PYTHONPATH": str(self.folder),
        }
        words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in filter(None, listed):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, self.folder / name)
        if network.parameters.is_dir():
            shutil.copytree(network.parameters, self.parameters, dirs_exist_ok=True)

    @property
    def parameters(self) -> Path:
        """The folder of its trained values."""
        return self.folder / self.network.parameters.relative_to(ROOT)

    def build(self, what: str, *tasks: str) -> Took:
        """Build the xclbin of target hw_emu, or run other tasks.

        Raises:
            SystemExit: the build fails, with what it has printed.
        """
        given = (f"network={self.network.name}", "toolchain=open", "target=hw_emu")
        before, busy, begin = _children_cpu_s(), _machine_cpu_s(), time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "doit", *(tasks or ("build",)), *given],
            cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        peak = Peak(process.pid)
        peak.start()
        output, _ = process.communicate()
        peak.join()
        wall_s, cpu_s = time.monotonic() - begin, _children_cpu_s() - before
        others = max(0.0, _machine_cpu_s() - busy - cpu_s) / (wall_s * (os.cpu_count() or 1))
        if process.returncode:
            raise SystemExit(f"{what}: the build fails\n{output}")
        steps = len(re.findall(r"^  run     ", output, re.MULTILINE))
        return Took(what, steps, wall_s, cpu_s, peak.bytes / 2**30, others)

    def refold(self, block: Residual) -> None:
        """Halve the processing elements of the block's first convolution: no other core changes, and no link."""
        file = self.folder / self.network.file.relative_to(ROOT)
        text = file.read_text("utf-8")
        at = text.index(f"name: {block.name}\n")
        before, pe, behind = re.split(r"(?<=pe: )(\d+)", text[at:], maxsplit=1)
        file.write_text(f"{text[:at]}{before}{int(pe) // 2}{behind}", "utf-8")

    def reweigh(self, block: Residual) -> None:
        """Write values for the block in which one weight is another."""
        arrays = file_of(block.core().graph, block.name, parameter_file(self.network, block))
        arrays["conv2a_weights"][0, 0, 0, 0] *= -1
        self.parameters.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(self.parameters / f"{block.name}.npz", **arrays)


class Peak(threading.Thread):
    """Watches a process and all that it has started, until it ends: the most bytes that they held at one time."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._pid = pid

    def run(self) -> None:
        """Look twice a second."""
        while (held := _held(self._pid)) > 0:
            self.bytes = max(self.bytes, held)
            time.sleep(0.5)


def _held(pid: int) -> int:
    """Bytes in memory of a process and its descendants; 0 where it has ended."""
    parents: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            if words[0] != "Z":
                parents[int(entry.name)] = int(words[1]), int(words[21]) * os.sysconf("SC_PAGE_SIZE")
    family = {pid} & set(parents)
    for _ in range(8):
        family |= {each for each, (parent, _) in parents.items() if parent in family}
    return sum(parents[each][1] for each in family)


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _machine_cpu_s() -> float:
    """Of all processors and programs, since the machine started (proc(5): user, nice, system)."""
    words = Path("/proc/stat").read_text("utf-8").splitlines()[0].split()
    return sum(map(int, words[1:4])) / os.sysconf("SC_CLK_TCK")


def file_of(graph: Graph, block: str, file: Path | None) -> dict[str, Any]:
    """A residual block's values in the arrays of its file: weights [OFM, KH, KW, IFM], thresholds as they are."""
    arrays = dict(values_of(graph, block, file).arrays)
    for name, values in arrays.items():
        if name.endswith("_weights"):
            side = 3 if name.startswith("conv2b") else 1
            arrays[name] = values.reshape(len(values), side, side, -1)
    return {name: values.astype(np.int32) for name, values in arrays.items()}


def table_of(found: list[Took]) -> Table:
    """A line for each build."""
    table = Table("build", "steps", "seconds", "CPU seconds", "memory", "others", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            each.what, str(each.steps), f"{each.wall_s:.0f}", f"{each.cpu_s:.0f}", f"{each.peak_gib:.1f} GiB",
            f"{each.others:.0%}",
        )  # fmt: skip
    return table


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel.build", description=__doc__)
    parser.add_argument("network", nargs="?", default="resnet50")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    block = [block for block in network.blocks if isinstance(block, Residual)][-1]
    with TemporaryDirectory(prefix="kernel-build-") as folder:
        checkout = Checkout(Path(folder), network)
        found = [checkout.build("everything, from an empty store")]
        checkout.refold(block)
        found.append(checkout.build(f"{block.name} folded anew"))
        checkout.reweigh(block)
        found.append(checkout.build(f"new weights of {block.name}"))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(f"doit build network={network.name} target=hw_emu on {machine()}")
    console.print(table_of(found))
    console.print(
        "memory: all processes of the build together; others: share of the processors that other programs took"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
