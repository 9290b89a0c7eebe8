"""What a device process tells the launcher: lines on a socket in the folder of the run.

``started PID`` of the host, then ``refused TEXT`` or ``ended``. One that ends without either was killed: of that XRT
takes no notice, and its host would wait for ever.
"""

from __future__ import annotations

import contextlib
import os
import socket

from ..errors import FarmRuntimeError

SOCKET_VARIABLE = "DATAFLOW_FARM_XRT_CONTROL"
PLATFORM_VARIABLE = "DATAFLOW_FARM_XRT_PLATFORM"
STARTED, REFUSED, ENDED = "started", "refused", "ended"
MOST_LINE_BYTES = 64 * 1024


class Reporter:
    """The device process's end. A launcher that has gone is no reason to fail: the host goes with it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(OSError):
            self._socket.connect(os.environ[SOCKET_VARIABLE])

    def started(self) -> None:
        """Tell which process is the host."""
        self._send(f"{STARTED} {os.getppid()}")

    def refused(self, error: FarmRuntimeError) -> None:
        """Tell why there is no card."""
        self._send(f"{REFUSED} {' '.join(str(error).split())}")

    def ended(self) -> None:
        """Tell that all is well."""
        self._send(ENDED)

    def _send(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(line.encode("utf-8", "replace")[: MOST_LINE_BYTES - 1] + b"\n")
