"""The file's arithmetic between a sum and the next quantizer, in its own float32, one rounding for each operation.

Each operation is monotone in its input under IEEE 754 rounding, so a chain of them is: its direction, by channel, is
the product of theirs. Nothing is folded into anything, because (x - mean) / root * gain + bias in float32 and
x * (gain / root) + rest are not the same function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from config.frozen import dataclass

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Step(ABC):
    """One operation on float32 [C, n]. Its operands are float32 [C, 1], or [1, 1] where all channels share them."""

    @abstractmethod
    def apply(self, values: Array) -> Array:
        """The result, float32 [C, n]."""

    @property
    @abstractmethod
    def operands(self) -> tuple[Array, ...]:
        """Everything that it computes with."""

    @property
    @abstractmethod
    def direction(self) -> Array:
        """int64 [C, 1] or [1, 1]: 1 if it never falls, -1 if it never rises."""

    @property
    def shared(self) -> bool:
        """Whether all channels have the same operands."""
        return all(len(each) == 1 for each in self.operands)


def direction_of(factor: Array) -> Array:
    """That of a multiplication. A factor of 0 makes a constant, which neither falls nor rises."""
    return np.where(factor < 0, np.int64(-1), np.int64(1))


@dataclass(frozen=True)
class Arithmetic(Step):
    """`value op operand`; `from` is `operand - value`."""

    op: str
    operand: Array

    def apply(self, values: Array) -> Array:
        """One operation, rounded to float32."""
        if self.op == "add":
            return values + self.operand
        if self.op == "subtract":
            return values - self.operand
        if self.op == "from":
            return self.operand - values
        return values * self.operand if self.op == "multiply" else values / self.operand

    @property
    def operands(self) -> tuple[Array, ...]:
        """The operand."""
        return (self.operand,)

    @property
    def direction(self) -> Array:
        """By the operand's sign where that matters."""
        if self.op in ("multiply", "divide"):
            return direction_of(self.operand)
        return np.full((1, 1), -1 if self.op == "from" else 1, np.int64)


@dataclass(frozen=True)
class Normalization(Step):
    """BatchNormalization as ONNX's specification writes it: (x - mean) / sqrt(var + epsilon) * gain + bias."""

    mean: Array
    root: Array
    gain: Array
    bias: Array

    def apply(self, values: Array) -> Array:
        """Four operations, each rounded to float32."""
        return (values - self.mean) / self.root * self.gain + self.bias

    @property
    def operands(self) -> tuple[Array, ...]:
        """All four."""
        return self.mean, self.root, self.gain, self.bias

    @property
    def direction(self) -> Array:
        """That of the gain: the root is positive."""
        return direction_of(self.gain)


@dataclass(frozen=True)
class Clamp(Step):
    """Relu, and Clip: min(max(x, lowest), highest)."""

    lowest: Array
    highest: Array

    def apply(self, values: Array) -> Array:
        """Exact."""
        return np.minimum(np.maximum(values, self.lowest), self.highest)

    @property
    def operands(self) -> tuple[Array, ...]:
        """Both limits."""
        return self.lowest, self.highest

    @property
    def direction(self) -> Array:
        """It never falls."""
        return np.ones((1, 1), np.int64)


def run(steps: Sequence[Step], values: Array) -> Array:
    """All steps, one after the other."""
    with np.errstate(all="ignore"):
        for step in steps:
            values = step.apply(values)
    return values


def together(steps: Sequence[Step], channels: int) -> Array:
    """The direction [C, 1] of all steps together."""
    found = np.ones((channels, 1), np.int64)
    for step in steps:
        found = found * step.direction
    return found
