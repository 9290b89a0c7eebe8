"""The contents of a parameter memory after synthesis: INIT properties of its primitives, by cell."""

from __future__ import annotations

import numpy as np

from blocks.parameter_memory.contents import Bits, initial_values, unpack_image
from blocks.parameter_memory.plan import plan_memory
from toolchains.vitis.ooc.memory_rtl import is_block, table

INIT_DIGITS = 64
"""Hexadecimal digits of an INIT property of a block RAM, which has 256 bits."""


def contents_of(image: bytes, width_bits: int, depth: int, name: str) -> dict[str, dict[str, str]]:
    """Return the INIT properties of a memory, by the path of a primitive below the memory's cell.

    For block RAMs, properties that are zero are left out.

    Args:
        image: The memory image (`blocks/memories.py`).
        width_bits: Bits of a beat.
        depth: Number of beats.
        name: Name of the memory in messages.

    Raises:
        ContentsError: The image has another size, or bits beyond the width are set.
    """
    plan = plan_memory(width_bits, depth)
    bits = unpack_image(image, width_bits, depth, name)
    if not is_block(plan):
        size = 2 ** table(plan)[1]
        return {f"bit{bit}": {"INIT": f"{size}'h{_number(bits[:, bit]):0{size // 4}X}"} for bit in range(width_bits)}
    return {
        f"column{index}/memory": {key: f"256'h{value:0{INIT_DIGITS}X}" for key, value in values.items() if value}
        for index, values in enumerate(initial_values(plan, bits))
        if any(values.values())
    }


def _number(bits: Bits) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
