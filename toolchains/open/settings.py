"""Settings of the simulations."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import setting


@dataclass(frozen=True)
class CosimSettings:
    """Section `cosim`: inputs and waveforms of simulated blocks."""

    images: int = setting(4, "images sent back to back through each simulated block", minimum=4, maximum=1000)
    trace: str = setting("", "file for the waveform of the one block simulated, e.g. wave.fst")
    inputs: str = setting("", "an .npz in the checkout with input images by block name, each [N, H, W, C]")
