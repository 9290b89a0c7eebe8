"""Writes small ONNX files: QONNX (Quant, BipolarQuant, Trunc) and plain ONNX with QuantizeLinear/DequantizeLinear.

A method adds a node and returns the name of the tensor that it makes:

    file = QonnxFile((1, 3, 8, 8))
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    x = file.conv(x, file.weights(integers, 0.25, bits=4), pads=(1, 1, 1, 1))
    x = file.quant(file.relu(file.batch_norm(x, gain, bias, mean, variance)), 0.5, bits=4, signed=False)
    path = file.save(tmp_path / "net.onnx", x)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Tensor = np.ndarray[Any, Any]
QONNX = "qonnx.custom_op.general"


class QonnxFile:
    """A graph with one input [batch, ...], which grows node by node in the order of the calls."""

    def __init__(
        self, shape: Sequence[int | str], opset: int = 13, qonnx_opset: int = 1, kind: int = TensorProto.FLOAT
    ) -> None:
        """`shape` with the batch; `kind` is the type of the input's elements."""
        self.input = "image"
        self.shape = tuple(shape)
        self.opsets = {"": opset, QONNX: qonnx_opset}
        self.kind = kind
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []

    def node(self, op: str, inputs: Sequence[str], *, name: str = "", domain: str = "", **attributes: Any) -> str:
        """Any node with one output."""
        name = name or f"{op}_{len(self.nodes)}"
        output = f"{name}_out"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=name, domain=domain, **attributes))
        return output

    def constant(self, array: Any, name: str = "") -> str:
        """An initializer; floats become float32."""
        array = np.asarray(array)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        name = name or f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    # Quantizers

    def quant(
        self,
        x: str,
        scale: Any,
        zero: Any = 0.0,
        bits: Any = 4,
        *,
        signed: bool = True,
        narrow: bool = False,
        rounding: str = "ROUND",
        name: str = "",
    ) -> str:
        """QONNX's Quant."""
        inputs = [x, *(self.constant(np.asarray(each, np.float32)) for each in (scale, zero, bits))]
        attributes = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": rounding}
        return self.node("Quant", inputs, name=name, domain=QONNX, **attributes)

    def bipolar(self, x: str, scale: Any = 1.0, name: str = "") -> str:
        """QONNX's BipolarQuant: -scale or +scale."""
        return self.node("BipolarQuant", [x, self.constant(np.asarray(scale, np.float32))], name=name, domain=QONNX)

    def trunc(
        self, x: str, scale: float, zero: float, bits_in: int, bits_out: int, rounding: str = "FLOOR", name: str = ""
    ) -> str:
        """QONNX's Trunc of version 1: drops the lowest bits."""
        inputs = [x, *(self.constant(np.asarray(each, np.float32)) for each in (scale, zero, bits_in, bits_out))]
        return self.node("Trunc", inputs, name=name, domain=QONNX, rounding_mode=rounding)

    def qdq(self, x: str, scale: Any, zero: Any = 0, kind: type = np.int8, name: str = "", axis: int = 1) -> str:
        """QuantizeLinear and DequantizeLinear of the same scale; `kind` is the integer between the two."""
        name = name or f"qdq_{len(self.nodes)}"
        scale, zero = np.asarray(scale, np.float32), np.asarray(zero, kind)
        zero = np.broadcast_to(zero, scale.shape).copy()
        both = self.constant(scale), self.constant(zero)
        attributes = {"axis": axis} if scale.ndim else {}
        stored = self.node("QuantizeLinear", [x, *both], name=f"{name}_quantize", **attributes)
        return self.node("DequantizeLinear", [stored, *both], name=f"{name}_dequantize", **attributes)

    # Weights

    def weights(self, integers: Any, scale: Any, bits: int = 4, *, narrow: bool = False, name: str = "") -> str:
        """Quant of an initializer; `scale` is one number, or one for each entry of the first axis."""
        integers, scale = np.asarray(integers), np.asarray(scale, np.float32)
        if scale.ndim:
            scale = scale.reshape(-1, *[1] * (integers.ndim - 1))
        if bits == 1:
            return self.bipolar(self.constant(integers * scale), scale, name=name)
        return self.quant(self.constant(integers * scale), scale, 0.0, bits, narrow=narrow, name=name)

    def int8_weights(self, integers: Any, scale: Any, name: str = "", axis: int = 0) -> str:
        """int8 initializer and DequantizeLinear."""
        scale = np.asarray(scale, np.float32)
        zero = self.constant(np.zeros(scale.shape, np.int8))
        inputs = [self.constant(np.asarray(integers, np.int8)), self.constant(scale), zero]
        return self.node("DequantizeLinear", inputs, name=name, **({"axis": axis} if scale.ndim else {}))

    # Layers

    def conv(
        self,
        x: str,
        weights: str,
        bias: Any = None,
        *,
        pads: Sequence[int] = (0, 0, 0, 0),
        strides: Sequence[int] = (1, 1),
        group: int = 1,
        name: str = "",
    ) -> str:
        """Conv; `bias` is an array, or the name of a tensor."""
        inputs = [x, weights, *self._bias(bias)]
        return self.node("Conv", inputs, name=name, pads=list(pads), strides=list(strides), group=group)

    def matmul(self, x: str, weights: str, name: str = "") -> str:
        """MatMul; the weights are [inputs, outputs]."""
        return self.node("MatMul", [x, weights], name=name)

    def gemm(self, x: str, weights: str, bias: Any = None, *, transposed: bool = True, name: str = "") -> str:
        """Gemm; the weights are [outputs, inputs], as PyTorch writes them, unless `transposed` is false."""
        return self.node("Gemm", [x, weights, *self._bias(bias)], name=name, transB=int(transposed))

    def batch_norm(self, x: str, gain: Any, bias: Any, mean: Any, variance: Any, epsilon: float = 1e-5) -> str:
        """BatchNormalization; each array is [channels]."""
        inputs = [x, *(self.constant(np.asarray(each, np.float32)) for each in (gain, bias, mean, variance))]
        return self.node("BatchNormalization", inputs, epsilon=epsilon)

    def relu(self, x: str) -> str:
        """Relu."""
        return self.node("Relu", [x])

    def clip(self, x: str, low: float, high: float) -> str:
        """Clip, as HardTanh becomes it."""
        return self.node("Clip", [x, self.constant(np.float32(low)), self.constant(np.float32(high))])

    def by(self, op: str, x: str, array: Any) -> str:
        """Add, Sub, Mul or Div by a constant; arrays are broadcast, so channels of NCHW are [channels, 1, 1]."""
        return self.node(op, [x, self.constant(np.asarray(array, np.float32))])

    def max_pool(
        self,
        x: str,
        kernel: int | tuple[int, int] = 2,
        stride: int | tuple[int, int] = 2,
        pads: Sequence[int] = (0, 0, 0, 0),
        name: str = "",
    ) -> str:
        """MaxPool; one number stands for rows and columns."""
        return self.node("MaxPool", [x], name=name, kernel_shape=_two(kernel), strides=_two(stride), pads=list(pads))

    def average_pool(
        self, x: str, kernel: int | tuple[int, int] = 2, stride: int | tuple[int, int] = 2, name: str = ""
    ) -> str:
        """AveragePool without padding."""
        return self.node("AveragePool", [x], name=name, kernel_shape=_two(kernel), strides=_two(stride))

    def flatten(self, x: str) -> str:
        """Flatten: [N, C, H, W] to [N, C * H * W]."""
        return self.node("Flatten", [x], axis=1)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """Reshape."""
        return self.node("Reshape", [x, self.constant(np.array(shape, np.int64))])

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """Transpose."""
        return self.node("Transpose", [x], perm=list(order))

    def add(self, x: str, y: str, name: str = "") -> str:
        """The addition of two tensors."""
        return self.node("Add", [x, y], name=name)

    # The file

    def model(self, output: str, kind: int = TensorProto.FLOAT) -> onnx.ModelProto:
        """The file as onnx keeps it; `output` is the tensor that the network gives."""
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info(self.input, self.kind, list(self.shape))],
            [helper.make_tensor_value_info(output, kind, None)],
            self.initializers,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def save(self, path: Path, output: str, kind: int = TensorProto.FLOAT) -> Path:
        """Write the file, and return its path."""
        path.write_bytes(self.model(output, kind).SerializeToString())
        return path

    def _bias(self, bias: Any) -> list[str]:
        if bias is None:
            return []
        return [bias if isinstance(bias, str) else self.constant(np.asarray(bias, np.float32))]


def integers(rng: np.random.Generator, shape: Sequence[int], bits: int = 4) -> Tensor:
    """Weights of full range; with 1 bit -1 and +1."""
    if bits == 1:
        return rng.integers(0, 2, shape) * 2 - 1
    return rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape)


def norm(rng: np.random.Generator, channels: int, spread: float, descending: float = 0.25) -> tuple[Tensor, ...]:
    """Gain, bias, mean and variance for `batch_norm` behind sums of about `spread`; some gains are negative."""
    signs = np.where(rng.random(channels) < descending, -1, 1)
    gain = signs * rng.uniform(0.5, 1.5, channels)
    return (
        gain,
        rng.normal(0.5, 0.5, channels),
        rng.normal(0, spread / 4, channels),
        spread**2 * rng.uniform(0.5, 2, channels),
    )


def small_network(file: QonnxFile, rng: np.random.Generator, classes: int = 5) -> str:
    """An ordinary convolutional network: two convolutions, pools, a fully connected layer. Returns its output."""
    channels = int(file.shape[1])
    x = file.quant(file.input, 1 / 255, bits=8, signed=False, name="quant_image")
    x = file.conv(x, file.weights(integers(rng, (8, channels, 3, 3)), 0.125), pads=(1, 1, 1, 1), name="conv0")
    x = file.batch_norm(x, *norm(rng, 8, 3.0))
    x = file.quant(file.relu(x), 0.125, bits=4, signed=False, name="act0")
    x = file.max_pool(x, name="pool0")
    scales = rng.choice([0.125, 0.25, 0.0625], 6)
    x = file.conv(x, file.weights(integers(rng, (6, 8, 3, 3)), scales), name="conv1")
    x = file.quant(file.batch_norm(x, *norm(rng, 6, 4.0)), 0.25, bits=4, narrow=True, name="act1")
    x = file.flatten(file.node("GlobalAveragePool", [x], name="mean"))
    return file.gemm(x, file.weights(integers(rng, (classes, 6)), 0.25, name="fc_weights"), name="fc")


def residual_network(file: QonnxFile, rng: np.random.Generator) -> str:
    """A convolution and a block whose side path is the input itself; raw sums come out. Returns its output."""
    channels = int(file.shape[1])
    x = file.quant(file.input, 1 / 255, bits=8, signed=False, name="quant_image")
    x = file.conv(x, file.weights(integers(rng, (4, channels, 3, 3)), 0.125), pads=(1, 1, 1, 1), name="conv0")
    fork = file.quant(file.relu(x), 0.25, bits=4, signed=False, name="act0")
    y = file.conv(fork, file.weights(integers(rng, (4, 4, 3, 3)), 0.125), pads=(1, 1, 1, 1), name="conv1")
    y = file.quant(file.batch_norm(y, *norm(rng, 4, 4.0)), 0.25, bits=4, name="act1")
    x = file.quant(file.relu(file.add(y, fork, name="join")), 0.25, bits=4, signed=False, name="act2")
    x = file.reshape(file.node("GlobalAveragePool", [x], name="mean"), (-1, 4))
    return file.matmul(x, file.weights(integers(rng, (4, 3)), 0.5, name="fc_weights"), name="fc")


def qdq_network(file: QonnxFile, rng: np.random.Generator) -> str:
    """A convolutional network in QDQ form, as exporters write 8 bits. Returns its output."""
    channels = int(file.shape[1])
    x = file.qdq(file.input, 1 / 255, 0, np.uint8, name="quant_image")
    scales = rng.uniform(0.01, 0.02, 4)
    weights = file.int8_weights(rng.integers(-127, 128, (4, channels, 3, 3)), scales)
    x = file.relu(file.conv(x, weights, pads=(1, 1, 1, 1), name="conv0"))
    x = file.qdq(x, 0.0625, 0, np.uint8, name="act0")
    x = file.flatten(file.max_pool(x, name="pool0"))
    outputs = 4 * (int(file.shape[2]) // 2) * (int(file.shape[3]) // 2)
    weights = file.int8_weights(rng.integers(-127, 128, (3, outputs)), 0.01, name="fc_weights")
    return file.gemm(x, weights, name="fc")


def _two(size: int | tuple[int, int]) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)
