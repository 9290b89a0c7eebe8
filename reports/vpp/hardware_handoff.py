"""`.hwh`: the block design for software, with modules and their addresses. Layouts of 2020.2 and 2023.1.

The file begins with a byte order mark. Addresses may exceed 32 bits and are kept as printed.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import read_xml


@dataclass(frozen=True)
class HandoffModule:
    """An instance of an IP; `vlnv` is None for an RTL module."""

    name: str
    vlnv: str | None


@dataclass(frozen=True)
class AddressRange:
    """A range of addresses that a master sees: registers (`REGISTER`) or memory (`MEMORY`)."""

    instance: str
    interface: str | None
    type: str | None
    base: str
    high: str


@dataclass(frozen=True)
class HardwareHandoff:
    """A block design: device, modules and address ranges; no modules if the design is empty."""

    version: str | None
    architecture: str | None
    device: str | None
    package: str | None
    speed: str | None
    board: str | None
    design: str | None
    modules: tuple[HandoffModule, ...]
    ranges: tuple[AddressRange, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a hardware hand-off."""
    return "<EDKSYSTEM " in head[:1000]


def parse(text: str, file: str = "") -> HardwareHandoff:
    """Return the value of a `.hwh`. Raises ReportError."""
    expect(text, file, matches, "a hardware hand-off")
    root = read_xml(text, file)
    system = root.needed("SYSTEMINFO")
    modules = root.needed("MODULES")
    found: dict[tuple[str, str | None, str], AddressRange] = {}
    for one in modules.below("MEMRANGE"):
        base, high = one.needed_attribute("BASEVALUE"), one.needed_attribute("HIGHVALUE")
        instance, interface = one.needed_attribute("INSTANCE"), one.attribute("SLAVEBUSINTERFACE")
        found.setdefault(
            (instance, interface, base), AddressRange(instance, interface, one.attribute("MEMTYPE"), base, high)
        )
    instances = tuple(
        HandoffModule(one.needed_attribute("INSTANCE"), one.attribute("VLNV")) for one in modules.children("MODULE")
    )
    return HardwareHandoff(
        version=root.attribute("VIVADOVERSION"),
        architecture=system.attribute("ARCH"),
        device=system.attribute("DEVICE"),
        package=system.attribute("PACKAGE"),
        speed=system.attribute("SPEEDGRADE"),
        board=system.attribute("BOARD"),
        design=system.attribute("NAME"),
        modules=instances,
        ranges=tuple(found.values()),
    )


KIND = Kind("hardware_handoff", Precedence.LAYOUT, matches, parse)
