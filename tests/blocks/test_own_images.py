"""A data set of the user's own: pictures and arrays in a folder, a file of labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from blocks.dataset import DatasetError, first_held_out, held_out
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


def test_arrays_with_their_channels_first(images) -> None:
    """The same pixels as one array, channels first, and as files: two images of 8 x 8 pixels with 2 channels."""
    pixels = np.arange(256, dtype=np.uint8).reshape(2, 8, 8, 2)
    first = pixels.transpose(0, 3, 1, 2)
    np.save(images / "all.npy", first)
    np.save(images / "classes.npy", np.array([4, 9]))
    for name in ("white.png", "ramp.npy", "black.png"):
        (images / "in" / name).unlink()
    np.save(images / "in/a.npy", first[0])
    np.save(images / "in/b.npy", first[1])
    (images / "labels.csv").write_text("a.npy,4\nb.npy,9\n")
    for given in (
        "{images: all.npy, labels: classes.npy, layout: chw}",
        "{folder: in, labels: labels.csv, layout: chw}",
    ):
        dataset = replace(network(images, given).dataset, shape=(8, 8, 2))
        found, labels = held_out(dataset)
        assert found.tolist() == pixels.tolist()
        assert labels.tolist() == [4, 9]
        assert dataset.describe()["layout"] == "chw"


def test_one_array_as_it_is(images, monkeypatch) -> None:
    pixels = np.arange(320, dtype=np.uint8).reshape(5, 8, 8, 1)
    np.save(images / "all.npy", pixels)
    np.save(images / "classes.npy", np.arange(5, dtype=np.int16))
    given = network(images, "{images: all.npy, labels: classes.npy, held_out_every: 2}").dataset
    found, labels = held_out(given)
    assert found.tolist() == pixels[[0, 2, 4]].tolist()
    assert labels.tolist() == [0, 2, 4]
    (images / "pictures").mkdir()
    (images / "all.npy").rename(images / "pictures/images.npy")  # as a step has it
    monkeypatch.chdir(images)
    assert first_held_out(given, 2, "cosim.images").tolist() == pixels[[0, 2]].tolist()
    with pytest.raises(DatasetError, match=r"has 3 held-out images; cosim.images asks for 4"):
        first_held_out(given, 4, "cosim.images")


#: what the two arrays are, words of the error
TWO, CLASSES = np.zeros((2, 8, 8, 1), np.uint8), np.zeros(2, int)
WRONG_ARRAYS = {
    "axes": (TWO.reshape(2, 1, 8, 8), CLASSES, r"all.npy: is uint8 of shape \(2, 1, 8, 8\); save .*\(N, 8, 8, 1\)"),
    "type": (TWO.astype(float), CLASSES, r"all.npy: is float64"),
    "one image": (TWO[0], CLASSES, r"all.npy: is uint8 of shape \(8, 8, 1\)"),
    "labels": (TWO, np.zeros(3, int), r"classes.npy: is int64 of shape \(3,\); .* shape \(2,\)"),
    "class": (TWO, np.array([1, 10]), r"classes.npy: has the class 10 for image 1; .* 0 to 9"),
    "below": (TWO, np.array([-1, 1]), r"classes.npy: has the class -1 for image 0"),
    "real": (TWO, np.zeros(2), r"classes.npy: is float64"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_ARRAYS)
def test_wrong_arrays(images, name: str) -> None:
    pixels, labels, words = WRONG_ARRAYS[name]
    np.save(images / "all.npy", pixels)
    np.save(images / "classes.npy", labels)
    with pytest.raises(DatasetError, match=words):
        held_out(network(images, "{images: all.npy, labels: classes.npy}").dataset)


def test_a_folder_and_an_array(images) -> None:
    with pytest.raises(ConfigError, match=r"mine.yaml:6: it has images in a folder and in an array") as error:
        network(images, "{folder: in, images: all.npy, labels: labels.csv}")
    assert "'labels.csv' is no array" in str(error.value)


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
