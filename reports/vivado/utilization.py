"""Vivado's `report_utilization`: the use of a device, of a pblock, or of each super logic region (SLR).

Layouts, from public reports of 2014.2 to 2026.1: the columns are Used, Fixed, Available, Util%. Since 2021.1 Prohibited
comes before Available; `-pblocks` puts Parent, Child, Non-Assigned before Used. Series 7 prints "Slice LUTs",
UltraScale+ "CLB LUTs", Versal "Registers" and "DSP Slices". A star after a name refers to a footnote. `-slr` prints
only the SLR sections, and none of them for a device with one die.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.fpga_resources import NAMES, Resources
from reports.reading.errors import UnknownLayoutError, WrongKindError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Bounded, Number, number
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, Table, sections

TITLE = "Utilization Design Information"
HIERARCHY_SECTION = "Utilization by Hierarchy"

ROWS = {
    "luts": ("CLB LUTs", "Slice LUTs"),
    "registers": ("CLB Registers", "Slice Registers", "Registers"),
    "bram_tiles": ("Block RAM Tile",),
    "urams": ("URAM",),
    "dsps": ("DSPs", "DSP Slices"),
}
"""Names of the row of each resource; they depend on the device family."""
_SLR = re.compile(r"SLR[0-9]{1,2}")


@dataclass(frozen=True)
class Site:
    """A row: a type of site and the number used. A row that is part of another has a `depth` above 0.

    A value is None if the report has no column for it or leaves it blank. `available` refers to the device or to the
    pblock.
    """

    section: str
    name: str
    depth: int
    used: Number | None
    fixed: Number | None
    prohibited: Number | None
    available: Number | None
    util_percent: Bounded | None


@dataclass(frozen=True)
class SlrSite:
    """A row of the SLR table: a type of site, with one number for each SLR in the order of `Utilization.slrs`."""

    name: str
    depth: int
    used: tuple[Number | None, ...]
    util_percent: tuple[Bounded | None, ...]


@dataclass(frozen=True)
class Crossing:
    """The super long lines (SLL) between two neighbouring SLRs; the name is as printed: `SLR1 <-> SLR0`."""

    name: str
    used: int | None
    available: int | None
    util_percent: Bounded | None


@dataclass(frozen=True)
class Part:
    """A primitive, black box or netlist, with the number of its instances."""

    name: str
    used: int | None


@dataclass(frozen=True)
class Utilization:
    """A utilization report. Parts that it lacks are empty.

    `black_boxes` are cells without content; no row counts what they will use. Before placement the SLR table has only
    zeros, which say nothing about the design.
    """

    header: Header
    pblock: str | None
    sites: tuple[Site, ...]
    slrs: tuple[str, ...]
    slr_sites: tuple[SlrSite, ...]
    crossings: tuple[Crossing, ...]
    slls_used: int | None
    primitives: tuple[Part, ...]
    black_boxes: tuple[Part, ...]

    def site(self, *names: str) -> Site | None:
        """Return the first row with one of `names`."""
        return next((site for site in self.sites if site.name in names), None)

    def slr_site(self, *names: str) -> SlrSite | None:
        """Return the first row of the SLR table with one of `names`."""
        return next((site for site in self.slr_sites if site.name in names), None)

    def resource(self, name: str) -> Site | None:
        """Return the row of a resource; None if the device lacks it."""
        return self.site(*ROWS[name])

    def slr_resource(self, name: str) -> SlrSite | None:
        """Return the row of a resource in the SLR table."""
        return self.slr_site(*ROWS[name])

    @property
    def used(self) -> Resources:
        """The use of the design; None for resources without a row."""
        rows = {name: self.resource(name) for name in NAMES}
        return Resources(**{name: None if row is None else row.used for name, row in rows.items()})

    @property
    def used_by_slr(self) -> dict[str, Resources]:
        """The use of the design by SLR."""
        rows = {name: row for name in NAMES if (row := self.slr_resource(name)) is not None}
        return {
            slr: Resources(**{name: row.used[at] for name, row in rows.items()}) for at, slr in enumerate(self.slrs)
        }


def matches(head: str) -> bool:
    """Whether a text begins like a flat or per-SLR utilization report."""
    return begins(head, TITLE) and f"1. {HIERARCHY_SECTION}" not in head


def parse(text: str, file: str = "") -> Utilization:
    """Return the value of a utilization report. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    sites: list[Site] = []
    slrs: tuple[str, ...] = ()
    slr_sites: list[SlrSite] = []
    crossings: list[Crossing] = []
    slls_used: int | None = None
    parts: dict[str, tuple[Part, ...]] = {}
    pblock: str | None = None
    found = sections(lines)
    for section in found:
        if section.title == HIERARCHY_SECTION:
            raise WrongKindError(file, section.begin, "this is a utilization by hierarchy", "expected a flat one")
        for table in section.tables():
            first = table.columns[0]
            if first == "Site Type" and any(_SLR.fullmatch(name) for name in table.columns):
                slrs = tuple(name for name in table.columns[1:] if _SLR.fullmatch(name))
                slr_sites.extend(_slr_site(row, table, slrs) for row in table.rows)
            elif first == "Site Type":
                table.needs("Used", "Available", "Util%")
                sites.extend(_site(section.title, row) for row in table.rows)
            elif section.title == "SLR Connectivity":
                crossings, slls_used = _crossings(table)
            elif section.title in ("Primitives", "Black Boxes", "Instantiated Netlists"):
                table.needs("Ref Name", "Used")
                parts[section.title] = tuple(Part(row.cells[0], row.count("Used")) for row in table.rows)
            elif section.title == "Pblock Summary":
                pblock = next((row.text("Parent") for row in table.rows), None)
    if not sites and not slr_sites:
        what = "no table of site types"
        raise UnknownLayoutError(file, len(lines), what, "expected columns 'Site Type', 'Used' or one per SLR")
    return Utilization(
        header=header,
        pblock=pblock,
        sites=tuple(sites),
        slrs=slrs,
        slr_sites=tuple(slr_sites),
        crossings=tuple(crossings),
        slls_used=slls_used,
        primitives=parts.get("Primitives", ()),
        black_boxes=parts.get("Black Boxes", ()),
    )


def _site(section: str, row: Row) -> Site:
    return Site(
        section=section,
        name=row.name,
        depth=row.depth_spaces // 2,
        used=_used(row),
        fixed=row.number("Fixed"),
        prohibited=row.number("Prohibited"),
        available=row.number("Available"),
        util_percent=row.bounded("Util%"),
    )


def _used(row: Row) -> Number | None:
    """Return the count. 2014.2 prints registers that control sets waste as `562(Lost)`."""
    cell = row.text("Used") or ""
    if cell.endswith("(Lost)"):
        return number(cell.removesuffix("(Lost)"))
    return row.number("Used")


def _slr_site(row: Row, table: Table, slrs: tuple[str, ...]) -> SlrSite:
    shares = tuple(f"{name} %" for name in slrs)
    table.needs(*shares)
    return SlrSite(
        name=row.name,
        depth=row.depth_spaces // 2,
        used=tuple(row.number(name) for name in slrs),
        util_percent=tuple(row.bounded(share) for share in shares),
    )


def _crossings(table: Table) -> tuple[list[Crossing], int | None]:
    table.needs("Used", "Available", "Util%")
    crossings = [
        Crossing(row.name, row.count("Used"), row.count("Available"), row.bounded("Util%"))
        for row in table.rows
        if "<->" in row.name
    ]
    total = next((row.count("Used") for row in table.rows if row.name == "Total SLLs Used"), None)
    return crossings, total


KIND = Kind("vivado_utilization", Precedence.TITLE, matches, parse, heads=HEADS)
