"""The tensors that blocks read: `python -m toolchains.open.simulation.stimuli`, step `stimuli`.

The first held-out images of the network's data set go through the integer model; `<block>.npy` is what a block reads
of them, [N, H, W, C].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from blocks.dataset import DatasetError, held_out
from blocks.network import read_network
from blocks.network_model import run_network
from blocks.parameters import ParameterError
from blocks.trained import parameter_file
from blocks.weights import Values, values_of


def write_stimuli(network_file: Path, images: int) -> None:
    """Write the files.

    Raises:
        DatasetError: the images are not installed, or fewer than asked for.
        ParameterError: trained values that do not fit.
    """
    network = read_network(network_file)
    assert network.dataset is not None  # noqa: S101  no step is made for a network without one
    pictures, _ = held_out(network.dataset)
    if len(pictures) < images:
        raise DatasetError(f"the data set has {len(pictures)} held-out images; cosim.images asks for {images}")
    value = pictures[:images]
    values: dict[str, Values] = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    weights = values[network.head.name].streamed
    assert weights is not None  # noqa: S101  a head always has them
    outputs = run_network(network, values, value, weights)
    for block in network.blocks:
        np.save(f"{block.name}.npy", value)
        value = outputs[block.name]


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why there are no images.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True, help="the network's file, its parameters beside it")
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
