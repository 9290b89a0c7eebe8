"""PNG and JPEG files that are small and large at once, or lack rows."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cache

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with the right checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int,
    height: int,
    rows: bytes,
    *,
    bits: int = 8,
    colour: int = GREY,
    interlaced: bool = False,
    before: Sequence[bytes] = (),
    after: Sequence[bytes] = (),
) -> bytes:
    """A file of this size whose compressed rows are ``rows``, with more chunks before or after them."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    inner = [chunk(b"IHDR", head), *before, chunk(b"IDAT", rows), *after, chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(inner)


@cache
def zeros(size: int) -> bytes:
    """So many zero bytes, as zlib compresses them."""
    work = zlib.compressobj(9)
    part = bytes(1 << 20)
    found = b"".join(work.compress(part[: min(len(part), size - at)]) for at in range(0, size, len(part)))
    return found + work.flush()


def bomb(width: int, height: int, *, bits: int = 8, colour: int = GREY, interlaced: bool = False) -> bytes:
    """A black picture of this size, all rows there."""
    samples = 3 if colour == RGB else 1
    palette = [chunk(b"PLTE", bytes(3))] if colour == PALETTE else []
    size = height * (1 + -(-width * bits * samples // 8))
    # Of the seven passes together: some more bytes than rows without interlacing.
    return png(
        width, height, zeros(size + (height if interlaced else 0) * 8), bits=bits, colour=colour,
        interlaced=interlaced, before=palette,
    )  # fmt: skip


def missing_rows(width: int, height: int, there: int) -> bytes:
    """The first rows, and an end of the data that claims to be whole."""
    return png(width, height, zlib.compress(there * (b"\0" + bytes([200]) * width)))


def texts(count: int, characters: int, kind: bytes = b"zTXt", *, behind: bool = False) -> bytes:
    """A pixel, and compressed comments, before or behind it."""
    body = b"key\0\0" if kind == b"zTXt" else b"key\0\1\0\0\0"
    name = b"icc\0\0" if kind == b"iCCP" else body
    comments = [chunk(kind, name + zeros(characters))] * count
    row = zlib.compress(b"\0\0")
    return png(1, 1, row, after=comments) if behind else png(1, 1, row, before=comments)


def frames(count: int, width: int, height: int) -> bytes:
    """An animation of small frames that are compressed zeros."""
    pictures = [Image.new("L", (width, height), n % 255) for n in range(2)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "PNG", save_all=True, append_images=(pictures * count)[1:count])
    return buffer.getvalue()


def jpeg(width: int, height: int, *, progressive: bool = False, mode: str = "RGB", orientation: int = 0) -> bytes:
    """A black picture of this size."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.new(mode, (width, height)).save(buffer, "JPEG", progressive=progressive, quality=10, exif=exif)
    return buffer.getvalue()


def resized_jpeg(width: int, height: int) -> bytes:
    """A picture of 8 by 8 pixels whose header says another size."""
    data = bytearray(jpeg(8, 8))
    at = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, height, width)
    return bytes(data)


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    """The picture with changed bytes and, in a PNG, right checksums, without end."""
    draw = random.Random(seed)
    is_png = data.startswith(SIGNATURE)
    while True:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(8 if is_png else 2, len(data) - 4)
            value = draw.choice([b"\xff" * 4, bytes(4), draw.randbytes(1), draw.randbytes(4)])
            changed[at : at + len(value)] = value
        if draw.random() < 0.2:
            del changed[draw.randrange(8, len(changed)) :]
        yield _checked(bytes(changed)) if is_png else bytes(changed)


def _checked(data: bytes) -> bytes:
    """The file with the checksums that its chunks ask for."""
    found, at = [data[:8]], 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if at + 12 + size > len(data):
            break
        found.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return b"".join(found) + data[at:]


def shared_exif(size: int) -> bytes:
    """A pixel with an EXIF field of this size, of which every record names the whole."""
    return png(1, 1, zlib.compress(b"\0\0"), before=[chunk(b"eXIf", _shared_records(size))])


def shared_exif_jpeg() -> bytes:
    """The same in a JPEG, where such a field has at most 64 kB; without the resolution that spares Pillow a look."""
    plain = jpeg(8, 8)
    field = b"Exif\0\0" + _shared_records(65_000)
    # Behind the start come the fields of JFIF, with a resolution, and of EXIF.
    at = plain.find(b"\xff\xdb")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(field) + 2) + field + plain[at:]


def _shared_records(size: int) -> bytes:
    """A TIFF header and records of 12 bytes: tag, type (undefined), count and place."""
    count = min(60_000, (size - 14) // 12)
    records = b"".join(struct.pack("<HHII", 0x4000 + n % 0x8000, 7, size - 8, 8) for n in range(count))
    return (b"II*\0" + struct.pack("<IH", 8, count) + records).ljust(size, b"\0")
