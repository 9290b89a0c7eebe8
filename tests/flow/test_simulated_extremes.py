"""digits simulated as one kernel under extreme memories, clocks and calls: right values, and cycles by arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from everyday import first
from flow_checkout import Checkout
from whole_kernel import Built

from blocks.dataset import held_out
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from integration.design import design_of
from integration.platform import find_platform
from runtime.formats import emulation_data
from toolchains.open.simulation.fifo_trim import trimmed_links
from toolchains.open.simulation.kernel.client import Program
from toolchains.open.simulation.kernel.part import settings_part, split_part
from toolchains.open.simulation.kernel.settings import settings_lines

pytestmark = pytest.mark.timeout(600)
FOLDER = "build/digits/open-hw_emu"
IMAGES = 6
U250 = find_platform("u250")
IMAGE_BYTES, WEIGHT_BYTES = 8 * 8, 10 * 128


@pytest.fixture(scope="module")
def built(digits_simulated: Path) -> Built:
    return Built(digits_simulated / "checkout" / FOLDER, find_network("digits"))


@pytest.fixture(scope="module")
def pictures(built: Built) -> np.ndarray:
    pytest.importorskip("sklearn.datasets")
    return held_out(built.network.dataset)[0][:IMAGES]


@pytest.fixture(scope="module")
def expected(built: Built, pictures: np.ndarray) -> np.ndarray:
    """What the integer model says."""
    network = built.network
    values = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    matrix = np.frombuffer(built.weights, np.int8).reshape(network.last.classes, -1)
    return run_network(network, values, pictures, matrix)["postres"]


class Kernel:
    """The program with a memory and a clock of the test's choice."""

    def __init__(self, built: Built, clock_mhz: float, percent: int, latency_ns: float | None) -> None:
        memories = U250.memories
        if latency_ns is not None:
            memories = tuple(replace(memory, latency_ns=latency_ns) for memory in memories)
        lines = settings_lines(replace(U250, memories=memories), clock_mhz, percent)
        images, _ = split_part(built.parts[emulation_data.MEMORIES])
        self.program, self.weights = Program(built.folder / "stitch" / "program"), built.weights
        self._top = built.network.last.top
        self.program.load(images + settings_part(lines))

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, dict]:
        results = self.program.run(len(pictures), pictures.tobytes() + self.weights)
        return np.frombuffer(results, np.uint32).reshape(-1, self._top), self.program.statistics()


@pytest.fixture
def kernel(built: Built) -> Iterator:
    with ExitStack() as running:

        def start(clock_mhz: float = 250.0, percent: int = 100, latency_ns: float | None = None) -> Kernel:
            made = Kernel(built, clock_mhz, percent, latency_ns)
            running.enter_context(made.program)
            return made

        yield start


@pytest.mark.parametrize(
    ("clock_mhz", "percent", "latency_ns"),
    first([(500.0, 100, 10_000.0), (250.0, 100, 10_000.0), (1.0, 100, None), (500.0, 100, None), (250.0, 10, None)], 1),
)
def test_values_do_not_depend_on_memory_and_clock(
    kernel, pictures, expected, clock_mhz: float, percent: int, latency_ns: float | None
) -> None:
    found, counts = kernel(clock_mhz, percent, latency_ns).run(pictures)
    np.testing.assert_array_equal(found, expected)
    _, usual = kernel().run(pictures)
    # The first image waits for the memory twice: for its pixels, and for the answer to its results.
    latencies = [
        max(1, round(ns * mhz / 1000))
        for ns, mhz in ((latency_ns or U250.bank("bank0").latency_ns, clock_mhz), (U250.bank("bank0").latency_ns, 250))
    ]
    assert counts["end"][0] - usual["end"][0] == 2 * (latencies[0] - latencies[1])
    # 1,344 bytes an image in 576 cycles are little even for a tenth of 76.8 bytes a cycle.
    assert counts["interval_cycles"] == usual["interval_cycles"]


def test_one_percent_of_the_bandwidth_sets_the_pace(kernel, pictures, expected) -> None:
    """19.2 GB/s at 250 MHz are 76.8 bytes a cycle; a hundredth moves the batch in no fewer than this many cycles."""
    found, counts = kernel(percent=1).run(pictures)
    np.testing.assert_array_equal(found, expected)
    assert counts["cycles"] >= IMAGES * (IMAGE_BYTES + WEIGHT_BYTES) / 0.768
    assert counts["interval_cycles"] > 2 * kernel().run(pictures)[1]["interval_cycles"]


@pytest.mark.parametrize("percent", first([1, 100], 1))
def test_busy_starved_and_blocked_add_up_to_the_call(kernel, pictures, percent: int) -> None:
    _, counts = kernel(percent=percent).run(pictures)
    sums = {block["name"]: block["busy"] + block["starved"] + block["blocked"] for block in counts["blocks"]}
    assert len(sums) == 7
    assert set(sums.values()) == {counts["cycles"]}
    if percent < 100:
        return
    shares = {block["name"]: block for block in counts["blocks"]}
    # conv2b of res2a takes 576 cycles an image, more than any other: the stem waits for it, the others wait behind it.
    assert max(shares.values(), key=lambda block: block["busy"])["name"] == "res2a"
    assert shares["preres"]["blocked"] > shares["preres"]["busy"]
    assert all(shares[name]["starved"] > counts["cycles"] / 2 for name in ("res2b", "res3a", "res3b", "postres"))


def test_a_batch_of_none_tells_of_itself_and_the_next_call_works(kernel, pictures, expected) -> None:
    simulation = kernel()
    for images in (2, 0, 1):
        found, counts = simulation.run(pictures[:images])
        np.testing.assert_array_equal(found, expected[:images])
        assert (counts["images"], len(counts["end"])) == (images, images)
        # Everything is read from bank0, the first of the memories that the weights are wired to.
        assert {bank["tag"]: bank["read_bytes"] for bank in counts["banks"]} == {
            "bank0": images * (IMAGE_BYTES + WEIGHT_BYTES),
            "PLRAM[0]": 0,
        }


def test_batches_that_overlap_give_what_one_call_gives(
    digits_simulated, built, pictures, expected, monkeypatch
) -> None:
    pytest.importorskip("pynq")
    import runtime

    monkeypatch.setenv("XDG_DATA_HOME", str(digits_simulated / "data"))
    with runtime.Accelerator(built.folder / "digits.xclbin") as accelerator:
        batches = [pictures[:1], pictures[1:3], pictures[3:]]
        np.testing.assert_array_equal(np.concatenate(list(accelerator.stream(batches))), expected)


@pytest.mark.nightly
def test_two_processes_run_one_file_at_the_same_time(digits_simulated, built, pictures, expected, tmp_path) -> None:
    pytest.importorskip("pynq")
    files = [tmp_path / name for name in ("one.npy", "two.npy")]
    for file, picture in zip(files, pictures, strict=False):
        np.save(file, picture)
    checkout = Checkout(digits_simulated / "checkout")
    words = ["-m", "runtime", "classify", "--xclbin", str(built.folder / "digits.xclbin"), *map(str, files)]
    running = [checkout.start(*words) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert said[0] == said[1]
    for picture, best in zip(files, expected[:2, 0], strict=True):
        (line,) = [line for line in said[0].splitlines() if picture.name in line]
        assert str(best) in line.replace(picture.name, "")


def test_the_proposal_for_links_follows_from_the_run(kernel, pictures, built) -> None:
    """Those that were full stay at 32; those in which one beat has stood at most become as shallow as they can be."""
    _, counts = kernel().run(pictures)
    network = built.network
    proposed = trimmed_links({**counts, "predicted_interval_cycles": network.interval()[0]}, network)
    marks = {link["source"]: link["mark"] for link in counts["links"]}
    assert {f"{one.block}.{one.fifo}" for one in proposed} == {link.source.stream for link in design_of(network).links}
    for one in proposed:
        mark = marks[f"{one.block}.{one.fifo}"]
        assert one.depth == (32 if mark >= 16 else 16)
    assert {one.depth for one in proposed} == {16, 32}
