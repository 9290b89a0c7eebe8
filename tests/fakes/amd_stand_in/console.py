"""What a tool prints: to the terminal and to its log, in the tool's message format."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from amd_stand_in.errors import ToolError

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
        #: Message id to the severity that a script has given it (set_msg_config).
        self.severities: dict[str, str] = {}
        self._captured: list[str] | None = None

    @contextmanager
    def captured(self) -> Iterator[list[str]]:
        """What is printed meanwhile goes into a list: it is of a process of its own."""
        kept, self._captured = self._captured, []
        try:
            yield self._captured
        finally:
            self._captured = kept

    def line(self, text: str = "", *, end: str = "\n") -> None:
        """Print as it is."""
        if self._captured is not None:
            self._captured.append(text)
            return
        sys.stdout.write(text + end)
        if self._log is not None:
            self._log.write(text + end)

    def info(self, code: str, text: str) -> None:
        """`INFO: [code] text`."""
        self.line(f"INFO: [{code}] {text}")

    def warning(self, code: str, text: str) -> None:
        """`WARNING: [code] text`. Raises ToolError where a script has made the message an error."""
        self._as_told(code, text, "WARNING")

    def critical(self, code: str, text: str) -> None:
        """`CRITICAL WARNING: [code] text`. Raises ToolError where a script has made the message an error."""
        self._as_told(code, text, "CRITICAL WARNING")

    def _as_told(self, code: str, text: str, severity: str) -> None:
        severity = self.severities.get(code, severity)
        if severity == "ERROR":
            raise ToolError(code, text)
        self.line(f"{severity}: [{code}] {text}")

    def error(self, code: str, text: str) -> None:
        """`ERROR: [code] text`."""
        self.errors += 1
        self.line(f"ERROR: [{code}] {text}")

    def files(self) -> list[int]:
        """The descriptors that are written to beside the terminal."""
        return [] if self._log is None else [self._log.fileno()]

    def flush(self) -> None:
        """Write out what is buffered."""
        sys.stdout.flush()
        if self._log is not None:
            self._log.flush()
