"""The DMA block: card memory to streams and back, and the register file that starts the accelerator."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from blocks.operators.base import Stream

WIDEST_WORD_BYTES = 64
"""The data width of the card's memory ports in the reference design (512 bits)."""
INDEX_BYTES = 4


@dataclass(frozen=True)
class Dma:
    """What it moves for one image: the image in, the classes' weights in, the best indices out.

    Attributes:
        image: The stream to the first block, one pixel of bytes a beat.
        weights: The stream of the fully connected layer's weights to the last block.
        result: The stream of indices from the last block.
    """

    image: Stream
    weights: Stream
    result: Stream
    name: str = "inoutdma"

    @property
    def image_bytes(self) -> int:
        """Bytes of one image in card memory."""
        return self.image.elements

    @property
    def weights_bytes(self) -> int:
        """Bytes of the weights in card memory, row-major [classes, channels]."""
        return self.weights.elements

    @property
    def result_bytes(self) -> int:
        """Bytes of one image's indices in card memory."""
        return self.result.elements * INDEX_BYTES

    @property
    def image_word_bytes(self) -> int:
        """Width of the image's memory port: the widest that an image is a whole number of."""
        return math.gcd(self.image_bytes, WIDEST_WORD_BYTES)

    @property
    def weights_word_bytes(self) -> int:
        """Width of the weights' memory port."""
        return math.gcd(self.weights_bytes, WIDEST_WORD_BYTES)

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each of the three movements; they overlap."""
        return {
            "read_image": max(self.image_bytes // self.image_word_bytes, self.image.beats),
            "read_weights": max(self.weights_bytes // self.weights_word_bytes, self.weights.beats),
            "write_result": self.result.beats,
        }

    def core(self) -> DmaCore:
        """The logic of the block."""
        return DmaCore(self.image, self.weights, self.result, self.image_word_bytes, self.weights_word_bytes)

    def folding(self) -> dict[str, str]:
        """Nothing to fold."""
        return {}


@dataclass(frozen=True)
class DmaCore:
    """The only core with memory ports and registers, and without parameter memories."""

    image: Stream
    weights: Stream
    result: Stream
    image_word_bytes: int
    weights_word_bytes: int
    kind: str = "dma"

    @property
    def name(self) -> str:
        """`dma_` and the first six digits of the SHA-256 of its shape."""
        text = json.dumps(self.describe(), sort_keys=True, separators=(",", ":"))
        return f"dma_{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    def describe(self) -> dict[str, object]:
        """The shape as plain JSON values; `from_description` reads it back."""
        return asdict(self)

    @classmethod
    def from_description(cls, description: dict[str, dict[str, int]]) -> DmaCore:
        """The core that `describe` wrote."""
        values: dict[str, object] = dict(description)
        for key in ("image", "weights", "result"):
            values[key] = Stream(**description[key])  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]
