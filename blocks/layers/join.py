"""Where two paths meet: a sum with small whole factors, which never saturates, and FIFOs that cannot deadlock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose

from blocks.core.builder import GraphBuilder
from blocks.layers.base import Layer, Misfit
from blocks.layers.values import Values
from blocks.operators.add import Add
from blocks.operators.base import Stream, unsigned_bits
from blocks.operators.checks import divisors
from blocks.operators.fifo import Fifo
from config.frozen import dataclass

MOST_FACTOR = 16
SAME_SCALE = 1e-6


@dataclass(frozen=True)
class Join:
    """The value `factors[0] * main + factors[1] * side`."""

    main: Values
    side: Values
    factors: tuple[int, int]

    @property
    def _stored_factors(self) -> tuple[int, int]:
        return self.factors[0] * self.main.step, self.factors[1] * self.side.step

    @property
    def output(self) -> Values:
        """Their sum: the stored number is `fa * a + fb * b`, so its zero point is that of the terms together."""
        fa, fb = self._stored_factors
        highest = fa * self.main.highest + fb * self.side.highest
        zero = self.factors[0] * self.main.zero + self.factors[1] * self.side.zero
        scale = None if self.main.scale is None else self.main.scale / self.factors[0]
        return Values(self.main.height, self.main.width, self.main.channels, 0, highest, 1, zero, "", scale)

    def misfits(self) -> Iterator[Misfit]:
        """Maps of other shapes, sums without activation, scales that do not meet."""
        for path, values in (("main", self.main), ("side", self.side)):
            if values.sums:
                what = f"the path {path} ends with the sums of {values.sums}, which have no activation yet"
                yield path, what, f"put a threshold or requantize layer behind {values.sums}"
        shapes = [(each.height, each.width, each.channels) for each in (self.main, self.side)]
        if shapes[0] != shapes[1]:
            one, other = ("x".join(map(str, shape)) for shape in shapes)
            what = f"main gives {one} and side {other}, but they are added"
            yield "join", what, "give both the same rows, columns and channels"
        elif self.main.scale is not None and self.side.scale is not None:
            yield from self._unlike_scales(self.main.scale, self.side.scale)

    def _unlike_scales(self, main: float, side: float) -> Iterator[Misfit]:
        fa, fb = self.factors
        if isclose(main / fa, side / fb, rel_tol=SAME_SCALE):
            return
        what = f"factors [{fa}, {fb}] add values of unlike scales: {main:g} / {fa} of main, {side:g} / {fb} of side"
        pairs = ((a, b) for a in range(1, MOST_FACTOR + 1) for b in range(1, MOST_FACTOR + 1))
        fitting = next((pair for pair in pairs if isclose(main / pair[0], side / pair[1], rel_tol=SAME_SCALE)), None)
        if fitting:
            yield "join", what, f"use factors [{fitting[0]}, {fitting[1]}]"
        else:
            remedy = f"end side with a threshold or requantize layer of scale {main * fb / fa:g}"
            yield "join", what, remedy

    def build(self, builder: GraphBuilder, main: str, side: str) -> str:
        """The addition, at the lanes of the wider path that divide the channels."""
        lanes = max(builder.stream(main).lanes, builder.stream(side).lanes)
        lanes = max(n for n in divisors(self.main.channels) if n <= lanes)
        main, side = builder.widen("main_width", main, lanes), builder.widen("side_width", side, lanes)
        fa, fb = self._stored_factors
        add = Add(
            lanes=lanes, beats=builder.stream(main).beats, a_bits=self.main.bits, a_signed=False,
            b_bits=self.side.bits, b_signed=False, output_bits=unsigned_bits(self.output.highest),
            output_signed=False, offset=0, a_factor=fa, b_factor=fb,
        )  # fmt: skip
        return builder.add("join", add, main, side)


def fifo(stream: Stream, rows: int, output: Values) -> Fifo:
    """A FIFO for so many rows of the join's map."""
    beats = -(-rows * output.width * output.channels // stream.lanes)
    return Fifo(lanes=stream.lanes, bits=stream.bits, beats=stream.beats, depth=max(1, min(beats, stream.beats)))


ELSEWHERE_PIXELS, ELSEWHERE_BEATS = 4, 32
"""The most that a path holds outside its FIFO for each layer, and once more: in pixels (columns, converters) and in
beats (pipelines)."""


def least_depth(waiting: Sequence[Layer], other: Sequence[Layer], fork: Values, output: Values, lanes: int) -> int:
    """The beats that a FIFO of `lanes` behind `other` must hold, or the core deadlocks (a lower bound).

    `waiting` needs some pixels of the fork's map before its first output. All of them have gone through `other` too.
    With a stride or a window on that path its share is not counted, so the bound is 1.
    """
    if (fork.height, fork.width) != (output.height, output.width) or any(layer.waits for layer in other):
        return 1
    row = column = 0
    for layer in reversed(waiting):
        row, column = layer.pixel_needed(row, column)
    places = 1 + len(other)
    pixels = row * fork.width + column + 1 - ELSEWHERE_PIXELS * places
    return max(1, pixels * output.channels // lanes - ELSEWHERE_BEATS * places)


def rows_to_hold(waiting: Sequence[Layer], other: Sequence[Layer], fork: Values, output: Values) -> int:
    """Rows of the join's map that a FIFO behind `other` has to hold, so that the path `waiting` never starves.

    Before `waiting` gives the first number of row r, it takes in `needed` rows of the fork's map, and what its
    pipelines hold. From these `other` has made at most `made` rows, and the join has taken r of them.
    """
    held = -(-sum(layer.held_pixels for layer in waiting) // fork.width) if waiting else 0
    most = 0
    for row in range(output.height):
        needed = row + 1
        for layer in reversed(waiting):
            needed = layer.rows_needed(needed)
        made = min(fork.height, needed + held)
        for layer in other:
            made = layer.rows_made(made)
        most = max(most, made - row)
    return min(most, output.height)
