"""Drawn shapes over all precisions: the models equal plain arithmetic, and (nightly) C++ and RTL equal the models."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alone
import drawn_shapes
import numpy as np
import pytest

from blocks.core.graph import GraphCore
from blocks.operators.base import Operator
from blocks.operators.models import model_of
from blocks.operators.mvau import Mvau
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import Stall

A_DOZEN = 12
IMAGES = 2
BATCHES = range(1, drawn_shapes.MOST_BITS + 1)
EXACT = ("Pad", "Add", "Threshold", "Depthwise", "Requantize", "Mvau")
"""Operators whose cycles are those that they say, to a tenth. Those that drain or fill buffers take fewer."""


def _pad(shape: Any, given: Any) -> Any:
    def at(n: int, y: int, x: int, c: int) -> int:
        inside = 0 <= y - shape.top < shape.height and 0 <= x - shape.left < shape.width
        return int(given[n, y - shape.top, x - shape.left, c]) if inside else shape.value

    size = len(given), shape.out_height, shape.out_width, shape.channels
    return [at(*place) for place in itertools.product(*map(range, size))]


def _add(shape: Any, a: Any, b: Any) -> Any:
    lowest, highest = shape.output_range
    others = itertools.cycle(b.reshape(-1).tolist())
    sums = (x * shape.a_factor + next(others) * shape.b_factor - shape.offset for x in a.reshape(-1).tolist())
    return [min(max(each, lowest), highest) for each in sums]


def _threshold(shape: Any, given: Any, thresholds: Any) -> Any:
    def code(value: int, row: list[int]) -> int:
        if shape.inverts and row[-1]:
            return sum(value <= limit - 1 for limit in row[:-1])
        return sum(limit <= value for limit in row[: shape.steps])

    rows = thresholds.tolist()
    return [code(v, rows[at % shape.channels]) for at, v in enumerate(given.reshape(-1).tolist())]


def _windows(shape: Any, given: Any) -> Any:
    """The numbers of every window and channel."""
    (rows, columns), (down, along) = (
        each if isinstance(each, tuple) else (each, each) for each in (shape.kernel, shape.stride)
    )
    size = len(given), (shape.height - rows) // down + 1, (shape.width - columns) // along + 1, shape.channels
    return [
        [int(given[n, y * down + j, x * along + i, c]) for j in range(rows) for i in range(columns)]
        for n, y, x, c in itertools.product(*map(range, size))
    ]


def _sum_pool(shape: Any, given: Any) -> Any:
    return [sum(each) for each in _windows(shape, given)]


def _max_pool(shape: Any, given: Any) -> Any:
    return [max(each) for each in _windows(shape, given)]


def _sliding_window(shape: Any, given: Any) -> Any:
    by_pixel = zip(*[iter(_windows(shape, given))] * shape.channels, strict=True)
    return [value for channels in by_pixel for position in zip(*channels, strict=True) for value in position]


def _acc_pool(shape: Any, given: Any) -> Any:
    return [sum(image[..., c].reshape(-1).tolist()) for image in given for c in range(shape.channels)]


def _depthwise(shape: Any, columns: Any, weights: Any) -> Any:
    c, p = shape.channels, shape.positions
    rows = columns.reshape(-1, p * c).tolist()
    return [sum(row[k * c + i] * int(weights[i, k]) for k in range(p)) for row in rows for i in range(c)]


def _requantize(shape: Any, given: Any, multipliers: Any, addends: Any) -> Any:
    scales = itertools.cycle(zip(multipliers.tolist(), addends.tolist(), strict=True))
    scaled = (v * m + a for v, (m, a) in zip(given.reshape(-1).tolist(), scales, strict=False))
    return [min(max(each // 2**shape.shift, 0), 2**shape.output_bits - 1) for each in scaled]


def _label_select(shape: Any, scores: Any) -> Any:
    rows = scores.reshape(-1, shape.classes).tolist()
    ranked = (sorted(range(shape.classes), key=lambda i, row=row: (-row[i], i)) for row in rows)
    return [label for order in ranked for label in order[: shape.k]]


def _mvau(shape: Any, columns: Any, weights: Any) -> Any:
    rows = columns.reshape(-1, shape.synapses).tolist()
    return [sum(a * w for a, w in zip(row, of, strict=True)) for row in rows for of in weights.tolist()]


PLAIN: dict[str, Callable[..., list[int]]] = {
    "Pad": _pad, "Add": _add, "Threshold": _threshold, "SumPool": _sum_pool, "AccPool": _acc_pool,
    "Depthwise": _depthwise, "Requantize": _requantize, "LabelSelect": _label_select, "Mvau": _mvau,
    "MaxPool": _max_pool, "SlidingWindow": _sliding_window,
}  # fmt: skip


@pytest.mark.parametrize("kind", drawn_shapes.KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_a_dozen_models_equal_plain_arithmetic(
    kind: Callable[..., Operator], draw_tensors: Callable[..., tuple[list[np.ndarray], list[np.ndarray]]]
) -> None:
    for seed, shape in enumerate(drawn_shapes.some(kind, A_DOZEN)):
        assert shape.mistakes() == (), shape
        inputs, parameters = draw_tensors(shape, IMAGES, seed)
        (found,) = model_of(shape).apply(shape, inputs, parameters)
        assert found.reshape(-1).tolist() == PLAIN[type(shape).__name__](shape, *inputs, *parameters), shape


def test_batches_hold_every_precision_and_more_than_two_hundred_shapes() -> None:
    shapes = [shape for bits in BATCHES for shape in drawn_shapes.batch(bits)]
    units = {(shape.weight_bits, shape.input_bits) for shape in shapes if isinstance(shape, Mvau)}
    assert units == set(itertools.product(BATCHES, BATCHES))
    assert len(set(shapes)) > 200
    assert [shape.mistakes() for shape in shapes] == [()] * len(shapes)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("release", ["host", "2023.1"])
@pytest.mark.parametrize("bits", BATCHES)
def test_bodies_equal_the_models(
    bits: int,
    release: str,
    compile_shapes: Callable[..., Path],
    run_case: Callable[..., list[np.ndarray]],
    draw_case: Callable[..., Any],
) -> None:
    shapes = drawn_shapes.batch(bits)
    program = compile_shapes(shapes, release)
    for at, shape in enumerate(shapes):
        drawn = draw_case(shape, IMAGES, seed=at)
        (found,) = run_case(program, at, shape, IMAGES, [*drawn.inputs, *drawn.memories])
        np.testing.assert_array_equal(found, drawn.outputs[0].astype(np.int64), err_msg=str(shape))


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("bits", BATCHES)
def test_modules_equal_the_models_in_the_cycles_that_they_say(
    bits: int, simulate: Callable[[GraphCore], Simulator], draw_case: Callable[..., Any]
) -> None:
    simulator = simulate(alone.separate(drawn_shapes.batch(bits), f"drawn_{bits}"))
    graph = simulator.core.graph
    ports = [port.name for port in (*graph.inputs, *graph.outputs)]
    stalls = {name: Stall(seed=at, chance=0.5, longest=1 + at % 9) for at, name in enumerate(ports)}
    assert alone.differing(simulator, draw_case, bits, stalls) == []
    run, expected = alone.ran(simulator, draw_case, bits, {})
    for node in graph.nodes:
        (name,) = node.outputs
        np.testing.assert_array_equal(run.outputs[name].reshape(-1), expected[name][1].astype(np.int64))
        measured, said = run.ports[name].interval(), node.operator.cycles()
        assert measured <= 1.1 * said + 1, node.operator
        if type(node.operator).__name__ in EXACT:
            assert measured >= said, node.operator
