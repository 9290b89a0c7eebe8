"""Whether work on files takes so long that the loop must not do it itself, by their sizes alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from farm.results.digest import ARCHIVE_SUFFIXES

#: What a slow machine hashes, copies and flushes to its disk in a second.
_BYTES_PER_S = 100e6
#: What it searches and redacts of a log.
_LOG_BYTES_PER_S = 5e6
#: How much larger an archive can be when it is unpacked, which its digest needs, and how fast that goes.
_UNPACKED, _UNPACKED_BYTES_PER_S = 1000, 300e6
#: A process of its own costs a hundredth of a second.
_LONG_S = 0.15


def reads_long(paths: Iterable[Path]) -> bool:
    """Tell whether hashing or copying files takes long."""
    return sum(map(_seconds, paths)) > _LONG_S


def bytes_take_long(size: int) -> bool:
    """Tell whether hashing or copying so many bytes takes long."""
    return size / _BYTES_PER_S > _LONG_S


def log_takes_long(log: Path) -> bool:
    """Tell whether judging and redacting a log takes long."""
    return _size(log) / _LOG_BYTES_PER_S > _LONG_S


def _seconds(path: Path) -> float:
    size = _size(path)
    unpacked = size * _UNPACKED / _UNPACKED_BYTES_PER_S if path.suffix in ARCHIVE_SUFFIXES else 0.0
    return size / _BYTES_PER_S + unpacked


def _size(path: Path) -> int:
    """Return the size of a file; 0 if there is none, or something else in its place."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked for every input of every step
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
