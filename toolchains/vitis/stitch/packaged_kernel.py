"""Check the packaged kernel: read back its `component.xml` and compare it with the kernel.

Everything that a script does not set gets a default from the packager, and `ipx::check_integrity` accepts that. Without
this check a register at a wrong offset would only show on the card. Elements: IEEE 1685-2009 (IP-XACT).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from integration.kernel import CONTROL_PORT, CONTROL_RANGE, Kernel
from toolchains.vitis.stitch.job import masters_of
from toolchains.vitis.stitch.packaging import (
    MASTER_PARAMETERS,
    SIMULATION_GROUP,
    registers_of,
    simulation_netlist,
    top_module,
)
from toolchains.vitis.tools.tool import ToolError

_MOST_SHOWN = 5


def refuse_another_kernel(kernel: Kernel, file: Path) -> None:
    """Raise ToolError with the first few differences if a `component.xml` describes another kernel."""
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314  the packager has just written it
        faults = list(_faults(kernel, root))
    except (ElementTree.ParseError, ValueError) as error:
        raise ToolError(f"{file} is not a readable description of an IP: {error}") from None
    if faults:
        more = f"; and {len(faults) - _MOST_SHOWN} more" if len(faults) > _MOST_SHOWN else ""
        shown = "; ".join(faults[:_MOST_SHOWN])
        raise ToolError(f"dataflow-farm: the packaged kernel differs from the design: {shown}{more}")


def _faults(kernel: Kernel, root: ElementTree.Element) -> Iterator[str]:
    vlnv = ":".join(_text(root, tag) for tag in ("vendor", "library", "name", "version"))
    if vlnv != kernel.vlnv:
        yield f"its name is {vlnv}, not {kernel.vlnv}"
    buses = {_text(bus, "name"): bus for bus in root.iterfind("{*}busInterfaces/{*}busInterface")}
    for master in masters_of(kernel):
        found = _parameters(buses[master]) if master in buses else {}
        for name, value in MASTER_PARAMETERS:
            if found.get(name) != value:
                yield f"{master} has {name} {found.get(name, 'unset')}, not {value}"
    yield from _register_faults(kernel, root, buses.get(CONTROL_PORT.lower()))
    yield from _simulation_faults(kernel, root)


def _register_faults(kernel: Kernel, root: ElementTree.Element, control: ElementTree.Element | None) -> Iterator[str]:
    reference = None if control is None else control.find("{*}slave/{*}memoryMapRef")
    name = "" if reference is None else next(iter(reference.attrib.values()), "")
    maps = {_text(each, "name"): each for each in root.iterfind("{*}memoryMaps/{*}memoryMap")}
    if name not in maps:
        yield f"{CONTROL_PORT.lower()} refers to no memory map"
        return
    ranges = [_text(block, "range") for block in maps[name].iterfind("{*}addressBlock")]
    if [int(each, 0) for each in ranges] != [CONTROL_RANGE]:
        yield f"{CONTROL_PORT.lower()} reaches {', '.join(ranges) or 'no'} bytes, not {CONTROL_RANGE}"
    found = {
        _text(each, "name"): (
            int(_text(each, "addressOffset"), 0),
            int(_text(each, "size"), 0),
            _parameters(each).get("ASSOCIATED_BUSIF", ""),
        )
        for each in maps[name].iterfind("{*}addressBlock/{*}register")
    }
    wanted = {each: (offset, bits, master) for each, offset, bits, master in registers_of(kernel)}
    for register in [*wanted, *(each for each in found if each not in wanted)]:
        if found.get(register) != wanted.get(register):
            is_, should = _shown(found.get(register)), _shown(wanted.get(register))
            yield f"register {register} is {is_}, but should be {should}"


def _shown(register: tuple[int, int, str] | None) -> str:
    if register is None:
        return "absent"
    offset, bits, master = register
    return f"at {offset:#x} with {bits} bits" + (f" for {master}" if master else "")


def _simulation_faults(kernel: Kernel, root: ElementTree.Element) -> Iterator[str]:
    """Check the view that hw_emu simulates."""
    views = [view for view in root.iterfind("{*}model/{*}views/{*}view") if _text(view, "name") == SIMULATION_GROUP]
    top = _text(views[0], "modelName") if views else ""
    if top != top_module(kernel):
        yield f"its simulation has the top {top or 'unset'}, not {top_module(kernel)}"
    sets = {_text(each, "localName") for view in views for each in view.iterfind("{*}fileSetRef")}
    files = [
        _text(file, "name")
        for each in root.iterfind("{*}fileSets/{*}fileSet")
        if _text(each, "name") in sets
        for file in each.iterfind("{*}file")
    ]
    if simulation_netlist(kernel) not in files:
        yield f"its simulation lacks {simulation_netlist(kernel)}"


def _parameters(node: ElementTree.Element) -> Mapping[str, str]:
    return {_text(each, "name"): _text(each, "value") for each in node.iterfind("{*}parameters/{*}parameter")}


def _text(node: ElementTree.Element, tag: str) -> str:
    return (node.findtext(f"{{*}}{tag}") or "").strip()
