"""Stand-ins: seeded values in place of trained ones, so that a network builds and runs without them.

They depend on the block's name and on the shape of its tensors, never on its folding. So a different folding changes
no result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from blocks.core.graph import Graph, GraphCore
from blocks.core.model import random_parameters
from blocks.parameters.recipes import LayerParameters, Recipe, drawn_arrays

Tensor = np.ndarray[Any, Any]


def stand_in_parameters(graph: Graph, block: str, recipes: Sequence[Recipe] = ()) -> dict[str, Tensor]:
    """One array per parameter port, like `BlockParameters.logical`; `recipes` are those of a general block."""
    if recipes:
        return stand_in_layers(block, recipes).logical(graph)
    return random_parameters(GraphCore("stand_in", graph), _generator(block, "parameters"))


def stand_in_layers(block: str, recipes: Sequence[Recipe]) -> LayerParameters:
    """The arrays of a general block as its parameter file would hold them, streamed weights included."""
    arrays = drawn_arrays(recipes, _generator(block, "parameters"))
    return LayerParameters(f"{block}.npz", arrays, {}, tuple(recipes))


def stand_in_fc_weights(graph: Graph, block: str, recipes: Sequence[Recipe] = ()) -> Tensor:
    """Streamed weights int8 [classes, channels] of the last block."""
    if recipes:
        streamed = stand_in_layers(block, recipes).streamed(graph)
        assert streamed is not None  # noqa: S101  all arrays are drawn
        return streamed
    port = graph.streamed
    assert port is not None  # noqa: S101  asked for graphs with streamed weights only
    half = 2 ** (port.stream.bits - 1)
    return _generator(block, "fc_weights").integers(-half, half, port.shape).astype(np.int8)


def _generator(block: str, what: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{block}.{what}".encode()).digest()[:8], "little"))
