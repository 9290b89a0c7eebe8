"""What importers of quantized networks get wrong, one test each: the interpreter has the last word on every number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imported import compared, layers, refused
from qonnx_files import QonnxFile, integers, norm

from blocks.parameters.__main__ import main

Rng = np.random.Generator


def begun(shape: tuple[int, ...] = (1, 2, 6, 6), bits: int = 4, **options: Any) -> tuple[QonnxFile, str, Rng]:
    """A file that begins with a convolution of 4 channels and an activation of so many bits."""
    file, rng = QonnxFile(shape), np.random.default_rng(5)
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    x = file.conv(x, file.weights(integers(rng, (4, shape[1], 3, 3)), 0.125), pads=(1, 1, 1, 1), name="first")
    x = file.batch_norm(x, *norm(rng, 4, 2.0))
    return file, file.quant(x, 0.25, bits=bits, name="first_act", **options), rng


def ended(file: QonnxFile, x: str, rng: Rng, channels: int = 4, pixels: int = 36) -> str:
    """A last layer of raw sums."""
    return file.matmul(file.flatten(x), file.weights(integers(rng, (channels * pixels, 3)), 0.25), name="fc")


@pytest.mark.parametrize("rounding", ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
def test_rounding_modes(tmp_path: Path, rounding: str) -> None:
    # Scales and sums are halves and quarters, so that ties are common.
    file, x, rng = begun(rounding=rounding)
    x = file.conv(x, file.weights(integers(rng, (4, 4, 1, 1)), 0.25))
    compared(tmp_path, file, ended(file, file.quant(x, 0.5, bits=5, rounding=rounding), rng))


@pytest.mark.parametrize(("zero", "signed", "narrow"), [(3, False, False), (-2, True, False), (0, True, True),
                                                        (5, False, True)])  # fmt: skip
def test_zero_points_are_padded_and_narrow_ranges_kept(tmp_path: Path, zero: int, signed: bool, narrow: bool) -> None:
    file, x, rng = begun(zero=zero, signed=signed, narrow=narrow)
    x = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3)), 0.125), pads=(1, 1, 1, 1))
    made = compared(tmp_path, file, ended(file, file.quant(x, 0.5), rng))
    assert layers(made)["first_act"].get("zero_point", 8) == {3: 3, -2: 6, 0: 8, 5: 5}[zero]


def test_bipolar_weights_and_activations_of_either_sign(tmp_path: Path) -> None:
    file, x, rng = begun()
    x = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3), 1), [0.5, -0.25, 1.0, -2.0], 1), name="signs")
    x = file.bipolar(file.by("Sub", x, np.float32([[[1]], [[-2]], [[0]], [[3]]])), -0.5, name="act")
    made = compared(tmp_path, file, ended(file, x, rng, pixels=16))
    assert layers(made)["signs"]["weight_bits"] == 1
    assert layers(made)["act"]["values"] == "bipolar"
    file, x, rng = begun()
    x = file.conv(file.bipolar(x), file.weights(integers(rng, (4, 4, 3, 3)), 0.5), pads=(1, 1, 1, 1), name="padded")
    assert "'padded' (Conv): padding of bipolar activations" in refused(tmp_path, file, ended(file, x, rng))[0]


@pytest.mark.parametrize("scale", [-0.25, [[[0.25]], [[0.5]], [[0.125]], [[1.0]]]])
def test_max_pools_of_negative_scales_and_of_scales_by_channel(tmp_path: Path, scale: Any) -> None:
    file, x, rng = begun()
    x = file.quant(file.by("Mul", x, 1.25), scale, bits=4)
    x = file.max_pool(x, 3, 2, (1, 1, 1, 1))
    x = file.quant(file.by("Add", x, 0.125), 0.5, bits=5)
    compared(tmp_path, file, ended(file, x, rng, pixels=9))


def test_a_max_pool_changes_places_with_what_does_not_turn_values_around(tmp_path: Path) -> None:
    for gain in (0.75, -0.75):
        file, x, rng = begun()
        x = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3)), 0.125), pads=(1, 1, 1, 1))
        before = file.max_pool(file.by("Mul", x, gain), 3, 2, (1, 1, 1, 1), name="pool")
        compared(tmp_path / str(gain), file, ended(file, file.quant(before, 0.5), rng, pixels=9))
    file, x, rng = begun()
    x = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3)), 0.125), pads=(1, 1, 1, 1))
    after = file.quant(file.by("Mul", file.max_pool(x, name="pool"), np.float32([[[1]], [[-1]], [[1]], [[1]]])), 0.5)
    assert (
        "a max pool ('pool') and behind it arithmetic that turns" in refused(tmp_path, file, ended(file, after, rng))[0]
    )


def test_trunc_and_averages(tmp_path: Path) -> None:
    file, x, rng = begun(signed=False)
    x = file.trunc(file.by("Mul", file.average_pool(x, name="mean"), 4), 0.25, 0, 6, 4, name="cut")
    x = file.conv(x, file.weights(integers(rng, (4, 4, 1, 1)), 0.25))
    x = file.quant(file.clip(x, -1, 1), 1 / 8, bits=4, narrow=True)
    x = file.conv(file.average_pool(x, 3, 1), file.weights(integers(rng, (4, 4, 1, 1)), 0.25), name="of_means")
    made = compared(tmp_path, file, file.flatten(x))
    assert [each["type"] for each in made.network["blocks"][-1]["layers"]] == ["average_pool", "convolution"]


@pytest.mark.parametrize(("between", "of"), [(None, ""), ("max", ""), (3, "sums of 9 "), (2, None)])
def test_what_has_no_zero_is_not_padded(tmp_path: Path, between: Any, of: str | None) -> None:
    """-1 and +1, their maxima, and sums of an odd number of them are never 0; a sum of four may be."""
    file, x, rng = begun()
    x = file.bipolar(x)
    if between:
        x = file.max_pool(x) if between == "max" else file.average_pool(x, between, 1)
    x = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3)), 0.5), pads=(1, 1, 1, 1), name="padded")
    x = file.flatten(file.node("GlobalAveragePool", [file.quant(x, 0.5)]))
    x = file.matmul(x, file.weights(integers(rng, (4, 3)), 0.25), name="fc")
    if of is None:
        compared(tmp_path, file, x)
    else:
        what = f"node 'padded' (Conv): padding of {of}bipolar activations (-1, +1), none of which is 0"
        assert refused(tmp_path, file, x)[0].startswith(what)


def test_layouts(tmp_path: Path) -> None:
    """Channels last at the input, and columns of a matrix in either order."""
    for flat in ("chw", "hwc"):
        file, rng = QonnxFile((1, 5, 4, 3)), np.random.default_rng(3)
        x = file.transpose(file.quant(file.input, 1 / 255, bits=8, signed=False), (0, 3, 1, 2))
        x = file.quant(file.conv(x, file.weights(integers(rng, (2, 3, 3, 3)), 0.125), name="conv"), 0.5)
        x = x if flat == "chw" else file.transpose(x, (0, 2, 3, 1))
        made = compared(tmp_path / flat, file, ended(file, x, rng, channels=2, pixels=6))
        assert made.network["image"] == {"height": 5, "width": 4, "channels": 3}
        assert layers(made)["fc"].get("flatten", "hwc") == flat


def test_a_list_of_numbers_with_arithmetic_of_their_own(tmp_path: Path) -> None:
    file, rng = QonnxFile((1, 7)), np.random.default_rng(3)
    x = file.by("Mul", file.by("Sub", file.input, rng.uniform(0, 1, 7)), rng.uniform(-3, 3, 7))
    x = file.gemm(file.quant(x, 0.25), file.weights(integers(rng, (6, 7)), 0.125), rng.normal(0, 1, 6))
    x = file.gemm(file.quant(file.relu(x), 0.25), file.weights(integers(rng, (3, 6)), 0.125), rng.normal(0, 1, 3))
    made = compared(tmp_path, file, x)
    assert made.network["image"] == {"height": 1, "width": 1, "channels": 7}


def test_depthwise_convolution(tmp_path: Path) -> None:
    file, x, rng = begun()
    x = file.conv(
        x, file.weights(integers(rng, (4, 1, 3, 3)), [0.5, 0.25, 1, 2]), group=4, pads=(1, 1, 1, 1), name="own"
    )
    made = compared(tmp_path, file, ended(file, file.quant(x, 0.5), rng))
    assert layers(made)["own"]["type"] == "depthwise"


@pytest.mark.parametrize(("scale", "factors"), [(0.25, [1, 1]), (0.5, [2, 1]), (0.125, [1, 2]), (0.375, [3, 2])])
def test_joins_of_scales_that_meet(tmp_path: Path, scale: float, factors: list[int]) -> None:
    file, fork, rng = begun()
    y = file.quant(file.conv(fork, file.weights(integers(rng, (4, 4, 1, 1)), 0.25)), scale, bits=3)
    x = file.quant(file.relu(file.add(fork, y, name="sum")), 0.5, bits=4, signed=False)
    made = compared(tmp_path, file, ended(file, x, rng))
    assert made.network["blocks"][1]["join"] == {"factors": factors}


def test_scales_that_do_not_meet_name_the_requantizer(tmp_path: Path) -> None:
    file, fork, rng = begun()
    y = file.quant(file.conv(fork, file.weights(integers(rng, (4, 4, 1, 1)), 0.25)), 0.3, bits=3, name="act")
    lines = refused(tmp_path, file, ended(file, file.add(fork, y, name="sum"), rng))
    assert lines == [
        "node 'sum' (Add): an addition of unlike scales, 0.300000012 of 'act' and 0.25 of 'first_act'; the nearest "
        "that works: a Quant of scale 0.300000012 between 'first_act' and this Add, or one shared by both paths"
    ]


def test_codes_that_stay_as_they_are_need_no_layer(tmp_path: Path) -> None:
    file, x, rng = begun()
    made = compared(tmp_path, file, ended(file, file.quant(x, 0.25, bits=6, name="again"), rng))
    assert "again" not in layers(made)


def test_the_image_has_thresholds_where_its_quantizer_is_not_the_identity(tmp_path: Path) -> None:
    file, rng = QonnxFile((1, 2, 4, 4)), np.random.default_rng(3)
    x = file.quant(file.input, 0.25, bits=4, name="image_act")
    x = file.quant(file.conv(x, file.weights(integers(rng, (4, 2, 3, 3)), 0.125)), 0.5)
    made = compared(tmp_path, file, ended(file, x, rng, pixels=4), pixel_scale=(1 / 64,), pixel_offset=(-2, -1.5))
    assert layers(made)["image_act"]["bits"] == 4


@pytest.mark.parametrize("scale", [(), (1.0,), (0.3,)])
def test_a_first_layer_may_read_pixels_that_no_quantizer_has_read(tmp_path: Path, scale: tuple[float, ...]) -> None:
    """Its sums are those of pixels, at the product of both scales, as if a quantizer of 8 bits had given them."""
    file, rng = QonnxFile((1, 2, 4, 4)), np.random.default_rng(3)
    x = file.conv(file.input, file.weights(integers(rng, (4, 2, 3, 3)), 0.125), rng.normal(0, 1, 4), name="conv")
    x = file.quant(x, 0.125, name="act")
    made = compared(tmp_path, file, ended(file, x, rng, pixels=4), pixel_scale=scale)
    assert list(layers(made)) == ["conv", "act", "fc"]
    lines = refused(tmp_path, file, x, pixel_scale=scale, pixel_offset=(0.5,))
    assert "node 'conv' (Conv): it reads numbers that no quantizer has ended" in lines[0]


def test_zero_points_of_quantize_linear(tmp_path: Path) -> None:
    file, rng = QonnxFile((1, 2, 6, 6)), np.random.default_rng(3)
    x = file.qdq(file.input, 1 / 128, -128, np.int8, name="image")
    weights = file.int8_weights(rng.integers(-127, 128, (4, 2, 3, 3)), rng.uniform(0.01, 0.02, 4))
    bias = file.node(
        "DequantizeLinear", [file.constant(rng.integers(-99, 99, 4).astype(np.int32)), file.constant(0.01)]
    )
    x = file.qdq(file.conv(x, weights, bias, pads=(1, 1, 1, 1)), 0.125, 37, np.uint8, name="act")
    weights = file.int8_weights(rng.integers(-127, 128, (4, 4, 3, 3)), 0.01)
    x = file.qdq(file.conv(x, weights, pads=(1, 1, 1, 1), name="conv"), 0.5, -5, np.int8, name="next")
    made = compared(tmp_path, file, file.gemm(file.flatten(x), file.int8_weights(rng.integers(-9, 9, (3, 144)), 0.25)))
    assert (layers(made)["act_quantize"]["zero_point"], layers(made)["next_quantize"]["zero_point"]) == (37, 123)


@pytest.mark.parametrize("ending", ["argmax", "topk", "option", "one_order"])
def test_the_best_classes(tmp_path: Path, ending: str) -> None:
    file, x, rng = begun((1, 2, 3, 3))
    weights, bias = file.weights(integers(rng, (6, 36)), 0.25), rng.integers(-40, 40, 6) * 0.0625
    x = file.gemm(file.flatten(x), weights, bias if ending != "one_order" else np.full(6, 0.3))
    if ending == "one_order":  # the same for all classes, and falling
        x = file.by("Mul", x, -0.75)
    top = {"option": 3, "one_order": 2}.get(ending, 0)
    if ending == "argmax":
        x = file.node("ArgMax", [x], axis=1, keepdims=0)
    elif ending == "topk":
        file.node("TopK", [x, file.constant(np.array([2]))], name="best")
        file.nodes[-1].output.append("places")
        x = "places"
    made = compared(tmp_path, file, x, top=top)
    assert made.result.top == {"argmax": 1, "topk": 2}.get(ending, top)


def test_everything_that_is_refused_comes_at_once(tmp_path: Path) -> None:
    file, x, rng = begun()
    grouped = file.conv(x, file.weights(integers(rng, (4, 2, 1, 1)), 0.5), group=2, name="grouped")
    plain = file.conv(x, file.constant(rng.normal(0, 1, (4, 4, 1, 1))), name="plain")
    parts = [rng.integers(-9, 9, (4, 4, 1, 1)).astype(np.int8), 0.5, np.int8(3)]
    moved = file.conv(x, file.node("DequantizeLinear", [file.constant(each) for each in parts]), name="asymmetric")
    tall = file.node("Conv", [x, file.weights(integers(rng, (4, 4, 1, 3)), 0.5)], name="tall", dilations=[1, 2])
    both = file.node(
        "Concat", [grouped, plain, moved, tall, file.node("Sigmoid", [x], name="bent")], name="both", axis=1
    )
    lines = refused(tmp_path, file, both)
    for node, what in {
        "'grouped' (Conv)": "grouped convolution (group 2); the nearest that works: group 1, or depthwise",
        "'plain' (Conv)": "float weights",
        "'asymmetric' (Conv)": "asymmetric weights (zero point 3)",
        "'tall' (Conv)": "dilation [1, 2]; the nearest that works: dilation 1",
        "'bent' (Sigmoid)": "not supported; the nearest that works: a Quant in its place",
        "'both' (Concat)": "not supported; the nearest that works: an Add of two paths",
    }.items():
        assert any(node in line and what in line for line in lines), (node, lines)
    assert len(lines) == 6


def test_weights_that_are_turned_behind_their_quantizer(tmp_path: Path) -> None:
    """As older exports of a linear layer are: scales by output, then Transpose, then MatMul."""
    file, x, rng = begun((1, 2, 3, 3))
    weights = file.weights(integers(rng, (5, 36)), rng.uniform(0.1, 0.2, 5))
    compared(tmp_path, file, file.matmul(file.flatten(x), file.transpose(weights, (1, 0))))


def test_forks_that_nest_are_refused_by_name(tmp_path: Path) -> None:
    file, x, rng = begun()
    y = file.quant(file.conv(x, file.weights(integers(rng, (4, 4, 1, 1)), 0.25)), 0.25)
    inner = file.quant(file.add(x, y, name="inner"), 0.25)
    lines = refused(tmp_path, file, ended(file, file.add(x, inner, name="outer"), rng))
    assert "node 'outer' (Add): an addition around the addition 'inner'" in lines[0]


def test_a_fork_may_come_before_its_quantizers(tmp_path: Path) -> None:
    file, x, rng = begun()
    sums = file.conv(x, file.weights(integers(rng, (4, 4, 3, 3)), 0.125), pads=(1, 1, 1, 1), name="forked")
    sums = file.max_pool(file.batch_norm(sums, *norm(rng, 4, 4.0)), 3, 1, (1, 1, 1, 1), name="pool")
    y = file.conv(file.quant(sums, 0.5, bits=2), file.weights(integers(rng, (4, 4, 1, 1)), 0.125), name="inner")
    x = file.quant(file.relu(file.add(file.quant(y, 0.25), file.quant(sums, 0.25, bits=5))), 0.5, signed=False)
    made = compared(tmp_path, file, ended(file, x, rng))
    assert [each["name"] for each in made.network["blocks"][1]["before"]] == ["forked"]


def test_what_fits_no_operator_is_refused_without_a_traceback(tmp_path: Path) -> None:
    for name, values in {
        "kernel_shape": "three",
        "strides": [1, 2, 3],
        "pads": [1],
        "axis": [9],
        "perm": [5, 5],
    }.items():
        file, x, rng = begun()
        odd = file.node("Transpose" if name == "perm" else "MaxPool", [x], name="odd", **{name: values})
        (line,) = refused(tmp_path, file, ended(file, odd, rng))
        assert "'odd'" in line


def test_rows_and_columns_of_windows_may_differ(tmp_path: Path) -> None:
    file, x, rng = begun((1, 4, 12, 9))
    x = file.conv(x, file.weights(integers(rng, (4, 4, 10, 4)), 0.25), pads=(4, 1, 5, 2), strides=(2, 1), name="long")
    x = file.max_pool(file.quant(file.relu(x), 8.0, signed=False), (1, 3), (1, 2), (0, 1, 0, 1), name="most")
    weights = file.weights(integers(rng, (4, 1, 1, 3)), 0.25)
    x = file.node("Conv", [x, weights], name="deep", auto_pad="SAME_LOWER", strides=[2, 1], group=4)
    x = file.average_pool(file.quant(x, 2.0, name="act"), (3, 1), (1, 2), name="mean")
    x = file.matmul(file.flatten(file.quant(x, 0.5)), file.weights(integers(rng, (12, 5)), 0.25))
    found = layers(compared(tmp_path, file, x))
    assert [found["long"][key] for key in ("kernel", "stride", "pad")] == [[10, 4], [2, 1], [4, 1, 5, 2]]
    assert [found["most"][key] for key in ("kernel", "stride", "pad")] == [[1, 3], [1, 2], [0, 1, 0, 1]]
    # Rows: 6 at distances of 2 need no padding for windows of 1. Columns: 2 more, one before and one behind.
    assert [found["deep"][key] for key in ("kernel", "stride", "pad")] == [[1, 3], [2, 1], [0, 1, 0, 1]]
    assert [found["mean"][key] for key in ("kernel", "stride")] == [[3, 1], [1, 2]]


def test_one_dimension_wants_a_row(tmp_path: Path) -> None:
    """Conv1d of tensors [N, C, W] is refused with what to do; as an image of one row it is converted."""
    file, x, rng = begun((1, 4, 12))
    x = file.node("Conv", [x, file.weights(integers(rng, (4, 4, 3)), 0.25)], name="line", pads=[1, 1])
    (line,) = refused(tmp_path, file, x)
    assert "the shape [4, 12] without the batch; give an image [channels, rows, columns], of one row" in line
    file, x, rng = begun((1, 4, 1, 12))
    line = file.node("Conv", [x, file.weights(integers(rng, (4, 4, 3)), 0.25)], name="line", pads=[1, 1])
    assert (
        "[4, 4, 3]; the nearest that works: two dimensions, one of them 1: a kernel [1, 3]"
        in refused(tmp_path, file, line)[0]
    )
    x = file.conv(x, file.weights(integers(rng, (4, 4, 1, 3)), 0.25), pads=(0, 1, 0, 1), name="row")
    x = file.flatten(file.quant(file.relu(x), 1.0, signed=False))
    made = compared(tmp_path, file, file.matmul(x, file.weights(integers(rng, (48, 3)), 0.25)))
    assert layers(made)["row"]["kernel"] == [1, 3]


def test_codes_as_results_and_zero_points_in_whole_numbers(tmp_path: Path) -> None:
    """QuantizeLinear at the end gives codes with their zero point; QKeras writes zero points as integers."""
    file, x, rng = begun((1, 2, 3, 3))
    x = file.gemm(file.flatten(x), file.weights(integers(rng, (6, 36)), 0.25))
    for node in file.nodes:
        if node.op_type == "Quant":
            node.input[2] = file.constant(np.int64(0))
    x = file.node("QuantizeLinear", [x, file.constant(np.float32(0.5)), file.constant(np.int8(-7))], name="codes")
    made = compared(tmp_path, file, x)
    assert layers(made)["codes"]["zero_point"] == 121


def test_a_softmax_at_the_end_is_left_out(tmp_path: Path) -> None:
    file, x, rng = begun((1, 2, 3, 3))
    x = file.gemm(file.flatten(x), file.weights(integers(rng, (6, 36)), 0.25), name="fc")
    path = file.save(tmp_path / "file.onnx", file.node("Softmax", [x], axis=-1, name="soft"))
    assert main(["import", str(path), "--name", "mine", "--into", str(tmp_path), "--top", "2"]) == 0
    assert "# Left out: node 'soft' (Softmax) at the end" in (tmp_path / "mine.yaml").read_text()


def test_means_and_paddings_as_other_exporters_write_them(tmp_path: Path) -> None:
    file, x, rng = begun(zero=2)
    square = {"kernel_shape": [3, 3], "strides": [2, 2]}
    x = file.node("AveragePool", [x], name="padded", count_include_pad=1, pads=[1, 1, 0, 0], **square)
    x = file.quant(x, 0.25, 1, name="means")
    x = file.node("Conv", [x, file.weights(integers(rng, (4, 4, 3, 3)), 0.25)], auto_pad="SAME_UPPER", strides=[2, 2])
    x = file.transpose(file.quant(x, 0.5, bits=3), (0, 2, 3, 1))
    x = file.node("ReduceMean", [x], axes=[1, 2], keepdims=0)
    made = compared(tmp_path, file, file.matmul(x, file.weights(integers(rng, (4, 3)), 0.25)))
    assert layers(made)["padded"]["pad"] == [1, 1, 0, 0]
    file, x, rng = begun()
    x = file.node("AveragePool", [x], name="edge", pads=[1, 1, 1, 1], **square)
    assert "an average that leaves the padding out" in refused(tmp_path, file, x)[0]
