"""Image of a parameter memory -> the INIT values of its primitives.

Layouts: RAM32M16 and RAM64M8, UG974; block RAM, UG573 ("block RAM initialization"): the data bits of the words lie one
after the other in INIT_00, INIT_01, ..., their parity bits, one of nine, in INITP_00, ...
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
"""One bit of nine is a parity bit, where a word is wide enough to have any."""


class ContentsError(ValueError):
    """An image that does not fit its memory."""


def unpack_image(image: bytes, width_bits: int, depth: int, name: str = "memory") -> Bits:
    """An image as bits [depth, width_bits].

    Raises:
        ContentsError: another number of bytes, or bits set beyond the width.
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
    """INIT parameters of each column's primitive, lowest bits first, from bits [depth, width_bits]."""
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
    """A LUT of 64 bits per lane: all words of one bit, or two bits of each word side by side."""
    depth, width = words.shape
    per_lane = width // len(LANES)
    lanes = words.reshape(depth, len(LANES), per_lane)
    return {f"INIT_{lane}": _number(lanes[:, index].reshape(-1)) for index, lane in enumerate(LANES)}


def _block_ram(shape: Shape, words: Bits) -> dict[str, int]:
    read = shape.read_width
    # Read through both ports: the upper bits are words of their own in the upper half.
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
