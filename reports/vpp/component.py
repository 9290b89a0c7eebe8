"""`component.xml`: the IP-XACT description of an IP. Layouts from public files of 2019.2 and 2020.2.

The core revision of HLS is a date, `yymmddHHMM`. From 2022 on it exceeds 31 bits, which breaks older releases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import read_xml

_FIRST = re.compile(
    r"\ufeff?\s{0,100}(?:<\?xml[^>]{0,200}>\s{0,100})?(?:<!--.{0,4000}?-->\s{0,100}){0,5}<(?:spirit|ipxact):component\b",
    re.S,
)


@dataclass(frozen=True)
class Component:
    """An IP: name, supported families, interfaces, ports. `tool_version` is None if the file has none."""

    vlnv: str
    families: tuple[str, ...]
    core_revision: str | None
    tool_version: str | None
    bus_interfaces: tuple[str, ...]
    ports: tuple[str, ...]


def matches(head: str) -> bool:
    """Whether a text begins like an IP's description."""
    # A block design (`.bd` until 2018) holds a component within its own first element.
    return _FIRST.match(head) is not None


def parse(text: str, file: str = "") -> Component:
    """Return the value of a `component.xml`. Raises ReportError."""
    expect(text, file, matches, "an IP's description in XML")
    root = read_xml(text, file)
    name = [root.text(tag) for tag in ("vendor", "library", "name", "version")]
    if None in name:
        what = "vendor, library, name or version is blank"
        raise UnknownLayoutError(file, root.line, what, "expected all four under <component>")
    interfaces = root.maybe("busInterfaces")
    model = root.maybe("model/ports")
    core = root.maybe("vendorExtensions/coreExtensions")
    package = root.maybe("vendorExtensions/packagingInfo")
    families = core.maybe("supportedFamilies") if core else None
    return Component(
        vlnv=":".join(part or "" for part in name),
        families=tuple(family.content() for family in families.children("family")) if families else (),
        core_revision=core.text("coreRevision") if core else None,
        tool_version=package.text("xilinxVersion") if package else None,
        bus_interfaces=tuple(found.text("name") or "" for found in interfaces.children("busInterface"))
        if interfaces
        else (),
        ports=tuple(found.text("name") or "" for found in model.children("port")) if model else (),
    )


KIND = Kind("ip_component", Precedence.LAYOUT, matches, parse)
