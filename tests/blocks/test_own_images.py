"""A data set of the user's own: pictures and arrays in a folder, a file of labels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from blocks.dataset import DatasetError, held_out
from blocks.network import NETWORKS, Network, read_network
from config.problem import ConfigError

DIGITS = (NETWORKS / "digits.yaml").read_text()
GIVEN = "dataset: {source: sklearn-digits, held_out_every: 5, maximum: 16}"


def network(folder, dataset: str) -> Network:
    text = DIGITS.replace("name: digits", "name: mine").replace(GIVEN, f"dataset: {dataset}")
    (folder / "mine.yaml").write_text(text)
    return read_network(folder / "mine.yaml")


@pytest.fixture
def images(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "in/white.png")
    np.save(tmp_path / "in/ramp.npy", np.arange(64, dtype=np.uint8).reshape(8, 8, 1))
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "in/black.png")
    (tmp_path / "labels.csv").write_text("file,label\nwhite.png,7\nramp.npy,3\nblack.png,0\n")
    return tmp_path


def test_every_second_is_held_out_and_scaled(images) -> None:
    found = network(images, "{folder: in, labels: labels.csv, held_out_every: 2, maximum: 16}")
    pixels, labels = held_out(found.dataset)
    assert labels.tolist() == [7, 0]
    assert pixels.shape == (2, 8, 8, 1)
    assert (pixels[0] == 16).all()
    assert (pixels[1] == 0).all()
    assert found.dataset.describe() == {"source": "folder", "held_out_every": 2, "maximum": 16}


def test_all_are_held_out_by_default(images) -> None:
    pixels, labels = held_out(network(images, "{folder: in, labels: labels.csv}").dataset)
    assert labels.tolist() == [7, 3, 0]
    assert pixels[1].ravel().tolist() == list(range(64))


def test_mistakes(images) -> None:
    given = network(images, "{folder: in, labels: labels.csv}").dataset
    (images / "labels.csv").write_text("white.png,7\nramp.npy,12\nblack.png,0\n")
    with pytest.raises(DatasetError, match="line 2: there is no class '12'"):
        held_out(given)
    (images / "labels.csv").write_text("white.png,7\nblack.png,0\n")
    with pytest.raises(DatasetError, match=r"1 images of 3 have no label: ramp.npy"):
        held_out(given)
    with pytest.raises(ConfigError, match=r"mine.yaml:6: '../in' is not below the network file"):
        network(images, "{folder: ../in, labels: labels.csv}")
