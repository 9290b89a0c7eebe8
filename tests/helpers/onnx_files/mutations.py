"""Damages ONNX files: bytes of the file, and the graph that it describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

Rng = np.random.Generator
ODD = (0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63), 2**63 - 1)
ODD_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-30, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"), 8.5)
OPS = (
    *("Add", "Mul", "Sub", "Div", "Relu", "Clip", "BatchNormalization", "Identity", "Dropout", "Constant", "Softmax"),
    *(
        "Conv",
        "MatMul",
        "Gemm",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "ReduceMean",
        "ArgMax",
        "TopK",
        "Concat",
    ),
    *("Quant", "IntQuant", "BipolarQuant", "Trunc", "QuantizeLinear", "DequantizeLinear", "If", "Nonsense"),
    *("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze"),
)


def mutated(data: bytes, rng: Rng) -> bytes:
    """A file that is damaged in one to three places."""
    for _ in range(int(rng.integers(1, 4))):
        data = _bytes(data, rng) if rng.random() < 0.4 else _graph(data, rng)
    return data


def _bytes(data: bytes, rng: Rng) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    place = int(rng.integers(len(changed)))
    kind = int(rng.integers(5))
    if kind == 0:
        changed[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        changed[place] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    elif kind == 2:
        del changed[place:]
    elif kind == 3:
        del changed[place : place + int(rng.integers(1, 9))]
    else:
        changed[place:place] = rng.bytes(int(rng.integers(1, 9)))
    return bytes(changed)


def _graph(data: bytes, rng: Rng) -> bytes:
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception:
        return data
    if not model.graph.node:
        return data
    changes: tuple[Callable[[Any, Rng], None], ...] = (
        _attribute,
        _wiring,
        _operator,
        _values,
        _dims,
        _removal,
        _order,
        _type,
    )
    changes[int(rng.integers(len(changes)))](model, rng)
    return model.SerializeToString()


def _one(of: Any, rng: Rng) -> Any:
    return of[int(rng.integers(len(of)))]


def _attribute(model: Any, rng: Rng) -> None:
    node = _one(model.graph.node, rng)
    if not node.attribute or rng.random() < 0.2:
        name = str(
            rng.choice(
                ["axis", "group", "pads", "strides", "alpha", "keepdims", "ceil_mode", "auto_pad", "perm", "axes"]
            )
        )
        value: Any = (
            _one(ODD, rng) if rng.random() < 0.5 else [_one(ODD, rng) for _ in range(int(rng.integers(0, 5)))] or [1]
        )
        node.attribute.append(helper.make_attribute(name, value))
        return
    attribute = _one(node.attribute, rng)
    if rng.random() < 0.15:
        attribute.type = int(rng.integers(0, 15))
    elif attribute.ints:
        attribute.ints[int(rng.integers(len(attribute.ints)))] = _one(ODD, rng)
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = _one(ODD, rng)
    elif attribute.type == onnx.AttributeProto.FLOAT:
        attribute.f = _one(ODD_FLOATS, rng)
    else:
        attribute.s = _one([b"", b"FLOOR", b"CEIL", b"SAME_UPPER", b"\xff\xfe"], rng)


def _wiring(model: Any, rng: Rng) -> None:
    node = _one(model.graph.node, rng)
    names = [name for each in model.graph.node for name in (*each.input, *each.output)]
    if node.input and rng.random() < 0.8:
        node.input[int(rng.integers(len(node.input)))] = _one([*names, "", "nowhere"], rng)
    elif node.output:
        node.output[0] = _one(names, rng)


def _operator(model: Any, rng: Rng) -> None:
    node = _one(model.graph.node, rng)
    if rng.random() < 0.7:
        node.op_type = str(rng.choice(OPS))
    else:
        node.domain = _one(["", "ai.onnx", "qonnx.custom_op.general", "onnx.brevitas", "com.microsoft"], rng)


def _values(model: Any, rng: Rng) -> None:
    tensor = _one(model.graph.initializer, rng) if model.graph.initializer else None
    if tensor is None:
        return
    try:
        values = numpy_helper.to_array(tensor).copy()
    except Exception:
        return
    if not values.size:
        return
    flat = values.reshape(-1)
    with np.errstate(all="ignore"):
        place = int(rng.integers(flat.size)) if rng.random() < 0.7 else slice(None)
        flat[place] = (
            _one(ODD_FLOATS, rng) if values.dtype.kind == "f" else np.asarray(_one(ODD, rng)).astype(values.dtype)
        )
    if rng.random() < 0.2:
        values = values.reshape(-1)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _dims(model: Any, rng: Rng) -> None:
    if model.graph.initializer and rng.random() < 0.7:
        dims = _one(model.graph.initializer, rng).dims
        if dims and rng.random() < 0.8:
            dims[int(rng.integers(len(dims)))] = _one(ODD, rng)
        else:
            dims.append(_one(ODD, rng))
        return
    shape = _one([*model.graph.input, *model.graph.output], rng).type.tensor_type.shape
    if shape.dim:
        place = int(rng.integers(len(shape.dim)))
        shape.dim[place].dim_value = _one(ODD, rng)


def _removal(model: Any, rng: Rng) -> None:
    graph = model.graph
    fields = [each for each in (graph.node, graph.initializer, graph.input, graph.output) if len(each)]
    field = _one(fields, rng)
    del field[int(rng.integers(len(field)))]


def _order(model: Any, rng: Rng) -> None:
    nodes = list(model.graph.node)
    if rng.random() < 0.5:
        nodes.append(_one(nodes, rng))
    mixed = [nodes[index] for index in rng.permutation(len(nodes))]
    copies = [onnx.NodeProto.FromString(each.SerializeToString()) for each in mixed]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def _type(model: Any, rng: Rng) -> None:
    if model.graph.initializer and rng.random() < 0.7:
        _one(model.graph.initializer, rng).data_type = int(rng.integers(0, 25))
    else:
        source = _one([*model.graph.input, *model.graph.output], rng)
        source.type.tensor_type.elem_type = int(rng.integers(0, 25))
