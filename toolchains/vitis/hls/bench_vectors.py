"""Write the vectors for the test bench of a core: random images and parameters, and the model's outputs for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.model import random_parameters, run_graph
from blocks.dma import DmaCore
from blocks.memories import beat_bytes, images, pack_beats
from toolchains.vitis.hls.bench import bench_ports

Tensor = np.ndarray[Any, Any]
SEED = 2020


def write_vectors(core: Core, folder: Path, images: int = 1) -> None:
    """Write a file of beats for each port: random inputs over the full range, and the model's outputs for them.

    For the DMA, `images` must be 1.
    """
    found = _beats(core, images)
    for port in bench_ports(core, images):
        content = found[port.stream]
        size = beat_bytes(port.width_bits)
        beats = (content[at : at + size] for at in range(0, len(content), size))
        text = "".join(f"{int.from_bytes(beat, 'little'):x}\n" for beat in beats)
        (folder / port.file).write_text(text, "ascii")


@singledispatch
def _beats(core: Core, count: int) -> Mapping[str, bytes]:
    """The beats of each port, by `InterfacePort.stream`, for `count` images."""
    raise TypeError(f"{core.name}: no test vectors are registered for {type(core).__name__}")


@_beats.register
def _(core: GraphCore, count: int) -> Mapping[str, bytes]:
    rng = np.random.default_rng(SEED)
    parameters = random_parameters(core, rng)
    memories, content = images(core.graph, parameters)
    reads = {port.name: port.reads for port in core.graph.parameter_ports()}
    found = {
        memory.port: content[memory.offset : memory.offset + memory.bytes] * reads[memory.port] * count
        for memory in memories
    }
    inputs: dict[str, Tensor] = {}
    for port in core.graph.inputs:
        stream = port.stream
        low, high = (-(2 ** (stream.bits - 1)), 2 ** (stream.bits - 1)) if stream.signed else (0, 2**stream.bits)
        # Streamed weights belong to a call, so they are the same for every image.
        drawn = (count, *port.shape) if port.name == "input" else port.shape
        inputs[port.name] = rng.integers(low, high, drawn)
    streams = run_graph(core.graph, inputs, parameters)
    for port in (*core.graph.inputs, *core.graph.outputs):
        values = np.asarray(streams.get(port.name, inputs.get(port.name))).reshape(-1, port.stream.lanes)
        packed = pack_beats(values, port.stream.bits)
        found[port.name] = packed * (count * port.stream.beats // len(values))
    return found


@_beats.register
def _(core: DmaCore, count: int) -> Mapping[str, bytes]:
    rng = np.random.default_rng(SEED)
    image = rng.bytes(core.image.elements)
    weights = rng.bytes(core.weights.elements) if core.weights else b""
    answers = rng.bytes(core.result.beats * 4)
    return {
        "in_r": image,
        "image": image,
        **({"weightsmem": weights, "weights": weights} if core.weights else {}),
        "result": answers,
        "out_r": answers,
    }
