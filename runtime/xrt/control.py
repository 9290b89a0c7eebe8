"""What a device process tells the launcher: lines in a FIFO of the run's folder.

``started PID`` of the host, then ``refused TEXT`` or ``ended``. The script that becomes the process opens the FIFO and
says the first line, so the launcher also learns of one that is killed before it could say anything, by the end of the
FIFO: XRT takes no notice of that, and its host would wait for ever.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from pathlib import Path

from ..errors import FarmRuntimeError

HANDLE = 9
"""The descriptor that the script passes on."""
PLATFORM_VARIABLE = "DATAFLOW_FARM_XRT_PLATFORM"
STARTED, REFUSED, ENDED = "started", "refused", "ended"
MOST_LINE_BYTES = 3 * 1024
"""Less than PIPE_BUF: a line is written whole."""


def refused(error: FarmRuntimeError) -> None:
    """Tell, from the device process, why there is no card."""
    _send(f"{REFUSED} {' '.join(str(error).split())}")


def ended() -> None:
    """Tell, from the device process, that all is well."""
    _send(ENDED)


def _send(line: str) -> None:
    # A launcher that has gone is no reason to fail.
    with contextlib.suppress(OSError):
        os.write(HANDLE, line.encode("utf-8", "replace")[:MOST_LINE_BYTES] + b"\n")


def is_ready(handle: int, within_s: float) -> bool:
    """Whether a descriptor can be read within that time: a process has ended, by its pidfd."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(within_s * 1000))


class Ear:
    """The launcher's end."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path, 0o600)
        self._path = path
        self._rest = b""
        self.handle = self._open()

    def lines(self) -> Iterator[tuple[str, str]]:
        """What has been said since, as (word, text); the word is empty where a device process has closed the FIFO."""
        data = os.read(self.handle, 1 << 16)
        if not data:
            # Its end is told again and again until it is opened anew.
            os.close(self.handle)
            self.handle = self._open()
            yield "", ""
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-MOST_LINE_BYTES:]
        for line in lines:
            word, _, text = line.decode("utf-8", "replace").partition(" ")
            yield word, text

    def waiting(self, within_s: float | None, other: int | None = None) -> bool:
        """Wait for words, or for the other descriptor to be ready; whether there are words."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        if other is not None:
            poll.register(other, select.POLLIN)
        found = poll.poll(None if within_s is None else within_s * 1000)
        return self.handle in (handle for handle, _ in found)

    def close(self) -> None:
        """Listen no longer."""
        os.close(self.handle)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
