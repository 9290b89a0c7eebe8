"""A few carriers at a time: each loads half of the farm, and hundreds of jobs may begin or end at once.

A place is a socket's name without a file, which the kernel gives to one process, and takes back when it ends or
becomes another program.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

_PLACES, _POLL_S, _PATIENCE_S = 8, 0.1, 120.0
_mine: list[socket.socket] = []


def enter() -> None:
    """Wait for a place; without one after a while, go on: somebody may hold all of them for no good."""
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        for number in range(_PLACES):
            place = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with contextlib.suppress(OSError):
                place.bind(f"\0dataflow-farm-carrier-{os.geteuid()}-{number}")
                _mine.append(place)
                return
            place.close()
        time.sleep(_POLL_S)
