"""The kernel as the host sees it: arguments, their registers, and the XML descriptions of both.

The register map is that of HLS for `s_axilite` with 64 bit pointers: control at 0, arguments from 0x10 in the order of
declaration, a pointer takes 12 bytes and a 32 bit scalar 8 (each with a reserved word).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree import ElementTree as ET

from integration.platform import Platform

CONTROL_RANGE = 0x1000
POINTER_STEP = 12


@dataclass(frozen=True)
class Argument:
    """One argument. `shape` is that of one image (or of the whole call), `dtypes` the element types a buffer may have.

    The names end in `_r` where the plain word is a keyword of Python: PYNQ makes parameters of them.
    """

    name: str
    id: int
    offset: int
    port: str
    port_bits: int
    shape: tuple[int, ...]
    dtypes: tuple[str, ...]
    direction: str
    per: str


@dataclass(frozen=True)
class Kernel:
    """Name, arguments and instance of the accelerator."""

    name: str
    arguments: tuple[Argument, ...]

    @property
    def vlnv(self) -> str:
        """Vendor, library, name, version."""
        return f"xilinx.com:hls:{self.name}:1.0"

    @property
    def instance(self) -> str:
        """The compute unit's name, as Vitis numbers them."""
        return f"{self.name}_1"

    @property
    def count_offset(self) -> int:
        """Offset of the register that holds the number of images."""
        return 0x10 + POINTER_STEP * len(self.arguments)

    def describe(self) -> dict[str, Any]:
        """The kernel as plain JSON values; `from_description` reads it back."""
        return asdict(self)

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Kernel:
        """The kernel that `describe` wrote."""
        arguments = (
            Argument(**{**entry, "shape": tuple(entry["shape"]), "dtypes": tuple(entry["dtypes"])})
            for entry in description["arguments"]
        )
        return cls(description["name"], tuple(arguments))


def _kernel_element(kernel: Kernel) -> ET.Element:
    element = ET.Element(
        "kernel",
        {
            "name": kernel.name,
            "language": "ip",
            "vlnv": kernel.vlnv,
            "attributes": "",
            "preferredWorkGroupSizeMultiple": "0",
            "workGroupSize": "1",
            "interrupt": "true",
            "hwControlProtocol": "ap_ctrl_hs",
        },
    )
    control = {"portType": "addressable", "base": "0x0"}
    ports = ET.SubElement(element, "ports")
    for argument in kernel.arguments:
        ET.SubElement(
            ports,
            "port",
            {
                "name": argument.port,
                "mode": "master",
                "range": "0xFFFFFFFF",
                "dataWidth": str(argument.port_bits),
                **control,
            },
        )
    slave = {"name": "S_AXI_CONTROL", "mode": "slave", "range": hex(CONTROL_RANGE), "dataWidth": "32"}
    ET.SubElement(ports, "port", {**slave, **control})
    arguments = ET.SubElement(element, "args")
    for argument in kernel.arguments:
        pointer = {"addressQualifier": "1", "id": str(argument.id), "port": argument.port, "size": "0x8"}
        place = {"offset": hex(argument.offset), "hostOffset": "0x0", "hostSize": "0x8"}
        kind = {"type": f"ap_uint<{argument.port_bits}>*"}
        ET.SubElement(arguments, "arg", {"name": argument.name, **pointer, **place, **kind})
    scalar = {"addressQualifier": "0", "id": str(len(kernel.arguments)), "port": "S_AXI_CONTROL", "size": "0x4"}
    place = {"offset": hex(kernel.count_offset), "hostOffset": "0x0", "hostSize": "0x4", "type": "uint"}
    ET.SubElement(arguments, "arg", {"name": "numReps", **scalar, **place})
    return element


def kernel_xml(kernel: Kernel) -> str:
    """The description that `package_xo` takes."""
    root = ET.Element("root", {"versionMajor": "1", "versionMinor": "6"})
    root.append(_kernel_element(kernel))
    return _text(root)


def embedded_metadata(kernel: Kernel, platform: Platform, target: str, clock_mhz: float) -> str:
    """The EMBEDDED_METADATA section of an xclbin: platform, kernel and its instance."""
    vendor, board, shell, *version = _vbnv(platform.vbnv)
    project = ET.Element("project", {"name": kernel.name})
    place = ET.SubElement(
        project, "platform", {"vendor": vendor, "boardid": board, "name": shell, "featureRomTime": "0"}
    )
    major, minor = (*version, "0", "0")[:2]
    ET.SubElement(place, "version", {"major": major, "minor": minor})
    ET.SubElement(place, "description")
    board_element = ET.SubElement(
        place, "board", {"name": platform.board, "vendor": "xilinx.com", "fpga": platform.part}
    )
    ET.SubElement(board_element, "interfaces")
    ET.SubElement(place, "build_flow")
    ET.SubElement(place, "host", {"architecture": "x86_64"})
    device = ET.SubElement(place, "device", {"name": "fpga0", "fpgaDevice": "", "addrWidth": "0"})
    core = ET.SubElement(
        device,
        "core",
        {
            "name": "OCL_REGION_0",
            "target": {"sw_emu": "csim", "hw_emu": "hw_em", "hw": "bitstream"}[target],
            "type": "clc_region",
            "clockFreq": "0MHz",
            "numComputeUnits": "60",
        },
    )
    clocks = ET.SubElement(core, "kernelClocks")
    ET.SubElement(clocks, "clock", {"port": "DATA_CLK", "frequency": f"{clock_mhz:.6f}MHz"})
    element = _kernel_element(kernel)
    # Inside a kernel.xml ports and arguments stand in lists of their own; here they are the kernel's own children.
    for name in ("ports", "args"):
        group = element.find(name)
        if group is not None:
            element.extend(list(group))
            element.remove(group)
    instance = ET.SubElement(element, "instance", {"name": kernel.instance})
    remap = {"base": hex(platform.kernel_base), "range": hex(CONTROL_RANGE), "port": "S_AXI_CONTROL"}
    ET.SubElement(instance, "addrRemap", remap)
    core.append(element)
    return _text(project)


def _vbnv(text: str) -> list[str]:
    """`xilinx_u250_xdma_201830_2` -> vendor, board, name, major, minor."""
    parts = text.split("_")
    version = parts[-2:] if all(part.isdigit() for part in parts[-2:]) else []
    name = "_".join(parts[2 : len(parts) - len(version)])
    return [parts[0], parts[1], name, *version]


def _text(element: ET.Element) -> str:
    ET.indent(element)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(element, encoding="unicode") + "\n"
