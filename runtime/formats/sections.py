"""Records of the section bodies that hold tables: memory banks, compute units, connections and clocks.

Sources of the layouts: ``mem_data``, ``ip_data``, ``connection`` and ``clock_freq`` in XRT's public ``xclbin.h``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from ..errors import XclbinError

MEMORY_TYPES = (
    "DDR3", "DDR4", "DRAM", "STREAMING", "PREALLOCATED", "ARE", "HBM", "BRAM", "URAM", "STREAMING_CONNECTION", "HOST",
)  # fmt: skip
STREAM = 9
CLOCK_TYPES = ("UNUSED", "DATA", "KERNEL", "SYSTEM")
KERNEL_IP = 1
MOST_RECORDS = 10_000
"""Of one table. A card has fewer than a hundred memories; a record of 12 bytes takes some 200 as an object."""


class Record(Protocol):
    """A fixed-size record of a table: how the table counts, where records begin, and both directions of one record."""

    count: ClassVar[str]
    start: ClassVar[int]
    layout: ClassVar[struct.Struct]

    def pack(self) -> bytes:
        """The bytes of the record; XclbinError where a value does not fit."""

    @classmethod
    def unpack(cls: type[R], data: bytes) -> R:
        """The record that these bytes are."""


R = TypeVar("R", bound=Record)


def _name(text: str, size: int, where: str) -> bytes:
    """``text`` as a NUL-terminated field of ``size`` bytes; a cut name would silently be another name."""
    data = text.encode()
    if len(data) >= size or b"\0" in data:
        raise XclbinError(
            f"name {text!r} has {len(data)} bytes, the field holds {size - 1}", where=where, remedy="shorten the name"
        )
    return data.ljust(size, b"\0")


def _text(data: bytes, where: str) -> str:
    try:
        return data.split(b"\0")[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise XclbinError(f"name {data!r} is not UTF-8", where=where, remedy="rebuild the file") from error


def _pack(layout: struct.Struct, where: str, *values: int | bytes) -> bytes:
    try:
        return layout.pack(*values)
    except struct.error as error:
        raise XclbinError(f"a number does not fit ({error})", where=where, remedy="check the values") from error


@dataclass(frozen=True)
class MemoryBank:
    """One memory of the card. ``size_kib`` and ``base_address`` hold route and flow ids where the type is a stream."""

    count: ClassVar[str] = "<i4x"
    start: ClassVar[int] = 8
    layout: ClassVar[struct.Struct] = struct.Struct("<BB6xQQ16s")

    tag: str
    type: int
    used: bool
    size_kib: int
    base_address: int

    @property
    def type_name(self) -> str:
        """Name of the memory technology, or its number where it has none."""
        return MEMORY_TYPES[self.type] if self.type < len(MEMORY_TYPES) else str(self.type)

    @property
    def size_bytes(self) -> int:
        """Capacity; the file counts in KiB."""
        return self.size_kib * 1024

    def pack(self) -> bytes:
        """40 bytes."""
        where = f"MEM_TOPOLOGY, bank {self.tag!r}"
        if not 0 <= self.type <= STREAM:
            raise XclbinError(f"memory type {self.type}", where=where, remedy=f"PYNQ knows types 0 to {STREAM}")
        tag = _name(self.tag, 16, where)
        return _pack(self.layout, where, self.type, self.used, self.size_kib, self.base_address, tag)

    @classmethod
    def unpack(cls, data: bytes) -> MemoryBank:
        """From 40 bytes."""
        kind, used, size_kib, base, tag = cls.layout.unpack(data)
        return cls(_text(tag, "MEM_TOPOLOGY"), kind, bool(used), size_kib, base)


@dataclass(frozen=True)
class IpLayoutEntry:
    """One compute unit; ``name`` is ``kernel:instance``, ``type`` 1 is a kernel."""

    count: ClassVar[str] = "<i4x"
    start: ClassVar[int] = 8
    layout: ClassVar[struct.Struct] = struct.Struct("<IIQ64s")

    name: str
    base_address: int
    type: int = KERNEL_IP
    properties: int = 0

    def pack(self) -> bytes:
        """80 bytes."""
        where = f"IP_LAYOUT, {self.name!r}"
        return _pack(self.layout, where, self.type, self.properties, self.base_address, _name(self.name, 64, where))

    @classmethod
    def unpack(cls, data: bytes) -> IpLayoutEntry:
        """From 80 bytes."""
        kind, properties, base, name = cls.layout.unpack(data)
        return cls(_text(name, "IP_LAYOUT"), base, kind, properties)


@dataclass(frozen=True)
class Connection:
    """Argument ``argument_index`` (the XML ``id``) of compute unit ``ip_index`` reaches bank ``memory_index``."""

    count: ClassVar[str] = "<i"
    start: ClassVar[int] = 4
    layout: ClassVar[struct.Struct] = struct.Struct("<iii")

    argument_index: int
    ip_index: int
    memory_index: int

    def pack(self) -> bytes:
        """12 bytes."""
        return _pack(self.layout, "CONNECTIVITY", self.argument_index, self.ip_index, self.memory_index)

    @classmethod
    def unpack(cls, data: bytes) -> Connection:
        """From 12 bytes."""
        return cls(*cls.layout.unpack(data))


@dataclass(frozen=True)
class Clock:
    """A clock; the file holds whole MHz. ``type`` is 1 DATA, 2 KERNEL, 3 SYSTEM."""

    count: ClassVar[str] = "<h"
    start: ClassVar[int] = 2
    layout: ClassVar[struct.Struct] = struct.Struct("<HB5x128s")

    name: str
    frequency_mhz: int
    type: int

    @property
    def type_name(self) -> str:
        """Name of the type, or its number where it has none."""
        return CLOCK_TYPES[self.type] if self.type < len(CLOCK_TYPES) else str(self.type)

    def pack(self) -> bytes:
        """136 bytes."""
        where = f"CLOCK_FREQ_TOPOLOGY, {self.name!r}"
        if not 0 <= self.type < len(CLOCK_TYPES):
            raise XclbinError(f"clock type {self.type}", where=where, remedy="use 1 DATA, 2 KERNEL or 3 SYSTEM")
        return _pack(self.layout, where, self.frequency_mhz, self.type, _name(self.name, 128, where))

    @classmethod
    def unpack(cls, data: bytes) -> Clock:
        """From 136 bytes."""
        frequency_mhz, kind, name = cls.layout.unpack(data)
        return cls(_text(name, "CLOCK_FREQ_TOPOLOGY"), frequency_mhz, kind)


def encode(values: Sequence[MemoryBank | IpLayoutEntry | Connection | Clock], where: str) -> bytes:
    """A section body of these records (all of one type, at least one)."""
    first = values[0]
    try:
        head = struct.pack(first.count, len(values))
    except struct.error as error:
        raise XclbinError(f"{len(values)} records do not fit", where=where, remedy="use fewer") from error
    return head.ljust(first.start, b"\0") + b"".join(value.pack() for value in values)


def decode(record: type[R], data: bytes | None, where: str) -> tuple[R, ...]:
    """The records of a section body; none where the file has no such section."""
    if data is None:
        return ()
    if len(data) < record.start:
        raise XclbinError(f"{len(data)} bytes are too few", where=where, remedy="rebuild the file")
    (count,) = struct.unpack_from(record.count, data)
    size = record.layout.size
    # A reader that believes the count (PYNQ's ctypes parser does) walks out of the section and reads foreign memory.
    if count < 0 or record.start + count * size > len(data):
        raise XclbinError(
            f"{count} records of {size} bytes do not fit into {len(data)} bytes", where=where, remedy="rebuild the file"
        )
    if count > MOST_RECORDS:
        raise XclbinError(
            f"has {count} records; at most {MOST_RECORDS} are read", where=where, remedy="rebuild the file"
        )
    spans = range(record.start, record.start + count * size, size)
    return tuple(record.unpack(data[start : start + size]) for start in spans)
