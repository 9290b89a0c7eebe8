"""The right to run one key on this machine: a lock on a file of the store. Taking it never waits."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable

from farm.results.confined import Confined, DamagedError

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Errors of opening a link, a folder or a socket that is in the lock's place.
_IRREGULAR = (errno.ELOOP, errno.EISDIR, errno.ENXIO)
#: How often to try: something was in the lock's place, or another build has just removed the lock's file.
_TRIES = 20


class Lease:
    """The right to run one key. Given back by `release`, or by the kernel when its holder ends."""

    def __init__(self, remove: Callable[[], None] | None, descriptor: int | None) -> None:
        """`remove` takes the lock's file away."""
        self._remove = remove
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the right back; twice does no harm."""
        if self._descriptor is not None and self._remove is not None:
            # While it is held: a waiter then finds the file gone, and makes a new one.
            with contextlib.suppress(OSError):
                self._remove()
            os.close(self._descriptor)
        self._descriptor = None


def take_lease(files: Confined, path: str) -> Lease | None:
    """Lock the file at a path, which is made if need be; None while another process has it.

    Removes a link or a folder that is in its place. Raises OSError.
    """
    for _ in range(_TRIES):
        try:
            descriptor = files.open_or_make(path, _FLAGS)
        except OSError as error:
            if error.errno not in _IRREGULAR:
                raise
            files.remove(path)
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        if _is_same(files, descriptor, path):
            return Lease(lambda: files.remove(path), descriptor)
        os.close(descriptor)
    return None


def _is_same(files: Confined, descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), files.status(path))
    except (FileNotFoundError, DamagedError):
        return False
