"""A convolution of a block: its shape and folding from the network file, and the operators that compute it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import TypeVar

from blocks.core.builder import GraphBuilder
from blocks.kinds.window import NO_PAD, ONE_PIXEL, Pair, Sides, too_large
from blocks.operators.checks import divisors
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.threshold import Threshold
from blocks.operators.trim import Trim
from config.document import Section
from config.frozen import dataclass

T = TypeVar("T")

# Far above any network's. Without these limits a mistyped number would be factored for minutes.
MOST_CHANNELS = 65536
MOST_PIXELS_A_SIDE = 16384


@dataclass(frozen=True)
class FeatureMap:
    """The tensor between two blocks: `height` x `width` pixels of `channels` elements of `bits` bits, unsigned.

    A stored number s stands for the value `step * s - zero_point`; `step` is 2 for bipolar activations (-1, +1).
    `scale` is the real number that a value of 1 stands for, where the file says so.
    """

    height: int
    width: int
    channels: int
    bits: int
    zero_point: int = 0
    step: int = 1
    scale: float | None = None

    @property
    def stored(self) -> tuple[int, int, int, int]:
        """Rows, columns, channels and bits, whatever the numbers stand for."""
        return self.height, self.width, self.channels, self.bits

    def __str__(self) -> str:
        """For messages: `8x8x32 of 4 bit`."""
        return f"{self.height}x{self.width}x{self.channels} of {self.bits} bit"


@dataclass(frozen=True)
class Known:
    """The part of a feature map that is known while a file with mistakes is read.

    After a mistake `map`, or also `channels`, is None. Checks that need them are skipped, so a mistake is reported
    once and not again for every block that follows.
    """

    map: FeatureMap | None
    channels: int | None

    def as_bits(self, bits: int, zero_point: int = 0) -> Known:
        """The same map with elements of `bits` bits."""
        found = self.map and FeatureMap(self.map.height, self.map.width, self.map.channels, bits, zero_point)
        return Known(found, self.channels)


UNKNOWN = Known(None, None)


@dataclass(frozen=True)
class Convolution:
    """Shape and folding of one convolution with its threshold activation.

    Attributes:
        name: As in the network file; also the stem of its parameters' names.
        channels: Output channels.
        pad: Rows and columns of zeros.
        threshold_pe: Channels whose thresholds are compared at once; 0 takes the fewest that keep up.
        mmv: Pixels computed at once.
        pixels_in: Pixels of the input map that arrive at once.
    """

    name: str
    source: FeatureMap
    channels: int
    kernel: Pair
    stride: Pair
    pad: Sides
    weight_bits: int
    activation_bits: int
    pe: int
    simd: int
    mmv: int
    threshold_pe: int
    pixels_in: int = 1

    @property
    def padded_height(self) -> int:
        """Rows with padding."""
        return self.source.height + self.pad[0] + self.pad[2]

    @property
    def padded_width(self) -> int:
        """Columns with padding."""
        return self.source.width + self.pad[1] + self.pad[3]

    @cached_property
    def output(self) -> FeatureMap:
        """The feature map after the threshold activation."""
        return FeatureMap(
            (self.padded_height - self.kernel[0]) // self.stride[0] + 1,
            (self.padded_width - self.kernel[1]) // self.stride[1] + 1,
            self.channels,
            self.activation_bits,
        )

    @property
    def synapses(self) -> int:
        """Products summed for one output element."""
        return prod(self.kernel) * self.source.channels

    @property
    def pixels(self) -> int:
        """Output pixels per image."""
        return self.output.height * self.output.width

    @property
    def spare(self) -> int:
        """Columns behind the padded map that fill its last beat; no window reads them."""
        return -self.padded_width % self.pixels_in

    def padding(self) -> Pad:
        """The operator that adds the zero rows and columns."""
        top, left, bottom, right = self.pad
        return Pad(
            channels=self.source.channels,
            height=self.source.height,
            width=self.source.width,
            top=top,
            left=left,
            bottom=bottom,
            right=right + self.spare,
            lanes=self.input_lanes,
            bits=self.source.bits,
            pixels=self.pixels_in,
        )

    @property
    def gathers(self) -> bool:
        """Whether the inputs of an output pixel are more, or others, than a pixel as it comes."""
        return (self.kernel, self.stride) != (ONE_PIXEL, ONE_PIXEL) or self.mmv > 1 or self.pixels_in > 1

    def window(self) -> SlidingWindow:
        """The operator that gathers the inputs of each output pixel."""
        return SlidingWindow(
            channels=self.source.channels,
            height=self.padded_height,
            width=self.padded_width + self.spare,
            kernel=self.kernel,
            stride=self.stride,
            simd=self.simd,
            bits=self.source.bits,
            mmv=self.mmv,
            pixels=self.pixels_in,
            spare=self.spare,
        )

    @property
    def input_lanes(self) -> int:
        """Elements a beat of the input map: `simd` channels, or whole pixels."""
        return self.window().inputs[0].lanes

    def mvau(self) -> Mvau:
        """The matrix-vector unit."""
        return Mvau(
            synapses=self.synapses,
            channels=self.channels,
            pe=self.pe,
            simd=self.simd,
            input_bits=self.source.bits,
            weight_bits=self.weight_bits,
            pixels=self.pixels,
            mmv=self.mmv,
        )

    def order(self) -> Deinterleave:
        """The operator that brings the channels of each pixel together, where several are computed in several folds."""
        mvau = self.mvau()
        return Deinterleave(
            channels=self.channels,
            pixels=self.pixels,
            pe=self.pe,
            mmv=self.mmv,
            bits=mvau.accumulator_bits,
            signed=True,
        )

    @property
    def trims(self) -> bool:
        """Whether the last neuron fold has lanes without a channel, which are dropped behind the thresholds."""
        return self.channels % self.pe != 0

    @property
    def output_lanes(self) -> int:
        """The elements of a beat that a consumer of one fold at a time takes: `pe`, or the next divisor above it."""
        return min(n for n in divisors(self.channels) if n >= self.pe)

    @property
    def leaving_lanes(self) -> int:
        """Elements of a beat of the activations."""
        return self.output_lanes if self.trims else self.threshold().pe

    def trim(self) -> Trim:
        """The operator that drops the lanes without a channel."""
        return Trim(
            channels=self.channels,
            pixels=self.pixels,
            lanes_in=self.pe,
            lanes_out=self.output_lanes,
            bits=self.activation_bits,
        )

    def threshold(self) -> Threshold:
        """The activation, folded so that it keeps up with the matrix-vector unit."""
        mvau = self.mvau()
        return Threshold(
            channels=self.channels,
            pixels=self.pixels,
            pe=self.pe if self.trims else self.threshold_pe or self._keeping_up(),
            lowest=mvau.lowest,
            highest=mvau.highest,
            output_bits=self.activation_bits,
        )

    def _keeping_up(self) -> int:
        """The smallest PE of the threshold that keeps up with the matrix-vector unit.

        The unit gives mmv * pe accumulators every synapses / simd cycles.
        """
        made, every = self.mmv * self.pe, max(1, self.synapses // self.simd)
        for candidate in range(1, self.channels + 1):
            if self.channels % candidate or candidate * every < made:
                continue
            if self.mvau().interleaves:
                if candidate % self.pe == 0 or self.pe % candidate == 0:
                    return candidate
            elif made % candidate == 0:
                return candidate
        return self.channels

    def mistakes(self) -> list[tuple[str, str, str]]:
        """All reasons why the folding cannot be built, as (field of the network file, what, remedy)."""
        found: list[tuple[str, str, str]] = []
        if self.kernel[1] * self.source.channels % self.simd:
            found.append(not_dividing_inputs(self.simd, self.source.channels, self.kernel[1]))
        if self.source.width % self.pixels_in:
            found.append(not_dividing("pixels_in", self.pixels_in, self.source.width, "input columns"))
        if self.output.width % self.mmv:
            found.append(not_dividing("mmv", self.mmv, self.output.width, "output columns"))
        if self.trims and self.threshold_pe not in (0, self.pe):
            what = f"threshold_pe {self.threshold_pe} with pe {self.pe}, which does not divide {self.channels} channels"
            found.append(("threshold_pe", what, f"leave it out, or use a pe of {near(self.pe, self.channels)}"))
        if found or (not self.trims and self.threshold_pe and self.channels % self.threshold_pe):
            return found
        for operator in (self.padding(), self.window(), self.mvau()):
            found += [(mistake.field, mistake.what, mistake.remedy) for mistake in operator.mistakes()]
        for mistake in self.threshold().mistakes():
            # The threshold's PE is derived from the convolution's unless the file gives threshold_pe.
            if mistake.field == "pe" and self.threshold_pe:
                found.append(("threshold_pe", mistake.what, mistake.remedy.replace("lower pe", "lower threshold_pe")))
            else:
                found.append((mistake.field, mistake.what, mistake.remedy))
        return found

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Append the convolution to a graph; returns the stream of its activations."""
        stream = builder.widen(f"{self.name}_input_width", stream, self.input_lanes)
        if self.pad != NO_PAD or self.spare:
            stream = builder.add(f"{self.name}_pad", self.padding(), stream)
        if self.gathers:
            stream = builder.add(f"{self.name}_window", self.window(), stream)
        stream = builder.add(self.name, self.mvau(), stream, parameters=[f"{self.name}_weights"])
        if self.mvau().interleaves:
            stream = builder.add(f"{self.name}_order", self.order(), stream)
        threshold = self.threshold()
        stream = builder.widen(f"{self.name}_threshold_width", stream, threshold.pe)
        stream = builder.add(f"{self.name}_threshold", threshold, stream, parameters=[f"{self.name}_thresholds"])
        return builder.add(f"{self.name}_trim", self.trim(), stream) if self.trims else stream


def near(value: int, total: int) -> str:
    """The divisors of `total` around `value`, for a remedy."""
    below = max(n for n in divisors(total) if n <= value)
    above = min((n for n in divisors(total) if n >= value), default=below)
    return f"{below} or {above}"


def not_dividing(field: str, value: int, total: int, of_what: str) -> tuple[str, str, str]:
    """The mistake of a `field` that does not divide `total`, as (field, what, remedy)."""
    legal = ", ".join(map(str, divisors(total)))
    return (field, f"{field} {value} does not divide {total} {of_what}", f"use one of {legal}")


def not_dividing_inputs(simd: int, channels: int, columns: int) -> tuple[str, str, str]:
    """The mistake of a `simd` that divides neither the input channels nor the inputs of a kernel row of `columns`."""
    if columns == 1:
        return not_dividing("simd", simd, channels, "input channels")
    return not_dividing("simd", simd, columns * channels, "inputs of a kernel row")


def known(section: Section, read: Callable[[], T]) -> T | None:
    """The value of `read()`, or None if that reported a mistake and returned a placeholder."""
    before = len(section.problems)
    value = read()
    return value if len(section.problems) == before else None


def read_convolution(  # the caller fixes the parts that the file may not change; they differ by block
    section: Section,
    name: str,
    source: Known,
    *,
    kernel: Pair = ONE_PIXEL,
    stride: Pair | None = ONE_PIXEL,
    pad: Sides = NO_PAD,
    weight_bits: int = 1,
    activation_bits: int,
) -> tuple[Convolution | None, Known]:
    """Read `channels` and the folding of one convolution, and report everything that does not fit.

    `source` may be known in part, and `stride` may be unknown (None). After a wrong folding the output is still known,
    so the blocks that follow are checked against it.

    Returns:
        The convolution, None if too little of it is known; and what is known of its output.
    """
    window_ok = section.ok and stride is not None
    channels = known(section, lambda: section.integer("channels", minimum=1, maximum=MOST_CHANNELS))
    pe = known(section, lambda: section.integer("pe", minimum=1))
    simd = known(section, lambda: section.integer("simd", minimum=1))
    mmv = known(section, lambda: section.integer("mmv", default=1, minimum=1))
    threshold_pe = known(section, lambda: section.integer("threshold_pe", default=0, minimum=1))
    pixels_in = known(section, lambda: section.integer("pixels_in", default=1, minimum=1))
    section.finish()
    found: list[tuple[str, str, str]] = []
    if channels and pe and pe > channels:
        found.append(("pe", f"pe {pe} is more than the {channels} output channels", f"use at most {channels}"))
        pe = None
    if channels and threshold_pe and channels % threshold_pe and not (pe and channels % pe):
        found.append(not_dividing("threshold_pe", threshold_pe, channels, "output channels"))
    convolution, output = None, Known(None, channels)
    if source.map is not None and window_ok and channels is not None and stride is not None:
        convolution = Convolution(
            name, source.map, channels, kernel, stride, pad, weight_bits, activation_bits,
            pe or 1, simd or 1, mmv or 1, threshold_pe or 0, pixels_in or 1,
        )  # fmt: skip
        misfits = list(too_large(kernel, convolution.padded_height, convolution.padded_width))
        if not misfits:
            output = Known(convolution.output, channels)
        found += misfits or convolution.mistakes()
    elif source.channels and simd and kernel[1] * source.channels % simd:
        found.append(not_dividing_inputs(simd, source.channels, kernel[1]))
    for field, what, remedy in found:
        section.problem(field if section.has(field) else None, f"{name}: {what}", remedy)
    return convolution, output
