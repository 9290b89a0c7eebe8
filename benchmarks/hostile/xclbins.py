"""Xclbin files whose tables, texts and archives ask for more than the file holds."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from runtime.formats import kernels, manifest, xclbin
from runtime.formats.sections import Clock, Connection, IpLayoutEntry, MemoryBank

PLATFORM = "xilinx_u250_xdma_201830_2"
_HEADER_BYTES, _RECORD = 456, struct.Struct("<I16s4xQQ")
_LENGTH_AT, _COUNT_AT = 0x130, 0x1C0


def sound(parts: Mapping[str, bytes] | None = None, bitstream: bytes | None = None) -> bytes:
    """A file that nothing is wrong with: one kernel with one input and one output."""
    given = {"payload": b"no program", "memories": bytes(64)} if parts is None else parts
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in given.items()}
    facts = manifest.Manifest(
        "small", "small", "small_1", "open", "sw_emu", "hls", manifest.Parameters("trained", "0" * 64), 250.0,
        (
            manifest.Argument("in_r", (8, 8, 1), ("uint8",), "in", "image", ("bank0",)),
            manifest.Argument("out_r", (3,), ("uint32",), "out", "image", ("bank0",)),
        ),
        parts=digests,
        payload=manifest.PayloadFacts(digests["payload"], "x86_64", "2.34", "v2") if "payload" in digests else None,
    )  # fmt: skip
    argument = kernels.KernelArgument
    kernel = kernels.Kernel(
        "small",
        "a:hls:small:1.0",
        (kernels.Port("M", "master", 512, 0xFFFFFFFF), kernels.Port("S", "slave", 32, 0x1000)),
        (
            argument("in_r", 0, "M", 0x10, 8, "int*", kernels.POINTER),
            argument("out_r", 1, "M", 0x1C, 8, "int*", kernels.POINTER),
            argument("n", 2, "S", 0x28, 4, "uint", kernels.SCALAR),
        ),
        (kernels.Instance("small_1", 0x1800000),),
    )
    text = kernels.write_xml(
        [kernel], project="small", platform_vbnv=PLATFORM, fpga="f", target="sw_emu", data_clock_mhz=250,
        kernel_clock_mhz=500,
    )  # fmt: skip
    file = xclbin.compose(
        platform_vbnv=PLATFORM,
        mode=xclbin.Mode.SW_EMU,
        metadata=text,
        memories=[MemoryBank("bank0", 1, True, 16 << 20, 0)],
        ip_layout=[IpLayoutEntry("small:small_1", 0x1800000, 1, 1)],
        connections=[Connection(0, 0, 0), Connection(1, 0, 0)],
        clocks=[Clock("DATA_CLK", 250, 1)],
        manifest=facts.to_json(),
        emulation=given,
        bitstream=bitstream,
    )
    return xclbin.pack(file)


def with_sections(sections: Mapping[int, bytes]) -> bytes:
    """A file of these sections alone, whatever they hold."""
    data = bytearray(sound()[:_HEADER_BYTES])
    offset = _HEADER_BYTES + _RECORD.size * len(sections)
    for kind, body in sections.items():
        data += _RECORD.pack(kind, b"", offset, len(body))
        offset += len(body)
    struct.pack_into("<I", data, _COUNT_AT, len(sections))
    struct.pack_into("<Q", data, _LENGTH_AT, offset)
    return bytes(data) + b"".join(sections.values())


def replaced(kind: int, body: bytes) -> bytes:
    """The sound file with another body for one section."""
    found = xclbin.parse(sound())
    return with_sections({**{section.kind: section.data for section in found.sections}, kind: body})


def overlapping(path: Path, records: int, size: int) -> None:
    """Records that all name the same ``size`` bytes, those behind the table."""
    table_end = _HEADER_BYTES + _RECORD.size * records
    data = bytearray(sound()[:_HEADER_BYTES])
    struct.pack_into("<I", data, _COUNT_AT, records)
    struct.pack_into("<Q", data, _LENGTH_AT, table_end + size)
    # A kind that nobody decodes, so that only the copying counts.
    data += _RECORD.pack(100, b"", table_end, size) * records
    path.write_bytes(bytes(data) + bytes(size))


def table(path: Path, kind: int, head: str, record_bytes: int, records: int) -> None:
    """A section that is a table of so many records of zeros."""
    start = struct.pack(head, records)
    path.write_bytes(replaced(kind, start + bytes(record_bytes * records)))


def metadata(path: Path, body: str) -> None:
    """An XML text in place of the kernel's description."""
    path.write_bytes(replaced(xclbin.Kind.EMBEDDED_METADATA, body.encode()))


def kernel_text(arguments: int, instances: int) -> str:
    """A kernel of many arguments, of which PYNQ makes a copy for every instance."""
    arg = '<arg name="a{0}" addressQualifier="0" id="{0}" size="4" offset="{0}" hostSize="4" type="int"/>'
    instance = '<instance name="i{0}"><addrRemap base="{0}"/></instance>'
    inner = "".join(arg.format(n) for n in range(arguments)) + "".join(instance.format(n) for n in range(instances))
    inner = f'<kernel name="k" vlnv="v"><port name="S" mode="slave" range="0x1000"/>{inner}</kernel>'
    return f"<project><platform><device><core>{inner}</core></device></platform></project>"


def archive(path: Path, zip_file: bytes, *, behind_manifest: bool = False) -> None:
    """An archive in place of the emulation model, or behind the manifest."""
    if behind_manifest:
        text = xclbin.parse(sound()).manifest_json or ""
        path.write_bytes(replaced(xclbin.Kind.USER_METADATA, text.encode() + b"\0" + zip_file))
    else:
        path.write_bytes(replaced(xclbin.Kind.EMULATION_DATA, zip_file))


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    """The file with changed bytes, mostly in header, table and heads of sections, without end."""
    draw = random.Random(seed)
    (count,) = struct.unpack_from("<I", data, _COUNT_AT)
    records = [_RECORD.unpack_from(data, _HEADER_BYTES + _RECORD.size * index) for index in range(count)]
    table_end = _HEADER_BYTES + _RECORD.size * count
    while True:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 3)):
            where = draw.random()
            if where < 0.3:
                at = draw.randrange(_LENGTH_AT, _HEADER_BYTES)
            elif where < 0.6:
                at = draw.randrange(_HEADER_BYTES, table_end)
            elif where < 0.9:
                record = draw.choice(records)
                at = record[2] + draw.randrange(max(1, min(record[3], 200)))
            else:
                at = draw.randrange(len(data))
            value = draw.choice([b"\xff" * 8, bytes(8), draw.randbytes(1), draw.randbytes(4), struct.pack("<Q", at)])
            changed[at : at + len(value)] = value
        if draw.random() < 0.2:
            del changed[draw.randrange(len(changed)) :]
        if draw.random() < 0.7:
            # Else most of them would end at the length.
            changed[_LENGTH_AT : _LENGTH_AT + 8] = struct.pack("<Q", len(changed))
        yield bytes(changed)
