"""The IP-XACT description of an IP core (`component.xml`, IEEE 1685-2009): name, ports, bus interfaces, files."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from amd_stand_in.hardware.memory_map import MemoryMap, Register, map_lines, read_map

SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
#: Not that of xml.sax.saxutils, which loads a client of HTTP at each start of a tool.
_escape = partial(html.escape, quote=False)
_TYPES = {
    "axis": "xilinx.com:interface:axis:1.0",
    "aximm": "xilinx.com:interface:aximm:1.0",
    "clock": "xilinx.com:signal:clock:1.0",
    "reset": "xilinx.com:signal:reset:1.0",
}
_SET = "_view_fileset"
"""Suffix of a file set's name, after the name of its group."""
_STREAM = ("TDATA", "TVALID", "TREADY", "TLAST", "TKEEP", "TSTRB", "TUSER", "TID", "TDEST")
_CLOCK = re.compile(r"(.*_)?(clk|aclk|clock)[0-9]?", re.I)
_RESET = re.compile(r"(.*_)?(rst_n|aresetn|resetn|rst|reset|areset)[0-9]?", re.I)


@dataclass(frozen=True)
class Port:
    """A pin: `direction` is in, out or inout."""

    name: str
    direction: str
    width: int


@dataclass
class Bus:
    """A bus interface: `kind` is axis, aximm, clock or reset; `mode` master or slave; logical to physical names.

    `memory_map` is the map that a slave refers to.
    """

    name: str
    kind: str
    mode: str
    ports: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict)
    memory_map: str = ""


@dataclass
class Component:
    """A core. `files` are relative to its folder, by the name of their file group; `models` are the groups' tops."""

    vendor: str
    library: str
    name: str
    version: str
    top: str
    ports: list[Port]
    buses: list[Bus]
    files: dict[str, list[str]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    maps: list[MemoryMap] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)

    @property
    def registers(self) -> dict[str, Register]:
        """The registers of all maps by name."""
        return {register.name: register for memory_map in self.maps for register in memory_map.registers}

    @property
    def vlnv(self) -> str:
        """Vendor, library, name, version."""
        return ":".join((self.vendor, self.library, self.name, self.version))

    def port(self, name: str) -> Port | None:
        """The port of a name."""
        return next((port for port in self.ports if port.name == name), None)

    def bus(self, name: str) -> Bus | None:
        """The bus interface of a name."""
        return next((bus for bus in self.buses if bus.name == name), None)

    def width(self, bus: Bus, logical: str) -> int:
        """Bits of a signal of a bus; 0 if it has none."""
        port = self.port(bus.ports.get(logical, ""))
        return port.width if port else 0


def _protocol(widths: dict[str, int]) -> str:
    """The AXI variant of a memory-mapped interface, by its signals: Lite has no bursts; AXI3 has WID and a wider AxLOCK."""
    if not {"AWLEN", "ARLEN"} & set(widths):
        return "AXI4LITE"
    old = "WID" in widths or max(widths.get("AWLOCK", 1), widths.get("ARLOCK", 1)) > 1
    return "AXI3" if old or min(widths.get("AWLEN", 8), widths.get("ARLEN", 8)) == 4 else "AXI4"


def infer(ports: Iterable[Port]) -> list[Bus]:
    """The bus interfaces that the packager infers from the names of ports."""
    ports = list(ports)
    names = {port.name: port for port in ports}
    buses: list[Bus] = []
    for port in ports:
        stem, _, last = port.name.rpartition("_")
        if stem and last.upper() == "TVALID":
            signals = {s: n for s in _STREAM for n in (f"{stem}_{s}", f"{stem}_{s.lower()}") if n in names}
            buses.append(Bus(stem, "axis", "master" if port.direction == "out" else "slave", signals))
        elif stem and last.upper() in ("AWADDR", "ARADDR") and not any(bus.name == stem for bus in buses):
            signals = {n[len(stem) + 1 :].upper(): n for n in names if n.startswith(stem + "_")}
            protocol = {"PROTOCOL": _protocol({logical: names[n].width for logical, n in signals.items()})}
            buses.append(Bus(stem, "aximm", "master" if port.direction == "out" else "slave", signals, protocol))
        elif port.direction == "in" and port.width == 1 and _RESET.fullmatch(port.name):
            low = "ACTIVE_LOW" if port.name.lower().rstrip("0123456789").endswith("n") else "ACTIVE_HIGH"
            buses.append(Bus(port.name, "reset", "slave", {"RST": port.name}, {"POLARITY": low}))
        elif port.direction == "in" and port.width == 1 and _CLOCK.fullmatch(port.name):
            buses.append(Bus(port.name, "clock", "slave", {"CLK": port.name}))
    return buses


def write(component: Component, path: Path) -> None:
    """Write `component.xml`."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<spirit:component xmlns:spirit="{SPIRIT}">']
    lines += [
        f"<spirit:{tag}>{_escape(getattr(component, tag))}</spirit:{tag}>"
        for tag in ("vendor", "library", "name", "version")
    ]
    lines.append("<!-- written by a stand-in of the packager -->")
    if component.buses:
        lines.append("<spirit:busInterfaces>")
        for bus in component.buses:
            lines += _bus_lines(bus)
        lines.append("</spirit:busInterfaces>")
    if component.maps:
        lines += ["<spirit:memoryMaps>", *(line for each in component.maps for line in map_lines(each))]
        lines.append("</spirit:memoryMaps>")
    lines += ["<spirit:model>", "<spirit:views>", "<spirit:view>", "<spirit:name>top</spirit:name>"]
    lines += [f"<spirit:modelName>{_escape(component.top)}</spirit:modelName>", "</spirit:view>"]
    for group in component.files:
        model = component.models.get(group)
        lines.append(f"<spirit:view><spirit:name>{group}</spirit:name>")
        lines += [f"<spirit:modelName>{_escape(model)}</spirit:modelName>"] if model else []
        lines.append(f"<spirit:fileSetRef><spirit:localName>{group}{_SET}</spirit:localName></spirit:fileSetRef>")
        lines.append("</spirit:view>")
    lines.append("</spirit:views>")
    lines.append("<spirit:ports>")
    for port in component.ports:
        vector = (
            f"<spirit:vector><spirit:left>{port.width - 1}</spirit:left><spirit:right>0</spirit:right></spirit:vector>"
        )
        lines.append(
            f"<spirit:port><spirit:name>{port.name}</spirit:name><spirit:wire><spirit:direction>{port.direction}"
            f"</spirit:direction>{vector if port.width > 1 else ''}</spirit:wire></spirit:port>"
        )
    lines += ["</spirit:ports>", "</spirit:model>", "<spirit:fileSets>"]
    for group, files in component.files.items():
        lines += ["<spirit:fileSet>", f"<spirit:name>{group}{_SET}</spirit:name>"]
        lines += [f"<spirit:file><spirit:name>{_escape(name)}</spirit:name></spirit:file>" for name in files]
        lines.append("</spirit:fileSet>")
    lines += ["</spirit:fileSets>", "<spirit:parameters>"]
    lines += [_parameter(name, value) for name, value in component.parameters.items()]
    lines += ["</spirit:parameters>", "</spirit:component>", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))


def _parameter(name: str, value: str) -> str:
    return f"<spirit:parameter><spirit:name>{name}</spirit:name><spirit:value>{_escape(value)}</spirit:value></spirit:parameter>"


def _bus_lines(bus: Bus) -> list[str]:
    vendor, library, name, version = _TYPES[bus.kind].split(":")
    lines = ["<spirit:busInterface>", f"<spirit:name>{bus.name}</spirit:name>"]
    lines.append(
        f'<spirit:busType spirit:vendor="{vendor}" spirit:library="{library}" spirit:name="{name}" spirit:version="{version}"/>'
    )
    ref = f'<spirit:memoryMapRef spirit:memoryMapRef="{bus.memory_map}"/>' if bus.memory_map else ""
    lines += [f"<spirit:{bus.mode}>{ref}</spirit:{bus.mode}>", "<spirit:portMaps>"]
    for logical, physical in bus.ports.items():
        lines.append(
            f"<spirit:portMap><spirit:logicalPort><spirit:name>{logical}</spirit:name></spirit:logicalPort>"
            f"<spirit:physicalPort><spirit:name>{physical}</spirit:name></spirit:physicalPort></spirit:portMap>"
        )
    lines.append("</spirit:portMaps>")
    if bus.parameters:
        lines += [
            "<spirit:parameters>",
            *(_parameter(*item) for item in bus.parameters.items()),
            "</spirit:parameters>",
        ]
    return [*lines, "</spirit:busInterface>"]


def read(path: Path) -> Component:
    """Read `component.xml`. Raises ValueError if the file is not one."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: {error}") from error
    if not root.tag.endswith("}component"):
        raise ValueError(f"{path}: the root is {root.tag}")
    space = root.tag.partition("}")[0] + "}"

    def text(node: ElementTree.Element, path: str) -> str:
        return (node.findtext("/".join(space + step for step in path.split("/"))) or "").strip()

    def every(path: str, node: ElementTree.Element = root) -> list[ElementTree.Element]:
        return node.findall("/".join(space + step for step in path.split("/")))

    ports = [
        Port(
            text(port, "name"),
            text(port, "wire/direction"),
            abs(int(text(port, "wire/vector/left") or 0) - int(text(port, "wire/vector/right") or 0)) + 1,
        )
        for port in every("model/ports/port")
    ]
    kinds = {value.split(":")[2]: key for key, value in _TYPES.items()}
    buses = []
    for node in every("busInterfaces/busInterface"):
        kind = kinds.get(node.find(space + "busType").get(space + "name", ""))
        if kind is None:
            continue
        maps = {text(m, "logicalPort/name"): text(m, "physicalPort/name") for m in every("portMaps/portMap", node)}
        parameters = {text(p, "name"): text(p, "value") for p in every("parameters/parameter", node)}
        mode = "master" if node.find(space + "master") is not None else "slave"
        ref = node.find(f"{space}slave/{space}memoryMapRef")
        memory_map = "" if ref is None else ref.get(space + "memoryMapRef", "")
        buses.append(Bus(text(node, "name"), kind, mode, maps, parameters, memory_map))
    views = every("model/views/view")
    return Component(
        *(text(root, tag) for tag in ("vendor", "library", "name", "version")),
        top=next((text(view, "modelName") for view in views if text(view, "modelName")), text(root, "name")),
        ports=ports,
        buses=buses,
        files={
            text(s, "name").removesuffix(_SET): [text(f, "name") for f in every("file", s)]
            for s in every("fileSets/fileSet")
        },
        models={text(view, "name"): text(view, "modelName") for view in views[1:] if text(view, "modelName")},
        parameters={text(p, "name"): text(p, "value") for p in every("parameters/parameter")},
        folder=path.parent,
        maps=[read_map(node, space) for node in every("memoryMaps/memoryMap")],
    )
