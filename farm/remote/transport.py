"""How files are asked of a remote store and given to it, whatever language the store speaks."""

from __future__ import annotations

from typing import BinaryIO, Protocol

#: What every request may take, besides the time of its bytes.
PATIENCE_S = 10.0
#: A store that is slower than this does not help anybody to build.
SLOWEST_BYTES_PER_S = 1 << 20
_LONGEST_S = 600.0
#: How much is moved at once.
PART_BYTES = 1 << 20
_SMALL_BYTES = 1 << 16


class RemoteError(Exception):
    """The remote store did not do what was asked; the argument says what happened."""


class UnreachableError(RemoteError):
    """It does not answer, is too slow, or is out of order."""


class DeniedError(RemoteError):
    """It does not let this farm do what was asked."""


class TooLargeError(DeniedError):
    """It never takes a file of this size."""


class LyingError(RemoteError):
    """It sent something else than what was asked for."""


class Sink(Protocol):
    """Takes the bytes of a file, in their order."""

    def room(self) -> memoryview:
        """Return where the next bytes go; never empty."""

    def took(self, count: int) -> None:
        """Learn that so many bytes were put at the beginning of the room. Raises OSError if they cannot be kept."""


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
    memory = _Memory()
    return bytes(memory.content) if transport.get(path, memory, most_bytes=most_bytes) else None


class _Memory:
    def __init__(self) -> None:
        self.content = bytearray()
        self._room = memoryview(bytearray(_SMALL_BYTES))

    def room(self) -> memoryview:
        return self._room

    def took(self, count: int) -> None:
        self.content += self._room[:count]
