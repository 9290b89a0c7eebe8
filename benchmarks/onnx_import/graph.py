"""Writes quantized networks as QONNX, for figures: convolutions, batch normalisations and quantizers by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
QONNX = "qonnx.custom_op.general"
EPSILON = 1e-5


class Graph:
    """A graph with one input [1, C, H, W] of real numbers; each method returns the name of the tensor that it makes."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.input, self._shape = "image", [1, *shape]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[TensorProto] = []

    def node(self, op: str, name: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """Any node with one output, called after it."""
        self._nodes.append(helper.make_node(op, inputs, [f"{name}_out"], name=name, domain=domain, **attributes))
        return f"{name}_out"

    def constant(self, name: str, array: Any) -> str:
        """An initializer of float32, or of int64 where the array holds integers."""
        array = np.asarray(array)
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        self._constants.append(numpy_helper.from_array(array.astype(kind), name))
        return name

    def quant(self, name: str, source: str, scale: Any, bits: int, *, signed: bool, narrow: bool = False) -> str:
        """A Quant node, of zero point 0."""
        parts = {"scale": scale, "zero": 0.0, "bits": float(bits)}
        given = [self.constant(f"{name}_{part}", np.asarray(value, np.float32)) for part, value in parts.items()]
        flags = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": "ROUND"}
        return self.node("Quant", name, [source, *given], QONNX, **flags)

    def weights(self, name: str, integers: Array, scale: Any, bits: int) -> str:
        """Quantized weights, as a framework holds them: real numbers in front of a Quant node."""
        scale = np.asarray(scale, np.float32).reshape(-1, *[1] * (integers.ndim - 1)) if np.ndim(scale) else scale
        real = integers.astype(np.float32) * np.float32(scale)
        return self.quant(f"{name}_quant", self.constant(name, real), scale, bits, signed=True)

    def convolution(
        self,
        name: str,
        source: str,
        weights: str,
        stride: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        bias: Any = None,
    ) -> str:
        """A Conv node; `pads` are top, left, bottom, right."""
        inputs = [source, weights, *([] if bias is None else [self.constant(f"{name}_bias", bias)])]
        return self.node("Conv", name, inputs, pads=list(pads), strides=[stride, stride])

    def norm(self, name: str, source: str, parts: Sequence[Array], epsilon: float = EPSILON) -> str:
        """A BatchNormalization node; `parts` are gain, bias, mean, variance."""
        names = [f"{name}_{part}" for part in ("gain", "bias", "mean", "variance")]
        given = [self.constant(*pair) for pair in zip(names, parts, strict=True)]
        return self.node("BatchNormalization", name, [source, *given], epsilon=epsilon)

    def save(self, path: Path, output: str) -> None:
        """Write the file."""
        entry = helper.make_tensor_value_info(self.input, TensorProto.FLOAT, self._shape)
        end = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, "network", [entry], [end], self._constants)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
