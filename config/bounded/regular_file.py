"""Regular files, opened without waiting and within a size."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path


class RefusedError(OSError):
    """The path leads to something that is not read; ``strerror`` says to what."""

    def __init__(self, what: str) -> None:
        super().__init__(0, what)

    def __str__(self) -> str:
        return str(self.strerror)


def budget_bytes(size: int) -> int:
    """Memory that the reading of a file of this size may take: four times its size and 64 MB."""
    return 4 * size + 64_000_000


def open_descriptor(path: Path, flags: int, *, most_bytes: int | None = None, follow: bool = True) -> int:
    """A descriptor of a regular file, opened with ``flags`` of ``os.open``; a file that is made gets mode 0600.

    A pipe, a socket, a device or a folder is refused before it can block or turn out endless; so is a symbolic link
    without ``follow``, and a file of more than ``most_bytes``. Raises OSError.
    """
    more = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags | more, 0o600)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError("is a folder" if stat.S_ISDIR(status.st_mode) else "is not a regular file")
        if most_bytes is not None and status.st_size > most_bytes:
            raise RefusedError(f"has {status.st_size:,} bytes; at most {most_bytes:,} are read")
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_regular(path: Path, *, most_bytes: int | None = None, follow: bool = True) -> BufferedReader:
    """A regular file for reading, as ``open_descriptor`` opens it. Raises OSError."""
    return os.fdopen(open_descriptor(path, os.O_RDONLY, most_bytes=most_bytes, follow=follow), "rb")


def size_of(file: BufferedReader) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size
