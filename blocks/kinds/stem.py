"""The stem: a convolution of the 8 bit image, several pixels at once, and a max pool."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph, GraphCore
from blocks.kinds.block import Inner, ends_no_network
from blocks.kinds.convolution import Convolution, FeatureMap, Known, read_convolution
from blocks.kinds.window import NO_PAD, ONE_PIXEL, Pair, Sides, read_window, too_large
from blocks.operators.base import Stream
from blocks.operators.max_pool import MaxPool
from blocks.operators.pad import Pad
from config.document import Section
from config.frozen import dataclass

MAPPINGS = ("conv0", "max_pool")
"""The keys of such a block in a network file whose values are mappings."""


@dataclass(frozen=True)
class Stem(Inner):
    """The first block; a `pool_kernel` of one pixel with `pool_stride` 1 leaves the max pool out."""

    name: str
    input: FeatureMap
    conv0: Convolution
    pool_kernel: Pair
    pool_stride: Pair
    pool_pad: Sides

    @property
    def input_lanes(self) -> int:
        """`pixels_in` pixels a beat."""
        return self.conv0.pixels_in * self.input.channels

    @property
    def output(self) -> FeatureMap:
        """The feature map that the first residual block reads."""
        source = self.conv0.output
        height = source.height + self.pool_pad[0] + self.pool_pad[2]
        width = source.width + self.pool_pad[1] + self.pool_pad[3]
        return FeatureMap(
            (height - self.pool_kernel[0]) // self.pool_stride[0] + 1,
            (width - self.pool_kernel[1]) // self.pool_stride[1] + 1,
            source.channels,
            source.bits,
        )

    def folding(self) -> dict[str, str]:
        """PE x SIMD, and the number of pixels computed at once if above 1."""
        conv = self.conv0
        return {conv.name: f"{conv.pe}x{conv.simd}" + (f" mmv {conv.mmv}" if conv.mmv > 1 else "")}

    def core(self) -> GraphCore:
        """The logic of the block."""
        return self._core

    @cached_property
    def _core(self) -> GraphCore:
        # Cached: at each start dodo.py asks for the core of every block many times.
        return GraphCore("stem", self._graph())

    def _graph(self) -> Graph:
        builder = GraphBuilder()
        height, width, channels = self.input.height, self.input.width, self.input.channels
        entering = Stream(self.input_lanes, self.input.bits, height * width // self.conv0.pixels_in)
        stream = builder.port("input", entering, height, width, channels)
        stream = self.conv0.build(builder, stream)
        source, lanes = self.conv0.output, self.conv0.output_lanes
        stream = builder.widen("pool_width", stream, lanes)
        if (self.pool_kernel, self.pool_stride) != (ONE_PIXEL, ONE_PIXEL):
            top, left, bottom, right = self.pool_pad
            if self.pool_pad != NO_PAD:
                pad = Pad(
                    channels=source.channels, height=source.height, width=source.width, top=top, left=left,
                    bottom=bottom, right=right, lanes=lanes, bits=source.bits,
                )  # fmt: skip
                stream = builder.add("pool_pad", pad, stream)
            pool = MaxPool(
                channels=source.channels,
                height=source.height + top + bottom,
                width=source.width + left + right,
                kernel=self.pool_kernel,
                stride=self.pool_stride,
                lanes=lanes,
                bits=source.bits,
            )
            # Reading every window out of a buffer is cheaper, but must not hold up the convolution.
            if pool.can_be_beatwise and pool.cycles() > max(node.operator.cycles() for node in builder.nodes):
                pool = replace(pool, beatwise=True)
            stream = builder.add("pool", pool, stream)
        return builder.build(output=stream)

    def least_depths(self) -> dict[str, int]:
        """None: it has no FIFO."""
        return {}


def read(section: Section, name: str, source: Known, *, last: bool) -> tuple[Stem | None, Known]:
    """Read the stem; mistakes go to the section.

    Returns:
        The block, None if too little of it is known; and what is known of its output.
    """
    if last:
        ends_no_network(section, name, "stem")
    conv = section.section("conv0")
    kernel, stride, pad = read_window(conv)
    conv0, output = read_convolution(
        conv, "conv0", source, kernel=kernel, stride=stride, pad=pad,
        weight_bits=conv.integer("weight_bits", default=8, minimum=1, maximum=16),
        activation_bits=conv.integer("activation_bits", default=2, minimum=1, maximum=8),
    )  # fmt: skip
    pool_kernel, pool_stride, pool_pad = ONE_PIXEL, ONE_PIXEL, NO_PAD
    section.ok = section.ok and conv.ok
    if section.has("max_pool"):
        pool = section.section("max_pool")
        pool_kernel, pool_stride, pool_pad = read_window(pool)
        pool.finish()
        if output.map is not None and pool.ok:
            rows = output.map.height + pool_pad[0] + pool_pad[2]
            columns = output.map.width + pool_pad[1] + pool_pad[3]
            for key, what, remedy in too_large(pool_kernel, rows, columns):
                pool.problem(key, f"{name}: {what}", remedy)
        if not pool.ok:
            section.ok = False
            return None, Known(None, output.channels)
    if source.map is None or conv0 is None or output.map is None:
        return None, output
    stem = Stem(name, source.map, conv0, pool_kernel, pool_stride, pool_pad)
    return stem, Known(stem.output, stem.output.channels)
