"""Export a network to this project with numpy alone: the example in docs/network.md.

    python docs/examples/export_network.py FOLDER

writes `FOLDER/tiny.yaml` and one `FOLDER/tiny/<block>.npz` per block. It imports nothing of this project: replace
`tiny_network` with your framework's tensors and keep the rest. `forward` computes the network as it was trained, with
batch normalisation and signed values. A test compares it with the project's integer model on the exported files.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

NETWORK_FILE = """\
name: tiny
image: {height: 4, width: 4, channels: 2}
blocks:
  - name: stem
    kind: stem
    conv0: {channels: 8, kernel: 3, pad: [1, 1, 1, 1], pe: 8, simd: 2}
  - name: res_a
    kind: residual
    branches: 2
    stride: 2
    conv2a: {channels: 4, pe: 4, simd: 4}
    conv2b: {channels: 4, pe: 2, simd: 4}
    conv2c: {channels: 8, pe: 4, simd: 4}
    conv1: {channels: 8, pe: 4, simd: 4}
  - name: res_b
    kind: residual
    branches: 1
    conv2a: {channels: 4, pe: 2, simd: 8}
    conv2b: {channels: 4, pe: 2, simd: 4}
    conv2c: {channels: 8, pe: 4, simd: 4}
  - name: head
    kind: head
    classes: 3
    top: 3
    lanes: 4
    simd: 4
"""
RESIDUALS = {"res_a": (8, 2, True), "res_b": (8, 1, False)}  # input channels, stride, has conv1


@dataclass(frozen=True)
class Layer:
    """A layer as it was trained: y = round(gain * (weights * x) + shift), half up, clipped to its levels.

    weights are [OFM, IFM, KH, KW], as in PyTorch; gain and shift are the folded batch normalisation [OFM].
    A re-quantisation has no weights and works on x itself.
    """

    gain: Array
    shift: Array
    bits: int
    weights: Array | None = None

    @property
    def lowest(self) -> int:
        """The lowest level: 2 bit levels are 0..3, 4 bit levels are -8..7."""
        return 0 if self.bits == 2 else -8

    @property
    def own_weights(self) -> Array:
        """The weights. Raises ValueError for a re-quantisation, which has none."""
        if self.weights is None:
            raise ValueError("a re-quantisation has no weights; a convolution and the last layer need some")
        return self.weights


def tiny_network(seed: int = 1) -> dict[str, Layer]:
    """Random layers by `block.layer`. Gains are positive, negative and 0, because an exporter must handle all three."""
    random = np.random.default_rng(seed)

    def layer(ofm: int, ifm: int, kernel: int, bits: int, *, binary: bool = True) -> Layer:
        shape = (ofm, ifm, kernel, kernel)
        weights = random.choice([-1, 1], shape) if binary else random.integers(-127, 128, shape)
        spread = (1 if binary else 64 * 64) * (ifm * kernel * kernel) ** 0.5
        # Whole multiples of a power of two, so that floating point computes without rounding.
        gain = np.round(random.uniform(-2, 2, ofm) / spread * 2**20) / 2**20
        gain[0] = 0
        return Layer(gain, np.round(random.uniform(-1, 3, ofm) * 64) / 64, bits, weights)

    layers = {"stem.conv0": layer(8, 2, 3, 2, binary=False)}
    for block, (ifm, _, two_branches) in RESIDUALS.items():
        # There are no weights to negate, so the gain must be positive.
        layers[f"{block}.bypass"] = Layer(random.integers(1, 5, ifm) / 2, random.integers(-4, 5, ifm) / 4, 2)
        layers[f"{block}.conv2a"] = layer(4, ifm, 1, 2)
        layers[f"{block}.conv2b"] = layer(4, 4, 3, 2)
        layers[f"{block}.conv2c"] = layer(8, 4, 1, 4)
        if two_branches:
            layers[f"{block}.conv1"] = layer(8, ifm, 1, 4)
    fc = random.integers(-128, 128, (3, 8))
    layers["head.fc"] = Layer(np.ones(3), np.zeros(3), 32, fc)
    # A bias that makes every class win for some images.
    mean = forward(layers, random.integers(0, 256, (64, 4, 4, 2))).mean(axis=0)
    layers["head.fc"] = Layer(np.ones(3), -np.round(mean), 32, fc)
    return layers


# ---- the network as it was trained: floating point, signed values, no thresholds


def convolve(x: Array, weights: Array, stride: int = 1, pad: int = 0) -> Array:
    """Correlate x [N, C, H, W] with weights [OFM, C, KH, KW], zeros around the map."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    size = weights.shape[2]
    rows, columns = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    out = np.zeros((len(x), len(weights), rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = x[:, :, row * stride : row * stride + size, column * stride : column * stride + size]
            out[:, :, row, column] = np.einsum("nchw,ochw->no", window, weights)
    return out


def quantise(layer: Layer, accumulator: Array) -> Array:
    """Batch normalisation, rounding half up, and clipping, of accumulators [N, C, H, W]."""
    exact = layer.gain[:, None, None] * accumulator + layer.shift[:, None, None]
    return np.clip(np.floor(exact + 0.5), layer.lowest, layer.lowest + 2**layer.bits - 1)


def forward(layers: dict[str, Layer], images: Array) -> Array:
    """Logits [N, classes] of images uint8 [N, H, W, C]."""

    def conv(name: str, x: Array, stride: int = 1, pad: int = 0) -> Array:
        layer = layers[name]
        return quantise(layer, convolve(x, layer.own_weights, stride, pad))

    x = conv("stem.conv0", images.transpose(0, 3, 1, 2).astype(float), pad=1)
    for block, (_, stride, two_branches) in RESIDUALS.items():
        inner = quantise(layers[f"{block}.bypass"], x)
        side = conv(f"{block}.conv1", inner, stride) if two_branches else x
        main = conv(f"{block}.conv2b", conv(f"{block}.conv2a", inner, stride), pad=1)
        x = np.clip(conv(f"{block}.conv2c", main) + side, -8, 7)
    pooled = np.maximum(x, 0).sum(axis=(2, 3))  # ReLU, then a sum: the mean without its division
    head = layers["head.fc"]
    return pooled @ head.own_weights.T + head.shift


# ---- the export


def thresholds(layer: Layer, offset: int = 0) -> tuple[Array, Array]:
    """Integer thresholds [OFM, 2^bits - 1] of a layer, and the sign (-1 or +1) to multiply each channel's weights by.

    The hardware's output is the number of thresholds t with t <= accumulator. Level `lowest + k` is reached where
    gain * accumulator + shift >= lowest + k - 1/2. The smallest whole accumulator that satisfies this is the k-th
    threshold. A negative gain would reverse the comparison, so the weights of that channel are negated instead.
    `offset` is the zero point of the input if the layer reads stored values (a bypass) instead of sums.
    """
    never = 2**31 - 1  # above every sum; the project clips thresholds to the reachable range
    rows = []
    for gain, shift in zip(layer.gain, layer.shift, strict=True):
        row = []
        for k in range(1, 2**layer.bits):
            distance = layer.lowest + k - Fraction(1, 2) - Fraction(float(shift))
            if gain:
                # Fractions are exact. A floating-point quotient can round to the wrong side of a whole number.
                row.append(ceil(distance / abs(Fraction(float(gain)))) + offset)
            else:
                row.append(never if distance > 0 else -never)
        rows.append(row)
    return np.array(rows, np.int64), np.where(layer.gain < 0, -1, 1)


def packed(weights: Array) -> Array:
    """Binary weights [OFM, KH, KW, IFM] as uint8 [OFM, KH*KW*IFM/8]: bit b of byte j is column 8j+b, 1 means +1."""
    return np.packbits(weights.reshape(len(weights), -1) > 0, axis=1, bitorder="little")


def export(layers: dict[str, Layer]) -> dict[str, dict[str, Array]]:
    """The arrays of each block's file, as block -> array name -> array."""
    files: dict[str, dict[str, Array]] = {}
    zero_point = 0  # the stem's 2 bit levels are stored without an offset
    for name, layer in layers.items():
        block, _, part = name.partition(".")
        arrays = files.setdefault(block, {})
        if part == "fc":
            arrays["fc_weights"] = layer.own_weights.astype(np.int8)
            arrays["fc_bias"] = layer.shift.astype(np.int32)
            continue
        if layer.weights is None:
            arrays["bypass_thresholds"], _ = thresholds(layer, zero_point)
            zero_point = 8  # residual blocks output 4 bit values, and v is stored as v + 8
            continue
        arrays[f"{part}_thresholds"], signs = thresholds(layer)
        weights = (layer.weights * signs[:, None, None, None]).transpose(0, 2, 3, 1)  # to [OFM, KH, KW, IFM]
        if part == "conv0":
            arrays["conv0_weights"] = weights.astype(np.int8)
        else:
            arrays[f"{part}_weights_packed"] = packed(weights)
    return files


def write(layers: dict[str, Layer], folder: Path) -> None:
    """Write the network file and the parameters."""
    (folder / "tiny").mkdir(parents=True, exist_ok=True)
    (folder / "tiny.yaml").write_text(NETWORK_FILE, "utf-8")
    for block, arrays in export(layers).items():
        meta = {"origin": "example", "block": block}
        np.savez_compressed(folder / "tiny" / f"{block}.npz", **arrays, meta=np.array(json.dumps(meta)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/examples/export_network.py FOLDER")
    write(tiny_network(), Path(sys.argv[1]))
