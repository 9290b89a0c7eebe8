"""Settings of the fit."""

from __future__ import annotations

from config.fpga_resources import NAMES
from config.frozen import dataclass
from config.settings import Names, setting

GUIDELINE = {"luts": 70.0, "registers": 50.0, "bram_tiles": 80.0, "urams": 80.0, "dsps": 80.0}
"""Percent of what the shell leaves. Below it, FINN (platforms.py, BSD-3-Clause) expects timing to close."""
_EMPTY = (
    "percent that blocks may take of what the shell leaves in an SLR; empty: FINN's guideline, raised if nothing fits"
)


@dataclass(frozen=True)
class FitSettings:
    """Section `fit`: blocks to SLRs."""

    luts_percent: float | None = setting(None, f"LUT: {_EMPTY}", minimum=1, maximum=100)
    registers_percent: float | None = setting(None, f"FF: {_EMPTY}", minimum=1, maximum=100)
    bram_tiles_percent: float | None = setting(None, f"BRAM: {_EMPTY}", minimum=1, maximum=100)
    urams_percent: float | None = setting(None, f"URAM: {_EMPTY}", minimum=1, maximum=100)
    dsps_percent: float | None = setting(None, f"DSP: {_EMPTY}", minimum=1, maximum=100)
    source: str = setting(
        "auto",
        "source of the cores' resources; auto: this toolchain's synthesis (ooc) if all cores have it, else formulas",
        choices=("auto", "ooc", "formula"),
    )
    pin: Names = setting((), "blocks that must be in an SLR, e.g. {res5a: slr3}")

    @property
    def ceilings(self) -> tuple[float | None, ...]:
        """The percentages in the order of `NAMES`; None for the guideline."""
        return tuple(getattr(self, f"{name}_percent") for name in NAMES)
