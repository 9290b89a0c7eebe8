"""Where the files of tests lie: in memory if there is room, since a disk takes a tenth more processor time for them."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from farm.results.folder import remove_tree

IN_MEMORY = Path("/dev/shm")
#: For the files of a whole run, some 1.5 GB, and as much again for one that failed: those stay until the next run.
ROOM_BYTES = 4 << 30
#: That room, and as much again for compilers and simulations.
MEMORY_BYTES = 2 * ROOM_BYTES
_NEW_S = 2.0


def roomy(place: Path = IN_MEMORY, room: int = ROOM_BYTES, memory: int = MEMORY_BYTES) -> bool:
    """Whether files and programs of all tests can lie in a file system in memory.

    `room` is what must be free there, and `memory` what the machine and its control group must have left, in bytes.
    """
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    # Tests start programs that they have compiled.
    usable = os.access(place, os.W_OK) and not found.f_flag & os.ST_NOEXEC
    return usable and found.f_bavail * found.f_frsize >= room and _left() >= memory


def remove_ended(place: Path = IN_MEMORY) -> None:
    """Remove this user's files of whole runs that have ended: pytest leaves those of the last that failed."""
    for run in place.glob("pytest-of-*/pytest-*[0-9]"):
        with contextlib.suppress(OSError):
            # A run that goes on has a lock; it makes its folder just before.
            found = run.stat()
            is_old = time.time() - found.st_mtime > _NEW_S
            if found.st_uid == os.getuid() and is_old and not (run / ".lock").exists():
                remove_tree(run)


def _left() -> int:
    """The bytes of memory that are left: the least of what the machine says and each group around this process."""
    left = [int(line.split()[1]) << 10 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")]
    group = next((line[3:] for line in _lines("/proc/self/cgroup") if line.startswith("0::")), "/")
    for folder in (Path(f"/sys/fs/cgroup{group}"), Path("/sys/fs/cgroup")):
        most, used = (_lines(str(folder / f"memory.{name}")) for name in ("max", "current"))
        if most and used and most[0] != "max":
            left.append(int(most[0]) - int(used[0]))
    return min(left, default=0)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text("ascii").splitlines()
    except OSError:
        return []
