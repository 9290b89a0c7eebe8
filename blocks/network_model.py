"""The exact integer model of a whole network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from blocks.core.graph import Graph
from blocks.core.model import run_graph
from blocks.network import Network

Tensor = np.ndarray[Any, Any]


class BlockValues(Protocol):
    """Values of one block: trained ones from a file, or stand-ins."""

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """One array per parameter port of a core, by port name; shapes as in `run_graph`."""


def run_network(
    network: Network, parameters: Mapping[str, BlockValues], images: Tensor, fc_weights: Tensor
) -> dict[str, Tensor]:
    """Run images uint8 [N, H, W, C] through the network, with `fc_weights` [classes, channels].

    Returns:
        Block name to its output [N, H, W, C]; that of the last block holds indices [N, top].
    """
    outputs: dict[str, Tensor] = {}
    value = images
    for block in network.blocks:
        graph = block.core().graph
        inputs = {"input": value}
        if any(port.name == "fc_weights" for port in graph.inputs):
            inputs["fc_weights"] = fc_weights
        value = run_graph(graph, inputs, parameters[block.name].logical(graph))["output"]
        outputs[block.name] = value
    return outputs
