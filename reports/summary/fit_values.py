"""The fit of a build before anything is linked: `fit.json`, which `doit reports` writes beside the estimate.

All of it is an estimate: the SLR of each block, and the resources used there according to the figures of `source`.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.fpga_resources import Resources
from reports.reading.document import Record
from reports.reading.stand_in import WORD
from reports.summary.step_values import read_resources


@dataclass(frozen=True)
class Boundary:
    """Wires over the boundary between two SLRs. `slls` is the number available; None if unknown."""

    below: str
    above: str
    used: int
    slls: int | None


@dataclass(frozen=True)
class FitValues:
    """Whether the network fits its board (None: undecided), the SLRs of blocks, use per SLR, and crossings.

    `source` is the origin of the cores' figures, `better` the way to get better ones. `says` are remarks, e.g. why a
    block is divided or why nothing fits.
    """

    fits: bool | None
    source: str
    better: str
    blocks: dict[str, tuple[str, ...]]
    slrs: dict[str, Resources]
    boundaries_crossed: int | None
    boundaries: tuple[Boundary, ...]
    says: tuple[str, ...]

    @property
    def stand_in(self) -> bool:
        """Whether a stand-in of a tool has invented the figures."""
        return WORD in self.source

    @staticmethod
    def read(record: Record) -> FitValues:
        """Read the content of the file. Raises ReportError."""
        fits = record.value.get("fits")
        if fits is not None and not isinstance(fits, bool):
            raise record.wrong("fits", "true, false or null")
        placed = record.record("blocks") if "blocks" in record else None
        slrs = record.record("slrs").records() if "slrs" in record else {}
        lines = [Record(each, record.file, "boundaries") for each in record.items("boundaries")]
        return FitValues(
            fits=fits,
            source=record.maybe_text("source") or "",
            better=record.maybe_text("better") or "",
            blocks={} if placed is None else {block: _texts(placed, block) for block in placed.value},
            slrs={slr: read_resources(each.record("used")) for slr, each in slrs.items()},
            boundaries_crossed=record.maybe_count("boundaries_crossed"),
            boundaries=tuple(
                Boundary(each.text("below"), each.text("above"), each.count("used"), each.maybe_count("slls"))
                for each in lines
            ),
            says=_texts(record, "says"),
        )


def _texts(record: Record, key: str) -> tuple[str, ...]:
    found = record.items(key)
    if not all(isinstance(each, str) for each in found):
        raise record.wrong(key, "a list of texts")
    return tuple(found)
