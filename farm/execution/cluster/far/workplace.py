"""The folder of a job on a node: below the node's own folder for temporary files, gone when the job has ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from farm.beneath import remove_beneath

_LOCK = "lock"


@contextlib.contextmanager
def workplace(token: str) -> Iterator[Path]:
    """Make the folder of a job with `work`, `home` and `tmp`; what killed jobs have left is removed. Raises OSError."""
    above = Path(tempfile.gettempdir()) / f"farm-{os.geteuid()}"
    above.mkdir(mode=0o700, exist_ok=True)
    found = above.lstat()
    if above.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise OSError(0, "is not a folder of yours alone; remove it", str(above))
    _remove_left(above)
    folder = Path(tempfile.mkdtemp(prefix=f"{token}-", dir=above))
    lock = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in ("work", "home", "tmp"):
            (folder / part).mkdir()
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove_beneath(above, folder.name)
        os.close(lock)


def _remove_left(above: Path) -> None:
    for folder in above.iterdir():
        # One without a lock is being made at this moment, by another job.
        with contextlib.suppress(OSError):
            descriptor = os.open(folder / _LOCK, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_beneath(above, folder.name)
            finally:
                os.close(descriptor)
