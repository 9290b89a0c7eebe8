"""The log of a run: made by the engine, opened again only if it is still that file, and read in pieces.

A step runs as the user, so it can put a pipe, a link or another file in the log's place. A log can also be larger than
the memory. So nothing here waits for a writer, follows a link, or holds more than a few pieces.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from farm.beneath import folder_beneath, open_beneath, unlink_beneath

if TYPE_CHECKING:
    from farm.execution.run import Run

#: Bytes that are read, searched and redacted at once.
PIECE_BYTES = 4 << 20
#: A line that is longer than a piece is cut behind one of these.
_BETWEEN_WORDS = (b" ", b"\t", b",", b";", b"|", b'"', b"'", b")", b"]", b"}")
#: Without one it is cut so far before the end of the bytes read: no word that redaction looks for is longer.
_WORD_BYTES = 1 << 16


def new_log(run: Run) -> int:
    """Make a new file for the log and return its descriptor, to write to. Raises OSError.

    The old log goes: somebody may still be reading it.
    """
    root, path = place_of(run)
    with folder_beneath(root, path.rpartition("/")[0], make=True):
        unlink_beneath(root, path)
        descriptor = open_beneath(root, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    run.log_id = _identity(os.fstat(descriptor))
    return descriptor


def place_of(run: Run) -> tuple[Path, str]:
    """Return the folder that a log must lie below, and its path in it."""
    return (run.log.parent, run.log.name) if run.root is None else (run.root, run.step.log)


def log_problem(run: Run) -> str | None:
    """Return how the log differs from the file that the engine made; None if it is that file."""
    root, path = place_of(run)
    try:
        descriptor = open_beneath(root, path)
    except FileNotFoundError:
        return "was removed"
    except OSError as error:
        found = str(error.filename or path).removeprefix(f"{root}/")
        return f"was replaced: {found} {error.strerror}" if found != path else f"was replaced: it {error.strerror}"
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if run.log_id is not None and _identity(status) != run.log_id:
        return "was replaced by another file"
    return "has a second name (a hard link)" if status.st_nlink > 1 else None


def remove_log(run: Run) -> None:
    """Remove whatever stands in the log's place, if possible. Of a link, this removes the link only."""
    with contextlib.suppress(OSError):
        unlink_beneath(*place_of(run))


def open_log(log: Path) -> BinaryIO:
    """Open a log to read. Raises OSError, also if it is not a regular file."""
    return os.fdopen(open_beneath(log.parent, log.name), "rb")


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of a log in pieces that end with a line, where that is possible."""
    rest = b""
    while block := stream.read(PIECE_BYTES):
        data = rest + block
        cut = _cut(data)
        if cut:
            yield data[:cut]
        rest = data[cut:]
    if rest:
        yield rest


def lines_of(log: Path) -> Iterator[str]:
    """Give the lines of a log. A line that is longer than a piece comes in parts. Raises OSError."""
    with open_log(log) as stream:
        for piece in pieces_of(stream):
            text = piece.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
            yield from text.removesuffix("\n").split("\n")


def refused_file(status: os.stat_result) -> str | None:
    """Return why a file that a step has made is not taken over; None if it has one name and no special rights."""
    if status.st_nlink > 1:
        return f"is a hard link: the same file has {status.st_nlink} names, and a change of one changes all"
    if status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        return f"has the permissions {stat.filemode(status.st_mode)} (setuid, setgid or sticky)"
    return None


def _cut(data: bytes) -> int:
    """Return where to end a piece: behind the last line, else behind the last word, else near the end."""
    cut = data.rfind(b"\n") + 1
    # In a text of two bytes a letter, the line ends with the byte after.
    cut += data[cut : cut + 1] == b"\0" if cut else 0
    if not cut:
        # A long line goes on: a word may be cut only if it is longer than any that redaction looks for.
        between = max(data.rfind(separator) for separator in _BETWEEN_WORDS) + 1
        return between or max(0, len(data) - _WORD_BYTES)
    return cut


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
