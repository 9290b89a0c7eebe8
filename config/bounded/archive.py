"""Zip archives whose table of contents is compared with the file before anything is unpacked.

``zipfile`` believes the table: members may share bytes, with which a small file unpacks to gigabytes; a long table
takes twenty times its size; a member that claims to be small is unpacked whole before it is cut.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

CHUNK_BYTES = 1 << 20
MOST_MEMBERS = 20_000
# The members of an archive become objects of some 700 bytes each, before anything of them can be checked.
_MOST_TABLE_BYTES = 2_500_000
_LOCAL_HEADER = struct.Struct("<4s22xHH")


def most_unpacked(size: int) -> int:
    """Bytes that an archive of this size may unpack to where they are never in memory at once.

    Deflate reaches a factor of a thousand on zeros alone; archives of tools stay below ten.
    """
    return 100 * size + 64_000_000


class ArchiveError(ValueError):
    """An archive that is damaged, ambiguous or beyond a limit; the message says which."""


class Archive:
    """The members of an archive, sound as far as the table tells; made by ``open_archive``."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, zipfile.ZipInfo] = {entry.filename: entry for entry in archive.infolist()}

    def stream(self, name: str) -> Member:
        """A member to be read from its start. Raises ArchiveError."""
        with _named_errors(name):
            return Member(name, self._archive.open(self.members[name]))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, piece by piece. Raises ArchiveError."""
        stream = self.stream(name)
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk

    def read(self, name: str) -> bytes:
        """A whole member. Raises ArchiveError."""
        # Its value is the buffer itself: joining the pieces would take their size twice.
        data = io.BytesIO()
        for chunk in self.chunks(name):
            data.write(chunk)
        return data.getvalue()


class Member:
    """A member of an archive, as a file that reads forward."""

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self._name = name
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """At most this many bytes, and never over ``CHUNK_BYTES``; none at the end. Raises ArchiveError."""
        with _named_errors(self._name):
            return self._stream.read(min(size, CHUNK_BYTES))


@contextmanager
def open_archive(file: IO[bytes], *, most_bytes: int, stored: bool = False) -> Iterator[Archive]:
    """An archive whose members unpack to at most ``most_bytes`` together; with ``stored``, none may be compressed.

    Raises ArchiveError for a damaged table, two members of one name, members that share bytes, encryption, a method
    other than deflate, more than 20,000 members, and more bytes than allowed.
    """
    with _named_errors():
        archive = zipfile.ZipFile(_Reader(file))
    with archive:
        with _named_errors():
            _check_members(file, archive, most_bytes, stored)
        yield Archive(archive)


class _Reader(io.BufferedIOBase):
    """What zipfile reads from: one read is at most as large as a table of contents may be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._file.read(_MOST_TABLE_BYTES + 1 if size is None or size < 0 else min(size, _MOST_TABLE_BYTES + 1))
        if len(data) > _MOST_TABLE_BYTES:
            raise ArchiveError(f"the table of contents has more than {_MOST_TABLE_BYTES:,} bytes")
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _check_members(file: IO[bytes], archive: zipfile.ZipFile, most_bytes: int, stored: bool) -> None:
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if len(entries) > MOST_MEMBERS:
        raise ArchiveError(f"has {len(entries):,} members; at most {MOST_MEMBERS:,} are read")
    if len({entry.filename for entry in entries}) != len(entries):
        raise ArchiveError("has two members of one name")
    for entry, following in zip(entries, [*entries[1:], None], strict=False):
        end = archive.start_dir if following is None else following.header_offset
        what = f"member {entry.filename!r:.80}"
        if entry.flag_bits & 1:
            raise ArchiveError(f"{what} is encrypted")
        if entry.compress_type != zipfile.ZIP_STORED and (stored or entry.compress_type != zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"{what} is compressed{'' if stored else ' by another method than deflate'}")
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise ArchiveError(f"{what} has {entry.compress_size} bytes and says {entry.file_size}")
        # The name and the extra field in front of the bytes may be longer there than in the table.
        file.seek(entry.header_offset)
        magic, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        start = entry.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
        if magic != b"PK\3\4" or start + entry.compress_size > end:
            raise ArchiveError(f"{what} overlaps the next one, or its header is damaged")
    total = sum(entry.file_size for entry in entries)
    if total > most_bytes:
        raise ArchiveError(f"unpacks to {total:,} bytes; at most {most_bytes:,} are read")


@contextmanager
def _named_errors(member: str = "") -> Iterator[None]:
    """ArchiveError in place of everything that zipfile raises for damage: half a dozen unrelated types."""
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:
        where = f"member {member!r:.80} is " if member else ""
        raise ArchiveError(f"{where}damaged ({error})") from error
