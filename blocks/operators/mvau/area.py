"""Area of a matrix-vector unit by formula: what its compressors count, and terms fitted to synthesis.

Source: own measurement, `python -m benchmarks.rtl.units`, Yosys 0.70. Units with compressors are within 10 % of it.
With binary weights that is the unit as it stands in a core: the converter behind it subtracts the sum of activations.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from blocks.operators.base import by_formula, unsigned_bits
from blocks.operators.estimate import choice
from blocks.operators.mvau.compressor.plan import plan
from blocks.operators.width_converter import NARROW_LUTS
from config.fpga_resources import Resources

if TYPE_CHECKING:
    from blocks.operators.mvau import Mvau

CONTROL_LUTS = 25
"""Counters and the decision to take a beat (fitted)."""
MEMORY_LUTS_A_BIT = 8 / 14
"""Of up to 32 words: a RAM32M16 has 8 LUTs and stores 14 bits."""
LUTRAM_WORDS = 64
"""Yosys puts more words into block RAM, of 512 words of 72 bits."""
ADDER_LUTS_A_BIT = 0.5
"""Yosys counts two LUTs of two inputs as one logic cell (fitted)."""
DSP_BITS = 8
"""Products of more bits are multiplied in DSPs."""
CHAIN = 4
"""Products that are chained, and that the fields of a DSP hold. The SystemVerilog has the same number."""


def area(unit: Mvau) -> Resources:
    """LUTs and DSPs of a unit, its parameter memory left out."""
    bits = unsigned_bits(unit.highest) if unit.weight_bits == 1 else unit.accumulator_bits
    sums = unit.mmv * (unit.pe + (unit.weight_bits == 1))
    memories = _columns(unit) + by_formula(luts=CONTROL_LUTS)
    if 2 * unit.synapse_folds < unit.latency + 4:
        memories += by_formula(
            luts=sums * bits * MEMORY_LUTS_A_BIT
        )  # sums come so close together that they need a buffer
    if unit.adds_bits:
        adders = unit.pe * plan(unit.simd, unit.weight_bits, unit.input_bits).luts
        if unit.weight_bits == 1:  # the activations are added alone too
            adders += plan(unit.simd, 0, unit.input_bits).luts
        return memories + by_formula(luts=unit.mmv * adders + sums * bits)
    product = unit.input_bits + unit.weight_bits
    if product <= DSP_BITS:
        # FINN-R's term for products in LUTs and their sum.
        lanes = unit.simd * (2 * ceil(product / 6) - 1) * product + product * (2 * unit.simd - 1)
        return memories + by_formula(luts=1.1 * sums * (lanes + bits))
    further = ceil(unit.simd / CHAIN) - 1  # chains that are added to the first one
    added = bits + further * (product + 3)
    # The last of four products waits for three cycles, in shift registers. A DSP of two products has some itself.
    waiting = 0 if any(_twice(unit)) else unit.simd // CHAIN * (unit.mmv * unit.input_bits + unit.pe * unit.weight_bits)
    return memories + by_formula(luts=ADDER_LUTS_A_BIT * sums * added + waiting, dsps=dsps(unit))


def dsps(unit: Mvau) -> int:
    """DSPs of a unit that multiplies in them: two products in one where its fields hold them (decision 0015)."""
    pairs, shares = _twice(unit)
    left = unit.mmv - 2 * pairs
    return unit.simd * (pairs * unit.pe + left * (ceil(unit.pe / 2) if shares else unit.pe))


def _twice(unit: Mvau) -> tuple[int, bool]:
    """How products share DSPs: the pairs of pixels that do, and whether pairs of weights do for the other pixels."""
    highest = min(unit.simd, CHAIN) * ((1 << unit.input_bits) - 1) << (unit.weight_bits - 1)
    field = (highest - 1).bit_length() + 1
    pairs = unit.mmv // 2 if field + unit.input_bits <= 26 and unit.weight_bits <= 18 else 0
    several = unit.pe > 1 and unit.mmv > 2 * pairs
    return pairs, several and field + unit.weight_bits <= 26 and unit.input_bits <= 17


def narrow(sum_bits: int, parts: int) -> float:
    """LUTs of the converter behind binary weights, which picks a part of the sums and subtracts what all have."""
    return NARROW_LUTS + sum_bits * (choice(parts) + ADDER_LUTS_A_BIT)


def _columns(unit: Mvau) -> Resources:
    """Two columns, kept for the neuron folds if there are several."""
    bits, words = unit.mmv * unit.simd * unit.input_bits, 2 * unit.synapse_folds
    if unit.neuron_folds == 1:
        return by_formula()
    if words <= LUTRAM_WORDS:
        return by_formula(luts=bits * MEMORY_LUTS_A_BIT * ceil(words / 32))
    return by_formula(bram_tiles=ceil(bits / 72) * ceil(words / 512))
