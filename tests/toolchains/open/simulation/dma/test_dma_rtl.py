"""The DMA core's SystemVerilog between a host, a card memory and the blocks, against the movement as numpy says it.

The stand-ins (`bench.cpp`, `axi_memory.hpp`) check the rules of AXI and of the control registers while they run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import needs
import numpy as np
import pytest
from everyday import first
from once import Once

from blocks.core import rtl
from blocks.dma import Dma, DmaCore
from blocks.network import find_network
from blocks.operators.base import Stream
from integration.design import kernel_of
from toolchains.open.simulation.dma.bench import PROGRAM
from toolchains.open.simulation.dma.build import build
from toolchains.open.simulation.dma.cosim import interval_of, latency_of
from toolchains.open.simulation.dma.scenario import Arrived, Call, Outcome, Scenario, check_arrived, run
from toolchains.open.simulation.values import ModelDiffersError, SimulationError

# A warning ends Verilator, as it does not in a step; what is not defined is random.
LINTING = ("--cc", "-Wall", "-Wno-DECLFILENAME", "-MMD", "--x-assign", "unique", "--x-initial", "unique")


def shape(image: tuple[int, int], weights: tuple[int, int] | None, results: int) -> Dma:
    """Lanes and beats of the streams out."""
    streamed = Stream(weights[0], 8, weights[1], True) if weights else None
    return Dma(Stream(image[0], 8, image[1]), streamed, Stream(1, 32, results))


# 64 byte words and 1 and 3 bytes a beat; beats wider than words, words of a byte, neither a multiple of the other.
SHAPES = {
    "digits": find_network("digits").dma,
    "resnet50": find_network("resnet50").dma,
    "wide_beats": shape((24, 40), (96, 30), 17),
    "bytes": shape((1, 333), (7, 111), 1),
    "words_of_16": shape((12, 100), (5, 240), 40),
    "ninths": shape((9, 64), (36, 128), 1),
    "no_weights": shape((3, 40), None, 10),
    # Weights that are kept: as words, as beats, and so few that a pass is shorter than the flags of its counter take.
    "kept_words": replace(find_network("digits").dma, keeps_weights=True),
    "kept_beats": replace(shape((24, 40), (96, 30), 17), keeps_weights=True),
    "kept_one": replace(shape((64, 1), (64, 1), 1), keeps_weights=True),
}
QUICK = [name for name in SHAPES if name != "resnet50"]
KEPT = [name for name, dma in SHAPES.items() if dma.keeps_weights]


def bench_of(
    folder: Path, names: Iterable[str], change: Callable[[str], str] = lambda text: text, library: Path | None = None
) -> Path:
    """The bench with the cores of some shapes; `change` alters their SystemVerilog before."""
    needs.installed_verilator()
    needs.compiler()
    return build([SHAPES[name].core() for name in names], folder, flags=LINTING, change=change, library=library)


def scenario(name: str, seed: int, calls: int = 3, **settings: object) -> Scenario:
    """Regions in any order with gaps, each aligned to its word and no more; sometimes across a carry of the address."""
    draw, dma = random.Random(f"{name} {seed}"), SHAPES[name]
    images = [draw.randint(0, 5) if call else draw.randint(1, 5) for call in range(calls)]
    sizes = [
        (max(images) * dma.image_bytes, dma.image_word_bytes),
        (max(images) * dma.result_bytes, 4),
        (dma.weights_bytes, dma.weights_word_bytes or 1),
    ]
    places, end = [0, 0, 0], draw.randrange(4096)
    for region in draw.sample(range(3), 3):
        size, word = sizes[region]
        places[region] = -(-end // word) * word
        end = places[region] + size + draw.randrange(1, 5000)
    in_r, out_r, weightsmem = places
    # The bits of a base address that are below a word count for nothing.
    in_r += draw.randrange(dma.image_word_bytes)
    weightsmem += draw.randrange(dma.weights_word_bytes or 1)
    # Addresses grow from piece to piece of their counter here.
    carry = draw.choice([1 << 32, 1 << 44, 1 << 60, 3 << 28])
    base = carry - draw.randrange(end // 4096 + 1) * 4096
    listed = tuple(Call(count, in_r, out_r, weightsmem) for count in images)
    return Scenario(dma, seed, listed, end, base, settings, late_results=seed % 2 == 0)


SLOWNESS: list[dict[str, object]] = [
    {},
    {"latency": "0 0", "host_stall_percent": 50},
    {"latency": "20 300", "memory_stall_percent": 60, "stream_stall_percent": 10, "write_order": "address_first"},
    {"latency": "1 30", "memory_stall_percent": 10, "stream_stall_percent": 70, "write_order": "data_first"},
    {"latency": "5 5", "error_percent": 20, "memory_stall_percent": 30, "stream_stall_percent": 30},
]


@pytest.fixture(scope="session")
def bench(once: Once, harness: Path) -> Path:
    return once.make("dma-bench", lambda folder: bench_of(folder, SHAPES, library=harness)) / PROGRAM


@pytest.mark.parametrize("slowness", range(len(SLOWNESS)))
@pytest.mark.parametrize("name", QUICK)
def test_moves_every_byte(bench: Path, tmp_path: Path, name: str, slowness: int) -> None:
    for seed in range(2):
        given = scenario(name, 10 * slowness + seed, **SLOWNESS[slowness])
        outcome = run(bench, tmp_path / str(seed), given)
        check_arrived(outcome, given)
        assert (outcome.figure("errors") > 0) == ("error_percent" in SLOWNESS[slowness])


def test_a_byte_that_differs_is_named() -> None:
    """What the comparison itself sees, without a core: each stream and the memory, one byte wrong, one too few."""
    given = Scenario(SHAPES["digits"], 1, (Call(2, 0, 4096, 8192),), 3 * 4096)
    wanted = given.expected()
    before, results = given.contents
    assert wanted.image.tolist() == before[:128].tolist()
    assert wanted.weights.tolist() == 2 * before[8192 : 8192 + 1280].tolist()
    assert wanted.memory[4096:4120].tolist() == results.tolist()
    assert check_arrived(Outcome(wanted, "", ()), given) == 2 * (64 + 1280 + 3)
    for name in ("image", "weights", "memory"):
        wrong = getattr(wanted, name).copy()
        wrong[77] ^= 1
        with pytest.raises(ModelDiffersError, match=f"{name}: byte 77 is .*; 1 of {wrong.size} bytes differ"):
            check_arrived(Outcome(replace(wanted, **{name: wrong}), "", ()), given)
        with pytest.raises(ModelDiffersError, match=f"{name}: {wrong.size - 1} bytes arrived, not {wrong.size}"):
            check_arrived(Outcome(replace(wanted, **{name: wrong[:-1]}), "", ()), given)


def test_the_interval_is_the_longest_of_all_streams() -> None:
    ends = {"image": (164, 228, 292), "weights": (180, 260, 341), "result": (170, 240, 300)}
    empty = Arrived(*(np.zeros(0, np.uint8) for _ in range(3)))
    assert interval_of(Outcome(empty, "", (ends,))) == 341 - 260
    assert latency_of(Outcome(empty, "", (ends,))) == 164
    with pytest.raises(SimulationError, match="at least two images"):
        interval_of(Outcome(empty, "", ({"image": (164,)},)))


def test_a_call_without_images_ends_and_moves_nothing(bench: Path, tmp_path: Path) -> None:
    given = scenario("digits", 1)
    given = replace(given, calls=(replace(given.calls[0], images=0), given.calls[0]))
    check_arrived(run(bench, tmp_path / "run", given), given)


@pytest.mark.parametrize("name", QUICK)
def test_auto_restart_repeats_the_call(bench: Path, tmp_path: Path, name: str) -> None:
    given = scenario(name, 3, calls=1, auto_restarts=3, memory_stall_percent=20)
    outcome = run(bench, tmp_path / "run", given)
    words_written = int(outcome.text.split("words ")[-1])
    calls = words_written // (given.calls[0].images * given.dma.result.beats)
    assert calls >= 3
    once = given.expected()
    assert np.array_equal(outcome.arrived.image, np.tile(once.image, calls))
    assert np.array_equal(outcome.arrived.weights, np.tile(once.weights, calls))
    assert np.array_equal(outcome.arrived.memory, once.memory)


# More words than a reader has places for.
BLOCKED = {"digits": 50, "words_of_16": 10, "kept_words": 20, "kept_beats": 5}


def blocked(name: str) -> Scenario:
    """Memory at once, streams hardly ever ready."""
    dma, page = SHAPES[name], 1 << 16
    calls = (Call(BLOCKED[name], 0, page, 2 * page),)
    settings = {"latency": "0 0", "stream_stall_percent": 90, "longest_cycles": 200_000}
    return Scenario(dma, 7, calls, 2 * page + dma.weights_bytes, settings=settings)


@pytest.mark.parametrize("name", BLOCKED)
def test_a_blocked_stream_loses_nothing(bench: Path, tmp_path: Path, name: str) -> None:
    check_arrived(run(bench, tmp_path / "run", blocked(name)), blocked(name))


@pytest.mark.parametrize("name", ["digits", "resnet50"])
def test_a_beat_a_cycle_at_a_latency_of_100_cycles(bench: Path, tmp_path: Path, name: str) -> None:
    """The streams run without a gap once they run: the latency is paid once, the bound of `Dma.cycles` holds after."""
    dma, images = SHAPES[name], 2
    page = 1 << 20
    calls = (Call(images, 0, page, 2 * page),)
    given = Scenario(dma, 5, calls, 2 * page + dma.weights_bytes, settings={"longest_cycles": 200_000})
    outcome = run(bench, tmp_path / "run", given)
    check_arrived(outcome, given)
    cycles = dma.cycles()
    start = 130
    # A gap of the next image's first burst is hidden by the words that wait.
    assert outcome.figure("image") == images * cycles["read_image"]
    assert outcome.figure("weights") == images * cycles["read_weights"]
    assert outcome.figure("cycles") < images * max(cycles.values()) + start + 150


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("images", first([2, 0, 1, 7], 1))
def test_weights_that_are_kept_are_read_once_per_call(bench: Path, tmp_path: Path, name: str, images: int) -> None:
    """In the second call too, whose weights lie elsewhere; without the cache they are read for each image."""
    dma, page = SHAPES[name], 1 << 16
    calls = (Call(images, 0, page, 2 * page), Call(3, 0, page, 3 * page))
    given = Scenario(dma, 11, calls, 4 * page, settings={"longest_cycles": 100_000})
    outcome = run(bench, tmp_path / "run", given)
    check_arrived(outcome, given)
    words = dma.weights_bytes // dma.weights_word_bytes
    assert outcome.weight_words_read == words * (min(images, 1) + 1)


def test_weights_that_are_not_kept_are_read_for_each_image(bench: Path, tmp_path: Path) -> None:
    dma, page = SHAPES["digits"], 1 << 16
    given = Scenario(dma, 11, (Call(4, 0, page, 2 * page),), 3 * page)
    assert run(bench, tmp_path / "run", given).weight_words_read == 4 * 20
    promised = replace(given, dma=SHAPES["kept_words"], settings={"core": dma.core().name})
    with pytest.raises(SimulationError, match="80 words of the weights were read from card memory, not 20"):
        run(bench, tmp_path / "promised", promised)


def test_kept_weights_follow_each_other_without_a_gap(bench: Path, tmp_path: Path) -> None:
    """80 beats an image: 10 rows of 128 weights, 16 a beat. Only the first image waits for the memory."""
    dma, page, images = SHAPES["kept_words"], 1 << 16, 6
    given = Scenario(dma, 11, (Call(images, 0, page, 2 * page),), 3 * page)
    outcome = run(bench, tmp_path / "run", given)
    assert dma.cycles()["read_weights"] == 80
    assert outcome.figure("weights") == images * 80


def test_beats_wider_than_words_come_at_full_speed_once_they_are_kept(bench: Path, tmp_path: Path) -> None:
    """96 bytes a beat from words of 32: three cycles a beat from memory, and one from the cache.

    The first image's beats come from the cache as well, so there is no gap before the second's.
    """
    dma, page, images = SHAPES["kept_beats"], 1 << 16, 8
    given = Scenario(dma, 11, (Call(images, 0, page, 2 * page),), 3 * page)
    ends = run(bench, tmp_path / "run", given).ends[0]["weights"]
    assert [later - before for before, later in pairwise(ends)] == 7 * [30]


def test_registers_are_where_the_kernel_says() -> None:
    kernel = kernel_of(find_network("resnet50"))
    assert [argument.offset for argument in kernel.arguments] == [0x10, 0x1C, 0x28]
    assert kernel.count_offset == 0x34
    core = find_network("resnet50").dma.core()
    assert isinstance(core, DmaCore)
    ports = {port.name: port.width_bits for port in rtl.render(core).ports}
    assert [ports[argument.name] for argument in kernel.arguments] == [each.port_bits for each in kernel.arguments]


MISTAKES = {
    "a burst too many": ("low_none && high_none", "low_none && high_none && images_left[31]"),
    "an image too few": ("assign start = ap_start && !running;", "assign start = ap_start && !running && images != 1;"),
    "the last word is missing": ("left <= LEFT_BITS'(WORDS);", "left <= LEFT_BITS'(WORDS - 1);"),
    "a burst over 4 KiB": ("(PLACE_BITS + 1)'(BURST) - (PLACE_BITS + 1)'(place);", "(PLACE_BITS + 1)'(BURST);"),
    "a carry is lost": ("carry[piece] <= carry[piece-1] &&", "carry[piece] <= 1'b0 && carry[piece-1] &&"),
    "weights go on": ("assign load = next_image;", "assign load = next_image && (images_left == images);"),
    "units in the wrong order": ("offset == OFFSET_BITS'(o)", "offset == OFFSET_BITS'(OUT - 1 - o)"),
    "the place of the next word": ("localparam int STEP = IN % OUT;", "localparam int STEP = (IN + 1) % OUT;"),
    "a beat is shifted too far": ("waiting >> (OUT * UNIT)", "waiting >> (OUT * UNIT + 8)"),
    "no room is kept": ("room <= places >= COUNT_BITS'(BURST);", "room <= 1'b1 | (places == 0);"),
    "an offered address changes": (
        "if (grant) begin\n            araddr",
        "if (burst_valid) begin\n            araddr",
    ),
    "a bus error is not seen": ("error <= rvalid && rfault;", "error <= rvalid && rfault && rst;"),
    "an error without a word": ("error <= rvalid && rfault;", "error <= rfault;"),
    "a burst before its words": ("stored >= COUNT_BITS'(burst_words)", "stored != 0"),
    "the last word of a burst": ("last <= left == 2;", "last <= left == 3;"),
    "offered data changes": (
        "wire move = in_burst && word_valid && (!wvalid || wready);",
        "wire move = in_burst && word_valid;",
    ),
    "done before the last answer": ("!bursting && unanswered == 0;", "!bursting && (unanswered == 0 || 1'b1);"),
    "the arguments of the next call": ("assign from = kept;", "assign from = first | (kept & 64'd0);"),
    "the interrupt stays": ("(pending ^ (write", "(pending | (write"),
}
KEEPING = {
    "a kept word too few": ("place == PLACE_BITS'(DEPTH - 1);", "place == PLACE_BITS'(DEPTH - 2);"),
    "a pass too many": (
        "!(low_none && high_none);\n    wire leave",
        "!(low_none && high_none && first);\n    wire leave",
    ),
    "flags that do not hold yet": ("choosing) && !settling;", "choosing) && !(settling && rst);"),
}
"""Mistakes in what keeps weights, which other shapes do not contain."""


@pytest.mark.nightly
@pytest.mark.parametrize("mistake", MISTAKES | KEEPING)
def test_a_planted_mistake_is_seen(tmp_path: Path, mistake: str, harness: Path) -> None:
    old, new = (MISTAKES | KEEPING)[mistake]
    found = 0

    def plant(text: str) -> str:
        nonlocal found
        found += text.count(old)
        return text.replace(old, new)

    names = ("kept_beats", "kept_one") if mistake in KEEPING else ("words_of_16", "ninths")
    bench = bench_of(tmp_path, names, plant, harness)
    assert found
    with pytest.raises(SimulationError):
        check_arrived(run(bench, tmp_path / "blocked", blocked(names[0])), blocked(names[0]))
        for slowness, settings in enumerate(SLOWNESS):
            for name in names:
                for seed in range(2):
                    given = scenario(name, 10 * slowness + seed, **settings)
                    check_arrived(run(bench, tmp_path / f"{name}_{slowness}_{seed}", given), given)
