"""The reference beside two programs of others: the executor of the package qonnx, and onnxruntime.

They round inside Conv, MatMul and averages, which the reference sums exactly. So each node is run alone on the same
inputs: quantizers and operations of single values have to be equal bit for bit, sums to lie within the error that
float32 accumulation may have.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import needs
import numpy as np
import pytest
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.qonnx.file import Model, Node, load
from blocks.qonnx.interpreter import Interpreter

Tensor = np.ndarray[Any, Any]
JUDGE = Path(__file__).parents[2] / "helpers" / "onnx_files" / "judge.py"
SUMS = {"Conv", "MatMul", "Gemm", "AveragePool", "GlobalAveragePool", "ReduceMean", "Add", "BatchNormalization"}
HALF_ULP = 2.0**-24
ROUNDINGS = ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


def quantizers(file: QonnxFile, rng: np.random.Generator) -> str:
    """Quant in all rounding modes and ranges, BipolarQuant, Trunc, and per-channel scales, added up."""
    x = file.by("Sub", file.input, 0.5)
    made = [file.quant(x, rng.uniform(0.01, 0.1), bits=4, rounding=mode) for mode in ROUNDINGS]
    for signed, narrow in itertools.product((True, False), repeat=2):
        made += [file.quant(x, 0.03125, float(rng.integers(0, 4)), 4, signed=signed, narrow=narrow)]
    made += [file.quant(x, rng.uniform(0.01, 0.1, (1, 3, 1, 1)), bits=4), file.quant(x, -0.05, bits=5)]
    made += [file.quant(x, 0.3, bits=1), file.bipolar(x, 0.3), file.bipolar(x, -0.3)]
    quantized = file.quant(x, 1 / 64, bits=8)
    made += [file.trunc(quantized, 1 / 64, 0.0, 8, 4, mode) for mode in ("FLOOR", "CEIL", "ROUND")]
    total = made[0]
    for each in made[1:]:
        total = file.add(total, each)
    return total


NETWORKS = [small_network, residual_network, qdq_network, quantizers]


def judged(python: Path, folder: Path, tensors: dict[str, Tensor], *words: str) -> dict[str, Tensor]:
    np.savez(folder / "in.npz", **tensors)
    command = [python, JUDGE, folder / "net.onnx", folder / "in.npz", folder / "out.npz", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "out.npz") as file:
        return {name: file[name] for name in file.files}


def tensors_of(model: Model, images: Tensor) -> dict[str, Tensor]:
    interpreter = Interpreter(model)
    everything = interpreter._constants | interpreter.run(images)
    # Between QuantizeLinear and DequantizeLinear the file has integers of the zero point's type.
    kinds = {
        node.outputs[0]: model.constants[node.inputs[2]].dtype for node in model.nodes if node.op == "QuantizeLinear"
    }
    return {name: each.value.astype(kinds.get(name, each.value.dtype)) for name, each in everything.items()}


def bound(node: Node, tensors: dict[str, Tensor]) -> Tensor:
    """By how much float32 accumulation of a node may be off: (terms + 2) half units of the sum of magnitudes."""
    x = np.abs(tensors[node.inputs[0]].astype(np.float64))
    if node.op in ("Conv", "MatMul", "Gemm"):
        w = np.abs(tensors[node.inputs[1]].astype(np.float64))
        w = w.T if node.op == "MatMul" else w.reshape(len(w), -1)
        if node.op == "Conv":
            # No window holds more than all pixels under the kernel.
            pads, size = node.attributes["pads"], tensors[node.inputs[1]].shape[2:]
            padded = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
            windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
            strides = node.attributes["strides"]
            windows = windows[:, :, :: strides[0], :: strides[1]]
            magnitude = np.einsum("nchwij,ocij->nohw", windows, w.reshape(-1, *windows.shape[1:2], *size))
        else:
            magnitude = x @ w.T
        terms = w.shape[1]
    else:
        magnitude = np.max(x, initial=0) + sum(np.abs(tensors[name]).max(initial=0) for name in node.inputs[1:])
        terms = x.size if "ool" in node.op or node.op == "ReduceMean" else 6
    return np.asarray((terms + 2) * HALF_ULP * magnitude)


def case(folder: Path, network: Callable[[QonnxFile, Any], str], seed: int, images: int) -> tuple[Model, Tensor]:
    """A file with drawn weights, and images for it."""
    file = QonnxFile((images, 3, 8, 8))
    rng = np.random.default_rng(seed)
    model = load(file.save(folder / "net.onnx", network(file, rng)))
    return model, rng.integers(0, 256, (images, 3, 8, 8)).astype(np.float32) / np.float32(255)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_each_node_alone(tmp_path: Path, network: Callable[[QonnxFile, Any], str]) -> None:
    python = needs.judges()
    model, images = case(tmp_path, network, 11, 16)
    tensors = tensors_of(model, images)
    found = judged(python, tmp_path, tensors)
    differing = dict.fromkeys(SUMS, 0)
    for node in model.nodes:
        mine, other = tensors[node.outputs[0]], found[node.outputs[0]]
        assert mine.shape == other.shape, node
        off = np.abs(mine.astype(np.float64) - other)
        if node.op in SUMS:
            differing[node.op] += int((off > 0).sum())
            assert (off <= bound(node, tensors)).all(), node
        else:
            assert (off == 0).all(), node
    sys.stdout.write(f"{network.__name__}: elements that differ within the accumulation error: {differing}\n")


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_the_whole_graph_differs_only_behind_a_sum_that_does(
    tmp_path: Path, network: Callable[[QonnxFile, Any], str]
) -> None:
    python = needs.judges()
    model, images = case(tmp_path, network, 21, 4)
    tensors = tensors_of(model, images)
    found = judged(python, tmp_path, tensors, "whole")
    differing = 0
    for node in model.nodes:
        output = node.outputs[0]
        off = np.abs(tensors[output].astype(np.float64) - found[output])
        differing += int((off > 0).sum())
        if all(np.array_equal(tensors[name], found.get(name, tensors[name])) for name in node.inputs):
            assert (off <= (bound(node, tensors) if node.op in SUMS else 0)).all(), node
    sys.stdout.write(f"{network.__name__}: {differing} elements of all tensors differ\n")
