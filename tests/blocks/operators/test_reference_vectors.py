"""The models against the reference design: trained parameters and recorded outputs that are others' work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.models import model_of
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.threshold import Threshold

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "resnet50_w1a2"

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the reference design's vectors are not beside this checkout (../shared)"
)


def run(shape: Operator, inputs: list[np.ndarray], *parameters: np.ndarray) -> np.ndarray:
    assert shape.mistakes() == ()
    return model_of(shape).apply(shape, inputs, parameters)[0]


@pytest.fixture(scope="module")
def vectors() -> Mapping[str, np.ndarray]:
    with np.load(REFERENCE / "vectors_chelsea.npz", allow_pickle=False) as file:
        stored = dict(file)
    for name, (bits, *size) in json.loads(str(stored["shapes"])).items():
        parts = [(stored[name] >> shift) & ((1 << bits) - 1) for shift in range(0, 8, bits)]
        stored[name] = np.stack(parts, axis=-1).reshape(1, *size)
    return stored


def convolution(x: np.ndarray, conv: dict[str, Any], weights: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Pad, window, matrix-vector unit and thresholds with the reference's own folding."""
    kernel, stride, size, channels = conv["kernel"], conv["stride"], x.shape[1], x.shape[3]
    before, after = (3, 2) if kernel == 7 else (kernel // 2, kernel // 2)
    mmv = conv.get("mmv", 1)
    simd = min(conv["simd"], channels)
    x = run(Pad(channels, size, size, before, before, after, after, simd, conv["in_bits"]), [x])
    padded = size + before + after
    window = SlidingWindow(channels, padded, padded, kernel, stride, simd, conv["in_bits"], mmv)
    columns = run(window, [x])
    pixels = window.out_height * window.out_width
    synapses = kernel * kernel * channels
    unit = Mvau(synapses, conv["ofm_channels"], conv["pe"], simd, conv["in_bits"], conv["weight_bits"], pixels, mmv)
    sums = run(unit, [columns], weights)
    steps = Threshold(unit.channels, pixels, conv["pe"], unit.lowest, unit.highest, conv["act_bits"])
    if steps.mistakes():
        steps = Threshold(unit.channels, pixels, 8, unit.lowest, unit.highest, conv["act_bits"])
    return run(steps, [sums], thresholds)


def unpack(packed: np.ndarray, channels: int, kernel: int) -> np.ndarray:
    bits = np.unpackbits(packed, axis=1, bitorder="little").reshape(channels, kernel, kernel, -1)
    return bits.astype(np.int8) * 2 - 1


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("inpipe_out", "res2a"),
        ("res2a_out", "res2b"),
        ("res2c_out", "res3a"),
        ("res4a_out", "res4b"),
        ("res5b_out", "res5c"),
    ],
)
def test_residual_block(vectors: Mapping[str, np.ndarray], before: str, name: str) -> None:
    with np.load(REFERENCE / f"{name}.npz", allow_pickle=False) as file:
        stored = dict(file)
    meta = json.loads(str(stored["meta"]))
    convs = meta["convs"]

    def conv(which: str, x: np.ndarray) -> np.ndarray:
        shape = convs[which]
        weights = unpack(stored[f"{which}_weights_packed"], shape["ofm_channels"], shape["kernel"])
        return convolution(x, shape, weights, stored[f"{which}_thresholds"])

    x = vectors[before]
    size, channels, bits = x.shape[1], x.shape[3], meta["input"]["bits"]
    q = run(Threshold(channels, size * size, 32, 0, (1 << bits) - 1, 2), [x], stored["bypass_thresholds"])
    main = conv("conv2c", conv("conv2b", conv("conv2a", q)))
    side = conv("conv1", q) if "conv1" in convs else x
    out = run(Add(32, main.size // 32, 4, False, 4, False, 4, False, 8), [main, side])
    np.testing.assert_array_equal(out, vectors[f"{name}_out"])


def test_inpipe(vectors: Mapping[str, np.ndarray]) -> None:
    with np.load(REFERENCE / "inpipe.npz", allow_pickle=False) as file:
        stored = dict(file)
    conv = json.loads(str(stored["meta"]))["convs"]["conv0"]
    x = convolution(vectors["image"][None], conv, stored["conv0_weights"], stored["conv0_thresholds"])
    x = run(Pad(64, 112, 112, 0, 0, 1, 1, 64, 2), [x])
    x = run(MaxPool(64, 113, 113, 3, 2, 64, 2), [x])
    np.testing.assert_array_equal(x, vectors["inpipe_out"])


def test_outpipe(vectors: Mapping[str, np.ndarray]) -> None:
    with np.load(REFERENCE / "outpipe.npz", allow_pickle=False) as file:
        bias = file["fc_bias"]
    # The recorded logits belong to these made-up weights.
    weights = np.random.RandomState(50).randint(-128, 128, size=(1000, 2048)).astype(np.int8)
    pool = AccPool(2048, 49, 32, 4, 8)
    pooled = run(pool, [vectors["res5c_out"]])
    unit = Mvau(2048, 1000, 1, 64, pool.output_bits, 8, 1, streamed_weights=True)
    sums = run(unit, [pooled, weights])
    logits = run(Add(1, 1000, unit.accumulator_bits, True, 32, True, 32, True, 0, b_parameter=True), [sums], bias)
    np.testing.assert_array_equal(logits.reshape(-1), vectors["outpipe_logits"])
    np.testing.assert_array_equal(run(LabelSelect(1000, 1, 32, 5), [logits])[0], vectors["outpipe_top5"])


def test_a_flipped_kernel_is_noticed(vectors: Mapping[str, np.ndarray]) -> None:
    """Rows and columns of the kernel swapped give another picture: the recorded one tells them apart."""
    with np.load(REFERENCE / "inpipe.npz", allow_pickle=False) as file:
        stored = dict(file)
    conv = json.loads(str(stored["meta"]))["convs"]["conv0"]
    swapped = stored["conv0_weights"].transpose(0, 2, 1, 3)
    x = convolution(vectors["image"][None], conv, swapped, stored["conv0_thresholds"])
    x = run(MaxPool(64, 113, 113, 3, 2, 64, 2), [run(Pad(64, 112, 112, 0, 0, 1, 1, 64, 2), [x])])
    assert (x != vectors["inpipe_out"]).any()
