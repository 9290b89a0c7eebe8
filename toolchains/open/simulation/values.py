"""Inputs and results of a simulation, as frozen values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blocks.core.graph import GraphCore
from toolchains.open.simulation.model import fifo_nodes

Tensor = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Stall:
    """When a port makes the core wait: whenever one of these conditions asks for it. The default never waits.

    `start`: nothing moves before this cycle. `chance`, `longest`: in a cycle without a stall, one begins with this
    probability and takes 1 to `longest` cycles. `open`, `closed`: this many cycles open, then this many closed,
    repeatedly. `image_cycles`: spread the beats of an image evenly over this many cycles (sources of data only).
    """

    seed: int = 0
    start: int = 0
    chance: float = 0.0
    longest: int = 1
    open: int = 0
    closed: int = 0
    image_cycles: int = 0


@dataclass(frozen=True)
class StreamCounts:
    """Cycles in which a beat moved, had to wait (valid, not ready) or was missing (ready, not valid)."""

    beats: int
    stalled: int
    starved: int


@dataclass(frozen=True)
class PortTimes:
    """The cycle of the first and of the last beat of each image, counted from the end of reset."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def interval(self) -> int:
        """The longest time between the last beats of two successive images, in cycles; 0 for a single image."""
        return max((after - before for before, after in zip(self.last, self.last[1:], strict=False)), default=0)


@dataclass(frozen=True)
class Run:
    """The result of a simulation. `outputs` are [images, elements] by port; `marks` are beats by FIFO node."""

    outputs: dict[str, Tensor]
    cycles: int
    streams: dict[str, StreamCounts]
    ports: dict[str, PortTimes]
    marks: dict[str, int]

    def latency(self, source: str, sink: str) -> tuple[int, ...]:
        """The latency of each image, in cycles: from its first beat at `source` to its last beat at `sink`."""
        times = zip(self.ports[source].first, self.ports[sink].last, strict=True)
        return tuple(last - first for first, last in times)


class SimulationError(Exception):
    """A simulation failed: a deadlock, a broken rule of AXI4-Stream, too many or too few beats."""


class ModelDiffersError(SimulationError):
    """An output differs from the integer model's."""


class DeadlockError(SimulationError):
    """No stream moves any more.

    `full` lists the streams with a waiting beat, each with the level of its FIFO; full FIFOs come first. `empty` lists
    the missing inputs of operators that have a beat waiting at another input. If no operator is in that state, it lists
    all streams that are ready without a beat.
    """

    def __init__(self, what: str, full: tuple[tuple[str, str], ...], empty: tuple[str, ...]) -> None:
        self.full = tuple(stream for stream, _ in full)
        self.empty = empty
        named = ", ".join(f"{stream} ({fifo})" if fifo else stream for stream, fifo in full)
        super().__init__(f"{what}; full: {named or 'none'}; empty: {', '.join(empty) or 'none'}")


def deadlock(
    core: GraphCore,
    what: str,
    valid: Mapping[str, bool],
    ready: Mapping[str, bool],
    levels: Mapping[str, int],
    ended: Collection[str] = (),
) -> DeadlockError:
    """Make the error for a core that has stopped.

    `valid` and `ready` are by stream, `levels` by FIFO node. The sources `ended` had sent all their beats.
    """
    standing = {name for name in valid if valid[name] and not ready[name]}
    at_depth = _full_fifos(core, standing, levels)
    others = [name for name in valid if name in standing and name not in at_depth]
    joins = [node for node in core.graph.nodes if standing & set(node.inputs)]
    empty = [name for node in joins for name in (*node.inputs, *node.parameters) if not valid[name]]
    if not empty:
        empty = [name for name in valid if ready[name] and not valid[name] and name not in ended]
    full = (*at_depth.items(), *((name, "") for name in others))
    return DeadlockError(what, full, tuple(empty))


def _full_fifos(core: GraphCore, standing: Collection[str], levels: Mapping[str, int]) -> dict[str, str]:
    """The streams with a beat waiting at a full FIFO, with a description of the FIFO."""
    found = {}
    for node in fifo_nodes(core):
        depth = node.operator.facts()["depth"]
        if levels[node.name] == depth and node.inputs[0] in standing:
            found[node.inputs[0]] = f"FIFO {node.name}: {depth} of {depth}"
    return found


def check_equal(outputs: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> int:
    """Compare outputs [images, elements] with the model's, by port, and return the number of elements compared.

    Raises:
        ModelDiffersError: An element differs; the error names port, image and element of the first one.
    """
    compared = 0
    for port, output in outputs.items():
        wanted = expected[port].reshape(output.shape).astype(np.int64)
        wrong = np.argwhere(output != wanted)
        if len(wrong):
            image, at = wrong[0].tolist()
            raise ModelDiffersError(
                f"differs from the model: {port}[{at}] of image {image} is {output[image, at]}, expected "
                f"{wanted[image, at]}; {len(wrong)} of {output.size} elements differ"
            )
        compared += output.size
    return compared
