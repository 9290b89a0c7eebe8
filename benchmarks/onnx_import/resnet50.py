"""Makes a ResNet-50 as QONNX from random weights: 25.5 million parameters, W4A4 but for 8 bits at both ends.

    python -m benchmarks.onnx_import.resnet50 resnet50.onnx

Its classes mean nothing. The variances are those of the sums, so all layers have lively activations; some gains are
negative, as training makes them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.onnx_import.graph import Array, Graph

SEED = 2020
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Channels within, blocks, stride of the first block (He et al. 2015, table 1)."""
EXPANSION = 4
WEIGHT_SCALE, ACTIVATION_SCALE, PIXEL_SCALE = 2.0**-5, 0.25, 1 / 255


class _Maker:
    def __init__(self, size: int, classes: int, seed: int) -> None:
        self.graph = Graph((3, size, size))
        self.rng = np.random.default_rng(seed)
        self.classes, self.parameters = classes, 0

    def sums(self, name: str, source: str, shape: tuple[int, ...], stride: int = 1, bits: int = 4) -> str:
        """A convolution of random weights [OFM, IFM, K, K], and its batch normalisation."""
        limit = 2 ** (bits - 1)
        weights = self.rng.integers(-limit, limit, shape, dtype=np.int8)
        scale = WEIGHT_SCALE * 16 / 2**bits * self.rng.uniform(0.5, 1, shape[0]).astype(np.float32)
        self.parameters += weights.size + 2 * shape[0]
        pad = shape[2] // 2
        weighed = self.graph.weights(f"{name}_weights", weights, scale, bits)
        out = self.graph.convolution(name, source, weighed, stride, (pad,) * 4)
        return self.graph.norm(f"{name}_norm", out, self._norm(weights, scale))

    def _norm(self, weights: Array, scale: Array) -> list[Array]:
        """Gain, bias, mean and variance for sums of inputs of about 1."""
        channels, fan_in = len(weights), weights[0].size
        variance = fan_in * (weights.reshape(channels, -1).astype(np.float32).var(1) * scale**2)
        gain = self.rng.uniform(0.5, 1.5, channels) * np.where(self.rng.random(channels) < 0.1, -1, 1)
        return [gain, self.rng.normal(0.5, 0.5, channels), self.rng.normal(0, 0.1, channels), variance]

    def relu(self, name: str, source: str) -> str:
        """ReLU to 4 bits."""
        rectified = self.graph.node("Relu", f"{name}_relu", [source])
        return self.graph.quant(name, rectified, ACTIVATION_SCALE, 4, signed=False)

    def bottleneck(self, name: str, source: str, inputs: int, channels: int, stride: int) -> str:
        """1x1, 3x3, 1x1, and a side path that is a 1x1 convolution where the shape changes."""
        outputs = channels * EXPANSION
        main = self.relu(f"{name}_act_a", self.sums(f"{name}_conv_a", source, (channels, inputs, 1, 1)))
        main = self.relu(f"{name}_act_b", self.sums(f"{name}_conv_b", main, (channels, channels, 3, 3), stride))
        main = self.sums(f"{name}_conv_c", main, (outputs, channels, 1, 1))
        main = self.graph.quant(f"{name}_act_c", main, ACTIVATION_SCALE, 4, signed=True)
        side = source
        if inputs != outputs or stride > 1:
            side = self.sums(f"{name}_conv_side", source, (outputs, inputs, 1, 1), stride)
            side = self.graph.quant(f"{name}_act_side", side, ACTIVATION_SCALE, 4, signed=True)
        return self.relu(f"{name}_act", self.graph.node("Add", f"{name}_add", [main, side]))

    def network(self) -> str:
        """The whole network."""
        graph = self.graph
        image = graph.quant("image_quant", graph.input, PIXEL_SCALE, 8, signed=False)
        out = self.relu("act0", self.sums("conv0", image, (64, 3, 7, 7), 2, bits=8))
        out = graph.node("MaxPool", "pool0", [out], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        inputs = 64
        for number, (channels, blocks, stride) in enumerate(STAGES, 2):
            for at in range(blocks):
                out = self.bottleneck(f"res{number}{'abcdef'[at]}", out, inputs, channels, 1 if at else stride)
                inputs = channels * EXPANSION
        mean = graph.node("Flatten", "flat", [graph.node("GlobalAveragePool", "mean", [out])], axis=1)
        weights = self.rng.integers(-128, 128, (self.classes, inputs), dtype=np.int8)
        self.parameters += weights.size
        return graph.node("Gemm", "fc", [mean, graph.weights("fc_weights", weights, 2.0**-9, 8)], transB=1)


def write(path: Path, size: int = 224, classes: int = 1000, seed: int = SEED) -> int:
    """Write the file for images of `size` x `size`; returns the number of parameters."""
    maker = _Maker(size, classes, seed)
    maker.graph.save(path, maker.network())
    return maker.parameters


def main(arguments: list[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx_import.resnet50", description=__doc__)
    parser.add_argument("out", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    sys.stdout.write(f"{given.out}: {write(given.out):,} parameters\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
