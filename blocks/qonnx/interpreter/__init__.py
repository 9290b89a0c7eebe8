"""A plain interpreter of QONNX files: the reference that every import is compared with.

It is written apart from the importer and shares the reader of files (`blocks/qonnx/file.py`) with it, nothing else. It
follows the specifications of the operators one by one: sums are exact whole numbers (`sums.py`), everything else is
float32, an operation at a time, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from blocks.qonnx.file import Model, Node
from blocks.qonnx.interpreter import elementwise, moves, quantizers, sums
from blocks.qonnx.interpreter.traced import Array, InterpreterError, Traced, float32, of_numbers, whole

__all__ = ["Interpreter", "InterpreterError", "Traced", "run"]

Operation = Callable[[Sequence[Traced], Mapping[str, Any]], Traced | tuple[Traced, ...]]
_OPERATIONS: Mapping[str, Operation] = {
    "IntQuant": quantizers.int_quant,
    "Quant": quantizers.int_quant,
    "BipolarQuant": quantizers.bipolar_quant,
    "Trunc": quantizers.trunc,
    "QuantizeLinear": quantizers.quantize_linear,
    "DequantizeLinear": quantizers.dequantize_linear,
    "Conv": sums.conv,
    "MatMul": sums.matmul,
    "Gemm": sums.gemm,
    "AveragePool": sums.average_pool,
    "GlobalAveragePool": sums.global_average_pool,
    "ReduceMean": sums.reduce_mean,
    "Add": elementwise.of_two("Add"),
    "Sub": elementwise.of_two("Sub"),
    "Mul": elementwise.of_two("Mul"),
    "Div": elementwise.of_two("Div"),
    "BatchNormalization": elementwise.batch_normalization,
    "Relu": elementwise.relu,
    "Clip": elementwise.clip,
    "Identity": elementwise.identity,
    "Dropout": elementwise.identity,
    "MaxPool": moves.max_pool,
    "Flatten": moves.flatten,
    "Reshape": moves.reshape,
    "Squeeze": moves.squeeze,
    "Unsqueeze": moves.unsqueeze,
    "Transpose": moves.transpose,
    "ArgMax": moves.arg_max,
    "TopK": moves.top_k,
}


class Interpreter:
    """A file, ready to run: what depends on constants only is computed once."""

    def __init__(self, model: Model) -> None:
        """Raises InterpreterError if constants cannot be computed."""
        self.model = model
        self._constants = {name: _constant(values) for name, values in model.constants.items()}
        self._nodes = []
        for node in model.nodes:
            if all(name in self._constants for name in node.inputs if name):
                self._constants.update(_apply(node, self._constants))
            else:
                self._nodes.append(node)
        self._last = {name: index for index, node in enumerate(self._nodes) for name in node.inputs}

    def run(
        self, inputs: Array, keep: Iterable[str] | None = None, numbers: tuple[Array, Array] | None = None
    ) -> dict[str, Traced]:
        """Every tensor that depends on the input, by name; with `keep` those only, which saves memory.

        `inputs` are numbers [N, ...] in the shape that the file's input has, of any type; they become float32. If they
        are pixels, `numbers` are the same as whole numbers and their scale: what reads them unquantized counts in them.

        Raises:
            InterpreterError: a node computes what the reference does not define; the message names it.
        """
        source = self.model.input
        if inputs.shape[1:] != source.shape:
            raise InterpreterError(f"inputs {list(inputs.shape[1:])} do not fit '{source.name}' {list(source.shape)}")
        image = Traced(float32(inputs), whole(inputs) if inputs.dtype.kind in "iub" else None)
        if numbers is not None:
            image = of_numbers(*numbers)
            if not np.array_equal(image.value, inputs):
                raise InterpreterError("the inputs are not the product of the given pixels and their scale")
        found = {source.name: image}
        kept = None if keep is None else {*keep, self.model.output.name}
        for index, node in enumerate(self._nodes):
            found.update(_apply(node, self._constants | {n: found[n] for n in node.inputs if n in found}))
            for name in set(node.inputs) if kept is not None else set():
                if self._last[name] == index and name not in (kept or ()):
                    found.pop(name, None)
        return found if kept is None else {name: found[name] for name in kept if name in found}


def run(model: Model, inputs: Array) -> dict[str, Traced]:
    """Every tensor that depends on the input. Raises InterpreterError."""
    return Interpreter(model).run(inputs)


def _constant(values: Array) -> Traced:
    return Traced(values, whole(values) if values.dtype.kind in "iu" else None, np.ones(()), constant=True)


def _apply(node: Node, tensors: Mapping[str, Traced]) -> dict[str, Traced]:
    """The outputs of a node by name."""
    inputs = [tensors[name] if name else Traced(np.zeros(0, np.float32), constant=True) for name in node.inputs]
    operation = _OPERATIONS.get(node.op)
    try:
        if operation is None:
            raise InterpreterError("the operator is not defined")
        with np.errstate(all="ignore"):
            if node.op == "Add" and len(inputs) == 2 and not any(each.constant for each in inputs) and _affine(inputs):
                made: Traced | tuple[Traced, ...] = sums.addition(inputs[0], inputs[1])
            else:
                made = operation(inputs, node.attributes)
    except InterpreterError as error:
        raise InterpreterError(f"{node}: {error}") from None
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError) as error:
        raise InterpreterError(f"{node}: its inputs do not fit it ({str(error)[:200]})") from error
    each = made if isinstance(made, tuple) else (made,)
    for one in each:
        if one.value.dtype.kind == "f" and not np.isfinite(one.value).all():
            raise InterpreterError(f"{node}: it gives NaN or infinity")
    return dict(zip(node.outputs, each, strict=False))


def _affine(inputs: Sequence[Traced]) -> bool:
    return all(each.numbers is not None and each.scale is not None for each in inputs)
