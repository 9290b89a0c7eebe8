"""Layers that give activations: thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import not_dividing
from blocks.layers.base import Key, Layer, LayerType, Misfit, Recipe
from blocks.layers.values import Values
from blocks.operators.base import Stream
from blocks.operators.checks import divisors
from blocks.operators.requantize import Requantize
from blocks.operators.threshold import MAX_OUTPUT_BITS, Threshold
from config.frozen import dataclass

UNSIGNED, SIGNED, BIPOLAR = "unsigned", "signed", "bipolar"
BITS = Key("bits", "integer", "bits of an activation", minimum=1, maximum=MAX_OUTPUT_BITS)
VALUES = Key("values", "text", "what the codes 0..2^bits-1 stand for: themselves, themselves less half their number "
             "(`signed`), or -1 and +1 (`bipolar`, 1 bit)", UNSIGNED, choices=(UNSIGNED, SIGNED, BIPOLAR))  # fmt: skip
ZERO_POINT = Key("zero_point", "integer", "the code of the value 0, in place of `values`",
                 None, minimum=0, maximum=255, otherwise="that of `values`")  # fmt: skip
SCALE = Key("scale", "number", "the real number that a value of 1 stands for; joins compare it", None, minimum=0)
PE = Key("pe", "integer", "channels at once; divides the channels", 0, minimum=1, otherwise="the fewest that keep up")


@dataclass(frozen=True)
class Activation(Layer):
    """What activations share: their type, and channels at once (0: the fewest that keep up with what comes before)."""

    bits: int
    values: str
    zero_point: int | None
    scale: float | None
    pe: int

    @property
    def zero(self) -> int:
        """The `zero` of its values (`Values.zero`)."""
        by_type = {UNSIGNED: 0, SIGNED: 2 ** (self.bits - 1), BIPOLAR: 1}
        return by_type[self.values] if self.zero_point is None else self.zero_point

    @property
    def output(self) -> Values:
        """The codes."""
        source = self.source
        step = 2 if self.values == BIPOLAR else 1
        return Values(
            source.height, source.width, source.channels, 0, 2**self.bits - 1, step, self.zero, "", self.scale
        )

    def misfits(self) -> Iterator[Misfit]:
        """Types that have no such codes."""
        if self.values == BIPOLAR and self.bits != 1:
            yield "values", f"bipolar activations of {self.bits} bits", "bipolar ones (-1, +1) have 1 bit; use signed"
        elif self.zero_point is not None and self.values != UNSIGNED:
            what = f"zero_point {self.zero_point} with {self.values} values, which have one of their own"
            yield "zero_point", what, "give one of both"
        elif not 0 <= self.zero < 2**self.bits:
            what = f"zero_point {self.zero} is no code of {self.bits} bit activations"
            yield "zero_point", what, f"use 0 to {2**self.bits - 1}"

    def mistakes(self) -> Iterator[Misfit]:
        """A `pe` that does not divide."""
        if self.pe and self.source.channels % self.pe:
            yield not_dividing("pe", self.pe, self.source.channels, "channels")

    def folding(self) -> str:
        """PE, if the file gives it."""
        return str(self.pe) if self.pe else ""

    def lanes(self, offered: int) -> int:
        """`pe`, or the most channels up to `offered` that divide."""
        return self.pe or max(n for n in divisors(self.source.channels) if n <= max(1, offered))

    def keeping_up(self, stream: Stream, cycles: int) -> int:
        """`pe`, or the fewest channels at once that keep up with `cycles` per image.

        Beats are taken apart or joined as a whole: other ratios of widths cost the converter both.
        """
        if self.pe:
            return self.pe
        fitting = [n for n in divisors(self.source.channels) if stream.lanes % n == 0 or n % stream.lanes == 0]
        enough = [n for n in fitting if self.source.elements // n <= max(cycles, stream.beats)]
        return next(iter(enough or fitting[-1:] or [self.source.channels]))


@dataclass(frozen=True)
class Thresholds(Activation):
    """The number of its channel's thresholds that a value has reached."""

    descending: bool

    def operator(self, pe: int) -> Threshold:
        """The operator."""
        source = self.source
        return Threshold(
            channels=source.channels, pixels=source.pixels, pe=pe, lowest=source.lowest, highest=source.highest,
            output_bits=self.bits, inverts=self.descending,
        )  # fmt: skip

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """The thresholds, at their own folding."""
        cycles = max((node.operator.cycles() for node in builder.nodes), default=0)
        pe = self.keeping_up(builder.stream(stream), cycles)
        stream = builder.widen(f"{self.name}_width", stream, pe)
        return builder.add(self.name, self.operator(pe), stream, parameters=[f"{self.name}_thresholds"])

    def recipes(self) -> Iterator[Recipe]:
        """The thresholds [C, 2^bits - 1], in values."""
        source = self.source
        yield {
            "make": "thresholds",
            "layer": self.name,
            "channels": source.channels,
            "steps": 2**self.bits - 1,
            "sums": source.sums,
            "step": source.step,
            "zero": source.zero,
            "lowest": source.lowest,
            "highest": source.highest,
            "descending": self.descending,
        }


@dataclass(frozen=True)
class Requantization(Activation):
    """A value times its channel's multiplier, plus an addend, shifted to the right and clamped to the type."""

    shift: int
    multiplier_bits: int
    addend_bits: int

    def operator(self, pe: int) -> Requantize:
        """The operator. A doubled code of bipolar activations doubles the multiplier instead."""
        source = self.source
        return Requantize(
            channels=source.channels, pixels=source.pixels, pe=pe, lowest=source.lowest, highest=source.highest,
            multiplier_bits=self.multiplier_bits + source.step - 1, addend_bits=self.addend_bits, shift=self.shift,
            output_bits=self.bits,
        )  # fmt: skip

    def misfits(self) -> Iterator[Misfit]:
        """Types that have no such codes."""
        if self.values == BIPOLAR:
            yield "values", "bipolar activations by multiplication", "use a threshold layer of 1 bit"
        else:
            yield from super().misfits()

    def mistakes(self) -> Iterator[Misfit]:
        """A `pe` that does not divide, products that are too wide."""
        yield from super().mistakes()
        for mistake in self.operator(1).mistakes():
            yield mistake.field, mistake.what, mistake.remedy

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """The multiplication, at its own folding."""
        cycles = max((node.operator.cycles() for node in builder.nodes), default=0)
        pe = self.keeping_up(builder.stream(stream), cycles)
        stream = builder.widen(f"{self.name}_width", stream, pe)
        parameters = [f"{self.name}_multipliers", f"{self.name}_addends"]
        return builder.add(self.name, self.operator(pe), stream, parameters=parameters)

    def recipes(self) -> Iterator[Recipe]:
        """Multipliers and addends [C], for values."""
        source = self.source
        yield {
            "make": "requantize",
            "layer": self.name,
            "channels": source.channels,
            "sums": source.sums,
            "step": source.step,
            "zero": source.zero,
            "highest": source.highest,
            "bits": self.bits,
            "shift": self.shift,
            "zero_point": self.zero,
            "multiplier_bits": self.multiplier_bits,
            "addend_bits": self.addend_bits,
        }


def _thresholds(name: str, source: Values, given: Mapping[str, Any]) -> Thresholds:
    return Thresholds(name, source, **given)


THRESHOLD = LayerType(
    "threshold",
    "an activation: the code is the number of the channel's thresholds that the value has reached",
    (
        BITS, VALUES, ZERO_POINT, SCALE, PE,
        Key("descending", "flag", "whether the parameter file has `<layer>_descending`: channels whose code is the "
            "number of thresholds that the value has not passed", False),
    ),
    _thresholds,
)  # fmt: skip
REQUANTIZE = LayerType(
    "requantize",
    "an activation: the value times a multiplier, plus an addend, shifted to the right, clamped to the type",
    (
        BITS, replace(VALUES, choices=(UNSIGNED, SIGNED)), ZERO_POINT, SCALE, PE,
        Key("shift", "integer", "how far products are shifted to the right; the shift rounds down", minimum=0,
            maximum=62),
        Key("multiplier_bits", "integer", "bits of a multiplier, two's complement", 16, minimum=2, maximum=32),
        Key("addend_bits", "integer", "bits of an addend, two's complement, with what zero points and biases add to it",
            32, minimum=2, maximum=62),
    ),
    lambda name, source, given: Requantization(name, source, **given),
)  # fmt: skip
