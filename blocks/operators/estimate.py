"""Area formulas of what several operators have, fitted to what Yosys 0.70 makes of them. All are estimates.

Two LUTs of two inputs count as one, as in Yosys' estimate of logic cells. `python -m benchmarks.rtl.areas` measures.
"""

from __future__ import annotations

from math import ceil, log2

from blocks.operators.base import by_formula
from config.fpga_resources import Resources

SHORT_DEPTH = 32
"""Words of the shortest primitive of distributed memory."""
LUT_DEPTH = 64
"""Words of the deepest one that is written and read at once."""
HALF_BLOCK_RAMS = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Width and depth of a block RAM of 18 kbit that is written and read at once (UG573)."""
LUTS_A_TILE = 129
"""Yosys takes LUTs for a memory if they are fewer."""
NARROW_SLICE_BITS = 32
"""From here on a register slice is a memory."""
SLICE_BEATS = 4
"""Places of that memory."""
OUTPUT_BEATS = 8
"""Places of the output buffer of a pipeline of up to 3 stages that never stops."""
CREDIT_LUTS = 9
"""Of the counters of such a buffer."""


def buffer(width_bits: int, depth: int) -> float:
    """LUTs of a distributed memory that is written and read at once, in whole primitives of 8 LUTs.

    A RAM32M16 has 14 bits for 32 words, a RAM64M8 has 7 for 64. A single word is read where it is written: 16 bits.
    """
    if depth <= SHORT_DEPTH:
        return 8 * ceil(width_bits / (16 if depth == 1 else 14))
    return 8 * ceil(width_bits / 7) * ceil(depth / LUT_DEPTH)


def memory(width_bits: int, depth: int) -> Resources:
    """A memory that is written and read at once: LUTs where they are few, with a multiplexer above 64 words."""
    tiles = min(ceil(width_bits / bits) * ceil(depth / words) for bits, words in HALF_BLOCK_RAMS) / 2
    luts = buffer(width_bits, depth)
    if luts <= LUTS_A_TILE * tiles:
        return by_formula(luts=luts + width_bits * choice(ceil(depth / LUT_DEPTH)))
    return by_formula(bram_tiles=tiles)


def line_buffer(width_bits: int, rows: int, row_words: int, banks: int = 1) -> Resources:
    """A ring of rows in memories with a power of two of words, and the counters that write and read it.

    Counters of words grow with the address; those of rows count whole rows, whose lowest bits may all be 0.
    """
    address_bits = (rows * row_words - 1).bit_length()
    fixed = (row_words & -row_words).bit_length() - 1
    counters = by_formula(luts=23 + 4.7 * address_bits + 4.5 * max(0, address_bits - fixed))
    return sum([memory(width_bits, 1 << address_bits)] * banks, counters)


def fifo(width_bits: int, depth: int) -> Resources:
    """A FIFO: its memory, and 2 * log2(depth) LUTs for counters, as FINN-R counts them; two end at another depth."""
    ends = 0 if depth & (depth - 1) == 0 else 4
    return memory(width_bits, depth) + by_formula(luts=2 * log2(max(depth, 2)) + ends)


def register_slice(width_bits: int) -> float:
    """LUTs of a register slice: one a bit if narrow, else a memory of four words with its pointers."""
    return width_bits + 2 if width_bits < NARROW_SLICE_BITS else buffer(width_bits, SLICE_BEATS) + 8


def choice(words: int) -> float:
    """LUTs a bit of a multiplexer of so many words: four fit into one LUT; above 16 words halves are shared."""
    if words <= 1:
        return 0
    return max(1, ceil(words / 2) - 1) if words <= 16 else 7 + 0.35 * (words - 16)


def comparison(bits: int, other_bits: int, *, signed: bool) -> float:
    """LUTs of `a >= b`: three bits take two LUTs and a place of a carry chain, a single bit that is left half of one.

    Two numbers of few bits are compared without a chain.
    """
    if signed and bits <= 5:
        return 0.7 * bits
    if not signed and bits + other_bits in _WITHOUT_CHAIN:
        return _WITHOUT_CHAIN[bits + other_bits]
    return 2 * (bits // 3) + (0, 0.5, 2)[bits % 3]


_WITHOUT_CHAIN = {**dict.fromkeys(range(7), 1.0), 7: 1.4, 8: 1.9, 9: 3.0, 10: 2.4, 11: 3.0, 12: 3.9, 13: 3.9}
"""By the bits of both."""
