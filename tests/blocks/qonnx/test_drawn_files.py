"""Drawn and damaged files: each is refused with a reason and leaves nothing, or becomes what the file computes.

The interpreter decides. It sees other images here than those of the proof, so a proof that compares too little shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_files import DrawnFile
from everyday import first
from mutations import mutated
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.network import Network
from blocks.network_model import network_values, run_network
from blocks.qonnx.file import Model, OnnxError, load
from blocks.qonnx.importing import Converted, Options, convert, without_softmax
from blocks.qonnx.interpreter import Interpreter, run
from blocks.qonnx.proof import prove
from blocks.qonnx.writing import write

DRAWN, MUTATED = 500, 10_000
PART = 50, 500
"""Files of a nightly test, drawn and mutated."""
EVERY_DAY = 8, 40


def accepted(path: Path, seed: int) -> bool:
    """Whether a file is imported; it then gives what the file computes. A refusal is one of ours and leaves nothing."""
    folder = path.parent / "made"
    try:
        model = without_softmax(load(path))
        converted = convert(model, Options("made"))
        network = write(converted, folder, lambda made: str(prove(model, converted, made)))
    except OnnxError as error:
        text = str(error)
        assert text and "Traceback" not in text and all(line.strip() for line in text.splitlines()), text
        # Neither is a reason that a user can act upon: the importer has to know it first.
        assert "is not what the file computes" not in text, (seed, text)
        assert "nothing can be compared" not in text, (seed, text)
        assert not folder.exists() or not list(folder.iterdir())
        return False
    compared_on_others(model, converted, network, seed)
    return True


def compared_on_others(model: Model, converted: Converted, network: Network, seed: int) -> None:
    """The results on images of our own, here with plain numpy."""
    image = network.image
    images = np.random.default_rng(seed).integers(0, 256, (4, image.height, image.width, image.channels), np.uint8)
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, images)[network.last.name]
    inputs, numbers = converted.image.tensor(images), converted.image.numbers(images)
    expected = Interpreter(model).run(inputs, numbers=numbers)[converted.result.tensor].value
    if converted.result.top:
        best = np.argsort(-expected.reshape(4, -1), axis=1, kind="stable")
        assert found.reshape(4, -1).tolist() == best[:, : converted.result.top].tolist(), seed
    else:
        assert converted.result.values(found).tolist() == expected.tolist(), seed


def drawn(folder: Path, seeds: range) -> int:
    """How many of the drawn files are imported."""
    count = 0
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        made = DrawnFile(seed)
        count += accepted(made.file.save(place / "file.onnx", made.network()), seed)
    return count


def damaged(folder: Path, seeds: range) -> int:
    """How many of the damaged files are imported."""
    bases = []
    for number, make in enumerate((small_network, residual_network, qdq_network)):
        file = QonnxFile((1, 2, 6, 6))
        bases.append(file.model(make(file, np.random.default_rng(number))).SerializeToString())
    count = 0
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        path = place / "file.onnx"
        path.write_bytes(mutated(bases[seed % len(bases)], np.random.default_rng([7, seed])))
        count += accepted(path, seed)
    return count


@pytest.mark.slow
def test_drawn_files(tmp_path: Path) -> None:
    assert drawn(tmp_path, range(EVERY_DAY[0])) >= EVERY_DAY[0] // 2


@pytest.mark.slow
def test_damaged_files(tmp_path: Path) -> None:
    assert damaged(tmp_path, range(EVERY_DAY[1])) >= 1


@pytest.mark.nightly
@pytest.mark.parametrize("begin", range(0, DRAWN, PART[0]))
def test_more_drawn_files(tmp_path: Path, begin: int) -> None:
    assert drawn(tmp_path, range(begin, begin + PART[0])) >= PART[0] // 2


@pytest.mark.nightly
@pytest.mark.parametrize("begin", range(0, MUTATED, PART[1]))
def test_more_damaged_files(tmp_path: Path, begin: int) -> None:
    assert damaged(tmp_path, range(begin, begin + PART[1])) >= 1


def every_sum() -> np.ndarray[Any, Any]:
    """An image uint8 [1, 64, 64, 2] whose pixels (a, b) make a + 16 * b each number from 0 to 4,095 once."""
    numbers = np.arange(4096).reshape(64, 64)
    return np.stack([numbers % 16, numbers // 16], axis=-1).astype(np.uint8)[None]


@pytest.mark.parametrize("seed", first(range(200), 3))
def test_every_sum_has_the_code_of_the_file(tmp_path: Path, seed: int) -> None:
    """Thresholds by bisection beside the file at each integer: arithmetic of all kinds, roundings, both directions."""
    weights = np.array([[1, 16], [-1, -16], [2, 32], [7, 112], [-8, -128], [0, 1]])[:, :, None, None]
    drawn = DrawnFile(1000 + seed, (2, 64, 64))
    file = drawn.file
    x = file.quant(file.input, 1 / 255, bits=8, signed=False)
    x = file.conv(x, file.weights(weights, drawn.rng.choice([0.125, 0.1, 1.0], 6), 8), name="conv0")
    drawn.shape = (6, 64, 64)
    x, spread = drawn.chain(x, float(drawn.rng.choice([1.0, 4.0, 16.0])))
    model = load(file.save(tmp_path / "file.onnx", drawn.quantizer(x, spread)))
    try:
        converted = convert(model, Options("made"))
    except OnnxError as error:
        pytest.skip(f"not converted: {error}")
    network = write(converted, tmp_path)
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, every_sum())[network.last.name]
    traced = run(model, converted.image.tensor(every_sum()))
    sums = traced["conv0_out"].numbers
    assert sums is not None and sorted(sums[0, 0].reshape(-1).tolist()) == list(range(4096))
    assert np.array_equal(converted.result.values(found), traced[model.output.name].value)
