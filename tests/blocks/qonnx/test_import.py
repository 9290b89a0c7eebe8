"""Small files through the importer: every tensor and every result as the interpreter has it, number by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.network import read_network
from blocks.network_model import network_values, run_network
from blocks.parameters.__main__ import main
from blocks.qonnx.file import OnnxError, load
from blocks.qonnx.importing import Converted, Options, convert
from blocks.qonnx.interpreter import run
from blocks.qonnx.writing import write

Rng = np.random.Generator


def compared(folder: Path, file: QonnxFile, output: str, images: int = 3, **options: Any) -> Converted:
    """Import a file, and compare every block and the results with the interpreter on random images and extreme ones."""
    model = load(file.save(folder / "file.onnx", output))
    made = convert(model, Options("made", **options))
    network = write(made, folder / "made")
    image = network.image
    pixels = np.random.default_rng(7).integers(0, 256, (images, image.height, image.width, image.channels), np.uint8)
    pixels[0], pixels[1] = 0, 255
    outputs = run_network(network, {each.name: network_values(network, each) for each in network.blocks}, pixels)
    tensors = run(model, made.image.tensor(pixels))
    assert set(made.tensors) == {each.name for each in network.blocks[:-1]}
    for block in network.blocks[:-1]:
        meaning, expected = made.tensors[block.name], tensors[made.tensors[block.name].tensor].value
        values = outputs[block.name].astype(np.int64) * block.output.step - block.output.zero_point
        found = (values * meaning.scale).astype(np.float32)
        found = found.transpose(0, 3, 1, 2) if meaning.axes in ("chw", "flat chw") else found
        assert np.array_equal(found.reshape(expected.shape), expected), block.name
    last = outputs[network.blocks[-1].name]
    if made.result.top:
        values = tensors[made.result.tensor].value
        assert np.array_equal(
            last.reshape(images, -1), np.argsort(-values, axis=1, kind="stable")[:, : made.result.top]
        )
    else:
        assert np.array_equal(made.result.values(last), tensors[output].value)
    return made


def layers(made: Converted) -> dict[str, dict[str, Any]]:
    """All layers of a network by name."""
    lists = [each for block in made.network["blocks"] for each in block.values() if isinstance(each, list)]
    return {layer["name"]: layer for each in lists for layer in each if isinstance(layer, dict)}


@pytest.mark.parametrize("make", [small_network, residual_network, qdq_network])
def test_whole_networks(tmp_path: Path, make: Callable[[QonnxFile, Rng], str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    compared(tmp_path, file, make(file, np.random.default_rng(1)))


def refused(folder: Path, file: QonnxFile, output: str, **options: Any) -> list[str]:
    """The lines of a refusal."""
    with pytest.raises(OnnxError) as caught:
        convert(load(file.save(folder / "file.onnx", output)), Options("made", **options))
    return str(caught.value).splitlines()


def test_a_network_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = QonnxFile((1, 3, 8, 8))
    made = convert(
        load(file.save(tmp_path / "file.onnx", small_network(file, np.random.default_rng(1)))), Options("made")
    )

    def fails(network: object) -> str:
        raise OnnxError("the proof found a difference")

    with pytest.raises(OnnxError, match="a difference"):
        write(made, tmp_path / "there", fails)
    assert list((tmp_path / "there").iterdir()) == []
    assert write(made, tmp_path / "there", lambda network: "compared\nwith care").name == "made"
    assert (tmp_path / "there/made.yaml").read_text().startswith("# compared\n# with care\nname: made\n")
    with pytest.raises(OnnxError, match="is already there"):
        write(made, tmp_path / "there")


def test_the_command_folds_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    path = file.save(tmp_path / "file.onnx", small_network(file, np.random.default_rng(1)))
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd\ne\n")
    words = ["import", str(path), "--name", "mine", "--into", str(tmp_path / "made"), "--labels"]
    assert main([*words, str(tmp_path / "labels.txt"), "--top", "2", "--fps", "1000000"]) == 0
    assert "3 blocks of mine written" in capsys.readouterr().out
    network = read_network(tmp_path / "made/mine.yaml")
    assert network.labels == ("a", "b", "c", "d", "e")
    assert (network.results.indices, network.results.count) == (True, 2)
    assert network.interval()[0] <= 250
    assert main([*words, str(tmp_path / "labels.txt")]) == 1
    assert main(["import", str(path), "--name", "no name"]) == 1
    errors = capsys.readouterr().err
    assert "is already there" in errors
    assert "--name 'no name' is no name of a network" in errors
