"""The stem: a KxK convolution of the 8 bit image, several pixels at once, and a max pool."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.convolution import NO_PAD, Convolution, FeatureMap, read_convolution
from blocks.graph import Core, Graph, GraphBuilder
from blocks.operators.base import Stream
from blocks.operators.max_pool import MaxPool
from blocks.operators.pad import Pad
from config.document import Section


@dataclass(frozen=True)
class Stem:
    """The first block; `pool_kernel` 1 with `pool_stride` 1 leaves the max pool out."""

    name: str
    input: FeatureMap
    conv0: Convolution
    pool_kernel: int
    pool_stride: int
    pool_pad: tuple[int, int, int, int]

    @property
    def input_lanes(self) -> int:
        """One pixel a beat."""
        return self.input.channels

    @property
    def output(self) -> FeatureMap:
        """What the first residual block reads."""
        source = self.conv0.output
        height = source.height + self.pool_pad[0] + self.pool_pad[2]
        width = source.width + self.pool_pad[1] + self.pool_pad[3]
        return FeatureMap(
            (height - self.pool_kernel) // self.pool_stride + 1,
            (width - self.pool_kernel) // self.pool_stride + 1,
            source.channels,
            source.bits,
        )

    def folding(self) -> dict[str, str]:
        """PE x SIMD, and the pixels at once where there are several."""
        conv = self.conv0
        return {conv.name: f"{conv.pe}x{conv.simd}" + (f" mmv {conv.mmv}" if conv.mmv > 1 else "")}

    def core(self) -> Core:
        """The logic of the block."""
        return Core("stem", self._graph())

    def _graph(self) -> Graph:
        builder = GraphBuilder()
        height, width, channels = self.input.height, self.input.width, self.input.channels
        stream = builder.port("input", Stream(channels, self.input.bits, height * width), height, width, channels)
        stream = self.conv0.build(builder, stream)
        source, lanes = self.conv0.output, self.conv0.pe
        stream = builder.widen("pool_width", stream, lanes)
        if self.pool_kernel > 1 or self.pool_stride > 1:
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
            stream = builder.add("pool", pool, stream)
        return builder.build(output=stream)


def read_stem(section: Section, name: str, source: FeatureMap) -> Stem:
    """Read the stem; mistakes go to the section's problems."""
    conv = section.section("conv0")
    kernel = conv.integer("kernel", minimum=1)
    stride = conv.integer("stride", default=1, minimum=1)
    pad = _four(conv, "pad")
    conv0 = read_convolution(
        conv, "conv0", source, kernel=kernel, stride=stride, pad=pad,
        weight_bits=conv.integer("weight_bits", default=8, minimum=1, maximum=16),
        activation_bits=conv.integer("activation_bits", default=2, minimum=1, maximum=8),
    )  # fmt: skip
    pool_kernel, pool_stride, pool_pad = 1, 1, NO_PAD
    if section.has("max_pool"):
        pool = section.section("max_pool")
        pool_kernel = pool.integer("kernel", minimum=1)
        pool_stride = pool.integer("stride", default=1, minimum=1)
        pool_pad = _four(pool, "pad")
        pool.finish()
        section.ok = section.ok and pool.ok
        if conv.ok and pool.ok and pool_kernel > min(conv0.output.height, conv0.output.width):
            pool.problem("kernel", f"{name}: the pool's window is larger than the {conv0.output} map", "make it smaller")
    section.ok = section.ok and conv.ok
    return Stem(name, source, conv0, pool_kernel, pool_stride, pool_pad)


def _four(section: Section, key: str) -> tuple[int, int, int, int]:
    top, left, bottom, right = section.integers(key, length=4, default=NO_PAD, minimum=0)
    return top, left, bottom, right
