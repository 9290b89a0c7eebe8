"""Small files through the importer: every tensor and every result as the interpreter has it, number by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from imported import compared
from qonnx_files import QonnxFile, qdq_network, residual_network, small_network

from blocks.network import read_network
from blocks.parameters.__main__ import main
from blocks.qonnx.file import OnnxError, load
from blocks.qonnx.importing import Options, convert
from blocks.qonnx.writing import write

Rng = np.random.Generator


@pytest.mark.parametrize("make", [small_network, residual_network, qdq_network])
def test_whole_networks(tmp_path: Path, make: Callable[[QonnxFile, Rng], str]) -> None:
    file = QonnxFile((1, 3, 8, 8))
    compared(tmp_path, file, make(file, np.random.default_rng(1)))


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
