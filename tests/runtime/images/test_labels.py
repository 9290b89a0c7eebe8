from __future__ import annotations

import pytest

from runtime.errors import InputError
from runtime.images.labels import labelled_images, read_lines

NAMES = ("tench", "crane", "stingray", "tabby cat", "crane")


@pytest.fixture()
def folder(tmp_path):
    """Five images, one of them in a folder of the folder, and what is no image."""
    root = tmp_path / "images"
    (root / "more").mkdir(parents=True)
    for name in ("a.png", "b.JPEG", "c d.jpg", "e.npy", "more/f.jpeg"):
        (root / name).touch()
    for name in ("notes.txt", ".hidden.png", "more/.DS_Store"):
        (root / name).touch()
    (root / "a.folder.png").mkdir()
    return root


def read(tmp_path, folder, text, name="labels.txt", names=NAMES, classes=5):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(image.name, image.label) for image in labelled_images(folder, file, names, classes)]


EXPECTED = [("b.JPEG", 0), ("a.png", 4), ("c d.jpg", 3), ("e.npy", 2), ("more/f.jpeg", 1)]


def test_text(tmp_path, folder):
    text = "# ours\n\nb.JPEG 0\na.png   4 \nc d.jpg\tTabby Cat\n  e.npy stingray\nmore/f.jpeg 1\n"
    assert read(tmp_path, folder, text) == EXPECTED
    assert read(tmp_path, folder, text.replace("\n", "\r\n").replace("more/f", "./more\\f")) == EXPECTED
    assert read(tmp_path, folder, "\ufeff" + text[text.index("b.JPEG") :]) == EXPECTED


@pytest.mark.parametrize("head", ["", "filename,label\n", "Image,class\n"])
def test_csv(tmp_path, folder, head):
    text = head + 'b.JPEG,tench\na.png, 4\n"c d.jpg","tabby cat"\ne.npy,2\nmore/f.jpeg,1\n'
    assert read(tmp_path, folder, text, "labels.csv") == EXPECTED


def test_lines_know_their_numbers(tmp_path):
    path = tmp_path / "l.txt"
    path.write_text("# c\n\nx.png 1\n\ny.png two words\n")
    assert read_lines(path) == [(3, "x.png", "1"), (5, "y.png", "two words")]


def test_without_names_any_number_goes(tmp_path, folder):
    text = "b.JPEG 0\na.png 999999\nc d.jpg\t7\ne.npy 00\nmore/f.jpeg 1\n"
    found = dict(read(tmp_path, folder, text, names=(), classes=None))
    assert found["a.png"] == 999999
    assert found["e.npy"] == 0


def test_names_that_are_numbers(tmp_path, folder):
    """Where the name "1" is class 0, the label 1 may mean either; where it is class 1, it is clear."""
    text = "b.JPEG 0\na.png 1\nc d.jpg\t0\ne.npy 0\nmore/f.jpeg 1\n"
    assert dict(read(tmp_path, folder, text, names=("0", "1"), classes=2))["a.png"] == 1
    with pytest.raises(InputError, match="'0' may be class 0 and 1"):
        read(tmp_path, folder, text, names=("1", "0"), classes=2)


GOOD = "b.JPEG 0\na.png 4\nc d.jpg\t3\ne.npy 2\nmore/f.jpeg 1\n"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "l.txt", ["l.txt", "holds no labels"]),
        ("# nothing\n", "l.txt", ["holds no labels"]),
        ("filename,label\n", "l.csv", ["holds no labels"]),
        (b"a.png \xff\xfe", "l.txt", ["is not UTF-8"]),
        ("a.png\n", "l.txt", ["l.txt:1", "'a.png' is not a file and a label"]),
        ("# c\na.png,1,2\n", "l.csv", ["l.csv:2", "is not a file and a label", "filename,label"]),
        ("a.png,\n", "l.csv", ["l.csv:1"]),
        ('a.png,"1\n', "l.csv", ["l.csv:1", "is no CSV"]),
        (GOOD.replace("a.png 4", "a.png 5"), "l.txt", ["line 2: there is no class '5'", "from 0 to 4", "name of a"]),
        (GOOD.replace("a.png 4", "a.png -1"), "l.txt", ["no class '-1'"]),
        (GOOD.replace("a.png 4", "a.png dog"), "l.txt", ["no class 'dog'"]),
        (GOOD.replace("a.png 4", "a.png crane"), "l.txt", ["line 2: 'crane' may be class 1 and 4"]),
        (GOOD + "a.png 4\n", "l.txt", ["line 6: a.png was labelled in line 2 already"]),
        (
            GOOD.replace("a.png 4", "A.png 4"),
            "l.txt",
            ["1 labelled of 5 are not there: A.png (line 2)", "1 images of 5"],
        ),
        (GOOD + "../x.png 1\n", "l.txt", ["1 labelled of 6 are not there: ../x.png (line 6)"]),
        (GOOD + "notes.txt 1\n", "l.txt", ["notes.txt (line 6)"]),
        ("a.png 4\n", "l.txt", ["4 images of 5 have no label: b.JPEG, c d.jpg, e.npy, more/f.jpeg", "does not match"]),
        ("".join(f"x{n}.png 9\n" for n in range(8)), "l.txt", ["line 5: there is no class '9'; and 3 more"]),
        (
            "".join(f"x{n}.png 1\n" for n in range(8)),
            "l.txt",
            ["8 labelled of 8 are not there: x0.png (line 1)", "x4.png (line 5), and 3 more; 5 images of 5"],
        ),
    ],
)
def test_mistakes_are_one_error(tmp_path, folder, text, name, words):
    with pytest.raises(InputError) as caught:
        read(tmp_path, folder, text, name)
    assert name in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_folders_that_are_none(tmp_path):
    (tmp_path / "l.txt").write_text("a.png 1\n")
    (tmp_path / "empty").mkdir()
    for folder, words in (("none", "is not there"), ("l.txt", "is not a folder"), ("empty", "holds no image")):
        with pytest.raises(InputError, match=words) as caught:
            labelled_images(tmp_path / folder, tmp_path / "l.txt", (), None)
        assert caught.value.where == str(tmp_path / folder)
    with pytest.raises(InputError, match="cannot be read"):
        labelled_images(tmp_path, tmp_path / "none.txt", (), None)
