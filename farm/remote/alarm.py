"""Cuts connections that take too long.

A timeout of a socket counts from the last byte, so a server that sends one byte now and then could hold a request for
ever. The alarm closes the socket of every request whose time is over, whatever it waits for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from farm.remote.transport import UnreachableError

_POLL_S = 0.2


@dataclass
class _Limit:
    until_s: float
    socket_of: Callable[[], socket.socket | None]
    expired: bool = False


class Alarm:
    """Watches the requests in progress, from a thread of its own."""

    def __init__(self) -> None:
        self._limits: list[_Limit] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def limit(self, socket_of: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
        """Raise UnreachableError in this block if it takes longer than so many seconds.

        `socket_of` gives the socket that the block waits for, if there is one by then.
        """
        mine = _Limit(time.monotonic() + seconds, socket_of)
        with self._lock:
            self._limits.append(mine)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        try:
            yield
        except Exception:
            if mine.expired:
                raise UnreachableError(f"it took longer than {seconds:.0f} s") from None
            raise
        finally:
            with self._lock:
                self._limits.remove(mine)
        if mine.expired:
            raise UnreachableError(f"it took longer than {seconds:.0f} s")

    def _watch(self) -> None:
        while True:
            time.sleep(_POLL_S)
            now_s = time.monotonic()
            with self._lock:
                over = [one for one in self._limits if one.until_s <= now_s]
                for one in over:
                    one.expired = True
                    _cut(one.socket_of())


def _cut(found: socket.socket | None) -> None:
    if found is not None:
        # The socket itself: TLS would first wait for the other side.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(found, socket.SHUT_RDWR)
