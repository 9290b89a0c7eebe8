"""The proof of an import: it passes what is equal, and finds each kind of fault that is put in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.network import Network
from blocks.parameters.__main__ import main
from blocks.qonnx.file import Model, OnnxError, load
from blocks.qonnx.importing import Converted, Options, convert
from blocks.qonnx.proof import MOST_DRAWN, Proof, draw_images, prove, read_inputs
from blocks.qonnx.writing import write

Make = Callable[[QonnxFile, np.random.Generator], str]


def imported(folder: Path, make: Make, **options: Any) -> tuple[Model, Converted]:
    file = QonnxFile((1, 3, 8, 8))
    model = load(file.save(folder / "net.onnx", make(file, np.random.default_rng(4))))
    return model, convert(model, Options("net", **options))


def proved(folder: Path, model: Model, converted: Converted, given: Any = None) -> Proof:
    return prove(model, converted, write(converted, folder / "made"), given)


@pytest.mark.parametrize("make", [small_network, residual_network, qdq_network])
def test_what_is_equal_is_counted(tmp_path: Path, make: Make) -> None:
    model, converted = imported(tmp_path, make)
    given = np.random.default_rng(8).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    proof = proved(tmp_path, model, converted, given)
    assert (proof.drawn, proof.given, proof.blocks) == (MOST_DRAWN, 5, len(converted.network["blocks"]))
    assert proof.numbers % (MOST_DRAWN + 5) == 0


def test_the_numbers_are_those_of_all_blocks(tmp_path: Path) -> None:
    # Two outputs of 4 channels in 8x8 pixels, and 3 results, of 32 images.
    model, converted = imported(tmp_path, residual_network)
    assert proved(tmp_path, model, converted).numbers == 32 * (2 * 8 * 8 * 4 + 3)


# Sums of conv0 reach 50,000: that a threshold is off by one shows in few images (test_thresholds.py tries each).
FAULTS = [
    (small_network, "conv0", "act0_thresholds", 300),
    (small_network, "conv1", "conv1_weights", 1),
    (small_network, "fc", "fc_weights", 1),
    (residual_network, "join", "act2_thresholds", 1),
    (residual_network, "join", "conv1_weights", 1),
    (qdq_network, "fc", "fc_weights", 1),
]


@pytest.mark.parametrize(("make", "block", "array", "by"), FAULTS)
def test_a_number_that_is_off_is_found(tmp_path: Path, make: Make, block: str, array: str, by: int) -> None:
    model, converted = imported(tmp_path, make)
    arrays = {name: dict(each) for name, each in converted.arrays.items()}
    owner = next(name for name, each in arrays.items() if array in each)
    wrong = arrays[owner][array].astype(np.int64)
    # The middle one: outer thresholds may lie where no image comes.
    place = tuple(extent // 2 for extent in wrong.shape)
    wrong[place] += by if abs(int(wrong[place]) + by) < 7 or "thresholds" in array else -by
    arrays[owner][array] = np.sort(wrong, axis=-1) if "thresholds" in array else wrong
    faulty = dataclasses.replace(converted, arrays=arrays)
    with pytest.raises(OnnxError, match=r"block \w+: '.*' at \[.*\] is \S+, in the file \S+ \([\d,]+ differ"):
        proved(tmp_path, model, faulty)


def test_another_direction_of_a_channel_is_found(tmp_path: Path) -> None:
    model, converted = imported(tmp_path, small_network)
    arrays = {name: dict(each) for name, each in converted.arrays.items()}
    owner, name = next((o, n) for o, each in arrays.items() for n in each if n.endswith("_descending"))
    arrays[owner][name] = 1 - arrays[owner][name]
    with pytest.raises(OnnxError, match="the network is not what the file computes"):
        proved(tmp_path, model, dataclasses.replace(converted, arrays=arrays))


def test_indices_are_those_of_the_largest_values(tmp_path: Path) -> None:
    model, converted = imported(tmp_path, small_network, top=2)
    assert proved(tmp_path, model, converted).numbers % MOST_DRAWN == 0
    faulty = dataclasses.replace(converted, result=dataclasses.replace(converted.result, top=1))
    with pytest.raises(OnnxError, match="the network is not what the file computes"):
        prove(model, faulty, write(converted, tmp_path / "again"))


def test_drawn_images_reach_both_ends() -> None:
    images = draw_images((8, 8, 3), np.random.default_rng(1))
    assert images.shape == (32, 8, 8, 3)
    assert set(np.unique(images[0])) == {0} and set(np.unique(images[1])) == {255}
    assert set(np.unique(images[2])) == {0, 255}
    assert len(draw_images((224, 224, 3), np.random.default_rng(1))) == 4


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Converted, Network]:
    folder = tmp_path_factory.mktemp("small")
    _, converted = imported(folder, small_network)
    return converted, write(converted, folder / "made")


def test_inputs_are_pixels_or_what_the_file_takes(small: tuple[Converted, Network], tmp_path: Path) -> None:
    pixels = np.random.default_rng(8).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    np.save(tmp_path / "floats.npy", (pixels.astype(np.float32) * np.float32(1 / 255)).transpose(0, 3, 1, 2))
    for name in ("pixels.npy", "floats.npy"):
        assert np.array_equal(read_inputs(tmp_path / name, *small), pixels)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((2, 3, 8, 8), np.float32) + np.float32(0.5), r"0.5 at \[0, 0, 0, 0\] is the input that no pixel"),
        (np.full((2, 3, 8, 8), np.nan, np.float32), "no pixel 0 to 255 becomes"),
        (np.zeros((2, 3, 9, 8), np.float32), r"is float32 \[2, 3, 9, 8\]; give uint8 \[N, 8, 8, 3\]"),
        (np.zeros((0, 8, 8, 3), np.uint8), "holds no images"),
        (np.zeros((), np.uint8), "holds no images"),
        (np.zeros((2, 3, 8, 8), np.complex64), "is complex64"),
    ],
)
def test_inputs_that_do_not_fit(small: tuple[Converted, Network], tmp_path: Path, values: Any, reason: str) -> None:
    np.save(tmp_path / "given.npy", values)
    with pytest.raises(OnnxError, match=reason):
        read_inputs(tmp_path / "given.npy", *small)


def test_inputs_that_do_not_fit_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    path = file.save(tmp_path / "net.onnx", small_network(file, np.random.default_rng(4)))
    (tmp_path / "given.npy").write_bytes(b"no array")
    words = ["import", str(path), "--name", "net", "--into", str(tmp_path / "made"), "--inputs"]
    assert main([*words, str(tmp_path / "given.npy")]) == 1
    assert re.search(r"ERROR: .*given.npy: cannot be read \(is not an array", capsys.readouterr().err)
    assert not list((tmp_path / "made").iterdir())


def test_the_command_writes_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    path = file.save(tmp_path / "net.onnx", residual_network(file, np.random.default_rng(4)))
    np.save(tmp_path / "given.npy", np.zeros((7, 8, 8, 3), np.uint8))
    words = ["import", str(path), "--name", "net", "--into", str(tmp_path), "--inputs", str(tmp_path / "given.npy")]
    assert main(words) == 0
    numbers = 39 * (2 * 8 * 8 * 4 + 3)
    text = (tmp_path / "net.yaml").read_text()
    assert text.startswith(
        "# Compared with the ONNX file: 32 drawn images and 7 given ones,\n"
        f"# all {numbers:,} numbers that 3 blocks give are equal.\n"
    )
    assert "32 drawn images and 7 given ones" in capsys.readouterr().out
