"""Simulate the DMA core cycle by cycle: `python -m toolchains.open.simulation.dma.cosim`, step `cosim` of its block.

The core moves random images back to back between a host, a card memory and the blocks. Every byte must arrive where
`scenario.py` expects it. There are two runs: one at full speed, and one with random stalls of the memory, the streams
and the host. The step writes `values.json` for the reports.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from blocks.dma import Dma, DmaCore
from reports.summary.step_values import Simulation
from toolchains.open.simulation.compile_model import HARNESS, ModelError, installed_verilator
from toolchains.open.simulation.dma.bench import compile_bench
from toolchains.open.simulation.dma.scenario import STREAMS, Call, Outcome, Scenario, check_arrived, run
from toolchains.open.simulation.values import SimulationError

SEED = 2020
LATENCY_CYCLES = 100
"""Latency of the card memory, from an address to its first word and from the last word to the answer."""
FULL_SPEED = "full_speed"
RUNS: dict[str, dict[str, object]] = {
    FULL_SPEED: {},
    "random_stalls": {"memory_stall_percent": 20, "stream_stall_percent": 20, "host_stall_percent": 20},
}
"""Further settings of each run; a stall holds a channel for one cycle."""
PAGE_BYTES = 4096
BASE = 2**32 - 2 * PAGE_BYTES
"""Base address: images longer than two pages cross 2**32, where the lower half of an address overflows."""
LONGEST_FACTOR, LONGEST_MORE = 4, 20_000
"""Limit of a run: predicted cycles times the factor, plus the constant. A run beyond it counts as hung."""


def scenario(dma: Dma, images: int, name: str) -> Scenario:
    """Make the scenario of a run: one call for all images. Regions start at pages and have a free page between them."""
    sizes = images * dma.image_bytes, images * dma.result_bytes, dma.weights_bytes
    places, end = [], 0
    for size in sizes:
        places.append(end)
        end += -(-size // PAGE_BYTES) * PAGE_BYTES + PAGE_BYTES
    longest = LONGEST_FACTOR * images * max(dma.cycles().values()) + LONGEST_MORE
    settings = {"latency": f"{LATENCY_CYCLES} {LATENCY_CYCLES}", "longest_cycles": longest, **RUNS[name]}
    seed = SEED + list(RUNS).index(name)
    return Scenario(dma, seed, (Call(images, *places),), end, BASE, settings, late_results=True)


def interval_of(outcome: Outcome) -> int:
    """The longest time between the last beats of two successive images on any stream, in cycles.

    Raises:
        SimulationError: There are fewer than two images.
    """
    (call,) = outcome.ends
    distances = [later - earlier for stream in STREAMS for earlier, later in pairwise(call.get(stream, ()))]
    if not distances:
        raise SimulationError("an interval needs at least two images")
    return max(distances)


def latency_of(outcome: Outcome) -> int:
    """Cycles from the start of the core to the last beat of the first image, including the memory's latency."""
    (call,) = outcome.ends
    return call["image"][0]


def run_all(bench: Path, folder: Path, dma: Dma, images: int) -> tuple[dict[str, Outcome], int]:
    """Do all runs. Returns their outcomes by name, and the number of elements compared.

    Raises:
        SimulationError: A run failed; the error names it.
    """
    outcomes: dict[str, Outcome] = {}
    compared = 0
    for name in RUNS:
        given = scenario(dma, images, name)
        try:
            outcome = run(bench, folder / name, given)
            compared += check_arrived(outcome, given)
        except SimulationError as error:
            raise SimulationError(f"{name}: {error}") from None
        outcomes[name] = outcome
        print(f"{name}: {images} images in {outcome.figure('cycles')} cycles, every byte in its place")
    return outcomes, compared


def values_of_runs(dma: Dma, outcomes: dict[str, Outcome], compared: int, images: int, tool: str) -> dict[str, Any]:
    """Make the content of `values.json`: the members that reports read (`reports/summary/step_values.py`), and more.

    `interval_cycles` and `latency_cycles` come from the run at full speed (`interval_of`, `latency_of`). `runs` gives
    for each run the cycles of the call and, per stream, the cycles in which an image's last beat moved.
    """
    full = outcomes[FULL_SPEED]
    simulation = Simulation(
        interval_cycles=interval_of(full),
        latency_cycles=latency_of(full),
        images=images,
        elements_compared=compared,
        differences=0,
        tool=tool,
    )
    return {
        **simulation.document(),
        "core": dma.core().name,
        "inputs": "random values 0..255",
        "predicted_interval_cycles": max(dma.cycles().values()),
        "memory_latency_cycles": LATENCY_CYCLES,
        "runs": {
            name: {
                **RUNS[name],
                "images": images,
                "cycles": outcome.figure("cycles"),
                "interval_cycles": interval_of(outcome),
                "latency_cycles": latency_of(outcome),
                "last_beats": {stream: list(ends) for stream, ends in outcome.ends[0].items()},
            }
            for name, outcome in outcomes.items()
        },
    }


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the simulation failed.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="shape of the core, as JSON")
    parser.add_argument("--block", required=True)
    parser.add_argument("--images", type=int, required=True, help="images back to back")
    parser.add_argument("files", nargs="+", help="the SystemVerilog that the core's top needs")
    given = parser.parse_args()
    core = DmaCore.from_description(json.loads(given.core.read_text()))
    dma = Dma.of(core, given.block)
    try:
        verilator = installed_verilator()
        bench = compile_bench([core.name], given.files, Path(), verilator, library=Path(HARNESS))
        outcomes, compared = run_all(bench, Path(), dma, given.images)
        document = values_of_runs(dma, outcomes, compared, given.images, f"Verilator {verilator.version}")
    except (ModelError, SimulationError) as failure:
        print(f"ERROR: {given.block} ({core.name}): {failure}")
        return 1
    Path("values.json").write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
