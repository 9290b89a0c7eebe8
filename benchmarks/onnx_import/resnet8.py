"""Quantizes MLPerf Tiny's ResNet-8 for CIFAR-10 and writes it as QONNX; no accuracy is claimed.

    python -m benchmarks.onnx_import.resnet8 pretrainedResnet.h5 resnet8.onnx

The float weights are public: github.com/mlcommons/tiny (Apache-2.0),
benchmark/training/image_classification/trained_models/pretrainedResnet.h5. Needs h5py, in any environment. There are no
images here to calibrate with: the range of an activation follows from its batch normalisation, whose outputs are taken
as normal. Weights have 4 bits, a scale per channel (8 bits at both ends); activations 4 bits, a power of two as scale.
The shapes are those of keras_model.py there: 'same' padding, at stride 2 one row below and one column on the right.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.onnx_import.graph import Array, Graph

KERAS_EPSILON = 1e-3
BITS = 4
RANGE = 3.0
"""Standard deviations above the mean that an activation covers."""
Read = Callable[[str, str], Array]
"""An array of the file, by layer and variable."""


class _Quantizer:
    """Writes the network layer by layer."""

    def __init__(self, read: Read) -> None:
        self.graph, self._read = Graph((3, 32, 32)), read

    def _weights(self, name: str, real: Array, bits: int, *, alike: bool = False) -> tuple[str, Any]:
        """Weights [OFM, ...] with a scale for each channel, or one for all of them."""
        limit = 2 ** (bits - 1) - 1
        largest = np.abs(real).reshape(len(real), -1).max(1)
        scale = np.float32(np.exp2(np.ceil(np.log2(largest.max() / limit)))) if alike else largest / limit
        shaped = scale if alike else scale.reshape(-1, 1, 1, 1)
        integers = np.clip(np.rint(real / shaped), -limit, limit).astype(np.int8)
        return self.graph.weights(f"{name}_weights", integers, scale, bits), scale

    def convolution(self, name: str, source: str, number: int, stride: int = 1, bits: int = BITS) -> str:
        """The `number`-th convolution of the file."""
        layer = f"conv2d_{number}" if number else "conv2d"
        kernel = self._read(layer, "kernel").transpose(3, 2, 0, 1)
        pads = (0, 0, 1, 1) if stride > 1 else (1, 1, 1, 1)
        weights, _ = self._weights(name, kernel, bits)
        bias = self._read(layer, "bias")
        return self.graph.convolution(name, source, weights, stride, pads if kernel.shape[2] > 1 else (0,) * 4, bias)

    def norm(self, name: str, source: str, number: int) -> tuple[str, float]:
        """The `number`-th batch normalisation, and the largest number that it gives as a rule."""
        layer = f"batch_normalization_{number}" if number else "batch_normalization"
        parts = [self._read(layer, part) for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self.graph.norm(name, source, parts, KERAS_EPSILON), float(np.max(parts[1] + RANGE * np.abs(parts[0])))

    def act(self, name: str, source: str, largest: float, *, signed: bool = False) -> tuple[str, float]:
        """An activation that reaches about `largest`, and its scale."""
        scale = float(np.exp2(np.round(np.log2(largest / (2 ** (BITS - signed) - 1)))))
        rectified = source if signed else self.graph.node("Relu", f"{name}_relu", [source])
        return self.graph.quant(name, rectified, scale, BITS, signed=signed), scale

    def stack(
        self, number: int, source: str, scale: float, convolution: int, norm: int, stride: int
    ) -> tuple[str, float]:
        """Two convolutions and a side path, from codes of this scale; both terms and the sum have one scale."""
        name = f"stack{number}"
        main, high = self.norm(f"{name}_norm_a", self.convolution(f"{name}_conv_a", source, convolution, stride), norm)
        main, _ = self.act(f"{name}_act_a", main, high)
        main, high = self.norm(f"{name}_norm_b", self.convolution(f"{name}_conv_b", main, convolution + 1), norm + 1)
        side = source
        if stride == 1:
            main = self.graph.quant(f"{name}_act_b", main, scale, BITS, signed=True)
        else:
            main, scale = self.act(f"{name}_act_b", main, high, signed=True)
            side = self.convolution(f"{name}_conv_side", source, convolution + 2, stride)
            side = self.graph.quant(f"{name}_act_side", side, scale, BITS, signed=True)
        both = self.graph.node("Relu", f"{name}_relu", [self.graph.node("Add", f"{name}_add", [main, side])])
        return self.graph.quant(f"{name}_act", both, scale, BITS, signed=False), scale

    def network(self) -> str:
        """The whole network; it ends with the numbers in front of the softmax, which changes no order."""
        graph = self.graph
        image = graph.quant("image_quant", graph.input, 1.0, 8, signed=False)
        out, high = self.norm("norm0", self.convolution("conv0", image, 0, bits=8), 0)
        out, scale = self.act("act0", out, high)
        out, scale = self.stack(1, out, scale, 1, 1, 1)
        out, scale = self.stack(2, out, scale, 3, 3, 2)
        out, scale = self.stack(3, out, scale, 6, 5, 2)
        mean = graph.node("AveragePool", "mean", [out], kernel_shape=[8, 8], strides=[8, 8])
        mean = graph.node("Flatten", "flat", [mean], axis=1)
        weights, factor = self._weights("fc", self._read("dense", "kernel").T, 8, alike=True)
        unit = scale * float(factor) / 64  # of a sum: its bias is a whole number of these
        bias = np.rint(self._read("dense", "bias") / unit) * unit
        return graph.node("Gemm", "fc", [mean, weights, graph.constant("fc_bias", bias)], transB=1)


def write(read: Read, path: Path) -> None:
    """Write the file from the arrays of the float network."""
    maker = _Quantizer(read)
    maker.graph.save(path, maker.network())


def main(arguments: list[str] | None = None) -> int:
    """Read the float weights, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx_import.resnet8", description=__doc__)
    parser.add_argument("weights", type=Path, help="pretrainedResnet.h5")
    parser.add_argument("out", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    import h5py  # noqa: PLC0415  only this command needs it

    with h5py.File(given.weights) as file:
        held = file["model_weights"]
        write(lambda layer, part: np.asarray(held[f"{layer}/{layer}/{part}:0"], np.float32), given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
