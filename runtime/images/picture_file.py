"""The parts of a PNG or JPEG file that make its pixels, and how it is to be turned.

Pillow reads everything that it knows in a file, and some of that unfolds without end: compressed comments, colour
profiles, EXIF fields that share their bytes. So it is given a file of the needed parts alone. A PNG whose data end
before its last row is refused here, since Pillow takes the missing rows for black.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from ..bounded.regular_file import open_regular, size_of

MOST_BYTES = 512 << 20
UPRIGHT = 1
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_CHUNK_BYTES = 1 << 20
# Of chunks and segments that are taken into memory to look at them: an EXIF field or a palette has some kB.
_MOST_PART_BYTES = 4 << 20
_NEEDED_CHUNKS = (b"IHDR", b"PLTE", b"tRNS")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Start and step of columns and rows of the seven passes of an interlaced PNG.
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
_SOS, _EOI, _APP1, _APP14 = 0xDA, 0xD9, 0xE1, 0xEE
_ORIENTATION = 0x0112
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])[\"'<]")


class PictureError(ValueError):
    """A file that is damaged or is not a picture; the message says which."""


class UnknownPictureError(PictureError):
    """A file that begins neither as a PNG nor as a JPEG."""


@dataclass(frozen=True)
class PictureFile:
    """``data`` is a file with the needed parts only. ``orientation`` is EXIF's, 1 to 8; ``size`` that of the file."""

    data: io.BytesIO
    orientation: int
    bits: int
    size: int


def read_parts(path: Path, *, whole: bool) -> PictureFile:
    """Read a picture file; without ``whole`` only as far as its pixels begin, which tells what it is.

    Raises OSError and PictureError.
    """
    with open_regular(path, most_bytes=MOST_BYTES) as file:
        start = file.read(len(_PNG))
        file.seek(0)
        if start == _PNG:
            reader: Callable[[BufferedReader, bool], tuple[io.BytesIO, int, int]] = _read_png
        elif start.startswith(_JPEG):
            reader = _read_jpeg
        else:
            raise UnknownPictureError("is no PNG, JPEG or .npy")
        data, orientation, bits = reader(file, whole)
        data.seek(0)
        return PictureFile(data, orientation if 1 <= orientation <= 8 else UPRIGHT, bits, size_of(file))


def _read_png(file: BufferedReader, whole: bool) -> tuple[io.BytesIO, int, int]:
    kept = io.BytesIO()
    kept.write(file.read(len(_PNG)))
    rows: _Rows | None = None
    orientation = None
    in_pixels = False
    while True:
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            if rows is None:
                raise PictureError("has pixels before its header")
            kept.write(head)
            if not whole:
                return kept, orientation or UPRIGHT, rows.bits
            in_pixels = True
            _copy(file, kept, length, rows.take)
            kept.write(file.read(4))
        elif (kind in _NEEDED_CHUNKS and not in_pixels) or kind == b"IEND":
            body = _body(file, length)
            kept.write(head + body + file.read(4))
            if kind == b"IHDR":
                rows = _Rows(body)
            if kind == b"IEND":
                break
        elif kind == b"eXIf" and length <= _MOST_PART_BYTES:
            orientation = _exif_orientation(_body(file, length))
            file.seek(4, io.SEEK_CUR)
        elif kind == b"iTXt" and length <= _MOST_PART_BYTES:
            body = _body(file, length)
            if orientation is None and body.startswith(b"XML:com.adobe.xmp\0\0"):
                orientation = _xmp_orientation(body)
            file.seek(4, io.SEEK_CUR)
        else:
            file.seek(length + 4, io.SEEK_CUR)
    if rows is None or not in_pixels:
        raise PictureError("has no pixels")
    rows.finish()
    return kept, orientation or UPRIGHT, rows.bits


class _Rows:
    """Counts the bytes that the compressed rows of a PNG unpack to, without keeping them."""

    def __init__(self, header: bytes) -> None:
        if len(header) != 13:
            raise PictureError("has a damaged header")
        width, height, self.bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
        if not width or not height or colour not in _SAMPLES or self.bits not in (1, 2, 4, 8, 16) or interlaced > 1:
            raise PictureError("has a damaged header")
        pixel_bits = self.bits * _SAMPLES[colour]
        sizes = [(width, height)]
        if interlaced:
            sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, dx, y, dy in _PASSES]
        self._missing = sum((1 + -(-columns * pixel_bits // 8)) * rows for columns, rows in sizes if columns > 0 < rows)
        self._unpacker = zlib.decompressobj()

    def take(self, data: bytes) -> None:
        """More of the compressed rows. Raises PictureError."""
        try:
            while data and self._missing > 0 and not self._unpacker.eof:
                self._missing -= len(self._unpacker.decompress(data, _CHUNK_BYTES))
                data = self._unpacker.unconsumed_tail
        except zlib.error as error:
            raise PictureError(f"has damaged pixels ({error})") from error

    def finish(self) -> None:
        """Raise PictureError where rows are missing."""
        while self._missing > 0 and not self._unpacker.eof:
            more = self._unpacker.decompress(self._unpacker.unconsumed_tail, _CHUNK_BYTES)
            if not more:
                break
            self._missing -= len(more)
        if self._missing > 0:
            raise PictureError(f"is truncated: {self._missing:,} bytes of its rows are missing")


def _read_jpeg(file: BufferedReader, whole: bool) -> tuple[io.BytesIO, int, int]:
    kept = io.BytesIO()
    kept.write(file.read(2))
    orientation = None
    while True:
        marker = _next_marker(file)
        if marker == _SOS:
            kept.write(bytes([0xFF, marker]))
            # Pillow looks a little further than the marker before it says what the file is.
            kept.write(file.read(_CHUNK_BYTES))
            while whole and (chunk := file.read(_CHUNK_BYTES)):
                kept.write(chunk)
            return kept, orientation or UPRIGHT, 8
        if marker == _EOI:
            raise PictureError("has no pixels")
        if 0xD0 <= marker <= 0xD8 or marker <= 0x01:
            continue
        head = file.read(2)
        length = int.from_bytes(head, "big") - 2
        if len(head) < 2 or length < 0:
            raise PictureError("has a damaged segment")
        if marker == _APP1:
            body = _body(file, length)
            if orientation is None and body.startswith(b"Exif\0\0"):
                orientation = _exif_orientation(body[6:])
            elif orientation is None and body.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
                orientation = _xmp_orientation(body)
        elif (not 0xE0 <= marker <= 0xEF and marker != 0xFE) or marker == _APP14:
            # APP14 tells which colours the components are.
            kept.write(bytes([0xFF, marker]) + head + _body(file, length))
        else:
            file.seek(length, io.SEEK_CUR)


def _next_marker(file: BufferedReader) -> int:
    """The code of the next marker; bytes that belong to no segment are skipped, as decoders do."""
    while byte := file.read(1):
        if byte != b"\xff":
            continue
        while byte == b"\xff":
            byte = file.read(1)
        if byte and byte != b"\0":
            return byte[0]
    raise PictureError("ends before its pixels")


def _body(file: BufferedReader, length: int) -> bytes:
    if length > _MOST_PART_BYTES:
        raise PictureError(f"has a part of {length:,} bytes; at most {_MOST_PART_BYTES:,} are read")
    data = file.read(length)
    if len(data) < length:
        raise PictureError("is truncated")
    return data


def _copy(file: BufferedReader, target: io.BytesIO, length: int, look: Callable[[bytes], None]) -> None:
    while length > 0:
        data = file.read(min(length, _CHUNK_BYTES))
        if not data:
            raise PictureError("is truncated")
        look(data)
        target.write(data)
        length -= len(data)


def _exif_orientation(data: bytes) -> int | None:
    """The orientation in an EXIF field: a TIFF header, then records of tag, type, count and value in 12 bytes."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return None
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        return None
    (count,) = struct.unpack_from(f"{order}H", data, at)
    for record in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, number, value = struct.unpack_from(f"{order}HHIH", data, record)
        if (tag, kind, number) == (_ORIENTATION, 3, 1):
            return int(value)
    return None


def _xmp_orientation(data: bytes) -> int | None:
    found = _XMP_ORIENTATION.search(data)
    return int(found[1]) if found else None
