"""The residual block: three convolutions on the main path, a side path with or without one, a saturating addition."""

from __future__ import annotations

from functools import cached_property

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph, GraphCore
from blocks.fifo_depths import Depths
from blocks.kinds.block import Inner, ends_no_network
from blocks.kinds.convolution import UNKNOWN, Convolution, FeatureMap, Known, known, read_convolution
from blocks.kinds.window import MOST_KERNEL, ONE_PIXEL, Pair, Sides, written
from blocks.operators.add import Add
from blocks.operators.base import Stream
from blocks.operators.duplicate import Duplicate
from blocks.operators.fifo import Fifo
from blocks.operators.threshold import Threshold
from config.document import Section
from config.frozen import dataclass

MAPPINGS = ("conv2a", "conv2b", "conv2c", "conv1")
"""The keys of such a block in a network file whose values are mappings."""

INNER_BITS = 2
OUTPUT_BITS = 4
ZERO_POINT = 2 ** (OUTPUT_BITS - 1)
"""The code of 0 in what a block gives."""
ONE_ROUND: Sides = (1, 1, 1, 1)
ELSEWHERE_PIXELS, ELSEWHERE_BEATS = 4, 32
"""The most that the side path holds outside its FIFO, in pixels (columns of conv1, width converters) and in beats
(pipelines and register slices)."""


@dataclass(frozen=True)
class Residual(Inner):
    """A residual block (ResNet v1: the stride is in the first 1x1 convolution and in the side branch).

    With one branch the side path is the input itself; with two it is a 1x1 convolution of the re-quantized input.
    Values of `OUTPUT_BITS` bits are offset by half their range. A sum has the offset twice, so it is subtracted once.
    """

    name: str
    input: FeatureMap
    stride: Pair
    conv2a: Convolution
    conv2b: Convolution
    conv2c: Convolution
    conv1: Convolution | None
    fifo_depths: Depths = ()
    """FIFO depths that are trimmed below their bounds (`blocks/fifo_depths.py`)."""

    @property
    def output(self) -> FeatureMap:
        """The feature map that the next block reads."""
        output = self.conv2c.output
        return FeatureMap(output.height, output.width, output.channels, output.bits, ZERO_POINT)

    @property
    def input_lanes(self) -> int:
        """Channels a beat on the input port."""
        return self.conv2a.simd

    def folding(self) -> dict[str, str]:
        """PE x SIMD of each matrix-vector unit."""
        return {conv.name: f"{conv.pe}x{conv.simd}" for conv in self.convolutions()}

    def convolutions(self) -> tuple[Convolution, ...]:
        """The convolutions in the order of the paper."""
        main = (self.conv2a, self.conv2b, self.conv2c)
        return main if self.conv1 is None else (*main, self.conv1)

    def bypass(self) -> Threshold:
        """The re-quantization of the input to `INNER_BITS` bits; it also acts as the ReLU."""
        return Threshold(
            channels=self.input.channels,
            pixels=self.input.height * self.input.width,
            pe=self.input_lanes,
            lowest=0,
            highest=2**self.input.bits - 1,
            output_bits=INNER_BITS,
        )

    def core(self) -> GraphCore:
        """The logic of the block."""
        return self._core

    @cached_property
    def _core(self) -> GraphCore:
        # Cached: at each start dodo.py asks for the core of every block many times.
        return GraphCore("residual", self._graph())

    def _graph(self) -> Graph:
        builder = GraphBuilder()
        pixels = self.input.height * self.input.width
        beats = pixels * self.input.channels // self.input_lanes
        shape = (self.input.height, self.input.width, self.input.channels)
        stream = builder.port("input", Stream(self.input_lanes, self.input.bits, beats), *shape)
        if self.conv1 is None:
            both = Duplicate(lanes=self.input_lanes, bits=self.input.bits, beats=beats)
            main, side = builder.fork("duplicate", both, stream)
            main = builder.add("bypass", self.bypass(), main, parameters=["bypass_thresholds"])
        else:
            quantized = builder.add("bypass", self.bypass(), stream, parameters=["bypass_thresholds"])
            both = Duplicate(lanes=self.input_lanes, bits=INNER_BITS, beats=beats)
            main, side = builder.fork("duplicate", both, quantized)
            side = self.conv1.build(builder, side)
        side = builder.add("skip", self._skip_fifo(builder.stream(side)), side)
        for convolution in (self.conv2a, self.conv2b, self.conv2c):
            main = convolution.build(builder, main)
        lanes = self.conv2c.output_lanes
        main = builder.widen("main_width", main, lanes)
        side = builder.widen("side_width", side, lanes)
        join = Add(
            lanes=lanes,
            beats=builder.stream(main).beats,
            a_bits=OUTPUT_BITS,
            a_signed=False,
            b_bits=OUTPUT_BITS,
            b_signed=False,
            output_bits=OUTPUT_BITS,
            output_signed=False,
            offset=ZERO_POINT,
        )
        return builder.build(output=builder.add("add", join, main, side))

    def _skip_fifo(self, stream: Stream) -> Fifo:
        """The FIFO from fork to join, which holds more than the main path needs for its first output.

        The join gets its first element when conv2b has its first window (kernel rows, with their padding) and one pixel
        has passed the buffers of conv2a, conv2b, conv2c, the width converters and the streams between them. These hold
        less than 8 pixels, and if they compute several at once, six times as many more: two groups in the columns, two
        in their order, one in the window and one in the converters. The rows of the next stride are added so that the
        fork seldom waits.
        """
        rows = self.conv2b.kernel[0] + self.conv2b.stride[0]
        pixels = rows * self.conv2b.source.width + 8
        pixels += sum(6 * conv.mmv for conv in (self.conv2a, self.conv2b, self.conv2c) if conv.mmv > 1)
        per_pixel = stream.beats // (self.output.height * self.output.width)
        depth = dict(self.fifo_depths).get("skip", pixels * max(1, per_pixel))
        return Fifo(lanes=stream.lanes, bits=stream.bits, beats=stream.beats, depth=depth)

    def least_depths(self) -> dict[str, int]:
        """By FIFO, the beats that it must hold before the join gets its first; with a smaller depth the core deadlocks.

        conv2b's first window needs some rows and pixels of its input. Of the beats that have reached the side path by
        then, at most ELSEWHERE_PIXELS and ELSEWHERE_BEATS are outside the FIFO. With a stride, rows also wait in front
        of conv1, so no bound is given.
        """
        if self.stride != ONE_PIXEL:
            return {}
        top, left, _, _ = self.conv2b.pad
        width, (rows, columns) = self.conv2b.source.width, self.conv2b.kernel
        pixels = (rows - 1 - top) * width + columns - left - ELSEWHERE_PIXELS
        lanes = self.conv1.leaving_lanes if self.conv1 else self.input_lanes
        return {"skip": max(1, pixels * (self.output.channels // lanes) - ELSEWHERE_BEATS)}


def read(section: Section, name: str, source: Known, *, last: bool) -> tuple[Residual | None, Known]:
    """Read one residual block; mistakes go to the section.

    Returns:
        The block, None if too little of it is known; and what is known of its output.
    """
    if last:
        ends_no_network(section, name, "residual")
    branches = known(section, lambda: section.integer("branches", choices=(1, 2)))
    stride = _read_stride(section, name, source, branches)
    names = ["conv2a", "conv2b", "conv2c"]
    if branches == 2 or section.has("conv1"):
        names.append("conv1")
    if branches == 1 and section.has("conv1"):
        section.problem("conv1", f"{name}: a block with one branch has no conv1", "remove it, or set branches to 2")
        branches = None  # unclear which one is wrong, so skip the checks that depend on it
    parts = {key: section.section(key) for key in names}
    inner = source.as_bits(INNER_BITS)
    conv2a, after_2a = read_convolution(parts["conv2a"], "conv2a", inner, stride=stride, activation_bits=INNER_BITS)
    conv2b, after_2b = read_convolution(
        parts["conv2b"], "conv2b", after_2a, kernel=(3, 3), pad=ONE_ROUND, activation_bits=INNER_BITS
    )
    conv2c, output = read_convolution(parts["conv2c"], "conv2c", after_2b, activation_bits=OUTPUT_BITS)
    conv1 = None
    if "conv1" in parts:
        conv1, side = read_convolution(parts["conv1"], "conv1", inner, stride=stride, activation_bits=OUTPUT_BITS)
        if side.channels and output.channels and side.channels != output.channels:
            what = f"{name}: conv1 outputs {side.channels} channels and conv2c {output.channels}, but they are added"
            section.problem("conv1", what, "give both the same")
            output = UNKNOWN
    elif branches == 1:
        _check_sum(section, name, source, output)
        output = source
    output = output.as_bits(OUTPUT_BITS, ZERO_POINT)
    section.ok = section.ok and all(part.ok for part in parts.values())
    if source.map is None or conv2a is None or conv2b is None or conv2c is None or stride is None:
        return None, output
    block = Residual(name, source.map, stride, conv2a, conv2b, conv2c, conv1)
    if parts["conv2a"].ok:
        for mistake in block.bypass().mistakes():
            section.problem("conv2a", f"{name}: {mistake.what}", mistake.remedy)
    return block, output


def _read_stride(section: Section, name: str, source: Known, branches: int | None) -> Pair | None:
    """The stride; None if it is wrong or missing."""
    stride = known(section, lambda: section.pair("stride", default=ONE_PIXEL, minimum=1, maximum=MOST_KERNEL))
    if branches == 1 and stride not in (ONE_PIXEL, None):
        what = (
            f"{name}: a block with one branch passes its input on unchanged, so stride {written(stride)} does not fit"
        )
        section.problem("stride", what, "use stride 1, or two branches")
        return ONE_PIXEL
    if (
        stride is not None
        and source.map is not None
        and (source.map.height % stride[0] or source.map.width % stride[1])
    ):
        what = f"{name}: stride {written(stride)} does not divide the {source.map.height}x{source.map.width} input"
        section.problem("stride", what, "use a stride that divides both")
        return None
    return stride


def _check_sum(section: Section, name: str, source: Known, output: Known) -> None:
    """With one branch the input itself is added to the output of conv2c."""
    what = f"{name}: with one branch the input is added to the output of conv2c, "
    if source.channels and output.channels and source.channels != output.channels:
        what += f"but one has {source.channels} channels, the other {output.channels}"
        section.problem("conv2c", what, f"give conv2c {source.channels} channels, or use two branches")
    elif source.map and output.map and source.map.stored != output.map.stored:
        section.problem("conv2c", what + f"but one is {source.map}, the other {output.map}", "use two branches")
