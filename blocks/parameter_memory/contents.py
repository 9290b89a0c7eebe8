"""Computes the INIT values of a parameter memory's primitives from its image.

Layouts: RAM32M16 and RAM64M8, UG974; block RAM, UG573 ("block RAM initialization"). The data bits of a block RAM's
words follow each other in INIT_00, INIT_01, ..., and the parity bits, one of nine, in INITP_00, ...
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.memories import beat_bytes
from blocks.parameter_memory.plan import MemoryPlan, Shape

Bits = np.ndarray[Any, Any]
LANES = "ABCDEFGH"
INIT_BITS = 256
PARITY_SHARE = 9
"""In words of at least nine bits, one bit of nine is a parity bit."""


class ContentsError(ValueError):
    """An image does not fit its memory."""


def unpack_image(image: bytes, width_bits: int, depth: int, name: str = "memory") -> Bits:
    """An image as bits uint8 [depth, width_bits], lowest bit first.

    Raises:
        ContentsError: the number of bytes is wrong, or a bit beyond the width is set.
    """
    wanted = beat_bytes(width_bits) * depth
    if len(image) != wanted:
        raise ContentsError(
            f"{name}: the image has {len(image)} bytes, but {depth} beats of {width_bits} bits take {wanted}; "
            f"make it again: doit weights"
        )
    beats = np.frombuffer(image, np.uint8).reshape(depth, beat_bytes(width_bits))
    bits = np.unpackbits(beats, axis=1, bitorder="little")
    if bits[:, width_bits:].any():
        raise ContentsError(
            f"{name}: the image has bits set beyond the {width_bits} of a beat; make it again: doit weights"
        )
    return bits[:, :width_bits]


def cell_names(plan: MemoryPlan) -> list[str]:
    """The path of each column's primitive below the memory's module, lowest bits first."""
    part = "block" if plan.shape.read_width else "shallow" if plan.shape.primitive == "RAM32M16" else "lutram"
    names = [f"beats.columns[{column}].{part}.ram.memory" for column in range(plan.columns)]
    return names + (["beats.last.ram.memory"] if plan.last else [])


def initial_values(plan: MemoryPlan, bits: Bits) -> list[dict[str, int]]:
    """INIT parameters by name for each column's primitive, lowest bits first, from bits [depth, width_bits]."""
    found = []
    low = 0
    for shape in plan.shapes:
        words = np.zeros((shape.depth, shape.bits), np.uint8)
        part = bits[:, low : low + shape.bits]
        words[: plan.depth, : part.shape[1]] = part
        found.append(_block_ram(shape, words) if shape.read_width else _lutram(words))
        low += shape.bits
    return found


def _lutram(words: Bits) -> dict[str, int]:
    """One LUT of 64 bits per lane. It holds one bit of 64 words, or two adjacent bits of 32 words."""
    depth, width = words.shape
    per_lane = width // len(LANES)
    lanes = words.reshape(depth, len(LANES), per_lane)
    return {f"INIT_{lane}": _number(lanes[:, index].reshape(-1)) for index, lane in enumerate(LANES)}


def _block_ram(shape: Shape, words: Bits) -> dict[str, int]:
    read = shape.read_width
    # If read through both ports, the upper bits are separate words in the upper half of the memory.
    stacked = np.concatenate([words[:, at : at + read] for at in range(0, shape.bits, read)])
    parity_bits = read // PARITY_SHARE
    data_bits = read - parity_bits
    values = _numbered("INIT", stacked[:, :data_bits].reshape(-1))
    if parity_bits:
        values |= _numbered("INITP", stacked[:, data_bits:].reshape(-1))
    return values


def _numbered(name: str, bits: Bits) -> dict[str, int]:
    return {f"{name}_{index:02X}": _number(row) for index, row in enumerate(bits.reshape(-1, INIT_BITS))}


def _number(bits: Bits) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
