"""The exact integer model of a core. Every other view must equal it bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from blocks.core.graph import Graph, GraphCore, Node
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.depthwise import Depthwise
from blocks.operators.models import model_of
from blocks.operators.mvau import Mvau
from blocks.operators.threshold import Threshold
from blocks.operators.width_converter import WidthConverter

Tensor = np.ndarray[Any, Any]

_OUT_OF_REACH = 0.05


def run_graph(graph: Graph, inputs: Mapping[str, Tensor], parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every stream of a core for a batch of images.

    Args:
        graph: The core's graph.
        inputs: Port name to tensor: feature maps [N, H, W, C], streamed weights [classes, channels].
        parameters: Parameter name to logical array: weights [OFM, ...], thresholds [C, T], bias [C].

    Returns:
        Stream name to tensor; the output ports are among them.
    """
    values = dict(inputs)
    for node in graph.nodes:
        outputs = model_of(node.operator).apply(
            node.operator, [values[name] for name in node.inputs], [parameters[name] for name in node.parameters]
        )
        values.update(zip(node.outputs, outputs, strict=True))
    return values


def random_parameters(core: GraphCore, rng: np.random.Generator) -> dict[str, Tensor]:
    """Parameters that exercise a core, by name: weights of full range, thresholds near the sums, a few beyond."""
    drawn: dict[str, Tensor] = {}
    nodes = {node.name: node for node in core.graph.nodes}
    for port in core.graph.parameter_ports():
        if port.first_lane:
            continue  # drawn with its first port
        operator: Any = nodes[port.node].operator
        role = port.stream.role
        if role == "weights":
            shape = (operator.channels, operator.synapses)
            if operator.weight_bits == 1:
                drawn[port.parameter] = rng.integers(0, 2, shape) * 2 - 1
            else:
                half = 2 ** (operator.weight_bits - 1)
                drawn[port.parameter] = rng.integers(-half, half, shape)
        elif role == "thresholds":
            drawn[port.parameter] = _random_thresholds(operator, _mvau_before(core.graph, nodes[port.node]), rng)
        elif role == "bias":
            drawn[port.parameter] = rng.integers(-(2**20), 2**20, operator.beats * operator.lanes)
        else:
            half = 2 ** (port.stream.bits - 1)
            drawn[port.parameter] = rng.integers(-half, half, operator.channels)
    return drawn


def _random_thresholds(operator: Threshold, before: Mvau | Depthwise | None, rng: np.random.Generator) -> Tensor:
    """Thresholds [C, T] spread like the values that they are compared with, so that every count occurs.

    A sum of many products stays near zero: 4,608 products of 1 bit weights and 2 bit activations have a standard
    deviation of 130, although the sum could reach 13,824. Thresholds spread over the whole range would give every
    value of a channel the same count.
    """
    shape = (operator.channels, operator.steps)
    if before is None:
        drawn = rng.integers(operator.lowest, operator.highest + 2, shape)
    else:
        largest = 2**before.input_bits - 1
        activations = largest * (2 * largest + 1) / 6  # mean square of 0..largest
        weights = 1.0 if before.weight_bits == 1 else 4.0 ** (before.weight_bits - 1) / 3
        drawn = np.rint(rng.normal(0, math.sqrt(before.synapses * activations * weights), shape)).astype(np.int64)
    # Trained networks have some thresholds that no value reaches, and some that every value reaches.
    drawn[rng.random(len(drawn)) < _OUT_OF_REACH, 0] = operator.lowest - 1
    drawn[rng.random(len(drawn)) < _OUT_OF_REACH, -1] = operator.highest + 2
    drawn = np.sort(drawn, axis=1)
    return np.column_stack([drawn, rng.integers(0, 2, len(drawn))]) if operator.inverts else drawn


def _mvau_before(graph: Graph, node: Node) -> Mvau | Depthwise | None:
    """The unit that a node's values come from; None if from another operator or a port."""
    makers = {output: maker for maker in graph.nodes for output in maker.outputs}
    while node.inputs[0] in makers:
        node = makers[node.inputs[0]]
        if isinstance(node.operator, Mvau | Depthwise):
            return node.operator
        if not isinstance(node.operator, Deinterleave | WidthConverter):
            break
    return None
