"""Kernel objects (`.xo`): the rules of a kernel's interfaces, `package_xo`, and reading one for the link.

Rules from AMD UG1393 and UG1702: one AXI4-Lite slave, masters with 64-bit addresses, a clock for every bus, and a
`kernel.xml` that matches the netlist.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component, netlist
from amd_stand_in.hardware.component import Component
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.hardware.netlist import Netlist
    from amd_stand_in.run import Run


@dataclass(frozen=True)
class KernelPort:
    """A port of `kernel.xml`."""

    name: str
    mode: str
    bits: int


@dataclass(frozen=True)
class KernelArgument:
    """An argument of `kernel.xml`; `qualifier` 0 scalar, 1 pointer, 4 stream."""

    name: str
    qualifier: int
    id: int
    port: str
    offset: int
    bits: int = 0


@dataclass(frozen=True)
class KernelDescription:
    """The contents of `kernel.xml`."""

    name: str
    vlnv: str
    protocol: str
    ports: tuple[KernelPort, ...]
    arguments: tuple[KernelArgument, ...]
    text: str


def integrity(thing: Thing, *, kernel: bool) -> list[str]:
    """The mistakes that `ipx::check_integrity` finds in a core that is open in the packager."""
    core: Component = thing.data
    faults = [] if core.buses else [f"core '{core.name}' has no bus interface"]
    assert core.folder is not None
    for group in (child for child in thing.children if child.kind == "ipx_file_group"):
        faults += [
            f"file '{f.name}' of '{group.name}' is missing"
            for f in group.children
            if f.kind == "ipx_file" and not (core.folder / f.name).is_file()
        ]
    clocks = [bus for bus in core.buses if bus.kind == "clock"]
    owned = {name for clock in clocks for name in clock.parameters.get("ASSOCIATED_BUSIF", "").split(":")}
    buses = [bus for bus in core.buses if bus.kind in ("axis", "aximm")]
    faults += [f"bus interface '{bus.name}' is not associated with a clock" for bus in buses if bus.name not in owned]
    if not kernel:
        return faults
    faults += _kernel_rules(core, clocks)
    if thing.properties.get("SDX_KERNEL", "false").lower() != "true":
        faults.append("property sdx_kernel is not true")
    if not thing.properties.get("SDX_KERNEL_TYPE"):
        faults.append("property sdx_kernel_type is not set")
    for bus in buses:
        if bus.kind == "aximm" and bus.mode == "slave":
            maps = {child.name for child in thing.children if child.kind == "ipx_map"}
            ref = next(
                (
                    c.properties.get("SLAVE_MEMORY_MAP_REF", "")
                    for c in thing.children
                    if c.kind == "ipx_bus" and c.name == bus.name
                ),
                "",
            )
            if ref not in maps or not ref:
                faults.append(f"slave '{bus.name}' refers to no memory map")
    return faults


def _kernel_rules(core: Component, clocks: list[component.Bus]) -> list[str]:
    faults = []
    slaves = [bus for bus in core.buses if bus.kind == "aximm" and bus.mode == "slave"]
    if len(slaves) != 1:
        faults.append(f"a kernel has one AXI4-Lite slave, this one has {len(slaves)}")
    for bus in core.buses:
        if bus.kind == "aximm" and bus.mode == "master":
            width = core.width(bus, "AWADDR") or core.width(bus, "ARADDR")
            if width != 64:
                faults.append(f"master '{bus.name}' has {width} bit addresses, a kernel needs 64")
    if not clocks:
        faults.append("a kernel has a clock ap_clk")
    if not any(bus.kind == "reset" for bus in core.buses):
        faults.append("a kernel has a reset ap_rst_n")
    known = {name for bus in core.buses for name in bus.ports.values()} | {"interrupt"}
    faults += [
        f"port '{port.name}' belongs to no interface that a kernel may have"
        for port in core.ports
        if port.name not in known
    ]
    return faults


def describe(text: str, where: str) -> KernelDescription:
    """Read `kernel.xml`. Raises ToolError for invalid contents."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ToolError("XD 2-1", f"{where}: {error}") from error
    kernel = root.find("kernel")
    if root.tag != "root" or kernel is None:
        raise ToolError("XD 2-1", f"{where}: no <kernel> in <root>")
    name = kernel.get("name", "")
    ports = tuple(
        KernelPort(p.get("name", ""), p.get("mode", ""), int(p.get("dataWidth", "0"), 0))
        for p in kernel.findall("ports/port")
    )
    arguments = tuple(
        KernelArgument(
            a.get("name", ""),
            int(a.get("addressQualifier", "-1")),
            int(a.get("id", "-1")),
            a.get("port", ""),
            int(a.get("offset", "0"), 0),
            8 * int(a.get("size", "0"), 0),
        )
        for a in kernel.findall("args/arg")
    )
    if sorted(a.id for a in arguments) != list(range(len(arguments))):
        raise ToolError(
            "XD 2-2",
            f"{where}: the ids of the arguments are {[a.id for a in arguments]}, not 0 to {len(arguments) - 1}",
        )
    names = {port.name.lower() for port in ports}
    for argument in arguments:
        if argument.port.lower() not in names:
            raise ToolError(
                "XD 2-3", f"{where}: argument '{argument.name}' is of port '{argument.port}', which is not there"
            )
        if argument.qualifier not in (0, 1, 2, 3, 4):
            raise ToolError("XD 2-4", f"{where}: argument '{argument.name}' has addressQualifier {argument.qualifier}")
    return KernelDescription(
        name, kernel.get("vlnv", ""), kernel.get("hwControlProtocol", "ap_ctrl_hs"), ports, arguments, text
    )


def package(arguments: Arguments, run: Run) -> None:
    """`package_xo`. Raises ToolError."""
    target = Path(arguments.text("xo_path"))
    name = arguments.text("kernel_name")
    if "ip_directory" not in arguments.options:
        raise ToolError("XD 100-1", "package_xo needs -ip_directory.")
    folder = Path(arguments.text("ip_directory"))
    if target.exists() and not arguments.flag("force"):
        raise ToolError("XD 100-2", f"'{target}' exists: remove it, or -force.")
    if folder.resolve() in target.resolve().parents:
        raise ToolError("XD 100-3", f"-xo_path '{target}' may not lie inside -ip_directory '{folder}'.")
    if not (folder / "component.xml").is_file():
        raise ToolError("XD 100-4", f"'{folder}' has no component.xml.")
    if "kernel_xml" not in arguments.options:
        raise ToolError("XD 100-5", "package_xo: no -kernel_xml was given and the stand-in makes none of the IP.")
    xml = Path(arguments.text("kernel_xml"))
    if not xml.is_file():
        raise ToolError("XD 100-6", f"'{xml}' does not exist.")
    core = component.read(folder / "component.xml")
    kernel = describe(xml.read_text(), str(xml))
    _agree(core, kernel, name, run)
    checkpoint = core.files.get("xilinx_synthesischeckpoint", [])
    if checkpoint:
        netlist.read(folder / checkpoint[0], run.release)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    place = f"ip_repo/{core.vlnv.replace(':', '_').replace('.', '_')}"
    with zipfile.ZipFile(draft, "w") as out:

        def put(inside: str, data: bytes) -> None:
            out.writestr(zipfile.ZipInfo(inside, (1980, 1, 1, 0, 0, 0)), data)

        put(
            "xo.xml",
            f'<?xml version="1.0"?>\n<!-- stand-in -->\n<root><packages><package name="{name}" vlnv="{core.vlnv}"/></packages></root>\n'.encode(),
        )
        put(f"{name}/kernel.xml", kernel.text.encode())
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                put(f"{place}/{file.relative_to(folder)}", file.read_bytes())
    draft.replace(target)
    run.faults.damage(target, "package_xo")


def _agree(core: Component, kernel: KernelDescription, name: str, run: Run) -> None:
    if kernel.name != name:
        raise ToolError("XD 100-7", f"kernel.xml is of '{kernel.name}', -kernel_name says '{name}'.")
    if core.parameters.get("sdx_kernel") != "true":
        raise ToolError("XD 100-8", f"'{core.vlnv}' is no kernel: property sdx_kernel is not true.")
    faults = _kernel_rules(core, [bus for bus in core.buses if bus.kind == "clock"])
    buses = {bus.name.lower(): bus for bus in core.buses if bus.kind in ("aximm", "axis")}
    for port in kernel.ports:
        bus = buses.pop(port.name.lower(), None)
        if bus is None:
            faults.append(f"kernel.xml names port '{port.name}', which the IP does not have")
            continue
        width = core.width(bus, "WDATA") or core.width(bus, "RDATA") or core.width(bus, "TDATA")
        if width != port.bits:
            faults.append(f"port '{port.name}' has {port.bits} bits in kernel.xml and {width} in the IP")
        if bus.kind == "aximm" and port.mode != bus.mode:
            faults.append(f"port '{port.name}' is a {port.mode} in kernel.xml and a {bus.mode} in the IP")
    faults += [f"the IP has port '{bus}', which kernel.xml does not name" for bus in buses]
    for argument in kernel.arguments if core.registers else ():
        register = core.registers.get(argument.name)
        if argument.qualifier not in (0, 1):
            continue
        if register is None or register.offset != argument.offset:
            known = "no register" if register is None else f"{register.offset:#x}"
            faults.append(f"argument '{argument.name}' is at {argument.offset:#x} in kernel.xml, the IP has {known}")
        elif register.bits != argument.bits:
            faults.append(
                f"argument '{argument.name}' has {argument.bits} bits in kernel.xml, its register {register.bits}"
            )
    if faults:
        raise ToolError("XD 100-9", faults[0], also=tuple(("XD 100-9", text) for text in faults[1:]))
    if kernel.vlnv != core.vlnv:
        run.console.warning("XD 100-10", f"kernel.xml has VLNV '{kernel.vlnv}', the IP '{core.vlnv}'.")


def unpack(path: Path, release: str) -> tuple[KernelDescription, Component, Netlist | None]:
    """Read an `.xo` for a link. Raises ToolError."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            xml = next(name for name in names if name.endswith("/kernel.xml"))
            core_file = next(name for name in names if name.startswith("ip_repo/") and name.endswith("component.xml"))
            kernel = describe(archive.read(xml).decode(), f"{path}:{xml}")
            import tempfile

            with tempfile.TemporaryDirectory() as scratch:
                root = Path(scratch)
                archive.extractall(root, [name for name in names if name.startswith("ip_repo/")])
                core = component.read(root / core_file)
                files = core.files.get("xilinx_synthesischeckpoint", [])
                found = netlist.read(root / Path(core_file).parent / files[0], release) if files else None
    except (zipfile.BadZipFile, StopIteration, KeyError, ValueError) as error:
        raise ToolError("v++ 60-602", f"Source file '{path}' is no kernel object: {error}") from error
    return kernel, core, found
