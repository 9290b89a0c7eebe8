"""The cache of the last layer's weights: UltraRAM in the DMA core, filled once per call."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.operators.base import Stream
from config.fpga_resources import Resources

URAM_BITS, URAM_DEPTH = 72, 4096
"""One UltraRAM; it has no other shape (UG573, "UltraRAM Resources")."""


@dataclass(frozen=True)
class WeightsCache:
    """It holds words of card memory or beats of the stream, whichever are wider, and gives a beat a cycle."""

    word_bytes: int
    stream: Stream

    @property
    def holds_beats(self) -> bool:
        """Whether it stands behind the conversion from words to beats."""
        return self.stream.lanes > self.word_bytes

    @property
    def width_bits(self) -> int:
        """Bits of what it holds at an address."""
        return 8 * max(self.word_bytes, self.stream.lanes)

    @property
    def depth(self) -> int:
        """Addresses."""
        return self.stream.elements * 8 // self.width_bits

    @property
    def area(self) -> Resources:
        """ceil(width / 72) columns of ceil(depth / 4096) UltraRAMs. The logic around them is unknown."""
        return Resources(urams=-(-self.width_bits // URAM_BITS) * -(-self.depth // URAM_DEPTH))
