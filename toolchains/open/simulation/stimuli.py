"""Make the input tensors of all blocks: `python -m toolchains.open.simulation.stimuli`, step `stimuli`.

The integer model runs on the first held-out images of the network's data set. `<block>.npy` is the resulting input of a
block, [N, H, W, C].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from blocks.dataset import DatasetError, first_held_out
from blocks.network import read_network
from blocks.network_model import network_values, run_network
from blocks.parameters import ParameterError


def write_stimuli(network_file: Path, images: int) -> None:
    """Write `<block>.npy` of every block into the current folder, for the first `images` images.

    Raises:
        DatasetError: The images are not installed, or there are fewer than asked for.
        ParameterError: The trained values do not fit the network.
    """
    network = read_network(network_file)
    assert network.dataset is not None  # noqa: S101  the stage makes no step for a network without a data set
    value = first_held_out(network.dataset, images, "cosim.images")
    values = {block.name: network_values(network, block) for block in network.blocks}
    weights = values[network.last.name].streamed
    outputs = run_network(network, values, value, weights)
    for block in network.blocks:
        np.save(f"{block.name}.npy", value)
        value = outputs[block.name]


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the images could not be made.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True, help="the network's file, with its parameters beside it")
    parser.add_argument("--images", type=int, required=True)
    given = parser.parse_args()
    try:
        write_stimuli(given.network, given.images)
    except (DatasetError, ParameterError) as error:
        print(f"ERROR: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
