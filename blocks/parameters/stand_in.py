"""Stand-ins: seeded values in place of trained ones, so that a network builds and runs without them.

They depend on the block's name and on the shape of its tensors, never on its folding. So a different folding changes
no result.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from blocks.core.graph import Graph, GraphCore
from blocks.core.model import random_parameters

Tensor = np.ndarray[Any, Any]


def stand_in_parameters(graph: Graph, block: str) -> dict[str, Tensor]:
    """One array per parameter port, like `BlockParameters.logical`."""
    return random_parameters(GraphCore("stand_in", graph), _generator(block, "parameters"))


def stand_in_fc_weights(graph: Graph, block: str) -> Tensor:
    """Streamed weights int8 [classes, channels] of a head."""
    port = next(port for port in graph.inputs if port.name == "fc_weights")
    half = 2 ** (port.stream.bits - 1)
    return _generator(block, "fc_weights").integers(-half, half, port.shape).astype(np.int8)


def _generator(block: str, what: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{block}.{what}".encode()).digest()[:8], "little"))
