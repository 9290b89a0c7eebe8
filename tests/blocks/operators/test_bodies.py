"""C++ bodies equal the numpy models bit for bit, on the host and as synthesis reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from blocks.operators import room
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.label_select import LabelSelect
from blocks.operators.mvau import Mvau
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sliding_window.model import window_beats
from blocks.operators.threshold import Threshold

IMAGES = 3


def draw(shape: Operator, rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Random inputs and parameters, ends of the range among them."""

    def values(size: Sequence[int], lowest: int, highest: int) -> np.ndarray:
        drawn = rng.integers(lowest, highest, size, endpoint=True)
        ends = rng.random(size)
        return np.where(ends < 0.1, lowest, np.where(ends > 0.9, highest, drawn))

    def lanes(size: Sequence[int], bits: int, signed: bool) -> np.ndarray:
        return values(size, -(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else values(size, 0, (1 << bits) - 1)

    stream = shape.inputs[0]
    if isinstance(shape, Mvau):
        columns = lanes((IMAGES, 1, shape.pixels, shape.synapses), shape.input_bits, signed=False)
        if shape.weight_bits == 1:
            weights = rng.choice([-1, 1], (shape.channels, shape.synapses))
        else:
            weights = lanes((shape.channels, shape.synapses), shape.weight_bits, signed=True)
        return ([columns, weights], []) if shape.streamed_weights else ([columns], [weights])
    if isinstance(shape, Threshold):
        size = (IMAGES, 1, shape.pixels, shape.channels)
        thresholds = values((shape.channels, shape.steps), shape.lowest - 5, shape.highest + 5)
        return [values(size, shape.lowest, shape.highest)], [thresholds]
    if isinstance(shape, LabelSelect):
        return [lanes((IMAGES, 1, 1, shape.classes), shape.bits, signed=True)], []
    if hasattr(shape, "height"):
        return [lanes((IMAGES, shape.height, shape.width, shape.channels), stream.bits, stream.signed)], []
    if hasattr(shape, "pixels"):
        return [lanes((IMAGES, 1, shape.pixels, shape.channels), stream.bits, stream.signed)], []
    given = [lanes((IMAGES, s.elements), s.bits, s.signed) for s in shape.inputs]
    if isinstance(shape, Add) and shape.b_parameter:
        return given, [lanes((shape.lanes * shape.beats,), shape.b_bits, shape.b_signed)]
    return given, []


def wire(shape: Operator, inputs: list[np.ndarray], parameters: list[np.ndarray]) -> list[np.ndarray]:
    """Tensors in the order in which beats carry them."""
    model = room.model(shape)
    arrays = list(inputs)
    if isinstance(shape, Mvau):
        groups = IMAGES * shape.pixels // shape.mmv
        columns = inputs[0].reshape(groups, shape.mmv, shape.synapse_folds, shape.simd)
        arrays[0] = columns.transpose(0, 2, 1, 3)
        if shape.streamed_weights:
            arrays[1] = np.tile(model.memory(shape, 0, inputs[1]).reshape(-1), IMAGES)
    return arrays + [model.memory(shape, i, values) for i, values in enumerate(parameters)]


def expected(shape: Operator, inputs: list[np.ndarray], parameters: list[np.ndarray]) -> list[np.ndarray]:
    """The model's outputs in the order of the wire."""
    outputs = room.model(shape).apply(shape, inputs, parameters)
    if isinstance(shape, SlidingWindow):
        return [window_beats(shape, outputs[0]).reshape(-1)]
    return [output.reshape(-1) for output in outputs]


def test_shapes_can_be_built(shapes: tuple[Operator, ...]) -> None:
    assert [shape.mistakes() for shape in shapes] == [()] * len(shapes)


def test_bodies_equal_the_models(program: Path, shapes: tuple[Operator, ...], run_case: Callable[..., list]) -> None:
    for at, shape in enumerate(shapes):
        rng = np.random.default_rng(at)
        inputs, parameters = draw(shape, rng)
        found = run_case(program, at, shape, IMAGES, wire(shape, inputs, parameters))
        for got, want in zip(found, expected(shape, inputs, parameters), strict=True):
            np.testing.assert_array_equal(got, want.astype(np.int64), err_msg=str(shape))


MUTANTS = {
    "a strict comparison": (Threshold(8, 5, 4, -37, 41, 2), "+ k] <= ", "+ k] < "),
    "thresholds of the wrong channel": (Threshold(8, 5, 4, -37, 41, 2), "[p * STEPS + k]", "[k * PE + p]"),
    "kernel rows and columns swapped": (
        SlidingWindow(4, 5, 7, 3, 1, 2, 2), "const int slot = top + ky >= ROWS ? top + ky - ROWS : top + ky;",
        "const int slot = (top + kx) % ROWS;",
    ),
    "rows come in too early": (SlidingWindow(4, 5, 7, 3, 1, 2, 2), "ROWS = KERNEL + STRIDE;", "ROWS = KERNEL;"),
    "pixels and lanes swapped": (SlidingWindow(3, 13, 13, 7, 2, 3, 8, 4), "[m * SIMD + s]", "[s * MMV + m]"),
    "planes without weight": (Mvau(64, 8, 4, 64, 2, 1, 3), "(hit) << k", "(hit)"),
    "activations not kept": (Mvau(18, 4, 2, 6, 2, 1, 6), "planes[sf][m *", "planes[0][m *"),
    "sums not cleared": (Mvau(16, 6, 2, 4, 4, 3, 4), "sf == 0 ?", "sf == 0 && nf == 0 ?"),
    "symmetric saturation": (
        Add(1, 12, 32, True, 32, True, 24, True, 100), "OUTPUT_BITS>::lowest", "OUTPUT_BITS>::lowest + 1",
    ),
    "an equal score goes in front": (LabelSelect(12, 4, 3, 5), "score > best[rank]", "score >= best[rank]"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_the_comparison_bites(
    name: str, tmp_path: Path, compile_cases: Callable[..., Path], run_case: Callable[..., list]
) -> None:
    shape, text, mutated = MUTANTS[name]
    copy = tmp_path / "operators"
    shutil.copytree(room.OPERATORS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    body = copy / room.room_name(shape) / room.header(shape).name
    original = body.read_text()
    assert text in original
    body.write_text(original.replace(text, mutated))
    inputs, parameters = draw(shape, np.random.default_rng(1))
    found = run_case(compile_cases([shape], copy), 0, shape, IMAGES, wire(shape, inputs, parameters))
    assert (found[0] != expected(shape, inputs, parameters)[0].astype(np.int64)).any()
