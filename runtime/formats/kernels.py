"""Kernels of an xclbin: the XML of section EMBEDDED_METADATA, written and read here.

Element and attribute names are those that XRT and PYNQ's ``xclbin_parser`` look at
(``project/platform/device/core/kernel``). Register offsets are bytes from the compute unit's base address.
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from ..errors import XclbinError

SCALAR = 0
POINTER = 1
STREAM = 4
MOST_REGISTERS = 10_000
"""Arguments times instances, over all kernels."""
CORE_TARGETS = {"sw_emu": "csim", "hw_emu": "hw_em", "hw": "bitstream"}
_WHERE = "EMBEDDED_METADATA"


@dataclass(frozen=True)
class Port:
    """An AXI port of a kernel. ``mode`` is ``master``, ``slave``, ``read_only`` or ``write_only``."""

    name: str
    mode: str
    data_width_bits: int
    range_bytes: int


@dataclass(frozen=True)
class KernelArgument:
    """One register of the kernel, or one stream where ``qualifier`` has bit 2."""

    name: str
    index: int
    port: str
    offset: int
    size_bytes: int
    type: str
    qualifier: int

    @property
    def is_pointer(self) -> bool:
        """Whether the register holds a device address; the test is PYNQ's own."""
        return "*" in self.type


@dataclass(frozen=True)
class Instance:
    """A compute unit of the kernel and the address of its registers."""

    name: str
    base_address: int


@dataclass(frozen=True)
class Kernel:
    """A kernel as the host sees it. ``control`` is ``ap_ctrl_hs``, ``ap_ctrl_chain``, ``ap_ctrl_none`` or such."""

    name: str
    vlnv: str
    ports: tuple[Port, ...]
    arguments: tuple[KernelArgument, ...]
    instances: tuple[Instance, ...]
    control: str = "ap_ctrl_hs"
    language: str = "ip"


def write_xml(
    kernels: Sequence[Kernel],
    *,
    project: str,
    platform_vbnv: str,
    fpga: str,
    target: str,
    data_clock_mhz: float,
    kernel_clock_mhz: float,
) -> str:
    """The document. ``target`` is ``sw_emu``, ``hw_emu`` or ``hw``; ``fpga`` a part such as xcu250-figd2104-2L-e."""
    if target not in CORE_TARGETS:
        raise XclbinError(f"target {target!r}", where=_WHERE, remedy=f"use one of {', '.join(CORE_TARGETS)}")
    words = platform_vbnv.split("_")
    if len(words) < 5:
        raise XclbinError(
            f"platform {platform_vbnv!r}", where=_WHERE, remedy="give vendor_board_name_major_minor, all five words"
        )
    vendor, board, *name, major, minor = words
    root = ElementTree.Element("project", name=project)
    platform = _child(root, "platform", vendor=vendor, boardid=board, name="_".join(name), featureRomTime="0")
    _child(platform, "version", major=major, minor=minor)
    _child(platform, "description")
    title = f"{vendor}.com:a{board}:1.0"
    _child(_child(platform, "board", name=title, vendor=f"{vendor}.com", fpga=fpga), "interfaces")
    _child(platform, "build_flow")
    _child(platform, "host", architecture="x86_64")
    device = _child(platform, "device", name="fpga0", fpgaDevice="", addrWidth="0")
    core = _child(
        device, "core", name="OCL_REGION_0", target=CORE_TARGETS[target], type="clc_region", clockFreq="0MHz",
        numComputeUnits="60",
    )  # fmt: skip
    clocks = _child(core, "kernelClocks")
    _child(clocks, "clock", port="KERNEL_CLK", frequency=f"{kernel_clock_mhz:.6f}MHz")
    _child(clocks, "clock", port="DATA_CLK", frequency=f"{data_clock_mhz:.6f}MHz")
    for kernel in kernels:
        _write_kernel(core, kernel)
    return _text(root)


def write_kernel_xml(kernel: Kernel) -> str:
    """The kernel.xml that `package_xo` takes: the same elements, ports and arguments in lists of their own."""
    root = ElementTree.Element("root", versionMajor="1", versionMinor="6")
    _write_kernel(root, kernel)
    element = root[0]
    for tag in ("port", "arg"):
        group = ElementTree.Element(f"{tag}s")
        for child in element.findall(tag):
            element.remove(child)
            group.append(child)
        element.append(group)
    return _text(root)


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _child(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _write_kernel(core: ElementTree.Element, kernel: Kernel) -> None:
    slaves = [port.name for port in kernel.ports if port.mode == "slave"]
    if not slaves:
        # PYNQ drops such a kernel without a word, and the overlay then has no attribute of its name.
        raise XclbinError(f"kernel {kernel.name!r} has no slave port", where=_WHERE, remedy="add its s_axilite port")
    element = _child(
        core, "kernel", name=kernel.name, language=kernel.language, vlnv=kernel.vlnv, attributes="",
        preferredWorkGroupSizeMultiple="0", workGroupSize="1", interrupt="true", hwControlProtocol=kernel.control,
    )  # fmt: skip
    for port in kernel.ports:
        _child(
            element, "port", name=port.name, mode=port.mode, range=f"0x{port.range_bytes:X}",
            dataWidth=str(port.data_width_bits), portType="addressable", base="0x0",
        )  # fmt: skip
    for argument in kernel.arguments:
        if not argument.name.isidentifier() or keyword.iskeyword(argument.name):
            # PYNQ builds a Python signature of the names; a keyword kills its .call on Python 3.11 and later.
            raise XclbinError(
                f"argument {argument.name!r} of kernel {kernel.name!r} is no Python name",
                where=_WHERE,
                remedy="rename it as Vitis HLS does: in -> in_r",
            )
        size = f"0x{argument.size_bytes:X}"
        _child(
            element, "arg", name=argument.name, addressQualifier=str(argument.qualifier), id=str(argument.index),
            port=argument.port, size=size, offset=f"0x{argument.offset:X}", hostOffset="0x0", hostSize=size,
            type=argument.type,
        )  # fmt: skip
    for instance in kernel.instances:
        _child(
            _child(element, "instance", name=instance.name), "addrRemap",
            base=f"0x{instance.base_address:08X}", range="0x1000", port=slaves[0],
        )  # fmt: skip


def read_xml(text: str) -> tuple[Kernel, ...]:
    """The kernels of the document. Raises XclbinError for XML that is broken or lacks what a host needs."""
    found = tuple(_read_kernel(element) for element in _root(text).findall("platform/device/core/kernel"))
    registers = sum(len(kernel.arguments) * len(kernel.instances) for kernel in found)
    if registers > MOST_REGISTERS:
        # PYNQ copies the arguments for each instance, so a small document of many of both would fill the memory.
        raise XclbinError(
            f"has {registers:,} registers; at most {MOST_REGISTERS:,} are read", where=_WHERE, remedy="rebuild the file"
        )
    return found


def platform_of(text: str) -> str:
    """The platform that the document is for, such as ``xilinx_u250_xdma_201830_2``. Raises XclbinError."""
    platform = _root(text).find("platform")
    version = None if platform is None else platform.find("version")
    if platform is None or version is None:
        raise XclbinError("names no platform", where=_WHERE, remedy="rebuild the file")
    words = [_attribute(platform, key, _WHERE) for key in ("vendor", "boardid", "name")]
    return "_".join(words + [_attribute(version, key, _WHERE) for key in ("major", "minor")])


def _root(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        # Entities can unfold into gigabytes; no tool that writes this section declares any.
        raise XclbinError("declares a document type", where=_WHERE, remedy="rebuild the file")
    try:
        return ElementTree.fromstring(text)  # noqa: S314  entities are refused above
    except (ElementTree.ParseError, ValueError) as error:
        raise XclbinError(f"not well-formed XML ({error})", where=_WHERE, remedy="rebuild the file") from error


def _read_kernel(element: ElementTree.Element) -> Kernel:
    where = f"{_WHERE}, kernel {element.get('name', '?')!r}"
    arguments = []
    for arg in element.findall("arg"):
        qualifier = _integer(arg, "addressQualifier", where)
        is_stream = bool(qualifier & STREAM)
        index = 0 if is_stream and not arg.get("id") else _integer(arg, "id", where)
        offset = 0 if is_stream else _integer(arg, "offset", where)
        size = 0 if is_stream else _integer(arg, "size", where)
        if not is_stream:
            _attribute(arg, "hostSize", where)
        kind = arg.get("type", "") if is_stream else _attribute(arg, "type", where)
        name = _attribute(arg, "name", where)
        arguments.append(KernelArgument(name, index, arg.get("port", ""), offset, size, kind, qualifier))
    ports = tuple(
        Port(
            _attribute(port, "name", where),
            _attribute(port, "mode", where),
            _integer(port, "dataWidth", where, default=0),
            _integer(port, "range", where, default=0),
        )
        for port in element.findall("port")
    )
    instances = []
    for instance in element.findall("instance"):
        remap = instance.find("addrRemap")
        if remap is None:
            raise XclbinError("an instance without addrRemap", where=where, remedy="rebuild the file")
        instances.append(Instance(_attribute(instance, "name", where), _integer(remap, "base", where)))
    return Kernel(
        _attribute(element, "name", where),
        _attribute(element, "vlnv", where),
        ports,
        tuple(arguments),
        tuple(instances),
        element.get("hwControlProtocol", "s_axilite"),
        element.get("language", ""),
    )


def _attribute(element: ElementTree.Element, key: str, where: str) -> str:
    value = element.get(key)
    if value is None:
        raise XclbinError(f"<{element.tag}> without attribute {key!r}", where=where, remedy="rebuild the file")
    return value


def _integer(element: ElementTree.Element, key: str, where: str, default: int | None = None) -> int:
    if default is not None and element.get(key) in (None, ""):
        return default
    text = _attribute(element, key, where)
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 64:
        raise XclbinError(
            f"<{element.tag}> has {key}={text!r:.80}, not a number of 64 bits", where=where, remedy="rebuild the file"
        )
    return number
