"""Read the text of a report from disk. Errors say why a file is not text."""

from __future__ import annotations

from pathlib import Path

from config.bounded.regular_file import open_regular, size_of
from reports.reading.errors import EncodingError, UnreadableError

MAX_BYTES = 256 * 1024 * 1024
"""Limit of size, larger than any known report (a timing summary of 1,000 paths per group has some 20 MB)."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, name: str = "") -> str:
    """Return the text of the report at `path`. Messages use `name` for it (default: the path as given).

    Raises UnreadableError and EncodingError.
    """
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
    return decode(data, file)


def decode(data: bytes, file: str) -> str:
    """Return `data` as text. Raises EncodingError with the line of the first byte that is not UTF-8."""
    if data[:2] in _UTF16_MARKS:
        raise EncodingError(file, 1, "this is UTF-16", "save it as UTF-8, as the tools write it")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise EncodingError(file, line, "contains a zero byte: this is not text", "a report is UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise EncodingError(file, line, what, "save it as UTF-8, as the tools write it") from None
