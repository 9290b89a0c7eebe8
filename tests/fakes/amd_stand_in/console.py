"""What a tool prints: to the terminal and to its log, in the tool's message format."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO

MARK = "This text was written by a stand-in of the tool, which synthesises nothing."


def now() -> str:
    """The date as the tools print it."""
    return time.strftime("%a %b %e %H:%M:%S %Y")


class Console:
    """Terminal and log. `truncate` cuts the log to that many bytes when it is closed (a fault on request)."""

    def __init__(self, log: Path | None) -> None:
        self.path = log
        self._log: TextIO | None = log.open("w") if log is not None else None
        self.errors = 0

    def line(self, text: str = "", *, end: str = "\n") -> None:
        """Print as it is."""
        sys.stdout.write(text + end)
        if self._log is not None:
            self._log.write(text + end)

    def info(self, code: str, text: str) -> None:
        """`INFO: [code] text`."""
        self.line(f"INFO: [{code}] {text}")

    def warning(self, code: str, text: str) -> None:
        """`WARNING: [code] text`."""
        self.line(f"WARNING: [{code}] {text}")

    def critical(self, code: str, text: str) -> None:
        """`CRITICAL WARNING: [code] text`."""
        self.line(f"CRITICAL WARNING: [{code}] {text}")

    def error(self, code: str, text: str) -> None:
        """`ERROR: [code] text`."""
        self.errors += 1
        self.line(f"ERROR: [{code}] {text}")

    def flush(self) -> None:
        """Write out what is buffered."""
        sys.stdout.flush()
        if self._log is not None:
            self._log.flush()
