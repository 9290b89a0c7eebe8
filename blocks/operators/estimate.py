"""Area formulas for memories and FIFOs: FINN-R's resource model, and `buffer` by primitives. All are estimates."""

from __future__ import annotations

from math import ceil, log2

from blocks.operators.base import by_formula
from config.fpga_resources import Resources

LUTRAM_DEPTH = 512
"""Deeper memories are counted as block RAM."""
SHORT_DEPTH = 32
"""Words of the shortest primitive of distributed memory."""


def bram18(width_bits: int, depth: int) -> int:
    """18 Kib block RAMs of a memory: 18 x 1024 each if narrow or deep, else 36 x 512."""
    if width_bits <= 18 or depth > 512:
        return ceil(depth / 1024) * ceil(width_bits / 18)
    return ceil(depth / 512) * ceil(width_bits / 36)


def window_memory(width_bits: int, depth: int) -> Resources:
    """Line buffer of a window: width * ceil(depth / 38) LUTs when shallow, block RAM when deep."""
    if depth <= LUTRAM_DEPTH:
        return by_formula(luts=width_bits * ceil(depth / 38))
    return by_formula(bram_tiles=bram18(width_bits, depth) / 2)


def lutram(width_bits: int, depth: int) -> Resources:
    """Distributed memory: one LUT holds 64 words of one bit."""
    return by_formula(luts=width_bits * ceil(depth / 64))


def buffer(width_bits: int, depth: int) -> float:
    """LUTs of a distributed memory that is written and read at once, in whole primitives of 8 LUTs.

    A RAM32M16 has 14 bits for 32 words, a RAM64M8 has 7 for 64. A single word is read where it is written: 16 bits.
    """
    if depth <= SHORT_DEPTH:
        return 8 * ceil(width_bits / (16 if depth == 1 else 14))
    return 8 * ceil(width_bits / 7) * ceil(depth / 64)


def fifo(width_bits: int, depth: int) -> Resources:
    """FIFO: 2 log2(depth) + ceil(depth / 32) * ceil(width / 2) LUTs as shift registers, block RAM when deep."""
    control = 2 * log2(max(depth, 2))
    if depth <= LUTRAM_DEPTH:
        return by_formula(luts=control + ceil(depth / 32) * ceil(width_bits / 2))
    return by_formula(luts=control, bram_tiles=bram18(width_bits, depth) / 2)
