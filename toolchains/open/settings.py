"""Settings of the simulations."""

from __future__ import annotations

from config.frozen import dataclass
from config.settings import setting


@dataclass(frozen=True)
class CosimSettings:
    """Section `cosim`: inputs and waveforms of simulated blocks."""

    images: int = setting(4, "images back to back through each simulated block", minimum=4, maximum=1000)
    trace: str = setting("", "a file for the waveform of the one block that is asked for, e.g. wave.fst")
    inputs: str = setting("", "an .npz in the checkout with input images by block name, [N, H, W, C]")


@dataclass(frozen=True)
class HwEmuSettings:
    """Section `hw_emu`: the simulation of the whole kernel."""

    images: int = setting(4, "images back to back through the simulated kernel (doit kernel)", minimum=4, maximum=1000)
    memory_percent: int = setting(
        100, "of the bandwidth that the board's memories have on paper; nobody has measured it", minimum=1, maximum=100
    )
    trace: str = setting("", "a file for a waveform of the whole kernel (doit kernel), e.g. wave.fst")
    trace_image: int = setting(0, "the image, counted from 0, with whose first beat the waveform begins", minimum=0)
    trace_cycles: int = setting(2000, "cycles that the waveform shows", minimum=1, maximum=10_000_000)


@dataclass(frozen=True)
class RuntimeSettings:
    """Section `runtime`: what the emulated card may run besides what was built here."""

    trust_url: str | None = setting(
        None, "a list of payloads' digests that you trust, an https address or a file: CI's; empty: none"
    )
