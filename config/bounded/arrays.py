"""Arrays of ``.npy`` and ``.npz`` files. The header is compared with the file before memory is taken.

``numpy.load`` takes what the header asks for, which a file of 200 bytes may put at terabytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .archive import CHUNK_BYTES, Archive, ArchiveError, open_archive
from .regular_file import budget_bytes, open_regular, size_of

Array = np.ndarray[Any, Any]

_MAGIC = b"\x93NUMPY"
# Bytes of the length of the header, by the version of the format.
_LENGTHS = {(1, 0): 2, (2, 0): 4}
_MOST_HEADER_BYTES = 10_000
_KINDS = "biufcSU"
# Of the budget, for everything but the values.
_RESERVE_BYTES = 16_000_000


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Arrays:
    """The arrays of an ``.npz`` by name; made by ``open_npz``."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.names = tuple(name.removesuffix(".npy") for name in archive.members)

    def read(self, name: str) -> Array:
        """One array. Raises ArchiveError, also for a name that is not there."""
        member = f"{name}.npy"
        if member not in self._archive.members:
            raise ArchiveError(f"has no array {name}; it holds {', '.join(self.names) or 'none'}")
        size = self._archive.members[member].file_size
        return _read(self._archive.stream(member), size, f"array {name}: ")


@contextmanager
def open_npz(path: Path) -> Iterator[Arrays]:
    """An archive of arrays that together fit the budget of its size. Raises OSError and ArchiveError."""
    with open_regular(path) as file:
        most_bytes = budget_bytes(size_of(file)) - _RESERVE_BYTES
        with open_archive(file, most_bytes=most_bytes) as archive:
            yield Arrays(archive)


def read_npy(path: Path) -> Array:
    """The array of an ``.npy``. Raises OSError and ArchiveError."""
    with open_regular(path) as file:
        return _read(file, size_of(file), "")


def is_npz(path: Path) -> bool:
    """Whether a file begins as an archive does, whatever its name. Raises OSError."""
    with open_regular(path) as file:
        return file.read(2) == b"PK"


def _read(stream: _Stream, size: int, where: str) -> Array:
    """An array of ``size`` bytes with its header."""
    shape, fortran_order, dtype, header_bytes = _header(stream, where)
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise ArchiveError(f"{where}holds {dtype}, not numbers or text")
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if needed > size - header_bytes:
        raise ArchiveError(f"{where}{dtype} {list(shape)} needs {needed:,} bytes, {size - header_bytes:,} are there")
    values = np.empty(count, dtype)
    bytes_of: Any = values.view(np.uint8)
    target = memoryview(bytes_of)
    while target:
        data = stream.read(min(len(target), CHUNK_BYTES))
        if not data:
            raise ArchiveError(f"{where}ends before its values do")
        target[: len(data)] = data
        target = target[len(data) :]
    return values.reshape(shape, order="F" if fortran_order else "C")


def _header(stream: _Stream, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and type of the values, and the bytes before them."""
    start = stream.read(8)
    if len(start) < 8 or not start.startswith(_MAGIC):
        raise ArchiveError(f"{where}is not an array of numpy.save")
    length = _LENGTHS.get((start[6], start[7]))
    if length is None:
        raise ArchiveError(f"{where}has format {start[6]}.{start[7]} of numpy.save; 1.0 and 2.0 are read")
    field = stream.read(length)
    size = int.from_bytes(field, "little")
    if size > _MOST_HEADER_BYTES:
        raise ArchiveError(f"{where}has a header of {size:,} bytes; at most {_MOST_HEADER_BYTES:,} are read")
    formats: Any = np.lib.format
    parse = formats.read_array_header_1_0 if length == 2 else formats.read_array_header_2_0
    try:
        shape, fortran_order, dtype = parse(io.BytesIO(field + stream.read(size)))
    except Exception as error:  # Python's own parser reads the header, and answers damage in many ways
        raise ArchiveError(
            f"{where}has a damaged header ({str(error).splitlines()[0] if str(error) else ''})"
        ) from error
    if any(isinstance(extent, bool) or extent < 0 for extent in shape):
        raise ArchiveError(f"{where}has the shape {list(shape)}")
    return shape, fortran_order, dtype, len(start) + length + size
