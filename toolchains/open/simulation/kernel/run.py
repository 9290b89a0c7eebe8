"""Simulate the whole kernel: `python -m toolchains.open.simulation.kernel.run` is the `kernel` step.

Images go back to back through all blocks, as one call of the host: the held-out ones of the data set, or random ones.
The results have to equal the integer model's. `values.json` is left for the reports and for `doit fifos`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from blocks.dataset import DatasetError, first_held_out
from blocks.network import Network, read_network
from blocks.network_model import network_values, run_network
from blocks.parameters import ParameterError
from integration.manifest import memory_blob, streamed_weights
from reports.summary.step_values import Simulation
from toolchains.open.simulation.compile_model import WAVEFORM
from toolchains.open.simulation.kernel.client import Program, Trace
from toolchains.open.simulation.kernel.part import settings_part, told_lines
from toolchains.open.simulation.values import SimulationError
from toolchains.open.simulation.verilator import find_verilator

Tensor = np.ndarray[Any, Any]
SEED = 2020


def pictures(network: Network, images: int) -> tuple[Tensor, str]:
    """Images uint8 [N, H, W, C], and in words where they are from.

    Raises:
        DatasetError: the data set is not installed, or has fewer.
    """
    if network.dataset is None:
        shape = (images, network.image.height, network.image.width, network.image.channels)
        return np.random.default_rng(SEED).integers(0, 256, shape, np.uint8), "random images"
    return first_held_out(network.dataset, images, "hw_emu.images"), "held-out images"


def expected(network: Network, images: Tensor, weights: bytes) -> Tensor:
    """What the integer model says: the results of each image, [N, ...].

    Raises:
        ParameterError: values that do not fit.
    """
    values = {block.name: network_values(network, block) for block in network.blocks}
    port = network.last.core().graph.streamed
    matrix = np.frombuffer(weights, np.int8).reshape(port.shape) if port else None
    return run_network(network, values, images, matrix)[network.last.name]


def simulate(
    network: Network, images: Tensor, settings: list[str], program: Path, trace: Trace | None = None
) -> dict[str, Any]:
    """Run the program in the current folder, and return its statistics.

    Raises:
        SimulationError: the kernel stands still, or differs from the model.
        ParameterError: values that do not fit.
    """
    weights = streamed_weights()
    with Program(program, trace=trace) as kernel:
        kernel.load(memory_blob([block.name for block in network.blocks]) + settings_part(settings))
        results = kernel.run(len(images), images.tobytes() + weights)
        statistics = kernel.statistics()
    word = np.uint32 if network.results.indices else np.int32
    found = np.frombuffer(results, word).reshape(len(images), -1)
    wanted = expected(network, images, weights).reshape(len(images), -1)
    wrong = np.argwhere(found != wanted)
    if len(wrong):
        image, at = wrong[0].tolist()
        what = f"result {at} of image {image} is {found[image, at]}, expected {wanted[image, at]}"
        raise SimulationError(f"differs from the model: {what}; {len(wrong)} of {found.size} differ")
    return {**statistics, "elements_compared": int(found.size), "differences": 0}


def values_of_run(network: Network, statistics: dict[str, Any], inputs: str) -> dict[str, Any]:
    """What `values.json` holds: what reports read of a simulation, and all that the program has counted."""
    verilator = find_verilator()
    simulation = Simulation(
        interval_cycles=statistics["interval_cycles"],
        latency_cycles=statistics["latency_cycles"][0],
        images=statistics["images"],
        elements_compared=statistics["elements_compared"],
        differences=statistics["differences"],
        tool=f"Verilator {verilator.version}" if verilator else None,
    )
    cores = {block.name: block.core().name for block in network.blocks}
    more = {"inputs": inputs, "cores": cores, "predicted_interval_cycles": network.interval()[0]}
    return {**statistics, "latencies_cycles": statistics["latency_cycles"], **more, **simulation.document()}


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing what is wrong.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True, help="the network's file, its parameters beside it")
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--settings", type=Path, required=True, help="lines for the simulation")
    parser.add_argument("--fit", type=Path, required=True, help="blocks to SLRs")
    parser.add_argument("--design", type=Path, required=True, help="instances and links")
    parser.add_argument("--program", type=Path, default=Path("program"))
    parser.add_argument(
        "--trace", type=int, nargs=2, metavar=("IMAGE", "CYCLES"), help="write a waveform from there on"
    )
    given = parser.parse_args()
    network = read_network(given.network)
    try:
        images, inputs = pictures(network, given.images)
        settings = told_lines(given.settings, given.fit, given.design)
        trace = Trace(Path(WAVEFORM), *given.trace) if given.trace else None
        found = simulate(network, images, settings, given.program, trace)
    except (DatasetError, ParameterError, SimulationError) as failure:
        print(f"ERROR: {network.name}: {failure}")
        return 1
    document = values_of_run(network, found, inputs)
    Path("values.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(f"{len(images)} images in {document['cycles']} cycles, all results equal the model's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
