from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime import accuracy, trust
from runtime.__main__ import main
from runtime.errors import ManifestError
from runtime.formats import xclbin
from runtime.formats.checks import manifest_of
from runtime.formats.manifest import Parameters
from runtime.ranking import best_classes

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "build" / "digits" / "open-sw_emu" / "digits.xclbin"


@pytest.fixture()
def numbers(build, tmp_path):
    """An xclbin that says of an image the sum of its pixels, that plus 1, and that plus 2; 10 classes, 6 images.

    Their sums are 0, 1, 2, 3, 4, 5 and their labels 0, 1, 4, 4, 3, 8: two are right, and 2 and 3 have theirs in three.
    """
    folder = tmp_path / "images"
    folder.mkdir()
    for value in range(6):
        pixels = np.zeros((8, 8), np.uint8)
        pixels[value, value] = value
        Image.fromarray(pixels).save(folder / f"{value}.png")
    # Arrays are taken as they are, and belong to the folder as pictures do.
    np.save(folder / "5.npy", pixels[:, :, None])
    (folder / "5.png").unlink()
    (tmp_path / "labels.txt").write_text("0.png 0\n1.png 1\n2.png 4\n3.png 4\n4.png 3\n5.npy 8\n")

    def make(**options):
        return build(**({"fc": bytes(160), "bias": 0} | options))

    return make


def command(file, tmp_path, *more, labels="labels.txt"):
    return ["accuracy", str(tmp_path / "images"), "--labels", str(tmp_path / labels), "--xclbin", str(file), *more]


@pytest.mark.parametrize("batch", ["1", "2", "4", "6", "100"])
def test_counted_by_hand(numbers, tmp_path, capsys, batch):
    assert main(command(numbers(), tmp_path, "--batch", batch, "--json", str(tmp_path / "out.json"))) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[:2] == ["top-1: 2 of 6 = 33.33%", "top-3: 4 of 6 = 66.67%"]
    assert "emulated on this machine (no card's speed)" in out
    assert "stand-in" not in out
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["images"] == 6
    assert found["top_1"] == {"right": 2, "accuracy": 2 / 6}
    assert found["top_3"] == {"right": 4, "accuracy": 4 / 6}
    assert found["time_is"] == "emulated on this machine"
    assert found["predictions"][2] == {"file": "2.png", "label": 4, "classes": [2, 3, 4]}
    assert found["predictions"][5] == {"file": "5.npy", "label": 8, "classes": [5, 6, 7]}


def test_names_of_classes_and_a_part_of_the_images(numbers, tmp_path, capsys):
    labels = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    (tmp_path / "labels.csv").write_text("filename,label\n0.png,zero\n1.png,two\n2.png,two\n3.png,3\n4.png,0\n5.npy,0")
    file = numbers(facts={"labels": labels})
    assert main(command(file, tmp_path, "--limit", "4", labels="labels.csv")) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["top-1: 3 of 4 = 75.00%", "top-3: 4 of 4 = 100.00%"]


SUMS = {"results": "sums", "classes": 10}


def test_raw_sums_are_ranked(numbers, tmp_path, capsys):
    """Sum j of an image is that of its pixels plus j, so all images are said to show 9, then 8, 7, 6, 5."""
    (tmp_path / "labels.txt").write_text("0.png 9\n1.png 9\n2.png 5\n3.png 4\n4.png 0\n5.npy 7\n")
    file = numbers(k=10, facts=SUMS)
    assert main(command(file, tmp_path, "--json", str(tmp_path / "out.json"))) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["top-1: 2 of 6 = 33.33%", "top-5: 4 of 6 = 66.67%"]
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["predictions"][3]["classes"] == [9, 8, 7, 6, 5]
    assert main(["classify", str(tmp_path / "images" / "3.png"), "--xclbin", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("3.png: 9, 8, 7, 6, 5")


def test_classes_of_the_manifest(numbers, tmp_path, capsys):
    """The file says how many there are, with no labels and no weights that are as many."""
    file = numbers(weights=(8, 20), facts={"classes": 5})
    assert main(command(file, tmp_path)) == 2
    assert "there is no class '8'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sums", "classes"),
    [
        ([3, 7, 7, -2], [1, 2, 0, 3]),
        ([0, 0, 0], [0, 1, 2]),
        ([-(2**31), 2**31 - 1, -1, 0, -(2**31)], [1, 3, 2, 0, 4]),
        ([1, 2, 3, 4, 5, 6, 5], [5, 4, 6, 3, 2]),
    ],
)
def test_ranks_by_hand(make_manifest, sums, classes):
    """The largest first, of equal ones the lower class, and at most five."""
    facts = make_manifest(b"p", b"m", k=len(sums), results="sums", classes=len(sums))
    found = best_classes(np.array([sums, sums[::-1]], np.int32), facts)
    assert found[0].tolist() == classes
    assert found.dtype == np.uint32


def test_indices_stay(make_manifest):
    assert best_classes(np.array([[2, 0, 1]], np.uint32), make_manifest(b"p", b"m")).tolist() == [[2, 0, 1]]


def test_json_alone_on_the_output(numbers, tmp_path, capsys):
    assert main(command(numbers(), tmp_path, "--json", "-")) == 0
    assert json.loads(capsys.readouterr().out)["top_1"]["right"] == 2


def test_stand_ins_are_said(numbers, tmp_path, capsys):
    with pytest.warns(match="random weights"):
        assert main(command(numbers(facts={"parameters": Parameters("stand-in", "0" * 64)}), tmp_path)) == 0
    assert "random weights: these figures mean nothing" in capsys.readouterr().out


def test_one_class_is_one_line(numbers, tmp_path, capsys):
    assert main(command(numbers(k=1), tmp_path)) == 0
    out = capsys.readouterr().out
    assert out.startswith("top-1: 2 of 6")
    assert out.count("top-") == 1


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (lambda f: (f / "3.png").write_bytes(b"x"), [], ["3.png", "is no PNG"]),
        (
            lambda f: [(f / f"{n}.png").write_bytes(b"x") for n in (1, 3)],
            [],
            ["2 images", "1.png is no", "3.png is no"],
        ),
        (lambda f: (f / "3.png").write_bytes((f / "3.png").read_bytes()[:50]), [], ["3.png", "cannot be read"]),
        (lambda f: np.save(f / "5.npy", np.zeros((8, 8), np.uint8)), [], ["5.npy", "(8, 8)"]),
        (lambda f: (f / "3.png").unlink(), [], ["labels.txt", "not there: 3.png (line 4)"]),
        (lambda f: (f / "6.png").touch(), [], ["have no label: 6.png"]),
        (lambda f: (f.parent / "labels.txt").write_text("0.png 10"), [], ["no class '10'", "0 to 9"]),
        (lambda f: None, ["--batch", "0"], ["--batch", "at least 1"]),
        (lambda f: None, ["--batch", "-3"], ["--batch", "at least 1"]),
        (lambda f: None, ["--limit", "0"], ["--limit", "at least 1"]),
        (lambda f: None, ["--fc-weights", "none.npy"], ["none.npy", "cannot be read"]),
        (lambda f: None, ["--json", "none/out.json"], ["none/out.json", "cannot be written"]),
    ],
)
def test_mistakes_are_one_line(numbers, tmp_path, capsys, change, more, words):
    change(tmp_path / "images")
    assert main(command(numbers(), tmp_path, *more)) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    assert all(word in text for word in words), text


def test_class_count(make_manifest):
    assert accuracy.class_count(make_manifest(b"", b"", weights=(1000, 2048))) == 1000
    assert accuracy.class_count(make_manifest(b"", b"", labels=("a", "b"))) == 2
    facts = make_manifest(b"", b"")
    without = tuple(argument for argument in facts.arguments if argument.name != "weightsmem")
    assert accuracy.class_count(make_manifest(b"", b"", arguments=without)) is None


def payloads(pid):
    """The payload processes among the children of a process: launched, they are called so."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for word in (task / "children").read_text().split():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{word}/cmdline").read_bytes().startswith(b"payload\0"):
                    found.append(word)
    return found


def pauses(pid):
    """Whether the payload has been asked and does not answer: call 34 on x86-64; True where nobody can tell."""
    try:
        return platform.machine() != "x86_64" or Path(f"/proc/{pid}/syscall").read_text().startswith("34 ")
    except OSError:
        return True


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("words", [["accuracy"], ["benchmark"]])
def test_ctrl_c_leaves_no_process(numbers, tmp_path, words):
    """A payload that never answers, and a user who has waited long enough."""
    file = numbers(mode=2)
    argv = command(file, tmp_path) if words == ["accuracy"] else ["benchmark", "--xclbin", str(file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime", *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        payload = until(lambda: payloads(process.pid))
        until(lambda: pauses(payload[0]))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    until(lambda: not Path(f"/proc/{payload[0]}").exists())


@pytest.mark.slow
@pytest.mark.skipif(not DIGITS.is_file(), reason="build/digits is not there: doit build network=digits makes it")
def test_the_digits_as_pictures(tmp_path, capsys):
    """The held-out digits as PNG files are as often right as benchmarks/held_out.py finds by the integer model."""
    datasets = pytest.importorskip("sklearn.datasets", reason="the digits come with scikit-learn")
    built = xclbin.read(DIGITS)
    try:
        manifest_of(built, str(DIGITS))
    except ManifestError as error:
        pytest.skip(f"build/digits is of another version ({error}): doit build network=digits")
    trust.trust(hashlib.sha256(built.emulation["payload"]).hexdigest(), "built here")
    images, labels = datasets.load_digits(return_X_y=True)
    (tmp_path / "images").mkdir()
    lines = []
    for index in range(0, len(labels), 5):
        pixels = np.round(images[index].reshape(8, 8) * 255 / 16).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index}.png")
        lines.append(f"{index}.png {labels[index]}")
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    assert main(command(DIGITS, tmp_path)) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["top-1: 357 of 360 = 99.17%", "top-3: 360 of 360 = 100.00%"]
