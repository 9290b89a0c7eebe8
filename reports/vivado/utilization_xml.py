"""Vivado's `report_utilization -hierarchical -format xml`, as kept by FINN: one row for each instance.

Blanks before the name give the depth, two for each level. Layout from a public file.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import Branch, read_xml
from reports.reading.number import Number, is_absent, number


@dataclass(frozen=True)
class InstanceUse:
    """An instance, with counts in the order of the columns; None if a cell is blank. The top has `depth` 0."""

    instance: str
    module: str
    depth: int
    amounts: tuple[Number | None, ...]


@dataclass(frozen=True)
class UtilizationXml:
    """The use of a design by hierarchy. `resources` are the heads of the columns after instance and module."""

    design: str
    state: str | None
    device: str | None
    resources: tuple[str, ...]
    instances: tuple[InstanceUse, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a utilization report in XML."""
    return "<RptDoc " in head[:1000] and 'title="Utilization Design Information"' in head[:4000]


def parse(text: str, file: str = "") -> UtilizationXml:
    """Return the value of the report. Raises ReportError."""
    expect(text, file, matches, "a utilization report in XML")
    root = read_xml(text, file)
    table = next(
        (
            section.needed("table")
            for section in root.children("section")
            if section.attribute("title") == "Utilization by Hierarchy"
        ),
        None,
    )
    if table is None:
        raise UnknownLayoutError(file, root.line, "no section 'Utilization by Hierarchy'", "make it with -hierarchical")
    rows = list(table.children("tablerow"))
    heads = [cell.needed_attribute("contents") for cell in rows[0].children("tableheader")] if rows else []
    if heads[:2] != ["Instance", "Module"]:
        what = f"the columns begin with {', '.join(heads[:2]) or 'nothing'}"
        raise UnknownLayoutError(file, table.line, what, "expected Instance and Module")
    return UtilizationXml(
        design=root.needed_attribute("designname"),
        state=root.attribute("designstate"),
        device=root.attribute("partname"),
        resources=tuple(heads[2:]),
        instances=tuple(_instance(row, heads) for row in rows[1:]),
    )


def _instance(row: Branch, heads: list[str]) -> InstanceUse:
    cells = [cell.needed_attribute("contents") for cell in row.children("tablecell")]
    if len(cells) != len(heads):
        what = f"a row has {len(cells)} cells"
        raise UnknownLayoutError(row.file, row.line, what, f"expected {len(heads)}")
    depth = (len(cells[0]) - len(cells[0].lstrip(" "))) // 2
    amounts: list[Number | None] = []
    for head, cell in zip(heads[2:], cells[2:], strict=True):
        value = number(cell.strip())
        if value is None and not is_absent(cell.strip()):
            raise UnknownLayoutError(row.file, row.line, f"'{head}' is '{cell[:40]}'", "expected a number")
        amounts.append(value)
    return InstanceUse(cells[0].strip(), cells[1].strip(), depth, tuple(amounts))


KIND = Kind("vivado_utilization_xml", Precedence.LAYOUT, matches, parse)
