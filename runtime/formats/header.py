"""The fixed parts of an axlf file: its header and the records of its section table.

Source of the layout: ``struct axlf`` in XRT's public ``xclbin.h``; 456 and 40 bytes, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import IO, NamedTuple

from ..errors import XclbinError

MAGIC = b"xclbin2\0"
HEADER = struct.Struct("<8si28s256sQQQQHBBHH16s64s16s16sI4s")
RECORD = struct.Struct("<I16s4sQQ")
UUID_OFFSET = 0x1A0
# The volatile fields of the format; a constant keeps equal contents equal bytes.
TIMESTAMP_S = 1_583_884_800
XRT_VERSION = (2, 13, 466)
UNSIGNED = -1
MOST_SECTIONS = 1024
"""There are some 40 kinds of sections, and few of them come more than once."""


class Mode(IntEnum):
    """``m_mode`` of the header: the kind of machine that the file is for."""

    FLAT = 0
    PR = 1
    HW_EMU = 4
    SW_EMU = 5
    HW_EMU_PR = 6


class Kind(IntEnum):
    """Kinds of sections, as XRT's `xclbin.h` names them; the groups as xclbinutil prints them, without `ASK_`.

    Sections that this package does not read are carried along untouched.
    """

    BITSTREAM = 0
    CLEARING_BITSTREAM = 1
    EMBEDDED_METADATA = 2
    FIRMWARE = 3
    DEBUG_DATA = 4
    SCHED_FIRMWARE = 5
    MEM_TOPOLOGY = 6
    CONNECTIVITY = 7
    IP_LAYOUT = 8
    DEBUG_IP_LAYOUT = 9
    DESIGN_CHECK_POINT = 10
    CLOCK_FREQ_TOPOLOGY = 11
    MCS = 12
    BMC = 13
    BUILD_METADATA = 14
    KEYVALUE_METADATA = 15
    USER_METADATA = 16
    DNA_CERTIFICATE = 17
    PDI = 18
    BITSTREAM_PARTIAL_PDI = 19
    PARTITION_METADATA = 20
    EMULATION_DATA = 21
    SYSTEM_METADATA = 22
    SOFT_KERNEL = 23
    ASK_FLASH = 24
    AIE_METADATA = 25
    GROUP_TOPOLOGY = 26
    GROUP_CONNECTIVITY = 27
    SMARTNIC = 28
    AIE_RESOURCES = 29
    OVERLAY = 30
    VENDER_METADATA = 31
    AIE_PARTITION = 32
    IP_METADATA = 33
    AIE_RESOURCES_BIN = 34
    AIE_TRACE_METADATA = 35


@dataclass(frozen=True)
class Header:
    """The 456 bytes at the start; raw fields are kept, so a foreign file packs back to the same bytes."""

    length: int
    platform: bytes
    uuid: bytes
    mode: int
    timestamp_s: int = TIMESTAMP_S
    unique_id: int = TIMESTAMP_S & 0xFFFFFFFF
    version: tuple[int, int, int] = XRT_VERSION
    feature_rom_timestamp: int = 0
    signature_length: int = UNSIGNED
    reserved: bytes = b"\xff" * 28
    key_block: bytes = b"\xff" * 256
    action_mask: int = 0
    interface_uuid: bytes = bytes(16)
    debug_bin: bytes = bytes(16)
    padding: bytes = bytes(4)

    @property
    def platform_vbnv(self) -> str:
        """Vendor, board, name and version of the platform, as in ``xilinx_u250_xdma_201830_2``."""
        return self.platform.split(b"\0")[0].decode("utf-8", "replace")

    @property
    def mode_name(self) -> str:
        """The name of ``mode``, or its number where it has none."""
        return Mode(self.mode).name if self.mode in list(Mode) else str(self.mode)

    def pack(self, section_count: int) -> bytes:
        """The header as it stands in a file with that many sections."""
        major, minor, patch = self.version
        return HEADER.pack(
            MAGIC, self.signature_length, self.reserved, self.key_block, self.unique_id, self.length, self.timestamp_s,
            self.feature_rom_timestamp, patch, major, minor, self.mode, self.action_mask, self.interface_uuid,
            self.platform, self.uuid, self.debug_bin, section_count, self.padding,
        )  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One section: its record in the table and its bytes."""

    kind: int
    name_field: bytes
    offset: int
    data: bytes = field(repr=False)
    padding: bytes = bytes(4)

    @property
    def name(self) -> str:
        """The free text of the record; PYNQ does not look at it."""
        return self.name_field.split(b"\0")[0].decode("utf-8", "replace")

    @property
    def kind_name(self) -> str:
        """The name of ``kind``, as ``kind_name`` gives it."""
        return kind_name(self.kind)

    def pack(self) -> bytes:
        """The 40-byte record of the section table."""
        return RECORD.pack(self.kind, self.name_field, self.padding, self.offset, len(self.data))


class Place(NamedTuple):
    """A record of the section table that was read: where in the file the bytes of the section are."""

    kind: int
    name_field: bytes
    padding: bytes
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Offset of the first byte behind the section."""
        return self.offset + self.size


def read_header(file: IO[bytes], size: int) -> tuple[Header, int]:
    """The header of a file of ``size`` bytes, and the number of its sections. Raises XclbinError."""
    data = file.read(HEADER.size)
    if data[: len(MAGIC)] != MAGIC:
        if MAGIC.startswith(data[: len(MAGIC)]):
            raise XclbinError(f"truncated: {len(data)} bytes", where="header", remedy="copy the file again")
        raise XclbinError(
            f"does not begin with 'xclbin2' but with {data[:8]!r}",
            where="offset 0",
            remedy="give an .xclbin file (axlf format)",
        )
    if len(data) < HEADER.size:
        raise XclbinError(
            f"truncated: {len(data)} of {HEADER.size} bytes of the header", where="header", remedy="copy the file again"
        )
    (
        _, signature_length, reserved, key_block, unique_id, length, timestamp_s, rom_timestamp, patch, major, minor,
        mode, action_mask, interface_uuid, platform, uuid, debug_bin, count, padding,
    ) = HEADER.unpack(data)  # fmt: skip
    if length != size:
        what = "truncated: " if length > size else ""
        raise XclbinError(
            f"{what}the header says {length} bytes, the file has {size}",
            where="header, m_length at 0x130",
            remedy="copy the file again or rebuild it",
        )
    header = Header(
        length=length, platform=platform, uuid=uuid, mode=mode, timestamp_s=timestamp_s, unique_id=unique_id,
        version=(major, minor, patch), feature_rom_timestamp=rom_timestamp, signature_length=signature_length,
        reserved=reserved, key_block=key_block, action_mask=action_mask, interface_uuid=interface_uuid,
        debug_bin=debug_bin, padding=padding,
    )  # fmt: skip
    return header, count


def read_table(file: IO[bytes], size: int, count: int) -> list[Place]:
    """The section table of a file of ``size`` bytes, which stands behind the header.

    Raises XclbinError for sections that lie outside the file, overlap, or are too many. So the sections together are
    never larger than the file.
    """
    if count > MOST_SECTIONS:
        raise XclbinError(
            f"says that it has {count} sections; at most {MOST_SECTIONS} are read",
            where="header, m_numSections at 0x1c0",
            remedy="rebuild the file",
        )
    if table_end(count) > size:
        raise XclbinError(
            f"a table of {count} sections does not fit into {size} bytes",
            where="header, m_numSections at 0x1c0",
            remedy="rebuild the file",
        )
    places = [Place(*RECORD.unpack(file.read(RECORD.size))) for _ in range(count)]
    for index, place in enumerate(places):
        if place.end > size:
            raise XclbinError(
                f"bytes {place.offset} to {place.end} lie outside the file of {size} bytes",
                where=f"section {index} (kind {place.kind})",
                remedy="rebuild the file",
            )
    check_apart([(place.kind, place.offset, place.end) for place in places])
    return places


def table_end(count: int) -> int:
    """Offset of the first byte behind a table of so many sections."""
    return HEADER.size + RECORD.size * count


def check_apart(spans: Sequence[tuple[int, int, int]]) -> None:
    """Raise XclbinError where two sections, given as kind, first byte and end, or one and the table, share bytes."""
    end, before = table_end(len(spans)), "the section table"
    for kind, start, after in sorted(spans, key=lambda span: span[1:]):
        if start == after:
            continue
        if start < end:
            raise XclbinError(
                f"overlaps {before}, which ends at byte {end}",
                where=f"section {kind_name(kind)} at byte {start}",
                remedy="rebuild the file",
            )
        end, before = after, kind_name(kind)


def kind_name(kind: int) -> str:
    """The name of a kind of section, or ``KIND_<number>`` for one that this module does not know."""
    return Kind(kind).name if kind in list(Kind) else f"KIND_{kind}"
