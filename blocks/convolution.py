"""A convolution of a block: its shape and folding as the network file gives them, and the operators that compute it."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.graph import GraphBuilder
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.threshold import Threshold
from config.document import Section

NO_PAD = (0, 0, 0, 0)


@dataclass(frozen=True)
class FeatureMap:
    """What travels between blocks: `height` x `width` pixels of `channels` elements of `bits` bits, unsigned."""

    height: int
    width: int
    channels: int
    bits: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.height}x{self.width}x{self.channels} of {self.bits} bit"


@dataclass(frozen=True)
class Convolution:
    """Shape and folding of one convolution with its threshold activation.

    Attributes:
        name: As in the network file; also the stem of its parameters' names.
        channels: Output channels.
        pad: Zero rows and columns: top, left, bottom, right.
        threshold_pe: Channels whose thresholds are compared at once; 0 takes the fewest that keep up.
        mmv: Pixels computed at once.
    """

    name: str
    source: FeatureMap
    channels: int
    kernel: int
    stride: int
    pad: tuple[int, int, int, int]
    weight_bits: int
    activation_bits: int
    pe: int
    simd: int
    mmv: int
    threshold_pe: int

    @property
    def padded_height(self) -> int:
        """Rows with padding."""
        return self.source.height + self.pad[0] + self.pad[2]

    @property
    def padded_width(self) -> int:
        """Columns with padding."""
        return self.source.width + self.pad[1] + self.pad[3]

    @property
    def output(self) -> FeatureMap:
        """What leaves the threshold activation."""
        return FeatureMap(
            (self.padded_height - self.kernel) // self.stride + 1,
            (self.padded_width - self.kernel) // self.stride + 1,
            self.channels,
            self.activation_bits,
        )

    @property
    def synapses(self) -> int:
        """Products summed for one output element."""
        return self.kernel * self.kernel * self.source.channels

    @property
    def pixels(self) -> int:
        """Output pixels per image."""
        return self.output.height * self.output.width

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
            right=right,
            lanes=self.simd,
            bits=self.source.bits,
        )

    def window(self) -> SlidingWindow:
        """The operator that lines up each output pixel's inputs."""
        return SlidingWindow(
            channels=self.source.channels,
            height=self.padded_height,
            width=self.padded_width,
            kernel=self.kernel,
            stride=self.stride,
            simd=self.simd,
            bits=self.source.bits,
            mmv=self.mmv,
        )

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

    def threshold(self) -> Threshold:
        """The activation, folded so that it keeps up with the matrix-vector unit."""
        mvau = self.mvau()
        return Threshold(
            channels=self.channels,
            pixels=self.pixels,
            pe=self.threshold_pe or self._keeping_up(),
            lowest=mvau.lowest,
            highest=mvau.highest,
            output_bits=self.activation_bits,
        )

    def _keeping_up(self) -> int:
        """The fewest channels at once that take the accumulators as fast as the matrix-vector unit makes them.

        The unit leaves mmv * pe accumulators every synapses / simd cycles.
        """
        made, every = self.mmv * self.pe, max(1, self.synapses // self.simd)
        for candidate in range(1, self.channels + 1):
            if self.channels % candidate == 0 and made % candidate == 0 and candidate * every >= made:
                return candidate
        return self.channels

    def mistakes(self) -> list[tuple[str, str, str]]:
        """What cannot be built, as (field of the network file, what, remedy); empty when the shape is sound."""
        found: list[tuple[str, str, str]] = []
        if self.kernel > min(self.padded_height, self.padded_width):
            found.append(
                (
                    "kernel",
                    f"a {self.kernel}x{self.kernel} window does not fit a padded map of "
                    f"{self.padded_height}x{self.padded_width}",
                    "make it smaller or pad more",
                )
            )
            return found
        if self.channels % self.pe:
            found.append(_not_dividing("pe", self.pe, self.channels, "output channels"))
        if self.source.channels % self.simd:
            found.append(_not_dividing("simd", self.simd, self.source.channels, "input channels"))
        if self.threshold_pe and self.channels % self.threshold_pe:
            found.append(_not_dividing("threshold_pe", self.threshold_pe, self.channels, "output channels"))
        if self.output.width % self.mmv:
            found.append(_not_dividing("mmv", self.mmv, self.output.width, "output columns"))
        if found:
            return found
        for operator in (self.padding(), self.window(), self.mvau(), self.threshold()):
            found += [(mistake.field, mistake.what, mistake.remedy) for mistake in operator.mistakes()]
        return found

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Append the convolution to a graph; returns the stream of its activations."""
        stream = builder.widen(f"{self.name}_input_width", stream, self.simd)
        if self.pad != NO_PAD:
            stream = builder.add(f"{self.name}_pad", self.padding(), stream)
        if self.kernel > 1 or self.stride > 1 or self.mmv > 1:
            stream = builder.add(f"{self.name}_window", self.window(), stream)
        stream = builder.add(self.name, self.mvau(), stream, parameters=[f"{self.name}_weights"])
        threshold = self.threshold()
        stream = builder.widen(f"{self.name}_threshold_width", stream, threshold.pe)
        return builder.add(f"{self.name}_threshold", threshold, stream, parameters=[f"{self.name}_thresholds"])


def _not_dividing(field: str, value: int, total: int, of_what: str) -> tuple[str, str, str]:
    return (field, f"{field} {value} does not divide {total} {of_what}", f"use one of {divisors(total)}")


def divisors(number: int) -> str:
    """The divisors of a number, for a remedy."""
    return ", ".join(str(d) for d in range(1, number + 1) if number % d == 0)


def read_convolution(  # the fixed parts differ by block: who calls says what the file may not change
    section: Section,
    name: str,
    source: FeatureMap,
    *,
    kernel: int,
    stride: int,
    pad: tuple[int, int, int, int] = NO_PAD,
    weight_bits: int = 1,
    activation_bits: int,
) -> Convolution:
    """Read `channels` and the folding of one convolution, and report everything that does not fit."""
    convolution = Convolution(
        name=name,
        source=source,
        channels=section.integer("channels", minimum=1),
        kernel=kernel,
        stride=stride,
        pad=pad,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        pe=section.integer("pe", minimum=1),
        simd=section.integer("simd", minimum=1),
        mmv=section.integer("mmv", default=1, minimum=1),
        threshold_pe=section.integer("threshold_pe", default=0, minimum=1),
    )
    section.finish()
    if section.ok:
        for field, what, remedy in convolution.mistakes():
            section.problem(field if section.has(field) else None, f"{name}: {what}", remedy)
    return convolution
