"""A remark about a file that was read or passed over: no fault, but nothing that should go unsaid."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """What is odd about a file. `line` counts from 1; None if it is about the whole file."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        name = self.file or "<text>"
        where = name if self.line is None else f"{name}:{self.line}"
        return f"{where}: {self.what}"
