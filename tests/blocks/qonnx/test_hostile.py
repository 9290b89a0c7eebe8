"""What an import has to refuse: with a reason, by the node's name, without writing anything or taking much memory."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper
from qonnx_files import QonnxFile, integers, small_network

from blocks.parameters.__main__ import main

Change = Callable[[onnx.ModelProto], None]


def refusal(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints; nothing may be left of the import."""
    before = sorted(path.parent.rglob("*"))
    code = main(["import", str(path), "--name", "net", "--into", str(path.parent)])
    shown = capsys.readouterr()
    assert code == 1, shown.out
    assert shown.out == ""
    assert sorted(path.parent.rglob("*")) == before
    lines = shown.err.splitlines()
    assert lines[-1] == "nothing was imported"
    assert all(re.match("ERROR: .+", line) for line in lines[:-1]), shown.err
    return shown.err


def simple(file: QonnxFile, **weights: Any) -> str:
    """A quantized image, one convolution, one activation."""
    x = file.quant(file.input, 1 / 255, bits=8, signed=False, name="quant_image")
    rng = np.random.default_rng(2)
    return file.conv(x, file.weights(integers(rng, (3, 3, 3, 3)), 0.125, **weights), name="conv0")


def float_layer(file: QonnxFile) -> str:
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    return file.quant(file.conv(x, file.constant(np.ones((3, 3, 3, 3)) / 3), name="conv0"), 0.5)


def float_input(file: QonnxFile) -> str:
    x = file.relu(simple(file))
    return file.conv(x, file.weights(integers(np.random.default_rng(2), (2, 3, 1, 1)), 0.5), name="conv1")


def asymmetric(file: QonnxFile) -> str:
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    weights = file.quant(file.constant(np.ones((3, 3, 3, 3))), 0.25, 3.0, 4, name="weights")
    return file.quant(file.conv(x, weights, name="conv0"), 0.5)


def asymmetric_qdq(file: QonnxFile) -> str:
    x = file.qdq(file.input, 1 / 255, 0, np.uint8)
    held = [
        file.constant(np.ones((3, 3, 3, 3), np.uint8)),
        file.constant(np.float32(0.1)),
        file.constant(np.uint8(128)),
    ]
    return file.conv(x, file.node("DequantizeLinear", held), name="conv0")


def unlike_scales(file: QonnxFile) -> str:
    x = file.quant(file.input, 0.1, bits=4, name="fork")
    y = file.conv(x, file.weights(integers(np.random.default_rng(2), (3, 3, 1, 1)), 0.5), name="conv0")
    return file.quant(file.add(file.quant(y, 0.0371, name="act0"), x, name="join"), 0.1)


def turned_around(file: QonnxFile) -> str:
    """Minus the value where a channel's factor is negative, behind a pool that takes the largest: not monotone."""
    x = file.max_pool(simple(file), name="pool0")
    return file.quant(file.by("Mul", x, [[[1.0]], [[-1.0]], [[1.0]]]), 0.5, name="act0")


def square(file: QonnxFile) -> str:
    x = simple(file)
    return file.quant(file.node("Mul", [x, x], name="square"), 0.5)


def operator(op: str, **attributes: Any) -> Callable[[QonnxFile], str]:
    return lambda file: file.quant(file.node(op, [simple(file)], name="odd", **attributes), 0.5)


def whole_scale(file: QonnxFile) -> str:
    x = file.qdq(file.input, 1 / 255, 0, np.uint8)
    held = [file.constant(np.ones((3, 3, 3, 3), np.int8)), file.constant(np.int32(1_008_981_770))]
    return file.conv(x, file.node("DequantizeLinear", held, name="weights"), name="conv0")


def rounded_ties(file: QonnxFile) -> str:
    """Whole sums and biases at a scale of which float32 rounds the multiples."""
    x = file.flatten(file.quant(file.input, 1 / 255, bits=8, signed=False))
    bias = np.array([3, -700, 5000]) * (float(np.float32(1 / 255)) * 0.75)
    x = file.gemm(x, file.weights(integers(np.random.default_rng(2), (3, 192)), 0.75), bias, name="fc")
    return file.node("ArgMax", [x], axis=1, name="best")


def other_batch(file: QonnxFile) -> str:
    return file.reshape(file.quant(file.input, 1 / 255, bits=8, signed=False), (2**40, 192))


def no_pads(file: QonnxFile) -> str:
    out = simple(file)
    pads = next(each for each in file.nodes[-1].attribute if each.name == "pads")
    del pads.ints[:]
    return out


def concatenation(file: QonnxFile) -> str:
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    return file.node("Concat", [x, x], name="both", axis=1)


def grouped(file: QonnxFile) -> str:
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    x = file.conv(x, file.weights(integers(np.random.default_rng(2), (4, 3, 1, 1)), 0.5))
    weights = file.weights(integers(np.random.default_rng(2), (4, 2, 1, 1)), 0.5)
    return file.conv(file.quant(x, 0.5), weights, group=2, name="grouped")


REFUSED: list[tuple[Callable[[QonnxFile], str], str]] = [
    (float_layer, r"node 'conv0' \(Conv\): float weights; the nearest that works: "),
    (
        float_input,
        r"node 'conv1' \(Conv\): it reads numbers that no quantizer has ended; the nearest that works: a Quant",
    ),
    (asymmetric, r"node 'conv0' \(Conv\): asymmetric weights \(zero point 3\); the nearest that works: symmetric"),
    (asymmetric_qdq, r"node 'conv0' \(Conv\): asymmetric weights \(zero point 128\)"),
    (unlike_scales, r"node 'join' \(Add\): an addition of unlike scales.*the nearest that works: a Quant of scale"),
    (turned_around, r"node 'act0' \(Quant\): a max pool \('pool0'\) and behind it arithmetic that turns values around"),
    (square, r"node 'square' \(Mul\): Mul of two tensors"),
    (operator("Abs"), r"node 'odd' \(Abs\): not supported; the nearest that works"),
    (operator("Sin"), r"node 'odd' \(Sin\): not supported; the nearest that works"),
    (operator("Softmax"), r"node 'odd' \(Softmax\): not supported; the nearest that works: at the end"),
    (whole_scale, r"node 'weights' \(DequantizeLinear\): input 1 is int32; the nearest that works: float32"),
    (rounded_ties, r"node 'best' \(ArgMax\): the best of sums and a bias that float32 rounds.*or raw sums"),
    (other_batch, r"\(Reshape\): \[3, 8, 8\] as \[1099511627776, 192\]; the nearest that works: the batch first"),
    (no_pads, r"node 'conv0' \(Conv\): padding \[\]; the nearest that works: four numbers"),
    (concatenation, r"node 'both' \(Concat\): not supported; the nearest that works: an Add of two paths"),
    (
        grouped,
        r"node 'grouped' \(Conv\): grouped convolution \(group 2\); the nearest that works: group 1, or depthwise",
    ),
]


@pytest.mark.parametrize(("make", "reason"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_converted(
    tmp_path: Path, make: Callable[[QonnxFile], str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = QonnxFile((1, 3, 8, 8))
    assert re.search(reason, refusal(file.save(tmp_path / "net.onnx", make(file)), capsys))


def test_float32_tells_equal_sums_apart() -> None:
    """Why `rounded_ties` is refused: a sum n with the bias b and a sum n + b are equal only in whole numbers."""
    scale = float(np.float32(1 / 255)) * 0.75
    apart = [n for n in range(500) if np.float32(n * scale) + np.float32(3 * scale) != np.float32((n + 3) * scale)]
    assert apart


def damaged(change: Change, folder: Path) -> Path:
    file = QonnxFile((1, 3, 8, 8))
    model = file.model(small_network(file, np.random.default_rng(1)))
    change(model)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def dynamic(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"


def batch_and_nothing(model: onnx.ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[1:]


def nan(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.CopyFrom(numpy_helper.from_array(np.float32(np.nan), tensor.name))


def two_gigabytes(model: onnx.ModelProto) -> None:
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    tensor.ClearField("raw_data")
    tensor.dims[:] = [512, 1024, 32, 32]


def many_terabytes(model: onnx.ModelProto) -> None:
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    tensor.dims[:] = [2**40, 2**40, 2**40, 2**40]


def less_than_nothing(model: onnx.ModelProto) -> None:
    next(each for each in model.graph.initializer if len(each.dims) == 4).dims[0] = -1


def large_image(model: onnx.ModelProto) -> None:
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 16_384


def outside(model: onnx.ModelProto) -> None:
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


DAMAGED: list[tuple[Change, str]] = [
    (dynamic, "'image' has no shape in whole numbers"),
    (batch_and_nothing, "'image'"),
    (nan, r"tensor '\w+' holds NaN or infinity"),
    (two_gigabytes, r"tensor '\w+': declares 536,870,912 numbers"),
    (many_terabytes, r"tensor '\w+': declares [\d,]+ numbers"),
    (less_than_nothing, r"tensor '\w+': has the shape \[-1, "),
    (large_image, r"too large to be compared|is refused"),
    (outside, "outside the file's folder"),
]


@pytest.mark.parametrize(("change", "reason"), DAMAGED, ids=lambda value: getattr(value, "__name__", ""))
def test_files_that_ask_for_too_much(
    tmp_path: Path, change: Change, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damaged(change, tmp_path)
    assert path.stat().st_size < 10_000
    tracemalloc.start()
    try:
        text = refusal(path, capsys)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert re.search(reason, text), text
    assert peak < 100e6


@pytest.mark.parametrize("name", [b"conv0", b"fc_weights", b"act0_out", b"rounding_mode", b"image"])
def test_names_that_are_no_text(tmp_path: Path, name: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = damaged(lambda model: None, tmp_path)
    data = path.read_bytes()
    assert name in data
    path.write_bytes(data.replace(name, b"\xff" + name[1:]))
    assert "names that are no UTF-8 text" in refusal(path, capsys)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_short(tmp_path: Path, kept: float, capsys: pytest.CaptureFixture[str]) -> None:
    path = damaged(lambda model: None, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    assert "net.onnx: " in refusal(path, capsys)
