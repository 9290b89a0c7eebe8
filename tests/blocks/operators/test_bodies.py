"""C++ bodies equal the numpy models bit for bit, on the host and as synthesis reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from body_cases import run_cases
from everyday import first
from once import Once

from blocks.operators import room
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.depthwise import Depthwise
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.requantize import Requantize
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool
from blocks.operators.threshold import Threshold

IMAGES = 3


def test_shapes_can_be_built(shapes: tuple[Operator, ...]) -> None:
    assert [shape.mistakes() for shape in shapes] == [()] * len(shapes)


def test_bodies_equal_the_models(
    program: Path,
    shapes: tuple[Operator, ...],
    once: Once,
    draw_case: Callable[..., Any],
) -> None:
    def compare(_: Path) -> None:
        drawn = [draw_case(shape, IMAGES, seed=at) for at, shape in enumerate(shapes)]
        given = [(at, shape, [*drawn[at].inputs, *drawn[at].memories]) for at, shape in enumerate(shapes)]
        for shape, its, case in zip(shapes, run_cases(program, IMAGES, given), drawn, strict=True):
            for got, want in zip(its, case.outputs, strict=True):
                np.testing.assert_array_equal(got, want.astype(np.int64), err_msg=str(shape))

    # Releases that g++ reads the same text for have one program; a run for each would repeat the other's.
    once.make(f"{program.parent.name}-compared", compare)


MUTANTS = {
    "a strict comparison": (Threshold(8, 5, 4, -37, 41, 2), "+ k] <= ", "+ k] < "),
    "thresholds of the wrong channel": (Threshold(8, 5, 4, -37, 41, 2), "[p * STEPS + k]", "[k * PE + p]"),
    "kernel rows and columns swapped": (
        SlidingWindow(4, 5, 7, 3, 1, 2, 2),
        "const int slot = top + ky >= ROWS ? top + ky - ROWS : top + ky;\n                lanes<MMV",
        "const int slot = (top + kx) % ROWS;\n                lanes<MMV",
    ),
    "rows come in too early": (SlidingWindow(4, 5, 7, 3, 1, 2, 2), "ROWS = KERNEL + STRIDE;", "ROWS = KERNEL;"),
    "pixels and lanes swapped": (SlidingWindow(3, 13, 13, 7, 2, 3, 8, 4), "[m * SIMD + s]", "[s * MMV + m]"),
    "planes without weight": (Mvau(64, 8, 4, 64, 2, 1, 3), "(hit) << k", "(hit)"),
    "activations not kept": (Mvau(18, 4, 2, 6, 2, 1, 6), "planes[sf]", "planes[0]"),
    "sums not cleared": (Mvau(16, 6, 2, 4, 4, 3, 4), "sf == 0 ?", "sf == 0 && nf == 0 ?"),
    "symmetric saturation": (
        Add(1, 12, 32, True, 32, True, 24, True, 100), "OUTPUT_BITS>::lowest", "OUTPUT_BITS>::lowest + 1",
    ),
    "an equal score goes in front": (LabelSelect(12, 4, 3, 5), "score > best[rank]", "score >= best[rank]"),
    "sums of another fold": (Depthwise(6, 9, 2, 4, 4, 5), "before = sums[fold]", "before = sums[0]"),
    "products of the pixel before": (Depthwise(6, 9, 2, 4, 4, 5), "position == 0 ?", "position == 0 && pixel == 0 ?"),
    "binary weights the other way round": (Depthwise(4, 4, 4, 2, 1, 6), "weight == 0 ? -1 : 1", "weight == 0 ? 1 : -1"),
    "half of an addend": (
        Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "(term, factor, value)", "((sum_t)(term / 2), factor, value)",
    ),
    "a highest code less": (
        Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "scaled = HIGHEST", "scaled = HIGHEST - 1",
    ),
    "negative values as the highest code": (
        Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "scaled = 0;", "scaled = HIGHEST;",
    ),
    "a sum begun anew in each column": (SumPool(4, 5, 7, 3, 2, 2, 2), "ky == 0 && kx == 0", "ky == 0"),
    "windows without their stride": (SumPool(4, 5, 7, 3, 2, 2, 2), "ox * STRIDE_COLUMNS + kx", "ox + kx"),
    "the stride of rows between columns": (
        SlidingWindow(1, 12, 8, (10, 4), (2, 1), 1, 4), "* MMV + m) * STRIDE_COLUMNS", "* MMV + m) * STRIDE",
    ),
    "windows at the distance of rows": (
        SlidingWindow(2, 7, 9, (3, 2), (2, 3), 4, 2), "STEP = MMV * STRIDE_COLUMNS", "STEP = MMV * STRIDE",
    ),
    "sums at the distance of rows": (
        SumPool(4, 5, 7, (2, 3), (1, 2), 2, 2), "ox * STRIDE_COLUMNS", "ox * STRIDE",
    ),
    "maxima at the distance of rows": (
        MaxPool(4, 5, 7, (3, 1), (1, 2), 2, 2), "ox * STRIDE_COLUMNS", "ox * STRIDE",
    ),
    "a wait of rows before the first column": (
        MaxPool(4, 7, 9, (3, 2), (1, 2), 2, 2, beatwise=True), "wait_x = KERNEL_COLUMNS - 1", "wait_x = KERNEL - 1",
    ),
    "factors exchanged": (
        Add(3, 8, 4, False, 6, False, 9, False, 0, a_factor=3, b_factor=4), "(sum_t)A_FACTOR", "(sum_t)B_FACTOR",
    ),
    "a flag of another lane": (
        Threshold(12, 3, 12, -2, 1, 1, inverts=True), "PE * STEPS + p / WORD", "PE * STEPS",
    ),
    "padding of 0": (Pad(2, 3, 4, 1, 1, 2, 0, 2, 4, value=8), "beat.lane[i] = VALUE", "beat.lane[i] = 0"),
    "a row that begins with 0": (
        Pad(3, 2, 8, 1, 3, 1, 5, 12, 3, pixels=4, value=5), "before.lane[l] = VALUE", "before.lane[l] = 0",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", first(MUTANTS))
def test_the_comparison_bites(
    name: str,
    tmp_path: Path,
    compile_cases: Callable[..., Path],
    run_case: Callable[..., list],
    draw_case: Callable[..., Any],
) -> None:
    shape, text, mutated = MUTANTS[name]
    copy = tmp_path / "operators"
    shutil.copytree(room.OPERATORS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    body = copy / room.room_name(shape) / f"{room.room_name(shape)}.hpp"
    original = body.read_text()
    assert text in original
    body.write_text(original.replace(text, mutated))
    drawn = draw_case(shape, IMAGES, seed=1)
    found = run_case(compile_cases([shape], copy), 0, shape, IMAGES, [*drawn.inputs, *drawn.memories])
    assert (found[0] != drawn.outputs[0].astype(np.int64)).any()
