"""The DMA block: card memory to streams and back, and the register file that starts the accelerator."""

from __future__ import annotations

import math
from dataclasses import asdict

from blocks.core.base import Core
from blocks.core.ports import InterfacePort
from blocks.dma.cache import WeightsCache
from blocks.operators.base import Stream
from config.fpga_resources import Resources
from config.frozen import dataclass

WIDEST_WORD_BYTES = 64
"""The data width of the card's memory ports in the reference design (512 bits)."""
INDEX_BYTES = 4
SV_FILES = (
    "operators/farm_stream.sv",
    "operators/fifo/fifo.sv",
    "dma/bursts.sv",
    "dma/control.sv",
    "dma/gearbox.sv",
    "dma/read.sv",
    "dma/replay.sv",
    "dma/write.sv",
)


@dataclass(frozen=True)
class Dma:
    """The DMA block. Per image it moves the image and the last layer's streamed weights in, and the results out.

    Attributes:
        image: The stream to the first block, one pixel of bytes a beat.
        weights: The stream of the fully connected layer's weights to the last block; None if all weights are on chip.
        result: The stream of 32 bit words from the last block: indices, or values in two's complement.
        keeps_weights: Whether it reads the weights once per call and keeps them in UltraRAM, or reads them per image.
    """

    image: Stream
    weights: Stream | None
    result: Stream
    name: str = "inoutdma"
    keeps_weights: bool = False

    @classmethod
    def of(cls, core: DmaCore, name: str) -> Dma:
        """The block that has this core."""
        return cls(core.image, core.weights, core.result, name, core.keeps_weights)

    @property
    def image_bytes(self) -> int:
        """Bytes of one image in card memory."""
        return self.image.elements

    @property
    def weights_bytes(self) -> int:
        """Bytes of the weights in card memory, row-major [classes, channels]; 0 without."""
        return self.weights.elements if self.weights else 0

    @property
    def result_bytes(self) -> int:
        """Bytes of one image's results in card memory."""
        return self.result.elements * INDEX_BYTES

    @property
    def image_word_bytes(self) -> int:
        """Width of the image's memory port in bytes: the largest that divides an image, at most 64."""
        return math.gcd(self.image_bytes, WIDEST_WORD_BYTES)

    @property
    def weights_word_bytes(self) -> int:
        """Width of the weights' memory port in bytes, chosen like that of the image's; 0 without such a port."""
        return math.gcd(self.weights_bytes, WIDEST_WORD_BYTES) if self.weights else 0

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each movement; they overlap."""
        return self.core().cycles()

    def core(self) -> DmaCore:
        """The logic of the block."""
        words = self.image_word_bytes, self.weights_word_bytes
        return DmaCore(self.image, self.weights, self.result, *words, keeps_weights=self.keeps_weights)

    def weight_reads(self, images: int) -> int:
        """How often a call of so many images reads the weights from card memory."""
        if not self.weights:
            return 0
        return min(images, 1) if self.keeps_weights else images

    def folding(self) -> dict[str, str]:
        """Empty: it has nothing to fold."""
        return {}


@dataclass(frozen=True)
class DmaCore(Core):
    """The only core with memory ports and registers, and without parameter memories."""

    image: Stream
    weights: Stream | None
    result: Stream
    image_word_bytes: int
    weights_word_bytes: int
    kind: str = "dma"
    keeps_weights: bool = False

    @property
    def cache(self) -> WeightsCache | None:
        """Where it keeps the weights, if it does."""
        return WeightsCache(self.weights_word_bytes, self.weights) if self.weights and self.keeps_weights else None

    def describe(self) -> dict[str, object]:
        """The shape as plain JSON values; `from_description` reads it back.

        Cores without cache or without weights leave these keys out. Older cores had no caches, and a core's name
        follows from its description: it must not change.
        """
        values = asdict(self)
        if self.weights is None:
            del values["weights"], values["weights_word_bytes"]
        if not self.keeps_weights:
            del values["keeps_weights"]
        return values

    @classmethod
    def from_description(cls, description: dict[str, dict[str, int]]) -> DmaCore:
        """The core that `describe` wrote."""
        values: dict[str, object] = {"weights": None, "weights_word_bytes": 0, **description}
        for key in ("image", "weights", "result"):
            if key in description:
                values[key] = Stream(**description[key])  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]

    def facts(self) -> tuple[tuple[str, str], ...]:
        """The widths of its memory ports, and where the weights are kept."""
        widths = {"image_word_bytes": self.image_word_bytes}
        if self.weights:
            widths["weights_word_bytes"] = self.weights_word_bytes
        kept = {"fc_cache": "uram"} if self.keeps_weights else {}
        return tuple((name, str(value)) for name, value in {**widths, **kept}.items())

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each movement; they overlap.

        Weights that are kept cost their words in the first image only. Here stands what each further image costs.
        """
        words = self._words
        cycles = {"read_image": max(words["in_r"], self.image.beats)}
        if self.weights:
            beats = self.weights.beats
            cycles["read_weights"] = beats if self.cache else max(words["weightsmem"], beats)
        return {**cycles, "write_result": self.result.beats}

    def area(self) -> Resources | None:
        """The UltraRAMs of the cache; no formula gives the rest."""
        return self.cache.area if self.cache else None

    def ports(self) -> tuple[InterfacePort, ...]:
        """Memory ports, then streams. Registers and the single signals of the memory ports are left out."""
        rows = [("in_r", "in", self.image_word_bytes * 8, "memory"), ("out_r", "out", INDEX_BYTES * 8, "memory")]
        if self.weights:
            rows.append(("weightsmem", "in", self.weights_word_bytes * 8, "memory"))
        rows.append(("image", "out", self.image.width_bits, "data"))
        if self.weights:
            rows.append(("weights", "out", self.weights.width_bits, "data"))
        rows.append(("result", "in", self.result.width_bits, "data"))
        return tuple(InterfacePort(name, way, bits, role, name) for name, way, bits, role in rows)

    def port_beats(self) -> dict[str, int]:
        """Words of the memory ports, beats of the streams."""
        return self._words | {name: stream.beats for name, stream in self.streams().items()}

    def streams(self) -> dict[str, Stream]:
        """The streams that it has, by port."""
        weights = {"weights": self.weights} if self.weights else {}
        return {"image": self.image, **weights, "result": self.result}

    def headers(self) -> tuple[str, ...]:
        """Its own header."""
        return ("dma/dma.hpp",)

    def sv_files(self) -> tuple[str, ...]:
        """Its own modules, the register slices, and the FIFO that buffers bursts."""
        return SV_FILES

    @property
    def _words(self) -> dict[str, int]:
        """Words per image of each memory port."""
        words = {"in_r": self.image.elements // self.image_word_bytes, "out_r": self.result.beats}
        if self.weights:
            words["weightsmem"] = self.weights.elements // self.weights_word_bytes
        return words
