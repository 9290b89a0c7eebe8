"""The integer model of digits against one written apart from it, in plain loops over kernel positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from blocks import dataset
from blocks.core.model import run_graph
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.parameters import read_block

Array = np.ndarray[Any, Any]
# name, IFM, mid, OFM, stride, branches: as the network was designed, not as its file is read
RESIDUALS = (
    ("res2a", 32, 32, 64, 1, 2),
    ("res2b", 64, 32, 64, 1, 1),
    ("res3a", 64, 64, 128, 2, 2),
    ("res3b", 128, 64, 128, 1, 1),
)


def _convolve(x: Array, weights: Array, stride: int) -> Array:
    """Correlate [N, H, W, IFM] with [OFM, K, K, IFM], K odd, zeros around the map."""
    size = weights.shape[1]
    pad = size // 2
    height, width = (-(-side // stride) for side in x.shape[1:3])
    padded = np.pad(x.astype(np.float64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    # numpy multiplies matrices of integers a tenth as fast; doubles are exact up to 2 ** 53, far above these sums.
    factors = weights.astype(np.float64)
    accumulator = np.zeros((len(x), height, width, len(weights)))
    for ky in range(size):
        for kx in range(size):
            pixels = padded[:, ky : ky + stride * height : stride, kx : kx + stride * width : stride]
            accumulator += pixels[:, :height, :width] @ factors[:, ky, kx].T
    return accumulator.astype(np.int64)


def _count(accumulator: Array, thresholds: Array) -> Array:
    """How many of its channel's thresholds each accumulator has reached."""
    result: Array = (accumulator[..., None] >= thresholds).sum(axis=-1)
    return result


def residual(block: tuple[str, int, int, int, int, int], arrays: Mapping[str, Array], x: Array) -> Array:
    _, ifm, mid, ofm, stride, branches = block
    shapes = {"conv2a": (mid, ifm, 1, stride), "conv2b": (mid, mid, 3, 1), "conv2c": (ofm, mid, 1, 1)}
    shapes["conv1"] = (ofm, ifm, 1, stride)

    def layer(conv: str, source: Array) -> Array:
        channels, inputs, kernel, step = shapes[conv]
        bits = np.unpackbits(arrays[f"{conv}_weights_packed"], axis=1, bitorder="little")
        weights = 2 * bits.reshape(channels, kernel, kernel, inputs).astype(np.int64) - 1
        return _count(_convolve(source, weights, step), arrays[f"{conv}_thresholds"])

    q = _count(x, arrays["bypass_thresholds"])
    main = layer("conv2c", layer("conv2b", layer("conv2a", q)))
    side = layer("conv1", q) if branches == 2 else x
    # Both terms carry the offset of 8; the sum shall carry it once.
    return np.clip(main + side - 8, 0, 15)


def logits_of(parameters: Mapping[str, Mapping[str, Array]], images: Array) -> Array:
    stem, head = parameters["preres"], parameters["postres"]
    x = _convolve(images.astype(np.int64), stem["conv0_weights"].astype(np.int64), 1)
    x = np.pad(_count(x, stem["conv0_thresholds"]), ((0, 0), (0, 1), (0, 1), (0, 0)))
    x = np.max([x[:, ky : ky + 7 : 2, kx : kx + 7 : 2] for ky in range(3) for kx in range(3)], axis=0)
    for block in RESIDUALS:
        x = residual(block, parameters[block[0]], x)
    pooled = np.maximum(x - 8, 0).sum(axis=(1, 2))
    return pooled @ head["fc_weights"].astype(np.int64).T + head["fc_bias"]


@pytest.fixture(scope="module")
def digits() -> tuple[Array, Array]:
    datasets = pytest.importorskip("sklearn.datasets", reason="the digits come with scikit-learn")
    images, labels = datasets.load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8, 1).astype(np.uint8), labels


@pytest.mark.slow
def test_the_model_of_digits_equals_one_written_apart(digits: tuple[Array, Array]) -> None:
    images, labels = digits
    network = find_network("digits")
    parameters = {block.name: read_block(network.parameters / f"{block.name}.npz") for block in network.blocks}
    weights = parameters["postres"].fc_weights()
    assert weights is not None
    outputs = run_network(network, parameters, images, weights)
    graph = network.last.core().graph
    streams = run_graph(graph, {"input": outputs["res3b"], "fc_weights": weights}, parameters["postres"].logical(graph))
    expected = logits_of({name: each.arrays for name, each in parameters.items()}, images)
    assert (streams["logits_out"].reshape(len(images), -1) == expected).all()
    best = np.argsort(-expected, axis=1, kind="stable")[:, :3]
    assert (outputs["postres"].reshape(len(images), -1) == best).all()
    held_out = np.arange(len(labels)) % 5 == 0
    assert (best[held_out, 0] == labels[held_out]).mean() >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("file_is_there", [True, False])
def test_the_held_out_digits_are_scikit_learns(
    digits: tuple[Array, Array], file_is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from its file, and through the package where a release has the file elsewhere."""
    if not file_is_there:
        monkeypatch.setattr(dataset.importlib.util, "find_spec", lambda _: None)
    described = find_network("digits").dataset
    assert described is not None
    images, labels = dataset.held_out(described)
    assert (images.dtype, images.shape, labels.shape) == (np.uint8, (360, 8, 8, 1), (360,))
    assert (images == digits[0][::5]).all()
    assert (labels == digits[1][::5]).all()
