"""Matrix-vector unit: weights times a column of activations, accumulated, without an activation function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil

from blocks.operators.base import (
    Mistake,
    Operator,
    ParameterStream,
    Split,
    Stream,
    SvModule,
    signed_bits,
    unsigned_bits,
)
from blocks.operators.checks import MAX_LANE_BITS, at_most, divides, divisors, lane_bits, positive
from blocks.operators.mvau import area
from blocks.operators.mvau.compressor.plan import MAX_WEIGHT_BITS, plan
from blocks.operators.mvau.compressor.text import DEFAULTS, Compressor, modules
from blocks.operators.width_converter import SPARE_CYCLES
from config.fpga_resources import Resources
from config.frozen import dataclass

LEVELS_A_STAGE = 3
"""Levels of counters between two registers: six levels of logic. One would cost latency that the output buffer pays."""
NARROW_BITS = 4
"""The widest activations that are added bit by bit if the weights have 2 to 4 bits."""
MAX_INPUT_BITS = 32
"""The sum of one beat of bit planes must fit into a machine word."""


@dataclass(frozen=True)
class Mvau(Operator):
    """`channels` dot products of `synapses` unsigned activations per output pixel, `pe` x `simd` products a cycle.

    If `pe` does not divide the channels, the last neuron fold has lanes without a channel. Their sums mean nothing.
    Weights of 1 bit are binary (1 is +1, 0 is -1), wider ones are two's complement. They arrive neuron fold outermost,
    synapse fold innermost: row = nf * pe + p, column = sf * simd + lane. With `streamed_weights` the weights are the
    second data input. They arrive once per image, so there can be only one pixel.
    """

    synapses: int
    channels: int
    pe: int
    simd: int
    input_bits: int
    weight_bits: int
    pixels: int
    mmv: int = 1
    streamed_weights: bool = False

    sv_rooms = ("width_converter",)
    steady_parameters = True

    @property
    def neuron_folds(self) -> int:
        """Passes over a column until all output channels are done."""
        return -(-self.channels // self.pe)

    @property
    def synapse_folds(self) -> int:
        """Beats of one column."""
        return self.synapses // self.simd

    @property
    def weight_words(self) -> int:
        """Words that hold a PE's binary weights of one beat: one up to 64 bits, otherwise the fewest equal ones."""
        return next(n for n in divisors(self.simd) if self.simd // n <= MAX_LANE_BITS)

    @property
    def interleaves(self) -> bool:
        """Whether the sums of several pixels leave interleaved."""
        return self.mmv > 1 and self.neuron_folds > 1

    @property
    def lowest(self) -> int:
        """The lowest sum that any weights and activations reach."""
        weight = -1 if self.weight_bits == 1 else -(1 << (self.weight_bits - 1))
        return self.synapses * weight * ((1 << self.input_bits) - 1)

    @property
    def highest(self) -> int:
        """The highest sum that any weights and activations reach."""
        weight = 1 if self.weight_bits == 1 else (1 << (self.weight_bits - 1)) - 1
        return self.synapses * weight * ((1 << self.input_bits) - 1)

    @property
    def accumulator_bits(self) -> int:
        """Bits of a sum in two's complement. They also hold `highest + 1`, a threshold that is never reached."""
        return signed_bits(self.lowest, self.highest + 1)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """Columns as the sliding window gives them, `mmv * simd` lanes; then the weights if they are streamed."""
        beats = self.pixels // self.mmv * self.synapse_folds
        columns = Stream(self.mmv * self.simd, self.input_bits, beats)
        if not self.streamed_weights:
            return (columns,)
        weights = Stream(self.pe * self.simd, self.weight_bits, self.neuron_folds * self.synapse_folds, signed=True)
        return (columns, weights)

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """The weights: binary ones as `weight_words` words per PE, wider ones as `pe * simd` lanes."""
        if self.streamed_weights:
            return ()
        depth = self.neuron_folds * self.synapse_folds
        if self.weight_bits == 1:
            words = self.weight_words
            return (ParameterStream(self.pe * words, self.simd // words, depth, signed=False, role="weights"),)
        return (ParameterStream(self.pe * self.simd, self.weight_bits, depth, signed=True, role="weights"),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The sums: lane m * pe + p is channel nf * pe + p of pixel m of the group.

        With `mmv` and `pe` below the channels pixels are interleaved; a Deinterleave behind it keeps the element order.
        """
        beats = self.pixels // self.mmv * self.neuron_folds
        return (Stream(self.mmv * self.pe, self.accumulator_bits, beats, signed=True),)

    def parameter_reads(self) -> int:
        """Once for each group of `mmv` pixels."""
        return self.pixels // self.mmv

    def cycles(self) -> int:
        """(MH / PE) * (MW / SIMD) * OH * OW / mmv."""
        return self.neuron_folds * self.synapse_folds * self.pixels // self.mmv

    def area(self) -> Resources:
        """By the compressors and by terms fitted to synthesis (`area.py`). Thresholds are a separate operator."""
        return area.area(self)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks that folds divide and that a lane holds the sums."""
        found = positive(self, "synapses", "channels", "pe", "simd", "pixels", "mmv")
        found += lane_bits(self, "input_bits", "weight_bits")
        if found:
            return tuple(found)
        binary = self.weight_bits == 1
        found = at_most(self, "pe", "channels", self.channels)
        found += divides(self, "simd", "synapses", self.synapses)
        found += divides(self, "mmv", "pixels", self.pixels)
        if self.input_bits > MAX_INPUT_BITS:
            found.append(
                Mistake("input_bits", f"input_bits is {self.input_bits}", f"input_bits is 1 to {MAX_INPUT_BITS}")
            )
        if self.accumulator_bits > MAX_LANE_BITS:
            found.append(
                Mistake(
                    "input_bits",
                    f"the sums take {self.accumulator_bits} bits",
                    f"a lane has at most {MAX_LANE_BITS} bits: lower input_bits or weight_bits",
                )
            )
        if self.streamed_weights and self.pixels != 1:
            found.append(
                Mistake("pixels", f"streamed weights with {self.pixels} pixels", "streamed weights serve one pixel")
            )
        if self.streamed_weights and self.channels % self.pe:
            found += divides(self, "pe", "channels", self.channels)  # a row of card memory is not padded
        if self.streamed_weights and binary:
            found.append(
                Mistake("weight_bits", "binary weights cannot be streamed", "streamed weights have 2 bits or more")
            )
        return tuple(found)

    @property
    def cpp_function(self) -> str:
        """`farm::mvau_binary` or `farm::mvau_integer`. The arguments of both are input, weights, output."""
        sizes = f"{self.synapses}, {self.channels}, {self.pe}, {self.simd}, {self.input_bits}"
        rest = f"{self.accumulator_bits}, {self.pixels}, {self.mmv}"
        if self.weight_bits == 1:
            return f"farm::mvau_binary<{sizes}, {rest}>"
        return f"farm::mvau_integer<{sizes}, {self.weight_bits}, {rest}>"

    @property
    def buffers_input(self) -> bool:
        """True if a column has more than one beat."""
        return self.synapse_folds > 1

    def max_hold_cycles(self) -> int:
        """The cycles from a sum's arrival at the output until the last beat of the next sum enters the pipeline."""
        return max(0, self.synapse_folds - self.latency - 1)

    @property
    def latency(self) -> int:
        """The parameter LATENCY that the SystemVerilog modules compute, and the cycle in which a column waits."""
        wait = 0 if self.streamed_weights else 1
        if self.adds_bits:
            return self.sum_stages + 1 + wait
        chain = min(self.simd, 4)
        chains = ceil(self.simd / chain)
        return chain + 1 + ((chains - 1).bit_length() + 1) // 2 + 1 + wait

    @property
    def adds_bits(self) -> bool:
        """Whether compressors add the products bit by bit. Wider ones are multiplied, in DSPs above 8 bits."""
        return self.weight_bits == 1 or (self.weight_bits <= MAX_WEIGHT_BITS and self.input_bits <= NARROW_BITS)

    @property
    def sum_stages(self) -> int:
        """Registers from the column to the accumulators of a unit that adds bits: one for up to three levels."""
        return max(2, ceil(plan(self.simd, self.weight_bits, self.input_bits).logic_levels / LEVELS_A_STAGE))

    @property
    def compressors(self) -> tuple[Compressor, ...]:
        """The unit's compressors. With binary weights there is one without weights too."""
        weights = (0, 1) if self.weight_bits == 1 else (self.weight_bits,) if self.adds_bits else ()
        return tuple(Compressor(self.simd, bits, self.input_bits, self.sum_stages) for bits in weights)

    @classmethod
    def sv_made(cls, shapes: Iterable[Operator]) -> Iterator[str]:
        """The compressors; without SYNTHESIS a behavioural twin needs none."""
        wanted = [each for shape in shapes if isinstance(shape, Mvau) for each in shape.compressors]
        if wanted:
            yield "`ifdef SYNTHESIS"
            yield from modules((*wanted, *DEFAULTS))
            yield "`endif"

    @property
    def sv_module(self) -> SvModule:
        """`farm_mvau_binary`, `_bits` or `_integer`. The weights are `in1`, whether streamed or a parameter."""
        sizes = (
            ("SYNAPSE_FOLDS", self.synapse_folds),
            ("NEURON_FOLDS", self.neuron_folds),
            ("PE", self.pe),
            ("SIMD", self.simd),
            ("INPUT_BITS", self.input_bits),
            ("ACCUMULATOR_BITS", self.accumulator_bits),
            ("MMV", self.mmv),
        )
        if self.weight_bits == 1:
            own = (("SUM_BITS", unsigned_bits(self.highest)), ("STAGES", self.sum_stages))
            return SvModule("farm_mvau_binary", (*sizes, *own))
        integer = (*sizes, ("WEIGHT_BITS", self.weight_bits), ("STEADY", not self.streamed_weights))
        if self.adds_bits:
            return SvModule("farm_mvau_bits", (*integer, ("STAGES", self.sum_stages)))
        return SvModule("farm_mvau_integer", integer)

    def sv_split(self, lanes: int) -> Split | None:
        """With binary weights the converter subtracts what all PEs have in common (`farm_mvau_narrow`)."""
        made = self.mmv * self.pe
        if self.weight_bits != 1 or made == lanes or made % lanes or (self.mmv > 1 and self.pe % lanes):
            return None
        sum_bits = unsigned_bits(self.highest)
        alone = self.sv_module
        converter = (
            ("PE", self.pe),
            ("MMV", self.mmv),
            ("LANES_OUT", lanes),
            ("SUM_BITS", sum_bits),
            ("ACCUMULATOR_BITS", self.accumulator_bits),
            ("INPUT_HELD", self.max_hold_cycles() >= made // lanes + SPARE_CYCLES),
        )
        return Split(
            SvModule(alone.name, (*alone.parameters, ("APART", 1))),
            SvModule("farm_mvau_narrow", converter),
            self.mmv * (self.pe + 1) * sum_bits,
            area.narrow(lanes * sum_bits, made // lanes),
        )


OPERATOR = Mvau
