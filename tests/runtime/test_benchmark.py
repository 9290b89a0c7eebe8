from __future__ import annotations

import json

import numpy as np
import pytest

from runtime import benchmark
from runtime.__main__ import main
from runtime.errors import InputError
from runtime.formats.manifest import Cycles


def test_nearest_rank_by_hand():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [benchmark.nearest_rank(values, percent) for percent in (1, 20, 21, 50, 99, 100)] == [1, 1, 2, 3, 5, 5]
    assert benchmark.nearest_rank(list(range(1, 101)), 99) == 99
    assert benchmark.nearest_rank(list(range(1, 102)), 99) == 100
    assert benchmark.nearest_rank([7.0], 50) == 7


class Accelerator:
    """One whose n-th call takes n seconds; in a row a batch takes half a second."""

    def __init__(self, manifest):
        self.manifest = manifest
        self.now = 0.0
        self.calls = 0
        self.seen = []

    def clock(self):
        return self.now

    def classify(self, images):
        self.seen.append(len(images))
        self.calls += 1
        self.now += max(0, self.calls - 1)
        return np.zeros((len(images), 3))

    def stream(self, batches):
        for batch in batches:
            self.now += 0.5
            yield np.zeros((len(batch), 3))


def test_measured_by_a_clock_of_our_own(make_manifest):
    """12 s: calls of 1, 2 and 3 s fill the first half, of which the first does not count; 12 in a row the second."""
    card = Accelerator(make_manifest(b"", b""))
    found = benchmark.measure(card, 4, 12.0, card.clock)
    assert card.seen == [1, 4, 4, 4]
    assert found == benchmark.Timing(4, images_per_s=8.0, p50_ms=2000, p99_ms=3000, calls=2, batches_in_a_row=12)


def test_at_least_one_call_and_two_in_a_row(make_manifest):
    card = Accelerator(make_manifest(b"", b""))
    found = benchmark.measure(card, 2, 0.001, card.clock)
    assert found == benchmark.Timing(2, images_per_s=4.0, p50_ms=1000, p99_ms=1000, calls=1, batches_in_a_row=2)


def test_bound_by_hand(make_manifest):
    facts = make_manifest(b"", b"", cycles=Cycles(56448, "res2a.conv2b", None), clock_mhz=195.0)
    assert benchmark.bound(facts).images_per_s == pytest.approx(195e6 / 56448)
    text = str(benchmark.bound(facts))
    assert (
        text
        == "at most 3,455 images/s: 56,448 cycles per image (predicted from the folding at res2a.conv2b) at 195 MHz"
    )
    facts = make_manifest(b"", b"", cycles=Cycles(100, "x", 125_000_000))
    assert str(benchmark.bound(facts)).startswith("at most 2 images/s: 125,000,000 cycles per image (measured in")
    assert benchmark.bound(make_manifest(b"", b"")) is None


def test_random_images_use_the_range(make_manifest):
    first = benchmark.random_images(make_manifest(b"", b"", dataset={"maximum": 16}), 64)
    assert (first.dtype, first.shape, first.min(), first.max()) == (np.uint8, (64, 8, 8, 1), 0, 16)
    np.testing.assert_array_equal(first, benchmark.random_images(make_manifest(b"", b"", dataset={"maximum": 16}), 64))
    assert benchmark.random_images(make_manifest(b"", b""), 64).max() == 255


def test_what_is_printed(build, tmp_path, capsys):
    file = build(fc=bytes(160), facts={"cycles": Cycles(1000, "res2b.conv2b", None)})
    words = ["benchmark", "--xclbin", str(file), "--batches", "1,5", "--seconds", "0.01"]
    assert main([*words, "--json", str(tmp_path / "out.json")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "digits, EMULATED: the time of this machine's processor, not of a card"
    assert out[1].split() == ["batch", "images/s", "p50", "ms", "p99", "ms", "calls"]
    assert [line.split()[0] for line in out[2:4]] == ["1", "5"]
    assert any("a card, MODELLED and not measured: at most 250,000 images/s: 1,000 cycles" in line for line in out)
    assert any("no latency is given" in line for line in out)
    found = json.loads((tmp_path / "out.json").read_text())
    assert [one["batch"] for one in found["measured"]] == [1, 5]
    assert all(0 < one["p50_ms"] <= one["p99_ms"] and one["images_per_s"] > 0 for one in found["measured"])
    assert found["time_is"] == "emulated on this machine"
    card = found["modelled_card"]
    assert (card["images_per_s_at_most"], card["latency_ms"], card["cycles"], card["clock_mhz"]) == (
        250e3,
        None,
        1000,
        250,
    )


def test_nothing_is_modelled_from_nothing(build, capsys):
    file = build(fc=bytes(160))
    assert main(["benchmark", "--xclbin", str(file), "--batches", "2", "--seconds", "0.01"]) == 0
    assert "MODELLED and not measured: nothing, the manifest knows no cycles" in capsys.readouterr().out
    assert main(["benchmark", "--xclbin", str(file), "--batches", "2", "--seconds", "0.01", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["modelled_card"] is None


def test_batch_sizes():
    assert benchmark.parse_batches("1, 8,64,8") == (1, 8, 64)
    assert benchmark.parse_batches("4096") == (4096,)


@pytest.mark.parametrize("text", ["0", "1,0", "-1", "", "1,", "x", "1.5", "4097", "9" * 30, "²"])
def test_batch_sizes_that_are_none(text):
    with pytest.raises(InputError, match=r"--batches: .* is not a batch size; give numbers of images from 1 to 4096"):
        benchmark.parse_batches(text)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--batches", "0"], ["--batches", "'0'"]),
        (["--seconds", "0"], ["--seconds", "cannot measure for 0 s"]),
        (["--seconds", "nan"], ["--seconds"]),
        (["--seconds", "inf"], ["--seconds"]),
        (["--json", "."], ["is a folder"]),
        (["--fc-weights", "none.npy"], ["none.npy"]),
    ],
)
def test_mistakes_are_one_line(build, capsys, more, words):
    assert main(["benchmark", "--xclbin", str(build(fc=bytes(160))), *more]) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    assert all(word in text for word in words), text
