"""`PYTHON judge.py FILE.onnx IN.npz OUT.npz` runs each node of an ONNX file alone, by programs of others.

IN.npz has every tensor that a node reads, by name; OUT.npz gets every tensor that a node makes from those. QONNX's own
operators are run by the package qonnx, all others by onnxruntime. With `whole` as a fourth word the graph runs from its
input on, by qonnx's executor or, if the file has no operator of QONNX, by onnxruntime without its optimizations.

It is run by the interpreter of an environment that has these packages, and imports nothing of ours.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

QONNX = "qonnx.custom_op.general"


def session(model: Any) -> Any:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def alone(model: Any, node: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """The outputs of one node."""
    if node.domain == QONNX:
        from qonnx.custom_op.registry import getCustomOp

        context = {name: np.asarray(tensors[name]) for name in node.input}
        version = next(each.version for each in model.opset_import if each.domain == QONNX)
        getCustomOp(node, onnx_opset_version=version).execute_node(context, model.graph)
        return {name: np.asarray(context[name]) for name in node.output}
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(tensors[name].dtype), tensors[name].shape)
        for name in dict.fromkeys(node.input)
        if name
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
    graph = helper.make_graph([node], "node", inputs, outputs)
    opset = next(each.version for each in model.opset_import if each.domain == "")
    one = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    found = session(one).run(None, {each.name: tensors[each.name] for each in inputs})
    return dict(zip(node.output, found, strict=False))


def whole(model: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """Every tensor, from the graph's input on."""
    source = {each.name: tensors[each.name] for each in model.graph.input}
    if any(node.domain == QONNX for node in model.graph.node):
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes

        wrapped = ModelWrapper(model).transform(InferShapes())
        return execute_onnx(wrapped, source, return_full_exec_context=True)
    made = [name for node in model.graph.node for name in node.output]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    return dict(zip(made, session(model).run(None, source), strict=False))


def main() -> None:
    model = onnx.load(sys.argv[1])
    with np.load(sys.argv[2]) as file:
        tensors = {name: file[name] for name in file.files}
    for each in model.graph.initializer:
        tensors[each.name] = numpy_helper.to_array(each)
    if "whole" in sys.argv[4:]:
        found = whole(model, tensors)
    else:
        found = {}
        for node in model.graph.node:
            made = alone(model, node, tensors)
            found.update(made)
            tensors.update({name: values for name, values in made.items() if name not in tensors})
    np.savez(sys.argv[3], **{name: values for name, values in found.items() if isinstance(values, np.ndarray)})


if __name__ == "__main__":
    main()
