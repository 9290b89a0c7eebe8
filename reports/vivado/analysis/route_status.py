"""Vivado's `report_route_status`: how many nets are routed, and how many have errors.

The report has no block at its top (2015 to 2025): the title, then a row for each count, indented below the count that
it is a part of. Rows without nets are left out, so a design without unplaced pins has no row for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.vivado.table import Lines

TITLE = "Design Route Status"
_ROW = re.compile(r"(?P<indent> {1,40})# of (?P<name>[^:]{1,100}?)\.* : +(?P<nets>[0-9]{1,15}) :")
_SEARCH_LINES = 30


@dataclass(frozen=True)
class NetCount:
    """A count of nets; a part of another has a `depth` above 0. The name is as printed, without dots."""

    name: str
    depth: int
    nets: int


@dataclass(frozen=True)
class RouteStatus:
    """The counts in the order of the report. `errors` is the number of nets with routing errors.

    `unrouted` and `unplaced` are 0 if the report has no such row. `routed` is whether every net that needs routing is
    routed without errors.
    """

    logical_nets: int
    routable_nets: int | None
    fully_routed_nets: int | None
    errors: int | None
    unrouted_nets: int
    nets_with_unplaced_pins: int
    routed: bool
    counts: tuple[NetCount, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a route status."""
    for line in head.split("\n", _SEARCH_LINES)[:_SEARCH_LINES]:
        bare = line.strip()
        if bare == TITLE:
            return True
        if bare and not bare.startswith(("Copyright", "|", "---")):
            return False
    return False


def parse(text: str, file: str = "") -> RouteStatus:
    """Return the value of a route status. Raises ReportError."""
    expect(text, file, matches, "a route status")
    lines = Lines(text, file)
    found = [match for line in lines if (match := _ROW.fullmatch(line.rstrip()))]
    if not found or sum(line.strip().startswith("---") for line in lines) < 2:
        raise TruncatedReportError(file, len(lines), "the table of nets has no end", "the file was cut off")
    outer = len(found[0]["indent"])
    counts = tuple(
        NetCount(match["name"].strip(), max(len(match["indent"]) - outer, 0) // 4, int(match["nets"]))
        for match in found
    )
    by_name = {count.name: count.nets for count in counts}
    errors, routable = by_name.get("nets with routing errors"), by_name.get("routable nets")
    fully = by_name.get("fully routed nets")
    unplaced = sum(nets for name, nets in by_name.items() if "unplaced" in name or "no placed pins" in name)
    return RouteStatus(
        logical_nets=by_name.get("logical nets", 0),
        routable_nets=routable,
        fully_routed_nets=fully,
        errors=errors,
        unrouted_nets=by_name.get("unrouted nets", 0),
        nets_with_unplaced_pins=unplaced,
        routed=not errors and (routable or 0) == (fully or 0),
        counts=counts,
    )


KIND = Kind("vivado_route_status", Precedence.TITLE, matches, parse, heads=(TITLE,))
