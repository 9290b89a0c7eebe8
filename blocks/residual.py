"""The residual block: three convolutions on the main path, a plain or a convolved side path, a saturating addition."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.convolution import Convolution, FeatureMap, read_convolution
from blocks.graph import Core, Graph, GraphBuilder
from blocks.operators.add import Add
from blocks.operators.base import Stream
from blocks.operators.duplicate import Duplicate
from blocks.operators.fifo import Fifo
from blocks.operators.threshold import Threshold
from config.document import Section

INNER_BITS = 2
OUTPUT_BITS = 4
ONE_ROUND = (1, 1, 1, 1)


@dataclass(frozen=True)
class Residual:
    """A residual block (ResNet v1: the stride is in the first 1x1 convolution and in the side branch).

    With one branch the side path is the input itself; with two it is a 1x1 convolution of the re-quantized input.
    Values of `OUTPUT_BITS` bits are offset by half their range; the sum carries the offset twice, so one is taken off.
    """

    name: str
    input: FeatureMap
    stride: int
    conv2a: Convolution
    conv2b: Convolution
    conv2c: Convolution
    conv1: Convolution | None

    @property
    def output(self) -> FeatureMap:
        """What the next block reads."""
        return self.conv2c.output

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
        """The re-quantization of the input to `INNER_BITS` bits; it plays the part of the ReLU."""
        return Threshold(
            channels=self.input.channels,
            pixels=self.input.height * self.input.width,
            pe=self.input_lanes,
            lowest=0,
            highest=2**self.input.bits - 1,
            output_bits=INNER_BITS,
        )

    def core(self) -> Core:
        """The logic of the block."""
        return Core("residual", self._graph())

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
        lanes = self.conv2c.pe
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
            offset=2 ** (OUTPUT_BITS - 1),
        )
        return builder.build(output=builder.add("add", join, main, side))

    def _skip_fifo(self, stream: Stream) -> Fifo:
        """The FIFO from fork to join, deep enough that the fork never waits for the join.

        Before the join gets its first element, the main path can hold what conv2b's line buffer takes (kernel rows
        and the next stride row, with their padding), and one pixel in each of the buffers of conv2a, conv2b, conv2c,
        the width converters and the streams between them: 8 pixels are more than these.
        """
        rows = self.conv2b.kernel + self.conv2b.stride
        pixels = rows * self.conv2b.source.width + 8
        per_pixel = stream.beats // (self.output.height * self.output.width)
        return Fifo(lanes=stream.lanes, bits=stream.bits, beats=stream.beats, depth=pixels * max(1, per_pixel))


def read_residual(section: Section, name: str, source: FeatureMap) -> Residual:
    """Read one residual block; mistakes go to the section's problems."""
    branches = section.integer("branches", choices=(1, 2))
    stride = section.integer("stride", default=1, minimum=1)
    if branches == 1 and stride != 1:
        section.problem(
            "stride",
            f"{name}: a block with one branch passes its input on unchanged, so stride {stride} does not fit",
            "use stride 1, or two branches",
        )
        stride = 1
    if source.height % stride or source.width % stride:
        section.problem(
            "stride",
            f"{name}: stride {stride} does not divide the {source.height}x{source.width} input",
            "use a stride that divides both",
        )
        stride = 1
    parts = {key: section.section(key) for key in ("conv2a", "conv2b", "conv2c", *(("conv1",) if branches == 2 else ()))}
    conv2a = read_convolution(
        parts["conv2a"], "conv2a", source_as(source, INNER_BITS), kernel=1, stride=stride,
        activation_bits=INNER_BITS,
    )  # fmt: skip
    conv2b = read_convolution(
        parts["conv2b"], "conv2b", conv2a.output, kernel=3, stride=1, pad=ONE_ROUND,
        activation_bits=INNER_BITS,
    )  # fmt: skip
    conv2c = read_convolution(
        parts["conv2c"], "conv2c", conv2b.output, kernel=1, stride=1, activation_bits=OUTPUT_BITS
    )
    conv1 = None
    if branches == 2:
        conv1 = read_convolution(
            parts["conv1"], "conv1", source_as(source, INNER_BITS), kernel=1, stride=stride,
            activation_bits=OUTPUT_BITS,
        )  # fmt: skip
        if all(part.ok for part in parts.values()) and conv1.channels != conv2c.channels:
            section.problem(
                "conv1",
                f"{name}: conv1 gives {conv1.channels} channels, conv2c {conv2c.channels}; they are added",
                "give both the same",
            )
    elif parts["conv2c"].ok and source != conv2c.output:
        section.problem(
            "conv2c",
            f"{name}: with one branch the input ({source}) is added to the output of conv2c ({conv2c.output})",
            f"give conv2c {source.channels} channels, or use two branches",
        )
    block = Residual(name, source, stride, conv2a, conv2b, conv2c, conv1)
    if parts["conv2a"].ok:
        for mistake in block.bypass().mistakes():
            section.problem("conv2a", f"{name}: {mistake.what}", mistake.remedy)
    section.ok = section.ok and all(part.ok for part in parts.values())
    return block


def source_as(source: FeatureMap, bits: int) -> FeatureMap:
    """The same map with elements of another width."""
    return FeatureMap(source.height, source.width, source.channels, bits)
