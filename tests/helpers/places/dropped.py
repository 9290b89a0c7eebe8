"""The test process itself as an ordinary user, for tests that call the project's functions and not its commands."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from in_memory import IN_MEMORY

from farm.results.folder import remove_tree

NOBODY, ANOTHER = 65534, 65533


@contextmanager
def ordinary_folder(*, in_memory: bool = False) -> Iterator[Path]:
    """Give a folder of an ordinary user and be that user meanwhile: `nobody` where root runs the suite.

    `in_memory`, where the system has such a place: a disk waits at each file that is written anew and at each fsync.
    """
    # Not pytest's folder: nobody else may enter that one.
    place = IN_MEMORY if in_memory and os.access(IN_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="ordinary", dir=place))
    groups = os.getgroups()
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.chown(folder, NOBODY, NOBODY)
            os.setgroups([])
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
        remove_tree(folder)


@contextmanager
def root() -> Iterator[None]:
    """Be root again for a moment. Only what root has started can do that."""
    before = os.geteuid()
    os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(before)


def give_away(path: Path) -> None:
    """Give a file or a folder, which all may read, to another user."""
    with root():
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        os.chown(path, ANOTHER, ANOTHER)
