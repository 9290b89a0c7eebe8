"""Locks between farms. Taking one never blocks: it is tried until a time is over, and whoever holds it is named."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from farm.beneath import discard_beneath, open_beneath
from farm.results.folder import LOCK

_POLL_S = 0.05
#: What a file system says that has no locks at all: some network mounts, some containers.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_PATIENCE_S: ContextVar[float] = ContextVar("patience", default=10.0)


class LockHeldError(Exception):
    """Somebody else holds a lock; `holder` names them: "process 812 (doit) of anna".

    It is no OSError: whoever catches those goes on without the file, and here it is better to wait.
    """

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(f"{holder} holds the lock {path}")
        self.path = path
        self.holder = holder


class NoLocksError(OSError):
    """The file system has no locks."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ENOLCK, "its file system has no locks (flock)", str(path))


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let `locked` try for so long within this block, where it is not told for how long."""
    token = _PATIENCE_S.set(seconds)
    try:
        yield
    finally:
        _PATIENCE_S.reset(token)


@contextmanager
def locked(path: Path, kind: int, wait_s: float | None = None) -> Iterator[None]:
    """Hold a lock of `kind`, LOCK_SH or LOCK_EX, on the file at `path` in a folder of the farm.

    The file is made if need be; a link, a pipe or a folder in its place is removed. Tries for `wait_s` seconds, by
    default those of `patience`; with LOCK_NB it tries once. Raises LockHeldError (BlockingIOError with LOCK_NB),
    NoLocksError, or OSError if the file cannot be opened.
    """
    descriptor = _opened(path)
    try:
        until_s = time.monotonic() + (_PATIENCE_S.get() if wait_s is None else wait_s)
        while not _taken(descriptor, kind, path):
            if kind & fcntl.LOCK_NB:
                raise BlockingIOError(errno.EAGAIN, f"{holder_of(descriptor)} holds its lock", str(path))
            if time.monotonic() >= until_s:
                raise LockHeldError(str(path), holder_of(descriptor))
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def checkout_lock(
    root: Path,
    waiting: Callable[[str], None],
    stopped: Callable[[], bool],
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[bool]:
    """Hold the lock of a checkout, one engine at a time; the kernel gives it back however the holder ends.

    While another engine holds it, call `waiting` once with the holder's name and try until `stopped`. Yields False if
    it was stopped before. Where the file system has no locks, `note` says so and the build goes on alone. Raises
    OSError if the file cannot be opened.
    """
    descriptor = open_beneath(root, LOCK, os.O_RDWR | os.O_CREAT, make_folders=True)
    try:
        announced = False
        while True:
            try:
                if _taken(descriptor, fcntl.LOCK_EX, root / LOCK):
                    break
            except NoLocksError:
                note(f"{root} lies on a file system without locks: start no second build in it meanwhile")
                break
            if stopped():
                yield False
                return
            if not announced:
                waiting(holder_of(descriptor))
                announced = True
            time.sleep(_POLL_S)
        # For holders that /proc/locks does not show: those of another container. A file with a second name is another
        # file too, so nothing is written into it.
        if os.fstat(descriptor).st_nlink == 1:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield True
    finally:
        os.close(descriptor)


def holder_of(descriptor: int) -> str:
    """Return who holds a lock on an open file, as the kernel tells; else by the process id in the file."""
    status = os.fstat(descriptor)
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 812 08:01:5242 0 EOF; a waiting one has "->" before FLOCK.
            fields = line.split()
            if "FLOCK" in fields[1:2] and wanted in fields and int(fields[4]) > 0:
                return _named(int(fields[4]))
    with contextlib.suppress(OSError, ValueError):
        return _named(int(os.pread(descriptor, 32, 0)))
    return "an unknown process"


def _opened(path: Path) -> int:
    """Return the descriptor of a lock's file. What is planted there would otherwise keep the store unused for good."""
    for last in (False, False, True):
        try:
            return open_beneath(path.parent, path.name, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            status = os.lstat(path) if os.path.lexists(path) else None
            # A file that its own user has closed is of no use either; another user's stays.
            closed = status is not None and isinstance(error, PermissionError) and status.st_uid == os.geteuid()
            if last or status is None or (stat.S_ISREG(status.st_mode) and not closed):
                raise
        discard_beneath(path.parent, path.name)
    raise AssertionError


def _named(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/comm").read_text("utf-8", errors="replace").strip()
        uid = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return f"process {pid}"
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"user {uid}"
    return f"process {pid} ({command}) of {user}"


def _taken(descriptor: int, kind: int, path: Path) -> bool:
    """Take a lock if it is free. Raises NoLocksError."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise NoLocksError(path) from None
        raise
    return True
