"""Simulate a block cycle by cycle: `python -m toolchains.open.simulation.cosim` is the `cosim` step.

The verilated core gets the block's memory images, then images back to back. Its outputs must equal the integer model's
in every run: with a source at full speed, with a source at the network's interval, and with random stalls at all data
ports. In these last runs parameter memories start late, each at another time; they never pause: cores rely on it.
The step writes `values.json` for the reports and for `doit fifos`; `values_of_runs` describes it.

With `--waveform` the step repeats one run on a second model that records all signals: the run at full speed, or the run
that failed. `values.json` never describes that repetition.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blocks.core.graph import GraphCore
from blocks.core.model import run_graph
from blocks.fifo_depths import bounds
from blocks.parameters import ParameterError
from blocks.weights import read_recipes, values_of
from config.bounded.archive import ArchiveError
from config.bounded.arrays import open_npz
from reports.summary.step_values import Simulation
from toolchains.common.core_file import read_graph_core
from toolchains.open.emulation.compile_core import draw_inputs
from toolchains.open.simulation.compile_model import (
    HARNESS,
    MODEL,
    TRACED_HARNESS,
    TRACED_MODEL,
    WAVEFORM,
    ModelError,
    installed_verilator,
    link_simulation,
)
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import Run, SimulationError, Stall, check_equal

Tensor = np.ndarray[Any, Any]

SEED = 2020
FULL_SPEED, AT_INTERVAL = "full_speed", "at_network_interval"
RANDOM = {"short_stalls": Stall(chance=0.2, longest=6), "long_stalls": Stall(chance=0.004, longest=300)}
"""Stall patterns for all data ports; each port gets a seed of its own."""
LATEST_START = 100
"""Cycles until the last parameter memory starts."""
RANDOM_IMAGES = 2
TRACED_IMAGES = 2


class InputError(Exception):
    """The given images or memories cannot be simulated; the text is printed as the step's error line."""


@dataclass(frozen=True)
class Stimuli:
    """The inputs of a block: tensors by input port, the number of images, and their origin in words."""

    tensors: dict[str, Tensor]
    images: int
    origin: str


def read_memories(folder: Path) -> dict[str, bytes]:
    """Read the memory images that the `weights` step has written, by port.

    Raises:
        InputError: The file and its description differ in length.
    """
    content = (folder / "memories.bin").read_bytes()
    memories = json.loads((folder / "memories.json").read_text())["memories"]
    size = sum(memory["bytes"] for memory in memories)
    if len(content) != size:
        raise InputError(f"memories.bin has {len(content)} bytes, its description {size}; run the step 'weights' again")
    return {memory["port"]: content[memory["offset"] : memory["offset"] + memory["bytes"]] for memory in memories}


def read_stimuli(
    core: GraphCore,
    block: str,
    images: int,
    streamed: Tensor | None,
    files: Mapping[str, Path],
    blocks: tuple[str, ...] = (),
) -> Stimuli:
    """Read the block's input images: the user's if the archive has this block, else held-out ones, else random ones.

    Raises:
        InputError: The archive cannot be read, names an unknown block, or has an array that does not fit this block.
    """
    (port,) = (port for port in core.graph.inputs if port.name == "input")
    more = {} if streamed is None or core.graph.streamed is None else {core.graph.streamed.name: streamed}
    highest = 2**port.stream.bits - 1
    if "archive" in files:
        given = read_stimuli_archive(files["archive"], block, blocks)
        if given is not None:
            tensor = given[None] if given.ndim == len(port.shape) else given
            if tensor.shape[1:] != port.shape or not len(tensor) or tensor.dtype.kind not in "ui":
                shape = ", ".join(map(str, port.shape))
                what = f"is {given.dtype} {list(given.shape)}, not integers [N, {shape}] with at least one image"
                raise InputError(f"the array {block} of cosim.inputs {what}")
            if not 0 <= int(tensor.min()) <= int(tensor.max()) <= highest:
                raise InputError(f"the array {block} of cosim.inputs has values outside 0..{highest}")
            # Repeat them if there are few: measuring an interval takes several.
            repeated = tensor[np.arange(max(images, len(tensor))) % len(tensor)]
            return Stimuli({"input": repeated, **more}, len(repeated), "the user's images")
    if "held_out" in files:
        tensor = np.load(files["held_out"], allow_pickle=False)
        return Stimuli({"input": tensor, **more}, len(tensor), "held-out images of the data set")
    rng = np.random.default_rng(SEED)
    drawn = np.concatenate([draw_inputs(core, rng)["input"] for _ in range(images)])
    return Stimuli({"input": drawn, **more}, images, f"random values 0..{highest}")


def read_stimuli_archive(path: Path, block: str, blocks: tuple[str, ...]) -> Tensor | None:
    """The user's images for a block; None if the archive has none for it. Raises InputError."""
    try:
        with open_npz(path) as archive:
            unknown = [name for name in archive.names if blocks and name not in blocks]
            if unknown:
                what = f"cosim.inputs has an array {unknown[0]!r}, but the network has no such block"
                raise InputError(f"{what}; its blocks: {', '.join(blocks)}")
            return archive.read(block) if block in archive.names else None
    except (OSError, ArchiveError) as error:
        raise InputError(f"cosim.inputs is not a readable .npz archive of arrays ({error})") from None


@dataclass(frozen=True)
class Plan:
    """One run: its name, the number of images, the stalls by port, and the seed of the contents at power-on."""

    name: str
    images: int
    stalls: dict[str, Stall]
    seed: int

    def run(
        self,
        simulator: Simulator,
        memories: Mapping[str, bytes],
        tensors: Mapping[str, Tensor],
        waveform: Path | None = None,
    ) -> Run:
        """Simulate this run. Raises SimulationError."""
        inputs = {port: value if port != "input" else value[: self.images] for port, value in tensors.items()}
        return simulator.run_memories(
            memories, inputs, images=self.images, stalls=self.stalls, seed=self.seed, waveform=waveform
        )


class RunError(SimulationError):
    """A run failed. `plan` repeats it for the waveform."""

    def __init__(self, plan: Plan, error: SimulationError) -> None:
        self.plan = plan
        super().__init__(f"{plan.name}: {error}")


def plans(core: GraphCore, memories: Iterable[str], images: int, interval: int) -> list[Plan]:
    """List the runs of a core, the one at full speed first."""
    ports = [port.name for port in (*core.graph.inputs, *core.graph.outputs)]
    memories = list(memories)
    found = [
        Plan(FULL_SPEED, images, {}, SEED),
        Plan(AT_INTERVAL, images, {"input": Stall(image_cycles=interval)}, SEED + 1),
    ]
    for number, (name, stall) in enumerate(RANDOM.items()):
        seeds = range(SEED + number * len(ports), SEED + (number + 1) * len(ports))
        stalls = {port: replace(stall, seed=seed) for port, seed in zip(ports, seeds, strict=True)}
        starts = np.random.default_rng(seeds[0]).integers(0, LATEST_START, len(memories)).tolist()
        stalls |= {memory: Stall(start=start) for memory, start in zip(memories, starts, strict=True)}
        found.append(Plan(name, RANDOM_IMAGES, stalls, SEED + len(found)))
    return found


def run_all(
    simulator: Simulator, memories: Mapping[str, bytes], stimuli: Stimuli, expected: Mapping[str, Tensor], interval: int
) -> tuple[dict[str, Run], int]:
    """Do all runs. Returns them by name, and the number of elements compared.

    Raises:
        RunError: A run failed or differs from the model; it names the run.
    """
    runs: dict[str, Run] = {}
    compared = 0
    for plan in plans(simulator.core, memories, stimuli.images, interval):
        try:
            run = plan.run(simulator, memories, stimuli.tensors)
            compared += check_equal(run.outputs, {port: value[: plan.images] for port, value in expected.items()})
        except SimulationError as error:
            raise RunError(plan, error) from None
        runs[plan.name] = run
        print(f"{plan.name}: {plan.images} images in {run.cycles} cycles, equal to the model")
    return runs, compared


def leave_waveform(core: GraphCore, plan: Plan, memories: Mapping[str, bytes], tensors: Mapping[str, Tensor]) -> None:
    """Repeat a run on the model that records all signals. If the run fails, the waveform ends at the failure."""
    link_simulation(Path(TRACED_MODEL), Path(TRACED_HARNESS), Path("traced.so"))
    what = f"{plan.images} images, {plan.name}"
    try:
        plan.run(Simulator(core, Path("traced.so")), memories, tensors, Path(WAVEFORM))
    except SimulationError as error:
        what += f", up to {error}"
    print(f"{WAVEFORM}: {what}")


def values_of_runs(
    core: GraphCore, runs: Mapping[str, Run], compared: int, origin: str, interval: int, tool: str
) -> dict[str, Any]:
    """Make the content of `values.json`: the members that reports read (`reports/summary/step_values.py`), and more.

    `interval_cycles` and `latency_cycles` come from the run at full speed. The interval is the longest time between the
    last beats of two successive images. The latency is that of the first image, from first beat in to last beat out.
    `fifos` gives for each FIFO its depth and its mark, the highest of all runs. `runs` gives for each run its images,
    cycles and marks, and for each stream the cycles in which a beat moved (beats), had to wait (stalled) or was missing
    (starved).
    """
    (output,) = (port.name for port in core.graph.outputs)
    full = runs[FULL_SPEED]
    marks = {fifo: max(run.marks[fifo] for run in runs.values()) for fifo in full.marks}
    simulation = Simulation(
        interval_cycles=full.ports[output].interval(),
        latency_cycles=full.latency("input", output)[0],
        images=len(full.ports[output].last),
        elements_compared=compared,
        differences=0,
        tool=tool,
    )
    return {
        **simulation.document(),
        "core": core.name,
        "inputs": origin,
        "predicted_interval_cycles": max(core.graph.cycles().values()),
        "network_interval_cycles": interval,
        "fifos": {fifo: {"depth": depth, "mark": marks[fifo]} for fifo, depth in bounds(core).items()},
        "runs": {
            name: {
                "images": len(run.ports[output].last),
                "cycles": run.cycles,
                "interval_cycles": run.ports[output].interval(),
                "latency_cycles": list(run.latency("input", output)),
                "marks": run.marks,
                "streams": {stream: asdict(counts) for stream, counts in run.streams.items()},
            }
            for name, run in runs.items()
        },
    }


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the simulation failed.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="kind and shape of the core, as JSON")
    parser.add_argument("--block", required=True)
    parser.add_argument("--interval", type=int, required=True, help="the network's initiation interval, in cycles")
    parser.add_argument("--images", type=int, required=True, help="images back to back")
    parser.add_argument("--parameters", type=Path, help="the block's trained values; default: stand-ins")
    parser.add_argument("--recipes", type=Path, help="how a general block's arrays are made, as JSON")
    parser.add_argument("--held-out", type=Path, help="the block's input for held-out images, .npy")
    parser.add_argument("--archive", type=Path, help="the user's images by block, .npz")
    parser.add_argument("--waveform", action="store_true", help=f"record the signals of a run in {WAVEFORM}")
    parser.add_argument("--blocks", default="", help="all blocks that an archive may name, separated by commas")
    given = parser.parse_args()
    core = read_graph_core(given.core)
    files = {name: path for name in ("held_out", "archive") if (path := getattr(given, name))}
    try:
        values = values_of(core.graph, given.block, given.parameters, read_recipes(given.recipes))
        known = tuple(given.blocks.split(",")) if given.blocks else (given.block,)
        stimuli = read_stimuli(core, given.block, given.images, values.streamed, files, known)
        print(f"input: {stimuli.origin}")
        expected = run_graph(core.graph, stimuli.tensors, values.logical(core.graph))
        link_simulation(Path(MODEL), Path(HARNESS), Path("simulation.so"))
        simulator = Simulator(core, Path("simulation.so"))
        outputs = {port.name: expected[port.name] for port in core.graph.outputs}
        memories = read_memories(Path())
        try:
            runs, compared = run_all(simulator, memories, stimuli, outputs, given.interval)
        except RunError as failed:
            if given.waveform:
                leave_waveform(core, failed.plan, memories, stimuli.tensors)
                print(f"{WAVEFORM} of this run is in the step's folder; farm.keep_failed=true keeps that folder")
            raise
        if given.waveform:
            first = plans(core, memories, min(TRACED_IMAGES, stimuli.images), given.interval)[0]
            leave_waveform(core, first, memories, stimuli.tensors)
        tool = f"Verilator {installed_verilator().version}"
        document = values_of_runs(core, runs, compared, stimuli.origin, given.interval, tool)
    except (InputError, ModelError, ParameterError, SimulationError, ValueError) as failure:
        print(f"ERROR: {given.block} ({core.name}): {failure}")
        return 1
    Path("values.json").write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
