"""The fixed parts of an axlf file: its header and the records of its section table.

Source of the layout: ``struct axlf`` in XRT's public ``xclbin.h``; 456 and 40 bytes, little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

MAGIC = b"xclbin2\0"
HEADER = struct.Struct("<8si28s256sQQQQHBBHH16s64s16s16sI4s")
RECORD = struct.Struct("<I16s4sQQ")
UUID_OFFSET = 0x1A0
# The volatile fields of the format; a constant keeps equal contents equal bytes.
TIMESTAMP_S = 1_583_884_800
XRT_VERSION = (2, 13, 466)
UNSIGNED = -1


class Mode(IntEnum):
    """``m_mode`` of the header: what kind of machine the file is for."""

    FLAT = 0
    PR = 1
    HW_EMU = 4
    SW_EMU = 5
    HW_EMU_PR = 6


class Kind(IntEnum):
    """Section kinds that this module knows by name; others are carried along untouched."""

    BITSTREAM = 0
    EMBEDDED_METADATA = 2
    MEM_TOPOLOGY = 6
    CONNECTIVITY = 7
    IP_LAYOUT = 8
    DEBUG_IP_LAYOUT = 9
    CLOCK_FREQ_TOPOLOGY = 11
    BUILD_METADATA = 14
    KEYVALUE_METADATA = 15
    USER_METADATA = 16
    PDI = 18
    PARTITION_METADATA = 20
    EMULATION_DATA = 21
    SYSTEM_METADATA = 22
    GROUP_TOPOLOGY = 26
    GROUP_CONNECTIVITY = 27


@dataclass(frozen=True)
class Header:
    """The 456 bytes at the start; raw fields are kept so that a foreign file packs back to the same bytes."""

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
        """The name of ``kind``, or ``KIND_<number>`` for one this module does not know."""
        return Kind(self.kind).name if self.kind in list(Kind) else f"KIND_{self.kind}"

    def pack(self) -> bytes:
        """The 40-byte record of the section table."""
        return RECORD.pack(self.kind, self.name_field, self.padding, self.offset, len(self.data))
