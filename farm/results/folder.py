"""The engine's own folder in a checkout, build/.farm, and the file operations that it is written with."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path

FARM_FOLDER = "build/.farm"
RECORDS = f"{FARM_FOLDER}/records"
SCRATCH = f"{FARM_FOLDER}/scratch"
DIGESTS = f"{FARM_FOLDER}/digests.json"
LOCK = f"{FARM_FOLDER}/lock"

_CHUNK_BYTES = 1 << 30


def write_atomically(path: Path, text: str | bytes) -> None:
    """Write a file in one step: a reader, or the next run after a kill, sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(text.encode() if isinstance(text, str) else text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy bytes and permission bits, sharing blocks where the file system can. Never a hard link.

    A hard link would let a tool that rewrites its input in place change the original.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(source, "rb", opener=_at_once) as reader, target.open("xb") as writer:
        status = os.fstat(reader.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(source))
        done = 0
        try:
            while done < status.st_size:
                count = os.copy_file_range(reader.fileno(), writer.fileno(), min(_CHUNK_BYTES, status.st_size - done))
                if count == 0:
                    break
                done += count
        except OSError:
            # Not offered between these two file systems.
            reader.seek(0)
            writer.seek(0)
            writer.truncate()
            shutil.copyfileobj(reader, writer, 1 << 20)
        os.fchmod(writer.fileno(), (status.st_mode & 0o777) | 0o600)


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe without a writer would be waited for."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


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


def remove_tree(folder: Path) -> None:
    """Remove a folder with all its contents, whatever permissions a tool left in it."""
    if folder.is_symlink() or not folder.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for path, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
