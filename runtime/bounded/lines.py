"""The lines of a text file, one at a time and each within a length."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from .regular_file import RefusedError, open_regular

MOST_LINE_CHARACTERS = 1_000_000


def read_lines(path: Path, *, most_bytes: int, most_line_characters: int = MOST_LINE_CHARACTERS) -> Iterator[str]:
    """The lines of a UTF-8 text without their ends; a byte order mark is left out.

    Raises OSError, also for a file of more than ``most_bytes`` and for a longer line, and UnicodeDecodeError.
    """
    with io.TextIOWrapper(open_regular(path, most_bytes=most_bytes), encoding="utf-8-sig") as text:
        number = 0
        while line := text.readline(most_line_characters + 2):
            number += 1
            line = line.removesuffix("\n")
            if len(line) > most_line_characters:
                raise RefusedError(f"line {number} has over {most_line_characters:,} characters")
            yield line
