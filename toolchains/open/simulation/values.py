"""What goes into a simulation and what comes out of it, as frozen values."""

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
    """When a port makes the core wait; all conditions hold at once, and the default never does.

    `start`: not before this cycle. `chance`, `longest`: in a cycle without a stall one begins with this probability
    and takes 1 to `longest` cycles. `open`, `closed`: this many cycles open, then this many closed, over and over.
    `image_cycles`: the beats of an image come evenly over so many cycles (sources of data only).
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
    """Cycles in which a beat moved, stood (valid and not ready), or was waited for (ready and not valid)."""

    beats: int
    stalled: int
    starved: int


@dataclass(frozen=True)
class PortTimes:
    """Cycle of the first and of the last beat of each image, counted from the end of reset."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def interval(self) -> int:
        """The longest distance between the ends of two images, in cycles; 0 of a single image."""
        return max((after - before for before, after in zip(self.last, self.last[1:], strict=False)), default=0)


@dataclass(frozen=True)
class Run:
    """What a simulation gave. `outputs` are elements [images, elements] by port; `marks` by FIFO node."""

    outputs: dict[str, Tensor]
    cycles: int
    streams: dict[str, StreamCounts]
    ports: dict[str, PortTimes]
    marks: dict[str, int]

    def latency(self, source: str, sink: str) -> tuple[int, ...]:
        """Per image: cycles from its first beat at a source to its last beat at a sink."""
        times = zip(self.ports[source].first, self.ports[sink].last, strict=True)
        return tuple(last - first for first, last in times)


class SimulationError(Exception):
    """Why a simulation ended early: a deadlock, a broken rule of AXI4-Stream, beats too many or too few."""


class ModelDiffersError(SimulationError):
    """A value that is not the integer model's."""


class DeadlockError(SimulationError):
    """Nothing moves any more.

    `full` are streams in which a beat stands, with what their FIFO holds; FIFOs at their depth come first. `empty` are
    the streams that are waited for by an operator at whose other input a beat stands, or, where there is none such,
    all that are waited for.
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
    """The error for a core that stands still.

    `valid` and `ready` are by stream, `levels` by FIFO node; from the sources `ended` nothing more was to come.
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
    """Streams in which a beat stands before a FIFO at its depth, with the FIFO in words."""
    found = {}
    for node in fifo_nodes(core):
        depth = node.operator.facts()["depth"]
        if levels[node.name] == depth and node.inputs[0] in standing:
            found[node.inputs[0]] = f"FIFO {node.name}: {depth} of {depth}"
    return found


def check_equal(outputs: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> int:
    """Hold outputs [images, elements] against the model's, by port, and return how many elements are equal.

    Raises:
        ModelDiffersError: the first difference, by port, image and element.
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
