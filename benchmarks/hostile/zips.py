"""Zip archives that unpack to more than they have, or to something else than they say."""

from __future__ import annotations

import random
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
DEFLATE = 8


@dataclass(frozen=True)
class Entry:
    """A row of the table of contents. What it says need not be what stands at ``offset``."""

    name: bytes
    offset: int
    compressed: int
    size: int
    crc: int = 0
    method: int = DEFLATE
    flags: int = 0

    def local(self, extra: int = 0) -> bytes:
        """The header in front of the bytes."""
        head = (b"PK\3\4", 20, self.flags, self.method, 0, 0x21)
        return _LOCAL.pack(*head, self.crc, self.compressed, self.size, len(self.name), extra) + self.name

    def central(self) -> bytes:
        """The row of the table."""
        head = (b"PK\1\2", 20, 20, self.flags, self.method, 0, 0x21)
        sizes = (self.crc, self.compressed, self.size, len(self.name), 0, 0, 0, 0, 0)
        return _CENTRAL.pack(*head, *sizes, self.offset) + self.name


def table(entries: Sequence[Entry], at: int, count: int | None = None) -> bytes:
    """A table of contents that begins at byte ``at``, and the end of the archive."""
    rows = b"".join(entry.central() for entry in entries)
    number = min(len(entries) if count is None else count, 0xFFFF)
    return rows + _END.pack(b"PK\5\6", 0, 0, number, number, len(rows), at, 0)


def deflated(data: bytes, level: int = 9) -> bytes:
    """The bytes as deflate stores them in an archive."""
    work = zlib.compressobj(level, zlib.DEFLATED, -15)
    return work.compress(data) + work.flush()


@cache
def zeros(size: int) -> bytes:
    """So many zero bytes, deflated, without ever having them."""
    work = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = bytes(1 << 20)
    found = b"".join(work.compress(part[: min(len(part), size - at)]) for at in range(0, size, len(part)))
    return found + work.flush()


def bomb(path: Path, name: str, size: int) -> None:
    """One member of zeros."""
    _one(path, name, zeros(size), size, _crc_of_zeros(size))


def _one(path: Path, name: str, body: bytes, size: int, crc: int) -> None:
    entry = Entry(name.encode(), 0, len(body), size, crc)
    start = entry.local() + body
    path.write_bytes(start + table([entry], len(start)))


def shared(path: Path, names: Sequence[str], data: bytes, method: int = DEFLATE) -> None:
    """Every member has the same bytes: all rows of the table name the same place."""
    body = deflated(data) if method == DEFLATE else data
    entries = [Entry(name.encode(), 0, len(body), len(data), zlib.crc32(data), method) for name in names]
    # One header can have one name only; readers that compare names stop at the second member.
    start = entries[0].local() + body
    path.write_bytes(start + table(entries, len(start)))


def quoted(path: Path, names: Sequence[str], kernel_bytes: int) -> None:
    """Every member unpacks to a kernel of zeros at the end, past the headers of those between.

    A stored block of deflate in front of each header makes it data of the member before (D. Fifield, "A better zip
    bomb", 2019). All sizes and checksums are right.
    """
    body = zeros(kernel_bytes)
    crc, size = _crc_of_zeros(kernel_bytes), kernel_bytes
    entry = Entry(names[-1].encode(), 0, len(body), size, crc)
    pieces = [entry.local() + body]
    entries = [entry]
    for name in reversed(names[:-1]):
        header = entries[0].local()
        quote = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF)
        crc = _crc_before(header, crc, size)
        size += len(header)
        entry = Entry(name.encode(), 0, len(quote) + len(header) + entries[0].compressed, size, crc)
        entries.insert(0, entry)
        pieces.insert(0, entry.local() + quote)
    found, at = [], 0
    for entry, piece in zip(entries, pieces, strict=True):
        found.append(replace(entry, offset=at))
        at += len(piece)
    path.write_bytes(b"".join(pieces) + table(found, at))


@cache
def _crc_of_zeros(size: int) -> int:
    crc, part = 0, bytes(1 << 20)
    for at in range(0, size, len(part)):
        crc = zlib.crc32(part[: min(len(part), size - at)], crc)
    return crc


def _crc_before(head: bytes, crc: int, size: int) -> int:
    """The checksum of ``head`` and ``size`` bytes whose own is ``crc``, by squaring the step of one zero bit."""

    def times(matrix: list[int], vector: int) -> int:
        total = 0
        for row in matrix:
            if vector & 1:
                total ^= row
            vector >>= 1
        return total

    # As crc32_combine of zlib: the operator of one zero bit, squared to that of one byte, and on.
    operator = [0xEDB88320, *(1 << bit for bit in range(31))]
    for _ in range(3):
        operator = [times(operator, row) for row in operator]
    shifted = zlib.crc32(head)
    while size:
        if size & 1:
            shifted = times(operator, shifted)
        operator = [times(operator, row) for row in operator]
        size >>= 1
    return shifted ^ crc


def crowded(path: Path, members: int) -> None:
    """A table of empty members without names that all stand at one place, and says that it has few."""
    entry = Entry(b"", 0, 0, 0, 0, 0)
    start = entry.local()
    rows = entry.central() * members
    end = _END.pack(b"PK\5\6", 0, 0, 5, 5, len(rows), len(start), 0)
    path.write_bytes(start + rows + end)


def understated(path: Path, name: str, size: int) -> None:
    """A member of zeros whose row says ten bytes."""
    _one(path, name, zeros(size), 10, zlib.crc32(bytes(10)))


def overstated(path: Path, name: str, size: int) -> None:
    """A member of ten bytes whose row says more."""
    _one(path, name, deflated(bytes(10)), size, zlib.crc32(bytes(10)))


def other_method(path: Path, name: str, method: int, size: int) -> None:
    """A member compressed by bzip2 (12) or LZMA (14), whose decoder may take what its header asks for."""
    with zipfile.ZipFile(path, "w", method) as archive, archive.open(name, "w") as member:
        part = bytes(1 << 20)
        for _ in range(size >> 20):
            member.write(part)


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    """The archive with changed bytes, mostly where its structure is, without end."""
    draw = random.Random(seed)
    marks = [at for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6") for at in _all(data, mark)]
    while True:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            near = (
                draw.choice(marks) + draw.randrange(46) if marks and draw.random() < 0.8 else draw.randrange(len(data))
            )
            value = draw.choice([b"\xff" * 4, b"\0" * 4, draw.randbytes(4), draw.randbytes(1)])
            changed[near : near + len(value)] = value
        if draw.random() < 0.2:
            del changed[draw.randrange(len(changed)) :]
        yield bytes(changed)


def _all(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)
