"""How files are asked of a remote store and given to it, whatever language the store speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

#: What every request may take, besides the time of its bytes.
PATIENCE_S = 10.0
#: A store that is slower than this does not help anybody to build.
SLOWEST_BYTES_PER_S = 1 << 20
_LONGEST_S = 600.0

#: Takes the next bytes of a file; they are only valid during the call.
Sink = Callable[[memoryview], None]


class RemoteError(Exception):
    """The remote store did not do what was asked; the argument says what happened."""


class UnreachableError(RemoteError):
    """It does not answer, is too slow, or is out of order."""


class DeniedError(RemoteError):
    """It does not let this farm do what was asked."""


class LyingError(RemoteError):
    """It sent something else than what was asked for."""


class Transport(Protocol):
    """A connection to one store. All methods may be called by several threads, and raise RemoteError."""

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes; None if there is none."""

    def get(self, path: str, sink: Sink, *, most_bytes: int, size: int | None = None) -> bool:
        """Give the bytes of a file to `sink`; False if there is none.

        `size` is what it must have if that is known. Raises LyingError for another size or more than `most_bytes`.
        """

    def put(self, path: str, source: BinaryIO, size: int, *, replace: bool = False) -> None:
        """Store the `size` bytes of `source`. A file that is there already stays, unless it is to be replaced."""

    def close(self) -> None:
        """Close the connections of the calling thread."""


def seconds_for(size: int) -> float:
    """Return how long a transfer of so many bytes may take."""
    return PATIENCE_S + min(size / SLOWEST_BYTES_PER_S, _LONGEST_S)


def small(transport: Transport, path: str, most_bytes: int) -> bytes | None:
    """Return the bytes of a small file; None if there is none. Raises RemoteError."""
    content = bytearray()
    return bytes(content) if transport.get(path, content.extend, most_bytes=most_bytes) else None
