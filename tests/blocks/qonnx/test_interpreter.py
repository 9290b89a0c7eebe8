"""The reference of imports: operators by hand, by the tables of their specifications, and exact sums."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.qonnx import interpreter
from blocks.qonnx.file import load
from blocks.qonnx.interpreter import InterpreterError, Traced, run

F = np.float32


def traced(tmp_path: Path, make: Callable[[QonnxFile], str], inputs: Any, **opsets: int) -> Traced:
    """The output of a file whose nodes `make` adds; `inputs` have a batch."""
    inputs = np.asarray(inputs, np.float32)
    file = QonnxFile(("N", *inputs.shape[1:]), **opsets)
    path = file.save(tmp_path / "file.onnx", make(file))
    model = load(path)
    return run(model, inputs)[model.output.name]


def values(tmp_path: Path, make: Callable[[QonnxFile], str], inputs: Any, **opsets: int) -> list[Any]:
    return traced(tmp_path, make, inputs, **opsets).value.tolist()


def test_it_shares_nothing_with_the_importer_but_the_reader_of_files() -> None:
    shared = set()
    for path in Path(str(interpreter.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            shared |= {name for name in names if name and name.startswith("blocks")}
    assert {name for name in shared if not name.startswith("blocks.qonnx.interpreter")} == {"blocks.qonnx.file"}


# The table of IntQuant version 1 in the documents of QONNX.
NUMBERS = [5.5, 2.5, 1.6, 1.1, 1.0, -1.0, -1.1, -1.6, -2.5, -5.5]
ROUNDINGS = {
    "ROUND": [6, 2, 2, 1, 1, -1, -1, -2, -2, -6],
    "HALF_EVEN": [6, 2, 2, 1, 1, -1, -1, -2, -2, -6],
    "CEIL": [6, 3, 2, 2, 1, -1, -1, -1, -2, -5],
    "FLOOR": [5, 2, 1, 1, 1, -1, -2, -2, -3, -6],
    "UP": [6, 3, 2, 2, 1, -1, -2, -2, -3, -6],
    "DOWN": [5, 2, 1, 1, 1, -1, -1, -1, -2, -5],
    "HALF_UP": [6, 3, 2, 1, 1, -1, -1, -2, -3, -6],
    "HALF_DOWN": [5, 2, 2, 1, 1, -1, -1, -2, -2, -5],
}


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_the_rounding_modes_of_quant(tmp_path: Path, mode: str) -> None:
    found = values(tmp_path, lambda f: f.quant(f.input, 1.0, bits=8, rounding=mode.lower()), [NUMBERS])
    assert found == [ROUNDINGS[mode]]


@pytest.mark.parametrize(
    ("signed", "narrow", "least", "most"),
    [(True, False, -128, 127), (True, True, -127, 127), (False, False, 0, 255), (False, True, 0, 254)],
)
def test_the_ranges_of_quant(tmp_path: Path, signed: bool, narrow: bool, least: int, most: int) -> None:
    found = values(tmp_path, lambda f: f.quant(f.input, 1.0, bits=8, signed=signed, narrow=narrow), [[-1e6, 1e6]])
    assert found == [[least, most]]


def test_a_zero_point_moves_the_range_of_quant(tmp_path: Path) -> None:
    # Stored 0..15 with zero point 3 are -3..12; at a scale of 0.5 that is -1.5..6.
    found = traced(tmp_path, lambda f: f.quant(f.input, 0.5, 3.0, 4, signed=False), [[-9.0, -1.5, 0.0, 0.75, 9.0]])
    # 0.75 / 0.5 + 3 is 4.5, of which 4 is the even neighbour.
    assert found.value.tolist() == [[-1.5, -1.5, 0.0, 0.5, 6.0]]


def test_quant_divides_and_multiplies_in_float32(tmp_path: Path) -> None:
    scale = F(0.1)
    x = np.arange(-2000, 2000, dtype=np.float32) * F(0.0137)
    found = values(tmp_path, lambda f: f.quant(f.input, scale, bits=8), [x])
    expected = [F(F(max(-128, min(127, round(float(F(each / scale)))))) * scale) for each in x]
    assert found == [[float(each) for each in expected]]


def test_a_scale_for_each_channel(tmp_path: Path) -> None:
    scales = np.array([0.5, 0.25], np.float32).reshape(1, 2, 1, 1)
    found = traced(tmp_path, lambda f: f.quant(f.input, scales, bits=3), [[[[0.6]], [[0.6]]]])
    assert found.value.reshape(-1).tolist() == [0.5, 0.5]
    assert found.numbers is not None and found.numbers.reshape(-1).tolist() == [1, 2]


def test_bipolar_quant_counts_zero_as_positive(tmp_path: Path) -> None:
    assert values(tmp_path, lambda f: f.bipolar(f.input, 0.5), [[-1e-9, -0.0, 0.0, 3.0]]) == [[-0.5, 0.5, 0.5, 0.5]]


@pytest.mark.parametrize(
    ("mode", "expected"), [("FLOOR", [-2, -1, 0, 1]), ("CEIL", [-1, 0, 1, 2]), ("ROUND", [-2, 0, 0, 2])]
)
def test_trunc_drops_the_lowest_bits(tmp_path: Path, mode: str, expected: list[int]) -> None:
    # -7, -2, 1 and 7 of 4 bits lose their lowest two: -1.75, -0.5, 0.25 and 1.75. Version 1 keeps the scale.
    found = values(tmp_path, lambda f: f.trunc(f.input, 0.5, 0.0, 4, 2, mode), [[-3.5, -1.0, 0.5, 3.5]])
    assert found == [[0.5 * each for each in expected]]


def test_trunc_of_version_2_has_a_scale_of_its_own_and_clamps(tmp_path: Path) -> None:
    def make(f: QonnxFile) -> str:
        inputs = [f.constant(np.float32(each)) for each in (0.5, 0.0, 8, 2.0, 3)]
        return f.node("Trunc", [f.input, *inputs], domain="qonnx.custom_op.general", rounding_mode="FLOOR", signed=1)

    # 13, -13 and 100 of 0.5 each: a quarter is 3.25, -3.25 and 25, of which 3 bits hold 3, -4 and 3.
    assert values(tmp_path, make, [[6.5, -6.5, 50.0]]) == [[6.0, -8.0, 6.0]]


def test_quantize_linear_rounds_halves_to_even_before_it_adds_the_zero_point(tmp_path: Path) -> None:
    # 0.5 rounds to 0 and 1.5 to 2. With the zero point 3 first, 3.5 would become 4.
    def make(f: QonnxFile) -> str:
        return f.node("QuantizeLinear", [f.input, f.constant(np.float32(1)), f.constant(np.uint8(3))])

    assert values(tmp_path, make, [[0.5, 1.5, 2.5, -9.0, 300.0]]) == [[3, 5, 5, 0, 255]]


def test_qdq_along_an_axis(tmp_path: Path) -> None:
    found = traced(tmp_path, lambda f: f.qdq(f.input, [0.5, 0.25], [0, 2]), [[[[0.6]], [[0.6]]]])
    assert found.value.reshape(-1).tolist() == [0.5, 0.5]
    assert found.numbers is not None and found.numbers.reshape(-1).tolist() == [1, 2]


def test_a_convolution_by_hand(tmp_path: Path) -> None:
    kernel = np.array([[[[1, 2], [3, -4]]]])
    image = [[[[1, 2], [3, 4]]]]

    def make(f: QonnxFile) -> str:
        return f.conv(f.quant(f.input, 0.5, bits=5), f.weights(kernel, 0.25), pads=(1, 0, 0, 1))

    # The map with a row of zeros above and a column right of it: 0 0 0 / 1 2 0 / 3 4 0; values count in halves.
    sums = [[3 * 2 - 4 * 4, 3 * 4], [2 + 2 * 4 + 3 * 6 - 4 * 8, 4 + 3 * 8]]
    found = traced(tmp_path, make, image)
    assert found.numbers is not None and found.numbers.tolist() == [[sums]]
    assert found.value.tolist() == [[[[each / 8 for each in row] for row in sums]]]


def test_groups_of_a_convolution_have_scales_of_their_own(tmp_path: Path) -> None:
    scales = np.array([0.5, 2.0], np.float32).reshape(1, 2, 1, 1)

    def make(f: QonnxFile) -> str:
        return f.conv(f.quant(f.input, scales, bits=4), f.weights([[[[3]]], [[[5]]]], [1.0, 0.25]), group=2)

    assert values(tmp_path, make, [[[[1.0]], [[4.0]]]]) == [[[[3.0]], [[5.0]]]]


def test_terms_of_unlike_scales_are_refused(tmp_path: Path) -> None:
    scales = np.array([0.5, 2.0], np.float32).reshape(1, 2, 1, 1)
    with pytest.raises(InterpreterError, match=r"node 'Conv_\d+' \(Conv\): scales differ among the terms"):
        traced(
            tmp_path,
            lambda f: f.conv(f.quant(f.input, scales), f.weights([[[[1]], [[1]]]], 1.0)),
            [[[[1.0]], [[1.0]]]],
        )


def test_a_scale_for_each_output_of_transposed_weights(tmp_path: Path) -> None:
    """As PyTorch exports a layer: [2, 3] weights with a scale a row. Sums 1*1 + 2*2 + 3*3 = 14 and 1 - 2 + 3 = 2."""

    def make(file: QonnxFile) -> str:
        weights = file.weights([[1, 2, 3], [1, -1, 1]], F([[0.5], [0.25]]))
        return file.matmul(file.quant(file.input, 1.0), file.transpose(weights, (1, 0)))

    assert values(tmp_path, make, [[1.0, 2.0, 3.0]]) == [[7.0, 0.5]]


def test_a_sum_that_float32_cannot_hold_is_exact(tmp_path: Path) -> None:
    # 517 products of 255 and 127, and one that makes the sum 16,777,217, the first whole number that float32 lacks.
    weights, x = np.array([[127] * 517 + [1]]), np.array([[255] * 517 + [16_777_217 - 517 * 127 * 255]])
    found = traced(
        tmp_path, lambda f: f.gemm(f.quant(f.input, 1.0, bits=20, signed=False), f.weights(weights, 1.0, 8)), x
    )
    assert found.numbers is not None and found.numbers.tolist() == [[16_777_217]]
    assert found.value.tolist() == [[16_777_216.0]]


def test_a_bias_is_added_after_the_sum_is_rounded(tmp_path: Path) -> None:
    # In float32 the sum 16,777,217 is 16,777,216, and with a bias of 1 still is; the exact result is 16,777,218.
    def make(f: QonnxFile) -> str:
        x = f.quant(f.input, 1.0, bits=25, signed=False)
        return f.gemm(x, f.weights([[1, 1]], 1.0), [1.0])

    found = traced(tmp_path, make, [[16_777_215.0, 2.0]])
    assert found.value.tolist() == [[16_777_216.0]]
    assert found.numbers is None


def test_batch_normalization_in_the_order_of_the_specification(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    gain, bias, mean, variance = (F(each) for each in rng.uniform(0.1, 2, 4))
    x = rng.normal(0, 3, 500).astype(np.float32)
    found = values(
        tmp_path, lambda f: f.batch_norm(f.input, *([each] for each in (gain, bias, mean, variance))), x[:, None]
    )
    root = F(np.sqrt(F(variance + F(1e-5))))
    expected = [F(F(F(F(each - mean) / root) * gain) + bias) for each in x]
    assert [row[0] for row in found] == [float(each) for each in expected]
    folded = [F(F(each * F(gain / root)) + F(bias - F(mean * F(gain / root)))) for each in x]
    assert folded != expected  # the order matters


def test_averages_divide_the_scale(tmp_path: Path) -> None:
    image = [[[[1, 2, 3], [4, 5, 6], [7, 8, 12]]]]
    quantized = {"bits": 5, "signed": False}
    mean = traced(
        tmp_path, lambda f: f.node("GlobalAveragePool", [f.quant(f.input, 0.5, **quantized)]), np.array(image)
    )
    assert mean.numbers is not None and mean.numbers.reshape(-1).tolist() == [96]
    assert mean.value.reshape(-1).tolist() == [float(F(48 / 9))]
    same = traced(
        tmp_path, lambda f: f.node("ReduceMean", [f.quant(f.input, 0.5, **quantized)], axes=[2, 3], keepdims=0), image
    )
    assert same.value.tolist() == [[float(F(48 / 9))]]
    pooled = values(tmp_path, lambda f: f.average_pool(f.quant(f.input, 0.5, **quantized), 2, 1), image)
    assert pooled == [[[[3.0, 4.0], [6.0, 7.75]]]]


def test_a_max_pool_pads_with_minus_infinity(tmp_path: Path) -> None:
    image = [[[[-1.0, -2.0], [-3.0, -4.0]]]]
    found = traced(tmp_path, lambda f: f.max_pool(f.quant(f.input, 0.5), 2, 2, (1, 1, 1, 1)), image)
    assert found.value.tolist() == image
    assert found.numbers is not None and found.numbers.tolist() == [[[[-2, -4], [-6, -8]]]]


def test_a_max_pool_behind_a_negative_scale_takes_the_lowest_number(tmp_path: Path) -> None:
    found = traced(tmp_path, lambda f: f.max_pool(f.quant(f.input, -0.5), 2, 2), [[[[1.0, 2.0], [-1.0, 0.5]]]])
    assert found.value.tolist() == [[[[2.0]]]]
    assert found.numbers is not None and found.numbers.tolist() == [[[[-4]]]]


@pytest.mark.parametrize(
    ("scales", "sums", "factor"), [((0.5, 0.5), 5, 0.5), ((0.5, 0.25), 8, 0.25), ((0.25, 0.5), 7, 0.25)]
)
def test_an_addition_in_whole_numbers(tmp_path: Path, scales: tuple[float, float], sums: int, factor: float) -> None:
    def make(f: QonnxFile) -> str:
        mine, other = (
            f.quant(f.by("Mul", f.input, number * scale), scale) for number, scale in zip((3, 2), scales, strict=True)
        )
        return f.add(mine, other)

    found = traced(tmp_path, make, [[1.0]])
    assert found.value.tolist() == [[3 * scales[0] + 2 * scales[1]]]
    assert found.numbers is not None and found.numbers.tolist() == [[sums]]
    assert float(np.asarray(found.scale)) == factor


def test_an_addition_of_unlike_scales_is_rounded_once(tmp_path: Path) -> None:
    scales = F(0.1), F(0.037)

    def make(f: QonnxFile) -> str:
        return f.add(f.quant(f.input, scales[0], bits=8), f.quant(f.input, scales[1], bits=8))

    x = np.linspace(-3, 3, 301, dtype=np.float32)[:, None]
    found = traced(tmp_path, make, x)
    numbers = [[np.rint(F(each / scale)) for scale in scales] for each in x[:, 0]]
    expected = [
        float(F(float(a) * float(scales[0]) + float(b) * float(scales[1]))) for a, b in np.clip(numbers, -128, 127)
    ]
    assert found.value[:, 0].tolist() == expected
    assert found.numbers is None


def test_the_largest_of_equal_ones_has_the_lower_index(tmp_path: Path) -> None:
    assert values(tmp_path, lambda f: f.node("ArgMax", [f.input], axis=1), [[1, 3, 3, 0]]) == [[1]]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda f: f.node("Softmax", [f.input]), "the operator is not defined"),
        (lambda f: f.quant(f.input, 1.0, bits=0), "a whole number from 1 to 32"),
        (lambda f: f.quant(f.input, 1.0, bits=2.5), "a whole number from 1 to 32"),
        (lambda f: f.quant(f.input, 1.0, rounding="MAYBE"), "rounding mode MAYBE"),
        (lambda f: f.by("Div", f.input, 0.0), "NaN or infinity"),
        (lambda f: f.gemm(f.input, f.weights([[1, 1, 1, 1]], 1.0)), "no quantizer has made whole numbers"),
        (lambda f: f.gemm(f.quant(f.input, 1.0), f.weights([[1, 1, 1]], 1.0)), "its inputs do not fit it"),
        (lambda f: f.reshape(f.input, (2, 2)), "mixes images of a batch"),
    ],
)
def test_what_is_not_defined_names_the_node(tmp_path: Path, make: Callable[[QonnxFile], str], reason: str) -> None:
    with pytest.raises(InterpreterError, match=rf"^node '\w+' \(\w+\): .*{reason}") as error:
        traced(tmp_path, make, [[1.0, 2.0, 3.0, 4.0]])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("network", [small_network, residual_network, qdq_network])
def test_images_do_not_depend_on_their_batch(tmp_path: Path, network: Callable[[QonnxFile, Any], str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    model = load(file.save(tmp_path / "file.onnx", network(file, np.random.default_rng(5))))
    images = np.random.default_rng(6).random((3, 3, 8, 8), dtype=np.float32)
    together = run(model, images)
    for index, image in enumerate(images):
        alone = run(model, image[None])
        assert {name: each.value[0].tolist() for name, each in alone.items()} == {
            name: each.value[index].tolist() for name, each in together.items()
        }


def test_a_signed_bit_is_bipolar_as_in_the_sample_implementation(tmp_path: Path) -> None:
    assert values(tmp_path, lambda f: f.quant(f.input, 0.5, bits=1), [[-0.1, 0.0, 9.0]]) == [[-0.5, 0.5, 0.5]]


def test_axes_of_extent_1_come_and_go(tmp_path: Path) -> None:
    def make(f: QonnxFile) -> str:
        x = f.node("Squeeze", [f.input, f.constant(np.array([2, 3]))])
        return f.node("Unsqueeze", [x, f.constant(np.array([1]))])

    assert values(tmp_path, make, [[[[1.0]], [[2.0]]]]) == [[[1.0, 2.0]]]
