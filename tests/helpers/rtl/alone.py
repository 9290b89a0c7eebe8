"""Operators that stand alone in one core, and their outputs beside those of the models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from blocks.core.graph import Graph, GraphCore, Node, Port
from blocks.memories import pack_beats, part_of
from blocks.operators.base import Operator
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import Run, Stall

IMAGES = 3


def separate(shapes: Sequence[Operator], name: str = "operators") -> GraphCore:
    """One core in which every operator stands alone between ports of its own: one compilation for all."""
    inputs, outputs, nodes = [], [], []
    for at, shape in enumerate(shapes):
        ins = [f"n{at}_in{i}" for i in range(len(shape.inputs))]
        outs = [f"n{at}_out{i}" for i in range(len(shape.outputs))]
        inputs += [Port(name, stream) for name, stream in zip(ins, shape.inputs, strict=True)]
        outputs += [Port(name, stream) for name, stream in zip(outs, shape.outputs, strict=True)]
        parameters = tuple(f"n{at}_parameter{i}" for i in range(len(shape.parameters)))
        nodes.append(Node(f"n{at}", shape, tuple(ins), tuple(outs), parameters))
    return GraphCore(name, Graph(tuple(inputs), tuple(outputs), tuple(nodes)))


def ran(
    simulator: Simulator, draw_case: Callable[..., Any], seed: int, stalls: dict[str, Stall]
) -> tuple[Run, dict[str, tuple[str, np.ndarray]]]:
    """A run, and by output the operator and what the model says."""
    inputs: dict[str, np.ndarray] = {}
    memories: dict[str, bytes] = {}
    expected: dict[str, tuple[str, np.ndarray]] = {}
    for at, node in enumerate(simulator.core.graph.nodes):
        case = draw_case(node.operator, IMAGES, seed=seed + at)
        inputs |= dict(zip(node.inputs, case.inputs, strict=True))
        for name, whole, values in zip(node.parameters, node.operator.parameters, case.memories, strict=True):
            beats = values.reshape(-1, whole.lanes)
            memories |= {
                port.name: pack_beats(part_of(port, beats), port.stream.bits)
                for port in simulator.core.graph.parameter_ports()
                if port.parameter == name
            }
        expected |= {
            name: (str(node.operator), np.asarray(values).reshape(-1))
            for name, values in zip(node.outputs, case.outputs, strict=True)
        }
    return simulator.run_memories(memories, inputs, images=IMAGES, stalls=stalls, seed=seed), expected


def differing(simulator: Simulator, draw_case: Callable[..., Any], seed: int, stalls: dict[str, Stall]) -> list[str]:
    """The operators whose outputs differ from the model's."""
    run, expected = ran(simulator, draw_case, seed, stalls)
    return [
        shape
        for name, (shape, values) in expected.items()
        if not np.array_equal(run.outputs[name].reshape(-1), values.astype(np.int64))
    ]
