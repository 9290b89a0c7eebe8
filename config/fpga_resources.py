"""The five resources of an FPGA, with the names and units that all packages share.

    luts         look-up tables, of logic and of memory
    registers    flip-flops
    bram_tiles   block RAM in tiles of 36 Kb; half a tile is one of 18 Kb
    urams        UltraRAM of 288 Kb
    dsps         DSP slices

Every tool uses different names. The parser of a tool's reports has the table that maps them to these.
"""

from __future__ import annotations

from math import ceil

from config.frozen import dataclass

LABELS = {"luts": "LUT", "registers": "FF", "bram_tiles": "BRAM", "urams": "URAM", "dsps": "DSP"}
"""Column headings, in the order of all tables."""
NAMES = tuple(LABELS)
COUNTED_AS = {**LABELS, "bram_tiles": "BRAM tiles"}
"""Units after an amount: `236.5 BRAM tiles`."""
PIECES = {name: 2 if name == "bram_tiles" else 1 for name in NAMES}
"""The number of pieces that one can be divided into. Only block RAM can be: the smallest piece is half a tile."""


@dataclass(frozen=True)
class Resources:
    """Amounts of the five resources, used or available; None is unknown."""

    luts: float | None = None
    registers: float | None = None
    bram_tiles: float | None = None
    urams: float | None = None
    dsps: float | None = None

    def __add__(self, other: Resources) -> Resources:
        """The sum. A resource unknown in one counts as 0; a resource unknown in both stays unknown."""
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
        """The names of the unknown amounts."""
        return tuple(name for name, amount in self.by_name.items() if amount is None)

    def rounded_up(self) -> Resources:
        """The amounts rounded up to whole pieces, because an estimate may have fractions that a device cannot."""
        whole = {name: ceil(amount) for name, amount in self.known.items()}
        halves = {name: ceil(2 * amount) / 2 for name, amount in self.known.items() if PIECES[name] == 2}
        return Resources(**{**whole, **halves})


UNKNOWN = Resources()


def tiles(half_tiles: int) -> float:
    """Convert a count of half tiles (`BRAM_18K`) to tiles of block RAM, an int if the number is whole."""
    return half_tiles // 2 if half_tiles % 2 == 0 else half_tiles / 2
