"""The kernel of a network as `doit build target=hw_emu` leaves it, and what its blocks send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from blocks.memories import beat_bytes, unpack_beats
from blocks.network import Network
from integration.design import design_of
from runtime.formats import emulation_data, xclbin
from toolchains.open.simulation.kernel.client import Program, Trace
from toolchains.open.simulation.kernel.part import settings_part, split_part


@dataclass(frozen=True)
class Built:
    """What a build has left, as `doit` leaves it in `folder`."""

    folder: Path
    network: Network
    program: str = "stitch/program"

    @cached_property
    def parts(self) -> dict[str, bytes]:
        return xclbin.read(self.folder / f"{self.network.name}.xclbin").emulation

    @property
    def weights(self) -> bytes:
        return self.parts[emulation_data.FC_WEIGHTS]

    def run(
        self,
        pictures: np.ndarray,
        *lines: str,
        record: Path | None = None,
        weights: bytes | None = None,
        trace: Trace | None = None,
    ) -> tuple[np.ndarray, dict]:
        """Results and statistics of a call, with lines more in the settings."""
        images, settings = split_part(self.parts[emulation_data.MEMORIES])
        with Program(self.folder / self.program, record, trace) as kernel:
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


def scope_of(link: Mapping[str, str]) -> str:
    """How a waveform calls a link of the statistics."""
    return re.sub(r"[^a-zA-Z0-9]", "_", f"{link['source']}_to_{link['sink']}")


def handshakes(file: Path) -> dict[str, int]:
    """Of each link in a waveform the beats that enter it: valid and ready just before a rising edge."""
    signals = _signals(file)
    links = [scope for scope, name in signals if name == "from_TVALID"]
    found = {}
    for scope in links:
        valid, ready = (_levels(signals[scope, f"from_T{part}"]) for part in ("VALID", "READY"))
        edges = clock_edges_ps(file, scope, signals)
        found[scope] = sum(_before(valid, at) and _before(ready, at) for at in edges)
    return found


def clock_edges_ps(file: Path, scope: str, signals: Mapping | None = None) -> list[int]:
    """When the clock of a part rises, in picoseconds."""
    changes = (signals or _signals(file))[scope, "ap_clk"]
    return [at for at, level in changes if level == 1]


def _signals(file: Path) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Changes of the pins of each part, (time, value), as wellen reads them: a reader that shares no code with ours."""
    pywellen = pytest.importorskip(
        "pywellen", reason="pywellen, which reads FST files, is missing: pip install pywellen"
    )
    waveform = pywellen.Waveform(str(file))
    assert (waveform.timescale.factor, str(waveform.timescale.unit)) == (1, "ps")
    found = {}
    for variable in waveform.all_vars():
        scope, _, name = variable.full_name.rpartition(".")
        if "." not in scope and variable.length == 1:
            found[scope, name] = list(variable.tv)
    return found


def _levels(changes: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([at for at, _ in changes]), np.array([level for _, level in changes])


def _before(levels: tuple[np.ndarray, np.ndarray], at: int) -> bool:
    times, values = levels
    index = int(np.searchsorted(times, at)) - 1
    return index >= 0 and values[index] == 1
