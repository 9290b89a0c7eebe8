"""The timing of a cell type as data: arcs through it, clock to output, setup."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arc:
    """The delay through a cell from one pin to another."""

    start: str
    start_bit: int
    end: str
    end_bit: int
    delay_ps: int


@dataclass(frozen=True, slots=True)
class CellTiming:
    """The timing of a cell type, in picoseconds: combinational `arcs`; clock to output and setup by port."""

    arcs: tuple[Arc, ...] = ()
    launch: tuple[tuple[str, int], ...] = ()
    capture: tuple[tuple[str, int], ...] = ()
