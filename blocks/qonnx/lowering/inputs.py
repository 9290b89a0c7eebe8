"""What a node reads, by the number of the input."""

from __future__ import annotations

from collections.abc import Mapping

from blocks.qonnx.file import Node
from blocks.qonnx.lowering.fixed import Fixed
from blocks.qonnx.lowering.flow import Flow
from blocks.qonnx.lowering.refusal import RefusedError, UnknownError
from blocks.qonnx.lowering.steps import Array


class Inputs:
    """The inputs of a node; what a refused node should have given raises UnknownError when it is asked for."""

    def __init__(self, node: Node, values: Mapping[str, Flow | Fixed]) -> None:
        self.node = node
        self._values = values

    def has(self, at: int) -> bool:
        """Whether the file gives it."""
        return at < len(self.node.inputs) and self.node.inputs[at] != ""

    def value(self, at: int) -> Flow | Fixed:
        """A tensor of the network, or a constant."""
        if not self.has(at):
            raise RefusedError(f"input {at} is missing", "a complete export")
        if self.node.inputs[at] not in self._values:
            raise UnknownError
        return self._values[self.node.inputs[at]]

    def flow(self, at: int = 0) -> Flow:
        """A tensor of the network."""
        found = self.value(at)
        if isinstance(found, Fixed):
            raise RefusedError(f"input {at} is constant", "a tensor that depends on the image")
        return found

    def fixed(self, at: int) -> Fixed:
        """A constant."""
        found = self.value(at)
        if isinstance(found, Flow):
            raise RefusedError(f"input {at} depends on the image", "a constant")
        return found

    def constant(self, at: int) -> Array | None:
        """The numbers of a constant; None if it is left out."""
        return self.fixed(at).values if self.has(at) else None

    def all_fixed(self) -> dict[int, Fixed] | None:
        """All inputs, if all are constants."""
        found = {at: self.value(at) for at in range(len(self.node.inputs)) if self.has(at)}
        fixed = {at: each for at, each in found.items() if isinstance(each, Fixed)}
        return fixed if found and len(fixed) == len(found) else None
