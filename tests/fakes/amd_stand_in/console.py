"""The output of a tool: to the terminal and to its log, in the tool's message format."""

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
    """The date in the format of the tools."""
    return time.strftime("%a %b %e %H:%M:%S %Y")


class Console:
    """Terminal and log. `truncate` cuts the log to that many bytes when it is closed (a fault on request)."""

    def __init__(self, log: Path | None) -> None:
        self.path = log
        self._log: TextIO | None = log.open("w") if log is not None else None
        self.errors = 0
        #: Severities that a script has set (set_msg_config), by message id.
        self.severities: dict[str, str] = {}
        self._captured: list[str] | None = None

    @contextmanager
    def captured(self) -> Iterator[list[str]]:
        """Collect everything printed meanwhile in a list: it belongs to a separate process."""
        kept, self._captured = self._captured, []
        try:
            yield self._captured
        finally:
            self._captured = kept

    def line(self, text: str = "", *, end: str = "\n") -> None:
        """Print a text unchanged."""
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
        """`WARNING: [code] text`. Raises ToolError if a script has made the message an error."""
        self._as_told(code, text, "WARNING")

    def critical(self, code: str, text: str) -> None:
        """`CRITICAL WARNING: [code] text`. Raises ToolError if a script has made the message an error."""
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
        """The file descriptors written to in addition to the terminal."""
        return [] if self._log is None else [self._log.fileno()]

    def flush(self) -> None:
        """Flush the buffers."""
        sys.stdout.flush()
        if self._log is not None:
            self._log.flush()
