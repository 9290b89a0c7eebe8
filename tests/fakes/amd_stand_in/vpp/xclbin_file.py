"""The linked file: XRT's container, with the open toolchain's emulation if given, and its `xclbinutil --info`.

The project's own module reads and writes the container, because a format has only one module here.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from amd_stand_in.devices import Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.vpp.connectivity import Unit

from runtime.errors import FarmRuntimeError
from runtime.formats import kernels, manifest, xclbin
from runtime.formats.sections import CLOCK_TYPES, MEMORY_TYPES, Clock, Connection, IpLayoutEntry, MemoryBank
from runtime.formats.xclbin import Mode, Xclbin, pack

PAYLOAD = "AMD_STAND_IN_PAYLOAD"
"""Variable that names the same kernel's xclbin from the open toolchain (sw_emu); its model goes into the file."""
BASE = 0x1800000
_KINDS = {"DDR": "DDR4", "PLRAM": "DRAM", "HBM": "HBM", "HOST": "HOST"}


def _tag(platform: Platform, kind: str, index: int) -> str:
    # The first DDR shells name their banks bank0 to bank3.
    return f"bank{index}" if kind == "DDR" and platform.generation <= "201920" else f"{kind}[{index}]"


def _memories(platform: Platform, units: dict[str, Unit]) -> tuple[list[MemoryBank], dict[str, int]]:
    used = {tag for unit in units.values() for tags in unit.banks.values() for tag in tags}
    banks: list[MemoryBank] = []
    index: dict[str, int] = {}
    base = 0x4000000000
    for kind, (count, size) in platform.memories.items():
        if kind == "HOST":
            continue
        for at in range(count):
            index[f"{kind}[{at}]"] = len(banks)
            banks.append(
                MemoryBank(
                    _tag(platform, kind, at),
                    MEMORY_TYPES.index(_KINDS[kind]),
                    f"{kind}[{at}]" in used,
                    size // 1024,
                    base,
                )
            )
            base += size
    return banks, index


def compose(
    platform: Platform, units: dict[str, Unit], clocks: dict[str, float], target: str, release: str, part: str
) -> Xclbin:
    """Make the file. Raises ToolError if the emulation given is of another kernel."""
    mode = Mode.HW_EMU if target == "hw_emu" else Mode.FLAT
    layout = [
        IpLayoutEntry(f"{unit.kernel.name}:{unit.name}", BASE + 0x10000 * at, properties=1)
        for at, unit in enumerate(units.values())
    ]
    given = os.environ.get(PAYLOAD)
    if given:
        return _with_payload(Path(given), platform, units, clocks, mode, target, release)
    banks, index = _memories(platform, units)
    connections = [
        Connection(argument.id, at, index[tag])
        for at, unit in enumerate(units.values())
        for argument in unit.kernel.arguments
        for tag in unit.banks.get(argument.name, [])
        if tag in index
    ]
    described: dict[str, list[kernels.Instance]] = {}
    for unit, entry in zip(units.values(), layout, strict=True):
        described.setdefault(unit.kernel.name, []).append(kernels.Instance(unit.name, entry.base_address))
    seen = {unit.kernel.name: unit.kernel for unit in units.values()}
    metadata = kernels.write_xml(
        [_host_kernel(seen[name], tuple(instances)) for name, instances in described.items()],
        project="stand_in", platform_vbnv=platform.name, fpga=part, target=target, data_clock_mhz=clocks["0"], kernel_clock_mhz=clocks["1"],
    )  # fmt: skip
    return xclbin.compose(
        platform_vbnv=platform.name, mode=mode, metadata=metadata, memories=banks, ip_layout=layout, connections=connections,
        clocks=_clocks(clocks), bitstream=b"stand-in: no bitstream\n",
    )  # fmt: skip


def mirrored(file: Xclbin) -> bytes:
    """The file followed by the mirror that XRT's `XclBin::writeXclBinBinary` writes: header and sections as JSON.

    There is no gap before it, all values are texts, a newline precedes the closing mark, and `m_length` includes it. Of
    the sections' payloads the tools' mirror also contains a few tables.
    """
    header = file.header

    def text(data: bytes) -> str:
        return data.split(b"\0")[0].decode()

    members = [
        ("schema_version", {"major": "1", "minor": "0", "patch": "0"}),
        (
            "header",
            {
                "Magic": "xclbin2",
                "SignatureLength": header.signature_length.to_bytes(4, "little", signed=True).hex(),
                "KeyBlock": header.key_block.hex(),
                "UniqueID": header.unique_id.to_bytes(8, "little").hex(),
                "TimeStamp": str(header.timestamp_s),
                "FeatureRomTimeStamp": str(header.feature_rom_timestamp),
                "Version": ".".join(str(part) for part in header.version),
                "Mode": str(int(header.mode)),
                "InterfaceUUID": header.interface_uuid.hex(),
                "PlatformVBNV": header.platform_vbnv,
                "XclBinUUID": header.uuid.hex(),
                "DebugBin": text(header.debug_bin),
            },
        ),
    ]
    members += [
        ("section_header", {"Kind": str(int(section.kind)), "Name": section.name, "Offset": f"{section.offset:#x}", "Size": f"{len(section.data):#x}"})
        for section in file.sections
    ]  # fmt: skip
    # All sections are members with the same name, so a Python dict cannot hold them.
    inside = ",".join(f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}" for name, value in members)
    tail = f"XCLBIN_MIRROR_DATA_START{{{inside}}}\nXCLBIN_MIRROR_DATA_END".encode()
    return pack(replace(file, header=replace(header, length=header.length + len(tail)), tail=tail))


def _clocks(clocks: dict[str, float]) -> list[Clock]:
    names = {"0": ("DATA_CLK", "DATA"), "1": ("KERNEL_CLK", "KERNEL")}
    return [
        Clock(name=names[key][0], type=CLOCK_TYPES.index(names[key][1]), frequency_mhz=int(mhz))
        for key, mhz in clocks.items()
    ]


def _host_kernel(kernel: object, instances: tuple[kernels.Instance, ...]) -> kernels.Kernel:
    ports = tuple(
        kernels.Port(p.name, p.mode, p.bits, 0xFFFFFFFF if p.mode == "master" else 0x1000) for p in kernel.ports
    )
    arguments = tuple(
        kernels.KernelArgument(
            a.name,
            a.id,
            a.port,
            a.offset,
            8 if a.qualifier == 1 else 4,
            "void*" if a.qualifier == 1 else "uint",
            a.qualifier,
        )
        for a in kernel.arguments
    )
    return kernels.Kernel(kernel.name, kernel.vlnv, ports, arguments, instances)


def _with_payload(
    path: Path,
    platform: Platform,
    units: dict[str, Unit],
    clocks: dict[str, float],
    mode: Mode,
    target: str,
    release: str,
) -> Xclbin:
    try:
        given = xclbin.read(path)
        facts = manifest.from_json(given.manifest_json or "")
    except (FarmRuntimeError, ValueError) as error:
        raise ToolError("Stand-in 1-7", f"{PAYLOAD}: {error}") from error
    unit = units.get(facts.instance)
    if unit is None or len(units) != 1 or unit.kernel.name != facts.kernel:
        raise ToolError("Stand-in 1-7", f"{path} is of {facts.kernel}:{facts.instance}, linked is {', '.join(units)}")
    for kernel in kernels.read_xml(given.metadata or ""):
        theirs = {a.name: a.offset for a in kernel.arguments}
        ours = {a.name: a.offset for a in unit.kernel.arguments}
        if theirs != ours:
            raise ToolError("Stand-in 1-7", f"{path} has registers {theirs}, kernel.xml {ours}")
    banks, index = _memories(platform, units)
    connections = [Connection(a.id, 0, index[tag]) for a in unit.kernel.arguments for tag in unit.banks.get(a.name, [])]
    tags = {name: tuple(banks[index[tag]].tag for tag in tags) for name, tags in unit.banks.items()}
    tools = {**facts.tools, "v++": f"{release} (stand-in: the emulation of the open toolchain, no bitstream)"}
    arguments = tuple(replace(argument, banks=tags.get(argument.name, argument.banks)) for argument in facts.arguments)
    document = replace(facts, toolchain="vitis", target=target, tools=tools, clock_mhz=clocks["0"], arguments=arguments)
    return xclbin.compose(
        platform_vbnv=platform.name, mode=mode, metadata=(given.metadata or "").replace(_platform_words(given), _words(platform.name)),
        memories=banks, ip_layout=given.ip_layout, connections=connections, clocks=_clocks(clocks), manifest=document.to_json(),
        emulation=given.emulation, bitstream=b"stand-in: no bitstream\n",
    )  # fmt: skip


def _platform_words(given: Xclbin) -> str:
    return _words(given.header.platform_vbnv)


def _words(vbnv: str) -> str:
    vendor, board, *name, _, _ = vbnv.split("_")
    return f'vendor="{vendor}" boardid="{board}" name="{"_".join(name)}"'


def info(file: Xclbin, release: str, requested: dict[str, float] | None = None, command: str = "v++") -> str:
    """The text of `xclbinutil --info`."""
    vendor, board, *name, major, minor = file.header.platform_vbnv.split("_")
    rule = "=" * 78
    listed = kernels.read_xml(file.metadata or "")
    kinds = ", ".join(section.kind_name for section in file.sections)
    content = "Bitstream" if file.header.mode == Mode.FLAT else "HW Emulation Binary"
    lines = [
        "",
        rule,
        "XRT Build Version: 0.0.0 (stand-in)",
        "       Build Date: never",
        "          Hash ID: 0",
        rule,
        "xclbin Information",
        "-" * 18,
    ]
    lines += [
        f"   Generated by:           v++ ({release}) on 2022-01-01-00:00:00",
        "   Version:                0.0.0",
        f"   Kernels:                {', '.join(k.name for k in listed)}",
        "   Signature:              ",
        f"   Content:                {content}",
        f"   UUID (xclbin):          {file.header.uuid.hex()}",
        f"   Sections:               {kinds}",
        rule,
    ]
    lines += [
        "Hardware Platform (Shell) Information",
        "-" * 37,
        f"   Vendor:                 {vendor}",
        f"   Board:                  {board}",
        f"   Name:                   {'_'.join(name)}",
        f"   Version:                {major}.{minor}",
        f"   Generated Version:      Vivado {release} (stand-in)",
        f"   FPGA Device:            xc{board}",
        f"   Platform VBNV:          {file.header.platform_vbnv}",
        "",
    ]
    lines += ["Scalable Clocks", "------"]
    for at, clock in enumerate(file.clocks):
        lines += [
            f"   Name:      {clock.name}",
            f"   Index:     {at}",
            f"   Type:      {CLOCK_TYPES[clock.type]}",
            f"   Frequency: {clock.frequency_mhz} MHz",
            "",
        ]
    if requested is not None:
        lines += ["System Clocks", "------"]
        for at, clock in enumerate(file.clocks):
            lines += [
                f"   Name:           ulp_ucs_aclk_kernel_0{at} ",
                "   Type:           SCALABLE ",
                f"   Default Freq:   {'300' if at == 0 else '500'} MHz",
                f"   Requested Freq: {requested[str(at)]:g} MHz",
                f"   Achieved Freq:  {clock.frequency_mhz} MHz",
                "",
            ]
    lines += ["Memory Configuration", "-" * 20]
    for at, bank in enumerate(file.memories):
        lines += [
            f"   Name:         {bank.tag}",
            f"   Index:        {at}",
            f"   Type:         MEM_{bank.type_name}",
            f"   Base Address: {bank.base_address:#x}",
            f"   Address Size: {bank.size_bytes:#x}",
            f"   Bank Used:    {'Yes' if bank.used else 'No'}",
            "",
        ]
    lines.append(rule)
    for kernel in listed:
        lines += _kernel_lines(kernel, file)
    return "\n".join(
        [
            *lines,
            rule,
            "Generated By",
            "------------",
            "   Command:       v++",
            f"   Version:       {release} (stand-in)",
            f"   Command Line:  {command}",
            rule,
            "",
        ]
    )


def _kernel_lines(kernel: kernels.Kernel, file: Xclbin) -> list[str]:
    lines = [
        f"Kernel: {kernel.name}",
        "",
        "Definition",
        "----------",
        f"   Signature: {kernel.name} ({', '.join(f'{a.type} {a.name}' for a in kernel.arguments)})",
        "",
        "Ports",
        "-----",
    ]
    for port in kernel.ports:
        lines += [
            f"   Port:          {port.name}",
            f"   Mode:          {port.mode}",
            f"   Range (bytes): {port.range_bytes:#x}",
            f"   Data Width:    {port.data_width_bits} bits",
            "",
        ]
    for instance in kernel.instances:
        lines += ["-" * 26, f"Instance:        {instance.name}", f"   Base Address: {instance.base_address:#x}", ""]
        unit = next(at for at, entry in enumerate(file.ip_layout) if entry.name == f"{kernel.name}:{instance.name}")
        for argument in kernel.arguments:
            tags = [
                file.memories[c.memory_index]
                for c in file.connections
                if c.ip_index == unit and c.argument_index == argument.index
            ]
            lines += [
                f"   Argument:          {argument.name}",
                f"   Register Offset:   0x{argument.offset:X}",
                f"   Port:              {argument.port}",
            ]
            lines += [f"   Memory:            {bank.tag} (MEM_{bank.type_name})" for bank in tags] or [
                "   Memory:            <not applicable>"
            ]
            lines.append("")
    return lines
