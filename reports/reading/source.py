"""Read the text of a report from disk, in whatever encoding a tool, a shell or a crash has left it.

Tools write UTF-8. Windows writes paths in its code page, PowerShell redirects as UTF-16, and a log that is emptied
while a tool holds it open begins with zero bytes. Values beside such bytes are still good, so the text is read and a
note says what was odd. Only data that is no text at all is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from config.bounded.regular_file import open_regular, size_of
from reports.reading.errors import EncodingError, UnreadableError
from reports.reading.note import Note

MAX_BYTES = 256 * 1024 * 1024
"""Limit of size, larger than any known report (a timing summary of 1,000 paths per group has some 20 MB)."""

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LINE_ENDS = {"utf-16-le": rb"(?:\r\0)?\n\0|\r?\n", "utf-16-be": rb"(?:\0\r)?\0\n|\r?\n"}
_JUDGED_BYTES = 65_536
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\0\b\t\n\f\r\x1b")))
_HIGH = bytes(range(128, 256))
_MOST_CONTROLS = 0.02
_MOST_HIGH = 0.5
"""Shares of bytes above which data is no text: control characters, bytes beyond ASCII."""
_GAP = re.compile(rb"\0{2,}")
_MOST_GAPS = 20
"""Gaps of zero bytes in text: one for each time that a log was emptied while it was open. Binary files have many."""


@dataclass(frozen=True)
class Decoded:
    """The text of a file, and what was odd about its bytes."""

    text: str
    notes: tuple[Note, ...] = ()


def read(path: Path, name: str = "") -> str:
    """Return the text of the report at `path`. Messages use `name` for it (default: the path as given).

    Raises UnreadableError and EncodingError.
    """
    return read_noted(path, name).text


def read_noted(path: Path, name: str = "") -> Decoded:
    """Return the text of the report at `path` with notes about its encoding. Raises like `read`."""
    file = name or path.as_posix()
    try:
        with open_regular(path) as stream:
            size = size_of(stream)
            if size > MAX_BYTES:
                raise UnreadableError(file, None, f"has {size} bytes", f"a report has at most {MAX_BYTES}")
            data = stream.read(MAX_BYTES)
    except FileNotFoundError:
        raise UnreadableError(file, None, "there is no such file", "check the name") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(file, None, f"cannot be read ({error})", "check its kind and permissions") from None
    return decode_noted(data, file)


def decode(data: bytes, file: str) -> str:
    """Return `data` as text. Raises EncodingError if it is not text."""
    return decode_noted(data, file).text


def decode_noted(data: bytes, file: str) -> Decoded:
    """Return `data` as text, with a note for each oddity. Raises EncodingError if it is not text."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return Decoded(_wide(data[len(mark) :], codec), (Note(file, 1, f"is {codec[:6].upper()}, not UTF-8"),))
    wide = _wide_without_mark(data)
    if wide is not None:
        return Decoded(_wide(data, wide), (Note(file, 1, f"is {wide[:6].upper()} without a mark, not UTF-8"),))
    notes: list[Note] = []
    zeros = data.count(b"\0")
    if zeros:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        notes.append(Note(file, line, f"{zeros:,} zero bytes were left out"))
    if not is_text(data):
        raise EncodingError(file, 1, "this is not text", "a report is UTF-8 text")
    data = data.translate(None, b"\0") if zeros else data
    try:
        return Decoded(data.decode("utf-8-sig"), tuple(notes))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("utf-8-sig", errors="replace")
        count = text.count("\ufffd")
        more = f" and {count - 1:,} more" if count > 1 else ""
        notes.append(Note(file, line, f"byte 0x{data[error.start]:02x}{more} is not UTF-8 (shown as \ufffd)"))
        return Decoded(text, tuple(notes))


def is_text(data: bytes) -> bool:
    """Whether the begin of `data` is text in some code page; zero bytes do not count."""
    head = data[:_JUDGED_BYTES].translate(None, b"\0")
    if not head:
        return True
    if b"\0\0" in data and sum(1 for _ in islice(_GAP.finditer(data), _MOST_GAPS + 1)) > _MOST_GAPS:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _MOST_CONTROLS * len(head):
        return False
    high = len(head) - len(head.translate(None, _HIGH))
    return high <= _MOST_HIGH * len(head) or _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide_without_mark(data: bytes) -> str | None:
    """Return the codec of UTF-16 without a mark: nearly every other byte is zero."""
    head = data[: _JUDGED_BYTES // 2 * 2]
    if len(head) < 16 or b"\0" not in head:
        return None
    half = len(head) // 2
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.8 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.8 * half and odd < 0.1 * half else None


def _wide(data: bytes, codec: str) -> str:
    """Return UTF-16 or UTF-32 as text, also if another program has appended lines of single bytes."""
    if codec.startswith("utf-32") or data.count(b"\0") > 0.45 * len(data):
        return data.decode(codec, errors="replace").replace("\ufeff", "").replace("\0", "")
    pieces = re.split(_LINE_ENDS[codec], data)
    return "\n".join(_line(piece, codec) for piece in pieces)


def _line(piece: bytes, codec: str) -> str:
    wide = codec if b"\0" in piece else "utf-8"
    return piece.decode(wide, errors="replace").replace("\ufeff", "").replace("\0", "")
