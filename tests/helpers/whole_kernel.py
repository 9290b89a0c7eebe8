"""The kernel of a network as `doit build target=hw_emu` leaves it, and what its blocks send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from blocks.memories import beat_bytes, unpack_beats
from blocks.network import Network
from integration.design import design_of
from runtime.formats import emulation_data, xclbin
from toolchains.open.simulation.kernel.client import Program
from toolchains.open.simulation.kernel.part import settings_part, split_part


@dataclass(frozen=True)
class Built:
    """What a build has left, as `doit` leaves it in `folder`."""

    folder: Path
    network: Network

    @cached_property
    def parts(self) -> dict[str, bytes]:
        return xclbin.read(self.folder / f"{self.network.name}.xclbin").emulation

    @property
    def weights(self) -> bytes:
        return self.parts[emulation_data.FC_WEIGHTS]

    def run(
        self, pictures: np.ndarray, *lines: str, record: Path | None = None, weights: bytes | None = None
    ) -> tuple[np.ndarray, dict]:
        """Results and statistics of a call, with lines more in the settings."""
        images, settings = split_part(self.parts[emulation_data.MEMORIES])
        with Program(self.folder / "stitch" / "program", record) as kernel:
            kernel.load(images + settings_part([*settings, *lines]))
            results = kernel.run(len(pictures), pictures.tobytes() + (weights or self.weights))
            return np.frombuffer(results, np.uint32).reshape(len(pictures), -1), kernel.statistics()


def tensors(network: Network, folder: Path, images: int) -> Iterator[tuple[str, np.ndarray]]:
    """What has left each block, from what has entered the link behind it."""
    cores = {block.name: block.core() for block in network.blocks}
    for number, link in enumerate(design_of(network).links):
        if link.source.instance not in cores:
            continue
        (port,) = cores[link.source.instance].graph.outputs
        stream = port.stream
        beats = np.frombuffer((folder / str(number)).read_bytes(), np.uint8)
        assert len(beats) == images * stream.beats * beat_bytes(stream.width_bits)
        values = unpack_beats(beats, stream.lanes, stream.bits, signed=stream.signed)
        yield link.source.instance, values.reshape(images, -1)
