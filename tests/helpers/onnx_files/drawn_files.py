"""Drawn QONNX and QDQ files: ordinary layers in many orders, with scales, directions and roundings of all kinds.

Some of them hold what cannot be converted. Who imports them either refuses them with a reason or gives numbers that
are those of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from qonnx_files import QonnxFile, integers

Rng = np.random.Generator
ROUNDINGS = ("ROUND", "ROUND", "ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
SCALES = (1.0, 0.5, 0.125, 0.1, 1 / 255, 0.0371, 3.0, 0.7)


class DrawnFile:
    """Grows a file layer by layer; `shape` is that of the tensor so far, without the batch."""

    def __init__(self, seed: int, shape: tuple[int, int, int] | None = None) -> None:
        """A file with nothing but its input."""
        self.rng = np.random.default_rng(seed)
        channels, size = int(self.rng.choice([1, 2, 3])), int(self.rng.choice([4, 6, 8]))
        self.shape: tuple[int, ...] = shape or (channels, size, size)
        self.file = QonnxFile((1, *self.shape))
        self.linear = self.chance(0.25)

    def chance(self, odds: float) -> bool:
        return bool(self.rng.random() < odds)

    def network(self) -> str:
        """A whole network; returns its output."""
        x = self._first()
        for _ in range(int(self.rng.integers(1, 4))):
            x = self._layer(x)
        return self._end(x)

    def _first(self) -> str:
        if self.chance(0.6):
            if self.linear:
                return self.file.qdq(self.file.input, 1 / 255, 0, np.uint8)
            return self.file.quant(self.file.input, 1 / 255, bits=8, signed=False)
        return self._activation(self.file.input, 0.5)

    def _layer(self, x: str) -> str:
        odds = self.rng.random()
        if odds < 0.2 and min(self.shape[1:]) >= 2:
            return self._residual(x)
        if odds < 0.3 and min(self.shape[1:]) >= 4:
            return self._activation(self.file.average_pool(x, 2, 2), 1.0, self._halved())
        if odds < 0.4 and min(self.shape[1:]) >= 4:
            return self.file.max_pool(x, 2, 2) if self._halved() else x
        x, spread = self._conv(x)
        return self._activation(x, spread, pool=self.chance(0.2))

    def _halved(self) -> bool:
        self.shape = (self.shape[0], self.shape[1] // 2, self.shape[2] // 2)
        return min(self.shape[1:]) >= 1

    def _weights(self, shape: tuple[int, ...]) -> tuple[str, float]:
        """Quantized weights, and about what one of them is."""
        rng = self.rng
        scale: Any = float(rng.choice(SCALES))
        if self.chance(0.4):
            scale = rng.choice(SCALES, shape[0])
        if self.chance(0.1):
            scale = -np.asarray(scale)
        size = float(np.mean(np.abs(scale)))
        if self.linear:
            return self.file.int8_weights(rng.integers(-127, 128, shape), np.abs(scale)), 64 * size
        bits = int(rng.choice([1, 2, 3, 4, 8]))
        return self.file.weights(integers(rng, shape, bits), scale, bits), size * 2.0 ** (bits - 2)

    def _conv(self, x: str, *, same: bool = False) -> tuple[str, float]:
        rng = self.rng
        before, rows, columns = self.shape
        padded = same or self.chance(0.5)
        kernel = [int(rng.choice([1, 3])) if extent >= 3 or same else 1 for extent in (rows, columns)]
        around = [size // 2 if padded else 0 for size in kernel]
        stride = [2 if not same and self.chance(0.2) and extent > 2 else 1 for extent in (rows, columns)]
        depthwise = not same and before > 1 and self.chance(0.15)
        channels = before if same or depthwise else int(rng.choice([1, 2, 4, 5]))
        weights, size = self._weights((channels, 1 if depthwise else before, *kernel))
        bias = rng.normal(0, size, channels) if self.chance(0.3) else None
        group = before if depthwise else 1
        out = self.file.conv(x, weights, bias, pads=(*around, *around), strides=stride, group=group)
        of_each = zip((rows, columns), around, kernel, stride, strict=True)
        self.shape = (channels, *((extent + 2 * pad - taken) // step + 1 for extent, pad, taken, step in of_each))
        return out, size * np.sqrt((1 if depthwise else before) * kernel[0] * kernel[1])

    def chain(self, x: str, spread: float) -> tuple[str, float]:
        """Some arithmetic between a sum and its quantizer."""
        rng, file, channels = self.rng, self.file, self.shape[0]
        for _ in range(int(rng.integers(0, 4))):
            kind = rng.choice(["norm", "Mul", "Add", "Sub", "Div", "relu", "clip"])
            shape = (channels, 1, 1) if self.chance(0.7) else ()
            if kind == "norm":
                gain = rng.choice([-1, 1, 1, 1], channels) * rng.uniform(0.3, 2, channels)
                gain[rng.random(channels) < 0.05] = 0
                around = rng.normal(0, spread / 3, channels)
                x = file.batch_norm(
                    x, gain, rng.normal(0, 1, channels), around, spread**2 * rng.uniform(0.3, 2, channels)
                )
                spread = 1.0
            elif kind in ("Mul", "Div"):
                factor = rng.uniform(0.2, 3, shape) * rng.choice([-1, 1, 1, 1, 1], shape)
                x = file.by(str(kind), x, factor)
            elif kind in ("Add", "Sub"):
                x = file.by(str(kind), x, rng.normal(0, spread / 2, shape))
            elif kind == "relu":
                x = file.relu(x)
            else:
                x = file.clip(x, -spread, spread)
        return x, spread

    def _activation(self, x: str, spread: float, _: bool = True, *, pool: bool = False) -> str:
        x, spread = self.chain(x, spread)
        pool = pool and min(self.shape[1:]) >= 2
        if pool:
            x = self.file.max_pool(x, 2, 2)
            self._halved()
            if self.chance(0.4):
                x, spread = self.chain(x, spread)
        return self.quantizer(x, spread)

    def quantizer(self, x: str, spread: float, scale: float = 0.0) -> str:
        """A quantizer of values of about `spread`, or one of the given scale."""
        rng = self.rng
        if self.linear and self.chance(0.8):
            kind = np.int8 if self.chance(0.5) else np.uint8
            zero = int(rng.integers(-20, 20)) if kind is np.int8 else int(rng.integers(0, 130))
            return self.file.qdq(x, scale or max(spread, 1e-3) / 64, zero if self.chance(0.5) else 0, kind)
        if not scale and self.chance(0.15):
            return self.file.bipolar(x, float(rng.choice([1.0, 0.5, -0.25])))
        bits = int(rng.choice([1, 2, 3, 4, 4, 4, 5, 8]))
        signed = self.chance(0.5)
        step: Any = scale or max(spread, 1e-3) * 2.0 ** (1 - bits) * rng.uniform(0.5, 2)
        if not scale and self.chance(0.1):
            step = -step
        if not scale and self.chance(0.1):
            step = step * rng.uniform(0.5, 2, (1, self.shape[0], 1, 1))
        zero = 0.0
        if self.chance(0.15):
            zero = float(rng.integers(0, 2**bits)) - (2 ** (bits - 1) if signed else 0)
        return self.file.quant(
            x,
            step,
            zero,
            bits,
            signed=signed,
            narrow=self.chance(0.2) and bits > 1,
            rounding=str(rng.choice(ROUNDINGS)),
        )

    def _residual(self, x: str) -> str:
        """A fork, a convolution on one path, and perhaps one on the other."""
        scale = float(self.rng.choice([0.25, 0.1, 1.0]))
        fork = self.quantizer(x, 0.0, scale)
        main, spread = self._conv(fork, same=True)
        main, spread = self.chain(main, spread)
        ratio = float(self.rng.choice([1, 1, 1, 2, 0.5, 3, 0.77]))
        main = self.quantizer(main, spread, scale * ratio)
        side = fork
        if self.chance(0.3):
            side, spread = self._conv(fork, same=True)
            side = self.quantizer(side, spread, scale)
        joined = self.file.add(main, side) if self.chance(0.5) else self.file.add(side, main)
        return self._activation(joined, scale * 8)

    def _end(self, x: str) -> str:
        rng, file = self.rng, self.file
        channels, rows, columns = self.shape
        if self.chance(0.1):
            return x
        if self.chance(0.4):
            x = file.node("GlobalAveragePool", [x])
            if self.chance(0.4):
                x = self.quantizer(x, 1.0)
            rows = columns = 1
        x = (
            file.flatten(x)
            if self.chance(0.5)
            else file.reshape(x, (1, -1) if self.chance(0.5) else (-1, channels * rows * columns))
        )
        outputs = int(rng.choice([2, 3, 5]))
        inputs = channels * rows * columns
        bias = rng.normal(0, 1, outputs) if self.chance(0.3) else None
        if self.linear or self.chance(0.5):
            weights, _ = self._weights((outputs, inputs))
            x = file.gemm(x, weights, bias)
        else:
            x = file.matmul(x, file.weights(integers(rng, (inputs, outputs)), float(rng.choice(SCALES))))
            if bias is not None:
                x = file.by("Add", x, bias)
        if self.chance(0.15):
            x = file.node("ArgMax", [x], axis=1, keepdims=int(rng.integers(0, 2)))
        elif self.chance(0.1):
            x = file.node("Softmax", [x])
        return x
