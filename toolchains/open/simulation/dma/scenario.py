"""A simulation of a DMA core: inputs, outputs expected from a plain description of its task, actual outputs.

The bytes of a stream are the bytes of its beats, concatenated.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from blocks.dma import Dma
from toolchains.open.simulation.values import ModelDiffersError, SimulationError

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

STREAMS = ("image", "weights", "result")


@dataclass(frozen=True)
class Call:
    """One start of the core: the number of images, and the regions as byte offsets into the memory.

    The core ignores the bits of `in_r` and `weightsmem` below the word size of their port.
    """

    images: int
    in_r: int
    out_r: int
    weightsmem: int


@dataclass(frozen=True)
class Arrived:
    """The bytes of both output streams of the core, and the final memory."""

    image: Bytes
    weights: Bytes
    memory: Bytes


@dataclass(frozen=True)
class Outcome:
    """The outputs of a run, and the text that it printed.

    `ends` gives, for each call and stream, the cycle since the start of the call in which each image's last beat moved.
    """

    arrived: Arrived
    text: str
    ends: tuple[Mapping[str, tuple[int, ...]], ...]

    @property
    def weight_words_read(self) -> int:
        """Words of the weights that all calls have read from card memory."""
        return int(next(line for line in self.text.splitlines() if line.startswith("weight_words_read")).split()[1])

    def figure(self, name: str, call: int = 0) -> int:
        """A figure of a call, by the name that the bench prints."""
        words = [line for line in self.text.splitlines() if line.startswith("images")][call].split()
        return int(words[words.index(name) + 1])


@dataclass(frozen=True)
class Scenario:
    """A series of calls, and the speed of memory, streams and host.

    Attributes:
        dma: The DMA block that is simulated.
        seed: Seed of all contents and all stalls.
        calls: The calls, made one after the other.
        bytes: Size of the card memory; its contents are random.
        base: Address of the memory's first byte.
        settings: Further lines for the bench; `read_scenario` in `bench.cpp` lists the keys.
        late_results: Whether an image's results come after the whole image, as from a network, or as early as possible.
    """

    dma: Dma
    seed: int
    calls: tuple[Call, ...]
    bytes: int
    base: int = 0x4000_0000
    settings: Mapping[str, object] = field(default_factory=dict)
    late_results: bool = False

    @cached_property
    def contents(self) -> tuple[Bytes, Bytes]:
        """The initial memory, and the bytes that the last block sends."""
        draw = np.random.default_rng(self.seed)
        memory = draw.integers(0, 256, self.bytes, dtype=np.uint8)
        most = max(1, sum(call.images for call in self.calls))
        return memory, draw.integers(0, 256, self.dma.result_bytes * most, dtype=np.uint8)

    def expected(self) -> Arrived:
        """The expected outputs: each call sends its images, sends the weights once per image, and stores results."""
        dma, (before, results) = self.dma, self.contents
        memory = before.copy()
        image, weights, sent = [], [], 0
        for call in self.calls:
            first = call.in_r // dma.image_word_bytes * dma.image_word_bytes
            image.append(memory[first : first + call.images * dma.image_bytes])
            word = dma.weights_word_bytes or 1
            first = call.weightsmem // word * word
            weights.append(np.tile(memory[first : first + dma.weights_bytes], call.images))
            count = call.images * dma.result_bytes
            memory[call.out_r : call.out_r + count] = results[sent : sent + count]
            sent += count
        return Arrived(np.concatenate(image), np.concatenate(weights), memory)

    def write(self, folder: Path) -> None:
        """Write the bench's input files into the folder."""
        folder.mkdir(exist_ok=True)
        memory, results = self.contents
        memory.tofile(folder / "memory")
        results.tofile(folder / "results")
        places = [(self.base + one.in_r, self.base + one.out_r, self.base + one.weightsmem) for one in self.calls]
        values = {
            "core": self.dma.core().name,
            "seed": self.seed,
            "base": self.base,
            "results_per_image": self.dma.result.beats,
            "beats_before_results": self.dma.image.beats if self.late_results else 0,
            **self.settings,
        }
        lines = [f"{key} {value}" for key, value in values.items()]
        for call, (in_r, out_r, weightsmem) in zip(self.calls, places, strict=True):
            lines.append(f"call {in_r} {out_r} {weightsmem} {call.images}")
        (folder / "scenario").write_text("\n".join(lines) + "\n")


def run(bench: Path, folder: Path, scenario: Scenario) -> Outcome:
    """Run one scenario in a folder of its own.

    Raises:
        SimulationError: The core breaks a rule of AXI or of its registers, hangs, or reads the weights too often.
    """
    scenario.write(folder)
    done = subprocess.run([str(bench.resolve()), str(folder)], check=False, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.startswith("fault ")]
        raise SimulationError(said[-1].removeprefix("fault ") if said else f"the bench ended with {done.returncode}")
    ends: list[dict[str, tuple[int, ...]]] = []
    for line in done.stdout.splitlines():
        kind, *words = line.split()
        if kind == "images":
            ends.append({})
        elif kind == "ends":
            ends[-1][words[0]] = tuple(map(int, words[1:]))
    image, weights, memory = (np.fromfile(folder / name, np.uint8) for name in ("image", "weights", "memory"))
    found = Outcome(Arrived(image, weights, memory), done.stdout, tuple(ends))
    reads = sum(scenario.dma.weight_reads(call.images) for call in scenario.calls)
    wanted = reads * (scenario.dma.weights_bytes // (scenario.dma.weights_word_bytes or 1))
    # Auto-restart makes as many calls as fit into the host's polling.
    if found.weight_words_read != wanted and "auto_restarts" not in scenario.settings:
        raise SimulationError(
            f"{found.weight_words_read} words of the weights were read from card memory, not {wanted}"
        )
    return found


def check_arrived(outcome: Outcome, scenario: Scenario) -> int:
    """Compare every byte of streams and memory with the expected ones.

    Returns:
        The number of elements that moved: bytes of both streams, and results.

    Raises:
        ModelDiffersError: A byte differs; the error gives the place of the first one.
    """
    wanted = scenario.expected()
    for name in ("image", "weights", "memory"):
        got, all_of_it = getattr(outcome.arrived, name), getattr(wanted, name)
        if got.size != all_of_it.size:
            raise ModelDiffersError(f"{name}: {got.size} bytes arrived, not {all_of_it.size}")
        wrong = np.flatnonzero(got != all_of_it)
        if wrong.size:
            at = int(wrong[0])
            what = f"byte {at} is {got[at]}, not {all_of_it[at]}"
            raise ModelDiffersError(f"{name}: {what}; {wrong.size} of {got.size} bytes differ")
    results = scenario.dma.result.elements * sum(call.images for call in scenario.calls)
    return int(wanted.image.size + wanted.weights.size + results)
