"""What an FPGA is made of: five resources, in the names and units that all rooms share.

    luts         look-up tables, of logic and of memory
    registers    flip-flops
    bram_tiles   block RAM in tiles of 36 Kb; half a tile is one of 18 Kb
    urams        UltraRAM of 288 Kb
    dsps         DSP slices

Every tool has names of its own. A table of these stands with the parser of the tool's reports and maps to ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

LABELS = {"luts": "LUT", "registers": "FF", "bram_tiles": "BRAM", "urams": "URAM", "dsps": "DSP"}
"""The heads of columns, in the order of all tables."""
NAMES = tuple(LABELS)
COUNTED_AS = {**LABELS, "bram_tiles": "BRAM tiles"}
"""The words behind an amount: `236.5 BRAM tiles`."""
PIECES = {name: 2 if name == "bram_tiles" else 1 for name in NAMES}
"""Into how many pieces one of them can be divided: half a tile of block RAM is the smallest piece."""


@dataclass(frozen=True)
class Resources:
    """Amounts of the five resources, or what there is of them; None is unknown."""

    luts: float | None = None
    registers: float | None = None
    bram_tiles: float | None = None
    urams: float | None = None
    dsps: float | None = None

    def __add__(self, other: Resources) -> Resources:
        """The sum. What is unknown in one counts as nothing; what is unknown in both stays unknown."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Resources(*(one if two is None else two if one is None else one + two for one, two in pairs))

    @property
    def by_name(self) -> dict[str, float | None]:
        """All amounts by name."""
        return dict(vars(self))

    @property
    def known(self) -> dict[str, float]:
        """The known amounts by name."""
        return {name: amount for name, amount in self.by_name.items() if amount is not None}

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of those that are unknown."""
        return tuple(name for name, amount in self.by_name.items() if amount is None)

    def rounded_up(self) -> Resources:
        """The amounts in whole pieces: an estimate may have fractions, a device has none."""
        whole = {name: ceil(amount) for name, amount in self.known.items()}
        halves = {name: ceil(2 * amount) / 2 for name, amount in self.known.items() if PIECES[name] == 2}
        return Resources(**{**whole, **halves})


UNKNOWN = Resources()


def tiles(half_tiles: int) -> float:
    """Tiles of block RAM from a count of halves (`BRAM_18K`), whole where they are."""
    return half_tiles // 2 if half_tiles % 2 == 0 else half_tiles / 2
