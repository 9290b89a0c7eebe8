"""One engine per checkout at a time: two would write the same targets."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from farm.results.folder import LOCK

_POLL_S = 0.2


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock of `kind`, LOCK_SH or LOCK_EX, on the file at `path`, which is made if need be. Waits for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def checkout_lock(root: Path, waiting: Callable[[str], None], stopped: Callable[[], bool]) -> Iterator[bool]:
    """Hold the lock of a checkout; the kernel gives it back however the holder ends.

    While another engine holds it, call `waiting` once with that engine's process id and go on trying until `stopped`.
    Yields False if it was stopped before.
    """
    path = root / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        announced = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopped():
                    yield False
                    return
                if not announced:
                    waiting(os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip())
                    announced = True
                time.sleep(_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield True
    finally:
        os.close(descriptor)
