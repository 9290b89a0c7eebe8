"""Layers that end a network: the best indices, and what turns sums into 32 bit numbers."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import MOST_CHANNELS
from blocks.layers.base import Key, Layer, LayerType, Misfit, Recipe
from blocks.layers.values import Values
from blocks.operators.add import Add
from blocks.operators.label_select import LabelSelect
from config.frozen import dataclass

RESULT_BITS = 32


@dataclass(frozen=True)
class Results(Layer):
    """The values as signed 32 bit numbers: bias and constants of zero points are added, and the sign is extended.

    It has no keys. The reader puts it behind the last layer of a network, and in front of `top_k`.
    """

    @property
    def output(self) -> Values:
        """The values themselves."""
        half = 2 ** (RESULT_BITS - 1)
        # One less than 32 bits hold, as with all sums: `Values.bits` leaves room for a threshold above the highest.
        return Values(self.source.height, self.source.width, self.source.channels, -half, half - 2)

    def misfits(self) -> Iterator[Misfit]:
        """Sums of more bits."""
        lowest, highest = self.source.range
        half = 2 ** (RESULT_BITS - 1)
        if not -half <= lowest <= highest < half:
            what = f"the results are {lowest}..{highest}, more than {RESULT_BITS} bits hold"
            yield "type", what, "lower weight_bits, or put a threshold or requantize layer in front"

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """An addition with a constant per number."""
        coming = builder.stream(stream)
        add = Add(
            lanes=coming.lanes, beats=coming.beats, a_bits=coming.bits, a_signed=coming.signed, b_bits=RESULT_BITS,
            b_signed=True, output_bits=RESULT_BITS, output_signed=True, offset=0, b_parameter=True,
            a_factor=self.source.step,
        )  # fmt: skip
        return builder.add(self.name, add, stream, parameters=[f"{self.name}_bias"])

    def recipes(self) -> Iterator[Recipe]:
        """The constants [C], repeated for each pixel."""
        source = self.source
        yield {
            "make": "constants",
            "layer": self.name,
            "channels": source.channels,
            "pixels": source.pixels,
            "sums": source.sums,
            "zero": source.zero,
        }


@dataclass(frozen=True)
class TopK(Layer):
    """The indices of the `k` largest of all numbers, the largest first; of equal ones the lower index first."""

    k: int

    @property
    def output(self) -> Values:
        """Indices."""
        return Values(1, 1, self.k, 0, 2**32 - 1)

    def misfits(self) -> Iterator[Misfit]:
        """More indices than numbers."""
        if self.k > self.source.elements:
            yield "k", f"k is {self.k}, but there are {self.source.elements} numbers", "lower k"

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """The selection, one number a beat."""
        stream = builder.widen(f"{self.name}_width", stream, 1)
        select = LabelSelect(classes=self.source.elements, lanes=1, bits=self.source.bits, k=self.k)
        return builder.add(self.name, select, stream)


TOP_K = LayerType(
    "top_k",
    "the indices of the largest numbers, the largest first; the last layer of a network",
    (Key("k", "integer", "how many indices come out", 1, minimum=1, maximum=MOST_CHANNELS),),
    lambda name, source, given: TopK(name, source, **given),
)
