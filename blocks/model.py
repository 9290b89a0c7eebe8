"""The exact integer model of cores and networks: what every other view has to equal, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from blocks.graph import Core, Graph
from blocks.operators import room

Tensor = np.ndarray[Any, Any]


def run_graph(graph: Graph, inputs: Mapping[str, Tensor], parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every stream of a core for a batch of images.

    Args:
        graph: The core's inside.
        inputs: Port name to tensor: feature maps [N, H, W, C], streamed weights [classes, channels].
        parameters: Parameter port name to logical array: weights [OFM, ...], thresholds [C, T], bias [C].

    Returns:
        Stream name to tensor; the output ports are among them.
    """
    values = dict(inputs)
    for node in graph.nodes:
        outputs = room.model(node.operator).apply(
            node.operator, [values[name] for name in node.inputs], [parameters[name] for name in node.parameters]
        )
        values.update(zip(node.outputs, outputs, strict=True))
    return values


def random_parameters(core: Core, rng: np.random.Generator) -> dict[str, Tensor]:
    """Parameters that exercise a core: weights of full range, thresholds inside and just outside the range."""
    drawn: dict[str, Tensor] = {}
    nodes = {node.name: node.operator for node in core.graph.nodes}
    for port in core.graph.parameter_ports():
        operator: Any = nodes[port.node]
        role = port.stream.role
        if role == "weights":
            shape = (operator.channels, operator.synapses)
            if operator.weight_bits == 1:
                drawn[port.name] = rng.integers(0, 2, shape) * 2 - 1
            else:
                half = 2 ** (operator.weight_bits - 1)
                drawn[port.name] = rng.integers(-half, half, shape)
        elif role == "thresholds":
            # A spread of a fifth of the range keeps activations mixed; a few lie outside on purpose.
            span = operator.highest - operator.lowest
            middle, spread = (operator.highest + operator.lowest) / 2, max(1.0, span / 5)
            shape = (operator.channels, 2**operator.output_bits - 1)
            drawn[port.name] = np.sort(np.rint(rng.normal(middle, spread, shape)).astype(np.int64), axis=1)
        else:
            drawn[port.name] = rng.integers(-(2**20), 2**20, operator.beats * operator.lanes)
    return drawn
