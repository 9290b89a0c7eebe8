"""Label select: the indices of the k largest scores."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, positive
from blocks.operators.estimate import choice, comparison, register_slice
from config.fpga_resources import Resources
from config.frozen import dataclass

INDEX_BITS = 32
CONTROL_LUTS = 12
"""Counters and handshake (fitted)."""


@dataclass(frozen=True)
class LabelSelect(Operator):
    """Signed scores in, `k` indices out: largest score first, and among equal scores the smaller index first."""

    sv_rooms = ("width_converter",)

    classes: int
    lanes: int
    bits: int
    k: int

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The scores in the order of their indices."""
        return (Stream(self.lanes, self.bits, self.classes // self.lanes, signed=True),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """One 32 bit index a beat."""
        return (Stream(1, INDEX_BITS, self.k),)

    @property
    def buffers_input(self) -> bool:
        """True: it reads all scores before its first index."""
        return True

    def cycles(self) -> int:
        """N to insert the scores one by one, whatever comes in a beat, then k to send the indices."""
        return self.classes + self.k

    def area(self) -> Resources:
        """For each place a comparison, and a multiplexer for score and index; one score at a time. Fitted to synthesis.

        The first place's score comes from one side only.
        """
        index_bits = self.classes.bit_length()
        places = self.k * (comparison(self.bits, self.bits, signed=True) + index_bits) + (self.k - 1) * self.bits
        one_by_one = 5 + self.bits * choice(self.lanes) if self.lanes > 1 else 0
        return by_formula(luts=CONTROL_LUTS + places + one_by_one + register_slice(INDEX_BITS))

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, and that k is at most the number of classes."""
        found = positive(self, "classes", "lanes", "k") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        if self.k > self.classes:
            found.append(Mistake("k", f"k {self.k} of {self.classes} classes", f"k is at most {self.classes}"))
        return tuple(found + divides(self, "lanes", "classes", self.classes))

    @property
    def cpp_function(self) -> str:
        """`farm::label_select` with this shape."""
        return f"farm::label_select<{self.classes}, {self.lanes}, {self.bits}, {self.k}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_label_select`."""
        return SvModule(
            "farm_label_select",
            (
                ("CLASSES", self.classes),
                ("LANES", self.lanes),
                ("BITS", self.bits),
                ("K", self.k),
                ("INDEX_BITS", INDEX_BITS),
            ),
        )


OPERATOR = LabelSelect
