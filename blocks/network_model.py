"""The exact integer model of a whole network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from blocks.core.graph import Graph
from blocks.core.model import run_graph
from blocks.kinds.block import Block
from blocks.network import Network
from blocks.trained import parameter_file
from blocks.weights import Values, values_of

Tensor = np.ndarray[Any, Any]


class BlockValues(Protocol):
    """Values of one block: trained ones from a file, or stand-ins."""

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """One array per parameter port of a core, by port name; shapes as in `run_graph`."""


def network_values(network: Network, block: Block) -> Values:
    """A block's values, trained ones or stand-ins. Raises ParameterError."""
    return values_of(block.core().graph, block.name, parameter_file(network, block), block.recipes())


def run_network(
    network: Network, parameters: Mapping[str, BlockValues], images: Tensor, fc_weights: Tensor | None = None
) -> dict[str, Tensor]:
    """Run images uint8 [N, H, W, C] through the network, with `fc_weights` [classes, channels] where they are streamed.

    Returns:
        Block name to its output [N, H, W, C]; that of the last block holds its results, e.g. indices [N, top].
    """
    outputs: dict[str, Tensor] = {}
    value = images
    for block in network.blocks:
        graph = block.core().graph
        inputs = {"input": value}
        if graph.streamed:
            if fc_weights is None:
                raise ValueError(f"{block.name} reads its weights from card memory, and none are given")
            inputs[graph.streamed.name] = fc_weights
        value = run_graph(graph, inputs, parameters[block.name].logical(graph))["output"]
        outputs[block.name] = value
    return outputs
