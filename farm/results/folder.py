"""The engine's own folder in a checkout, build/.farm, and operations on files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from farm.beneath import remove_at

#: Everything that is made in a checkout lies below it.
BUILD = "build"
FARM_FOLDER = f"{BUILD}/.farm"
RECORDS = f"{FARM_FOLDER}/records"
SCRATCH = f"{FARM_FOLDER}/scratch"
#: Scratch folders of steps on a cluster: their jobs outlive a killed engine.
JOBS = f"{FARM_FOLDER}/jobs"
DIGESTS = f"{FARM_FOLDER}/digests.json"
LOCK = f"{FARM_FOLDER}/lock"

_SHARED_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20


def write_atomically(path: Path, text: str | bytes) -> None:
    """Write a file in one step: a reader, or the next run after a kill, sees all of it or none.

    A link under that name is replaced and not followed, and a folder makes way.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as stream:
            stream.write(text.encode() if isinstance(text, str) else text)
        try:
            temporary.replace(path)
        except IsADirectoryError:
            remove_tree(path)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def copy(source: Path | BinaryIO, target: Path) -> None:
    """Copy bytes and permission bits to a new file, sharing blocks where the file system can. Never a hard link.

    A hard link would let a tool that rewrites its input in place change the original.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(_opened(source)) if isinstance(source, Path) else source
        writer = stack.enter_context(target.open("xb"))
        copy_bytes(reader, writer)
        os.fchmod(writer.fileno(), (os.fstat(reader.fileno()).st_mode & 0o777) | 0o600)


def _opened(source: Path) -> BinaryIO:
    """Open a regular file to read. Raises OSError for anything else, without waiting for the writer of a pipe."""
    stream = os.fdopen(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "is not a regular file", str(source))
    return stream


def copy_bytes(reader: BinaryIO, writer: BinaryIO) -> None:
    """Copy as many bytes as an open file has now. Copying to the end of a file that grows might never finish."""
    size = os.fstat(reader.fileno()).st_size
    done = 0
    try:
        while done < size:
            count = os.copy_file_range(reader.fileno(), writer.fileno(), min(_SHARED_BYTES, size - done))
            if count == 0:
                break
            done += count
    except OSError:
        # Not offered between these two file systems.
        reader.seek(0)
        writer.seek(0)
        writer.truncate()
        left = size
        while left and (chunk := reader.read(min(_CHUNK_BYTES, left))):
            writer.write(chunk)
            left -= len(chunk)


def move(source: Path, target: Path) -> None:
    """Move a file into place; at any moment `target` is the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError:
        # The build folder may lie on another file system than the scratch folders.
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            copy(source, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all its contents, if there is one."""
    try:
        path.unlink(missing_ok=True)
    except IsADirectoryError:
        remove_tree(path)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all its contents, whatever permissions a tool left in it. A link to a folder stays."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with contextlib.suppress(OSError):
        above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            remove_at(above, folder.name)
        finally:
            os.close(above)
