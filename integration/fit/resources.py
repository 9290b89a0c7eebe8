"""Amounts of what an FPGA is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from config.document import Section

WORDS = {"luts": "LUT", "registers": "FF", "bram_tiles": "BRAM tiles", "urams": "URAM", "dsps": "DSP"}
"""The resources in the order of all tables, as messages call them."""


@dataclass(frozen=True)
class Resources:
    """Amounts; None is unknown. A BRAM tile has 36 kbit, half a tile 18."""

    luts: float | None = None
    registers: float | None = None
    bram_tiles: float | None = None
    urams: float | None = None
    dsps: float | None = None

    @property
    def by_name(self) -> dict[str, float | None]:
        """The amounts by their names."""
        return asdict(self)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The resources of which nothing is known."""
        return tuple(name for name, amount in self.by_name.items() if amount is None)

    @staticmethod
    def read(section: Section) -> Resources:
        """The amounts among the keys of a section; those that are not there are unknown."""
        return Resources(**{one.name: section.number(one.name, default=None, minimum=0) for one in fields(Resources)})


def total(amounts: Iterable[Resources]) -> Resources:
    """The sum; what is unknown in one of them counts as nothing, and is unknown where it is unknown in all."""
    rows = [each.by_name for each in amounts]
    known = {name: [row[name] for row in rows if row[name] is not None] for name in WORDS}
    return Resources(**{name: sum(values) if values else None for name, values in known.items()})  # type: ignore[arg-type]


def written(name: str, amount: float) -> str:
    """An amount as messages show it: `12,345 LUT`, `236.5 BRAM tiles`."""
    return f"{amount:,.1f} {WORDS[name]}" if amount % 1 else f"{amount:,.0f} {WORDS[name]}"
