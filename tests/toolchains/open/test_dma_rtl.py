"""The DMA core's SystemVerilog between a host, a card memory and the blocks, against the movement as numpy says it.

The stand-ins (`dma/bench.cpp`, `toolchains/open/axi_memory.hpp`) check the rules of AXI and of the control registers
while they run. The bytes of a stream are the bytes of its beats, one after the other.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from blocks import rtl
from blocks.dma import Dma, DmaCore
from blocks.network import find_network
from blocks.operators.base import Stream
from integration.design import kernel_of
from toolchains.open.verilator import find_verilator

ROOT = Path(__file__).parents[3]
BENCH = Path(__file__).parent / "dma"
CXX = ["g++", "-std=c++17", "-O1", "-w"]


def shape(image: tuple[int, int], weights: tuple[int, int], results: int) -> Dma:
    """Lanes and beats of the two streams out."""
    return Dma(Stream(image[0], 8, image[1]), Stream(weights[0], 8, weights[1], True), Stream(1, 32, results))


# 64 byte words and 1 and 3 bytes a beat; beats wider than words, words of a byte, neither a multiple of the other.
SHAPES = {
    "digits": find_network("digits").dma,
    "resnet50": find_network("resnet50").dma,
    "wide_beats": shape((24, 40), (96, 30), 17),
    "bytes": shape((1, 333), (7, 111), 1),
    "words_of_16": shape((12, 100), (5, 240), 40),
    "ninths": shape((9, 64), (36, 128), 1),
}
QUICK = [name for name in SHAPES if name != "resnet50"]


@dataclass(frozen=True)
class Outcome:
    """What a run printed and left."""

    text: str
    image: np.ndarray
    weights: np.ndarray
    memory: np.ndarray
    words: int

    def figure(self, name: str, call: int = 0) -> int:
        """A figure of the line of a call."""
        words = [line for line in self.text.splitlines() if line.startswith("images")][call].split()
        return int(words[words.index(name) + 1])


@dataclass
class Scenario:
    """Calls (images, and where the three regions begin in the memory) and how slow everyone is."""

    dma: Dma
    shape: str
    seed: int
    calls: list[tuple[int, int, int, int]]
    bytes: int
    base: int = 0x4000_0000
    settings: dict[str, object] = field(default_factory=dict)
    late_results: bool = False
    """Whether an image's results come after the whole image, as from a network, or as soon as they can."""

    def __post_init__(self) -> None:
        draw = np.random.default_rng(self.seed)
        self.memory = draw.integers(0, 256, self.bytes, dtype=np.uint8)
        most = max(1, sum(call[0] for call in self.calls))
        self.results = draw.integers(0, 256, self.dma.result_bytes * most, dtype=np.uint8)

    def expected(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image stream, weights stream and the memory afterwards."""
        dma, memory = self.dma, self.memory.copy()
        image, weights, sent = [], [], 0
        for images, in_r, out_r, weightsmem in self.calls:
            first = in_r // dma.image_word_bytes * dma.image_word_bytes
            image.append(memory[first : first + images * dma.image_bytes])
            first = weightsmem // dma.weights_word_bytes * dma.weights_word_bytes
            weights.append(np.tile(memory[first : first + dma.weights_bytes], images))
            count = images * dma.result_bytes
            memory[out_r : out_r + count] = self.results[sent : sent + count]
            sent += count
        return np.concatenate(image), np.concatenate(weights), memory

    def write(self, folder: Path) -> None:
        """The files that the bench reads."""
        folder.mkdir()
        self.memory.tofile(folder / "memory")
        self.results.tofile(folder / "results")
        calls = [f"call {self.base + a} {self.base + b} {self.base + c} {images}" for images, a, b, c in self.calls]
        values = {
            "shape": self.shape,
            "seed": self.seed,
            "base": self.base,
            "results_per_image": self.dma.result.beats,
            "beats_before_results": self.dma.image.beats if self.late_results else 0,
            **self.settings,
        }
        lines = [f"{key} {value}" for key, value in values.items()]
        (folder / "scenario").write_text("\n".join([*lines, *calls]) + "\n")


def compile_bench(folder: Path, shapes: dict[str, Dma], change: Callable[[str], str] = lambda text: text) -> Path:
    """The bench with a verilated core for each shape; `change` alters dma.sv before."""
    verilator = find_verilator()
    if verilator is None:
        pytest.skip("Verilator is not installed")
    include = verilator.include
    flags = [f"-I{include}", f"-I{include}/vltstd", f"-I{ROOT}", f"-I{BENCH}"]
    objects = []

    def cpp(source: Path, name: str) -> None:
        objects.append(folder / f"{name}.o")
        subprocess.run([*CXX, *flags, f"-I{folder}", "-c", str(source), "-o", str(objects[-1])], check=True)

    for name, dma in shapes.items():
        core = dma.core()
        view = rtl.render(core)
        sources = []
        for file in view.files:
            sources.append(folder / Path(file).name)
            sources[-1].write_text(change((ROOT / "blocks" / file).read_text()))
        (folder / f"{view.name}.sv").write_text(view.top)
        command = [
            "--cc",
            "-Wall",
            "-Wno-DECLFILENAME",
            "-Mdir",
            name,
            "--prefix",
            f"V{name}",
            "--top-module",
            view.name,
        ]
        command += ["--x-assign", "unique", "--x-initial", "unique", *map(str, sources), f"{view.name}.sv"]
        assert verilator.run(command, folder) == 0
        parts = sorted((folder / name).glob("*.cpp"))
        table = f"FARM_DMA_BENCH({name}, V{name}, {dma.image_word_bytes}, {dma.weights_word_bytes}, "
        table += f"{dma.image.lanes}, {dma.weights.lanes})\n"
        (folder / f"{name}.cpp").write_text(
            "".join(f'#include "{part}"\n' for part in parts) + f'#include "bench.hpp"\n{table}'
        )
        cpp(folder / f"{name}.cpp", name)
    declared = "".join(f"std::unique_ptr<Bench> {name}();\n" for name in shapes)
    listed = "".join(f'    {{"{name}", {name}}},\n' for name in shapes)
    (folder / "shapes.cpp").write_text(
        f'#include "bench.hpp"\nstruct Shape {{ const char* name; std::unique_ptr<Bench> (*make)(); }};\n{declared}'
        f"extern const Shape shapes[] = {{\n{listed}    {{nullptr, nullptr}}}};\n"
    )
    cpp(folder / "shapes.cpp", "shapes")
    cpp(BENCH / "bench.cpp", "bench")
    for runtime in ("verilated.cpp", "verilated_threads.cpp"):
        cpp(include / runtime, runtime)
    subprocess.run(["g++", *map(str, objects), "-o", str(folder / "bench"), "-pthread"], check=True)
    return folder / "bench"


def run(bench: Path, folder: Path, scenario: Scenario) -> Outcome:
    """Run one scenario in a new folder."""
    scenario.write(folder)
    done = subprocess.run([str(bench), str(folder)], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    words = int(done.stdout.split("words ")[-1])
    image, weights, memory = (np.fromfile(folder / name, np.uint8) for name in ("image", "weights", "memory"))
    return Outcome(done.stdout, image, weights, memory, words)


def check(outcome: Outcome, scenario: Scenario) -> None:
    """Every byte where it belongs."""
    for name, got, wanted in zip(
        ("image", "weights", "memory"),
        (outcome.image, outcome.weights, outcome.memory),
        scenario.expected(),
        strict=True,
    ):
        assert np.array_equal(got, wanted), f"{scenario.shape}, seed {scenario.seed}: {name} differs"


def scenario(name: str, seed: int, calls: int = 3, **settings: object) -> Scenario:
    """Regions in any order with gaps, each aligned to its word and no more; sometimes across a carry of the address."""
    draw, dma = random.Random(f"{name} {seed}"), SHAPES[name]
    images = [draw.randint(0, 5) if call else draw.randint(1, 5) for call in range(calls)]
    sizes = [
        (max(images) * dma.image_bytes, dma.image_word_bytes),
        (max(images) * dma.result_bytes, 4),
        (dma.weights_bytes, dma.weights_word_bytes),
    ]
    places, end = [0, 0, 0], draw.randrange(4096)
    for region in draw.sample(range(3), 3):
        size, word = sizes[region]
        places[region] = -(-end // word) * word
        end = places[region] + size + draw.randrange(1, 5000)
    in_r, out_r, weightsmem = places
    # The bits of a base address that are below a word count for nothing.
    in_r += draw.randrange(dma.image_word_bytes)
    weightsmem += draw.randrange(dma.weights_word_bytes)
    # Addresses grow from piece to piece of their counter here.
    carry = draw.choice([1 << 32, 1 << 44, 1 << 60, 3 << 28])
    base = carry - draw.randrange(end // 4096 + 1) * 4096
    listed = [(count, in_r, out_r, weightsmem) for count in images]
    return Scenario(dma, name, seed, listed, end, base, settings, late_results=seed % 2 == 0)


SLOWNESS: list[dict[str, object]] = [
    {},
    {"latency": "0 0", "host_stall_percent": 50},
    {"latency": "20 300", "memory_stall_percent": 60, "stream_stall_percent": 10, "write_order": "address_first"},
    {"latency": "1 30", "memory_stall_percent": 10, "stream_stall_percent": 70, "write_order": "data_first"},
    {"latency": "5 5", "error_percent": 20, "memory_stall_percent": 30, "stream_stall_percent": 30},
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_bench(tmp_path_factory.mktemp("dma_bench"), SHAPES)


@pytest.mark.parametrize("slowness", range(len(SLOWNESS)))
@pytest.mark.parametrize("name", QUICK)
def test_moves_every_byte(bench: Path, tmp_path: Path, name: str, slowness: int) -> None:
    for seed in range(2):
        given = scenario(name, 10 * slowness + seed, **SLOWNESS[slowness])
        outcome = run(bench, tmp_path / str(seed), given)
        check(outcome, given)
        assert (outcome.figure("errors") > 0) == ("error_percent" in SLOWNESS[slowness])


def test_a_call_without_images_ends_and_moves_nothing(bench: Path, tmp_path: Path) -> None:
    given = scenario("digits", 1)
    given.calls = [(0, *given.calls[0][1:]), given.calls[0]]
    check(run(bench, tmp_path / "run", given), given)


@pytest.mark.parametrize("name", QUICK)
def test_auto_restart_repeats_the_call(bench: Path, tmp_path: Path, name: str) -> None:
    given = scenario(name, 3, calls=1, again=3, memory_stall_percent=20)
    outcome = run(bench, tmp_path / "run", given)
    calls = outcome.words // (given.calls[0][0] * given.dma.result.beats)
    assert calls >= 3
    image, weights, memory = given.expected()
    assert np.array_equal(outcome.image, np.tile(image, calls))
    assert np.array_equal(outcome.weights, np.tile(weights, calls))
    assert np.array_equal(outcome.memory, memory)


# More words than a reader has places for.
BLOCKED = {"digits": 50, "words_of_16": 10}


def blocked(name: str) -> Scenario:
    """Memory at once, streams hardly ever ready."""
    dma, page = SHAPES[name], 1 << 16
    given = Scenario(dma, name, 7, [(BLOCKED[name], 0, page, 2 * page)], 2 * page + dma.weights_bytes)
    given.settings = {"latency": "0 0", "stream_stall_percent": 90, "longest_cycles": 200_000}
    return given


@pytest.mark.parametrize("name", BLOCKED)
def test_a_blocked_stream_loses_nothing(bench: Path, tmp_path: Path, name: str) -> None:
    check(run(bench, tmp_path / "run", blocked(name)), blocked(name))


@pytest.mark.parametrize("name", ["digits", "resnet50"])
def test_a_beat_a_cycle_at_a_latency_of_100_cycles(bench: Path, tmp_path: Path, name: str) -> None:
    """The streams run without a gap once they run: the latency is paid once, the bound of `Dma.cycles` holds after."""
    dma, images = SHAPES[name], 2
    page = 1 << 20
    given = Scenario(dma, name, 5, [(images, 0, page, 2 * page)], 2 * page + dma.weights_bytes)
    given.settings["longest_cycles"] = 200_000
    outcome = run(bench, tmp_path / "run", given)
    check(outcome, given)
    cycles = dma.cycles()
    start = 130
    # A gap of the next image's first burst is hidden by the words that wait.
    assert outcome.figure("image") == images * cycles["read_image"]
    assert outcome.figure("weights") == images * cycles["read_weights"]
    assert outcome.figure("cycles") < images * max(cycles.values()) + start + 150


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
        "wire move = some && word_valid && (!wvalid || wready);",
        "wire move = some && word_valid;",
    ),
    "done before the last answer": ("!bursting && unanswered == 0;", "!bursting && (unanswered == 0 || 1'b1);"),
    "the arguments of the next call": ("assign from = kept;", "assign from = first | (kept & 64'd0);"),
    "the interrupt stays": ("(pending ^ (write", "(pending | (write"),
}


@pytest.mark.nightly
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_seen(tmp_path: Path, mistake: str) -> None:
    old, new = MISTAKES[mistake]
    found = 0

    def plant(text: str) -> str:
        nonlocal found
        found += text.count(old)
        return text.replace(old, new)

    names = ("words_of_16", "ninths")
    bench = compile_bench(tmp_path, {name: SHAPES[name] for name in names}, plant)
    assert found
    with pytest.raises((AssertionError, subprocess.TimeoutExpired)):
        check(run(bench, tmp_path / "blocked", blocked(names[0])), blocked(names[0]))
        for slowness, settings in enumerate(SLOWNESS):
            for name in names:
                for seed in range(2):
                    given = scenario(name, 10 * slowness + seed, **settings)
                    check(run(bench, tmp_path / f"{name}_{slowness}_{seed}", given), given)
