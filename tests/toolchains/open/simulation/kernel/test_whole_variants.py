"""Variants of digits, whole: weights kept in UltraRAM, FIFOs trimmed as proposed, a FIFO that is too shallow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flow_checkout import Checkout
from whole_kernel import Built

from blocks.dataset import held_out
from blocks.fifo_depths import Trimmed, render_depths
from blocks.network import find_network
from toolchains.open.simulation.fifo_trim import joined_marks, trimmed_depth, trimmed_links
from toolchains.open.simulation.values import SimulationError

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]
IMAGES = 8
DIGITS = find_network("digits")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    pytest.importorskip("sklearn.datasets")
    return held_out(DIGITS.dataset)[0][:IMAGES]


@pytest.fixture(scope="module")
def usual(digits_simulated: Path, pictures: np.ndarray) -> tuple[np.ndarray, dict]:
    return Built(digits_simulated / "checkout/build/digits/open-hw_emu", DIGITS).run(pictures)


@pytest.fixture(scope="module")
def variant(digits_simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Built]:
    """Build digits under another name, with a line more in its head, or with depths of FIFOs."""
    folder = tmp_path_factory.mktemp("variants") / "copy"
    shutil.copytree(digits_simulated, folder, symlinks=True)
    networks = folder / "checkout/blocks/networks"

    def make(name: str, head: str = "", depths: str = "") -> Built:
        text = DIGITS.file.read_text().replace("name: digits", f"name: {name}\nparameters: digits")
        (networks / f"{name}.yaml").write_text(text.replace("    top: 3\n", f"    top: 3\n{head}"))
        if depths:
            (networks / f"{name}.fifos.yaml").write_text(depths)
        process = Checkout(folder / "checkout").start("-m", "doit", "build", f"network={name}", "target=hw_emu")
        output, _ = process.communicate(timeout=1800)
        assert process.returncode == 0, output
        return Built(folder / f"checkout/build/{name}/open-hw_emu", find_network(name, networks))

    return make


def test_kept_weights_are_read_once_for_the_batch(variant, usual, pictures) -> None:
    """64 bytes an image and 10 x 128 weights, from one bank."""
    found, counts = variant("digits_kept", head="    fc_cache: uram\n").run(pictures)
    np.testing.assert_array_equal(found, usual[0])
    assert counts["banks"][0]["read_bytes"] == IMAGES * 64 + 10 * 128
    assert usual[1]["banks"][0]["read_bytes"] == IMAGES * (64 + 10 * 128)
    assert counts["interval_cycles"] <= usual[1]["interval_cycles"]


def test_the_trimmed_network_is_as_fast(variant, usual, pictures) -> None:
    """Every FIFO of the proposal is deeper than its mark: nothing ever waits for it, and each image ends as before."""
    _, counts = usual
    bounds = {fifo["name"]: fifo["depth"] for fifo in counts["fifos"]}
    skips = [
        Trimmed(block, fifo, mark, trimmed_depth(mark, bounds[f"{block}.{fifo}"]), bounds[f"{block}.{fifo}"])
        for (block, fifo), mark in joined_marks(counts).items()
    ]
    links = trimmed_links({**counts, "predicted_interval_cycles": DIGITS.interval()[0]}, DIGITS)
    assert any(one.depth < one.bound for one in skips) and any(one.depth < one.bound for one in links)
    trimmed = variant("digits_trimmed", depths=render_depths("digits_trimmed", skips, "the rule", links))
    found, after = trimmed.run(pictures)
    np.testing.assert_array_equal(found, usual[0])
    assert {fifo["name"]: fifo["depth"] for fifo in after["fifos"]} == {f"{s.block}.{s.fifo}": s.depth for s in skips}
    assert [link["depth"] for link in after["links"]] == [one.depth for one in links]
    assert (after["interval_cycles"], after["end"]) == (counts["interval_cycles"], counts["end"])


def test_a_fifo_far_below_its_mark_costs_cycles_or_is_named(variant, usual, pictures) -> None:
    """res2a sets the pace. With one beat beside its convolutions the fork waits for them, and the stem for the fork."""
    _, counts = usual
    assert joined_marks(counts)["res2a", "skip"] > 100
    shallow = variant("digits_shallow", depths="blocks:\n  res2a: {skip: 1}\n")
    try:
        found, after = shallow.run(pictures)
    except SimulationError as error:
        assert "FIFO skip: 1 of 1" in str(error)
        return
    np.testing.assert_array_equal(found, usual[0])
    assert next(fifo["mark"] for fifo in after["fifos"] if fifo["name"] == "res2a.skip") == 1
    assert after["interval_cycles"] > counts["interval_cycles"]
