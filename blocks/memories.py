"""Packs parameter arrays into the images of a block's parameter memories.

The netlist's memories and the emulation are filled from `memories.bin`. It holds the memories of the block one after
the other, in the order of `memories.json`. A memory is `depth` beats. A beat is `width_bits` bits, value 0 lowest,
padded to whole bytes, little-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.core.graph import Graph
from blocks.core.ports import ParameterPort
from blocks.operators.models import model_of
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Memory:
    """One parameter memory: the port that it feeds, its width and depth in beats, and the bytes of its image."""

    port: str
    role: str
    width_bits: int
    depth: int
    offset: int
    bytes: int


def beat_bytes(width_bits: int) -> int:
    """Bytes that one beat takes in an image."""
    return -(-width_bits // 8)


def pack_beats(values: Tensor, bits: int) -> bytes:
    """Pack beats [depth, lanes] of `bits`-bit values, two's complement if negative, into the bytes of an image."""
    depth, lanes = values.shape
    shifts = np.arange(bits, dtype=np.uint64)
    words = values.astype(np.int64).view(np.uint64) if values.dtype != np.uint64 else values
    split = ((words[:, :, None] >> shifts) & np.uint64(1)).astype(np.uint8).reshape(depth, lanes * bits)
    return np.packbits(split, axis=1, bitorder="little").tobytes()


def part_of(port: ParameterPort, beats: Tensor) -> Tensor:
    """The lanes that a port carries, of its parameter's beats [depth, lanes]."""
    return beats[:, port.first_lane : port.first_lane + port.stream.lanes]


def images(graph: Graph, logical: dict[str, Tensor]) -> tuple[list[Memory], bytes]:
    """Fill a core's memories with parameter arrays, by parameter; returns the memories and their images, joined.

    Raises:
        ValueError: an array does not fit its port.
    """
    memories: list[Memory] = []
    content = bytearray()
    nodes = {node.name: node.operator for node in graph.nodes}
    for port in graph.parameter_ports():
        operator = nodes[port.node]
        beats = model_of(operator).memory(operator, port.index, logical[port.parameter])
        image = pack_beats(part_of(port, beats), port.stream.bits)
        memory = Memory(
            port.name, port.stream.role, port.stream.width_bits, port.stream.depth, len(content), len(image)
        )
        if len(image) != beat_bytes(memory.width_bits) * memory.depth:
            raise ValueError(f"{port.name}: {len(image)} bytes for {memory.depth} beats of {memory.width_bits} bits")
        memories.append(memory)
        content += image
    return memories, bytes(content)


def unpack_beats(content: Tensor, lanes: int, bits: int, *, signed: bool) -> Tensor:
    """Reverse `pack_beats`: bytes uint8 of whole beats to values int64 [beats, lanes].

    Raises:
        ValueError: an unused bit above the lanes is set.
    """
    split = np.unpackbits(content.reshape(-1, beat_bytes(lanes * bits)), axis=1, bitorder="little")
    if split[:, lanes * bits :].any():
        raise ValueError("a beat has bits above its lanes")
    weights = np.int64(1) << np.arange(bits, dtype=np.int64)
    if signed:
        weights[-1] = -weights[-1]
    return split[:, : lanes * bits].reshape(-1, lanes, bits) @ weights
