"""What tests of general blocks share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_interpreter import Interpreter

from blocks.kinds.general import General
from blocks.network import Network, read_network
from blocks.network_model import network_values, run_network
from blocks.parameters.recipes import drawn_arrays

Tensor = np.ndarray[Any, Any]


@pytest.fixture
def equal_to_the_interpreter(tmp_path: Path) -> Callable[..., Network]:
    """Return a function that writes a network with drawn parameters, and compares every block with the interpreter."""

    def compare(text: str, seed: int = 0, images: int = 3) -> Network:
        file = tmp_path / "drawn.yaml"
        file.write_text(text)
        network = read_network(file)
        rng = np.random.default_rng(seed)
        network.parameters.mkdir(exist_ok=True)
        arrays = {}
        for block in network.blocks:
            assert isinstance(block, General)
            arrays[block.name] = drawn_arrays(block.recipes(), rng)
            np.savez(network.parameters / f"{block.name}.npz", **arrays[block.name])
        image = network.image
        given = rng.integers(0, 256, (images, image.height, image.width, image.channels)).astype(np.uint8)
        values = {block.name: network_values(network, block) for block in network.blocks}
        stored = run_network(network, values, given, values[network.last.name].streamed)
        expected = Interpreter(file, arrays).run(given)
        for block in network.blocks:
            found = stored[block.name].astype(np.int64)
            if block is not network.last:
                found = block.result.step * found - block.result.zero
            assert found.reshape(images, -1).tolist() == expected[block.name].reshape(images, -1).tolist(), block.name
        return network

    return compare
