"""Files below a folder, reached without following a link and without waiting for anybody.

The files of a checkout are input: a step, or anybody else who writes there, may have put a link, a named pipe or a
device in the place of a file or of a folder on the way to it. Each part of a path is therefore opened from the one
before. Anything but a plain folder or file is refused by name. In the store, `farm/results/confined.py` removes it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_NUMBERS = itertools.count()
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe without a writer would be waited for, and a terminal would become ours.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK_BYTES = 1 << 20


class RefusedError(OSError):
    """Something else stands in the place of a plain file or folder; `strerror` names it."""


@contextlib.contextmanager
def folder_beneath(root: Path, folder: str, *, make: bool = False) -> Iterator[int]:
    """Open a folder below `root`; gives its descriptor. `make` makes missing folders.

    Raises RefusedError for a link on the way, else OSError.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    done = ""
    try:
        for part in PurePosixPath(folder).parts:
            done = f"{done}/{part}" if done else part
            if make:
                try:
                    os.mkdir(part, dir_fd=descriptor)
                except FileExistsError:
                    pass
                except OSError as error:
                    raise OSError(error.errno, error.strerror, str(root / done)) from None
            try:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                raise _of(error, root / done, descriptor, part) from None
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_beneath(
    root: Path, path: str, flags: int = os.O_RDONLY, mode: int = 0o644, *, make_folders: bool = False
) -> int:
    """Open a regular file below `root` and return its descriptor.

    Raises RefusedError for a link on the way and for anything but a regular file, else OSError.
    """
    parent, name = _split(path)
    with folder_beneath(root, parent, make=make_folders) as folder:
        try:
            descriptor = os.open(name, flags | _FILE, mode, dir_fd=folder)
        except OSError as error:
            raise _of(error, root / path, folder, name) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise RefusedError(errno.EINVAL, f"is {kind_words(status.st_mode)}, not a file", str(root / path))
    return descriptor


def move_beneath(source: Path, root: Path, target: str) -> None:
    """Move a file to `target` below `root`; at any moment it is the old file or the new one.

    Raises RefusedError for a link on the way, else OSError.
    """
    parent, name = _split(target)
    with folder_beneath(root, parent, make=True) as folder:
        try:
            os.replace(source, name, dst_dir_fd=folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise OSError(error.errno, error.strerror, str(root / target)) from None
            # The build folder may lie on another file system than the scratch folders.
            with _new(folder, name) as (writer, temporary):
                reader = open_beneath(source.parent, source.name)
                try:
                    while chunk := os.read(reader, _CHUNK_BYTES):
                        _write_all(writer, chunk)
                    os.fchmod(writer, stat.S_IMODE(os.fstat(reader).st_mode) & 0o777 | 0o600)
                finally:
                    os.close(reader)
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            source.unlink()


def write_beneath(root: Path, path: str, content: bytes) -> None:
    """Write a file below `root` in one step: a reader, or the next run after a kill, sees all of it or none.

    A folder in its place is removed. Raises RefusedError for a link on the way, else OSError.
    """
    parent, name = _split(path)
    with folder_beneath(root, parent, make=True) as folder:
        try:
            with _new(folder, name) as (writer, temporary):
                _write_all(writer, content)
                try:
                    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                except IsADirectoryError:
                    remove_beneath(root, path)
                    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(root / path)) from None


def unlink_beneath(root: Path, path: str) -> None:
    """Remove a file below `root` if there is one; of a link the link itself.

    Raises RefusedError for a link on the way, else OSError.
    """
    parent, name = _split(path)
    with contextlib.suppress(FileNotFoundError), folder_beneath(root, parent) as folder:
        try:
            os.unlink(name, dir_fd=folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(root / path)) from None


def discard_beneath(root: Path, path: str) -> None:
    """Remove whatever is in a file's place below `root`: the file, a folder with its contents, a link itself.

    Raises RefusedError for a link on the way, else OSError.
    """
    try:
        unlink_beneath(root, path)
    except IsADirectoryError:
        remove_beneath(root, path)


def remove_beneath(root: Path, path: str) -> None:
    """Remove a folder below `root` with all its contents, whatever permissions a tool left in it.

    Raises RefusedError for a link on the way. A link in the folder's place stays, and so does its target.
    """
    parent, name = _split(path)
    with contextlib.suppress(FileNotFoundError), folder_beneath(root, parent) as folder:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            raise RefusedError(errno.ENOTDIR, f"is {kind_words(status.st_mode)}, not a folder", str(root / path))
        # A file that cannot be removed stays, as it would after `rm -rf`.
        with contextlib.suppress(OSError):
            remove_at(folder, name)


def remove_at(folder: int, name: str) -> None:
    """Remove a file, a link, or a folder with all its contents; `folder` is the descriptor of the folder that it is in.

    Folders may lie in each other to any depth: recursion would meet Python's limit, and take a descriptor for each.
    Raises OSError.
    """
    if _is_unlinked(folder, name):
        return
    with _writable(folder, name) as top:
        while entries := os.listdir(top):  # noqa: PTH208 - pathlib knows no descriptors
            for entry in entries:
                _flatten(top, entry)
    os.rmdir(name, dir_fd=folder)


def _flatten(top: int, name: str) -> None:
    """Remove a file, or a folder; the folders in it move up into `top`."""
    if _is_unlinked(top, name):
        return
    with _writable(top, name) as inner:
        for entry in os.listdir(inner):  # noqa: PTH208
            if not _is_unlinked(inner, entry):
                # A folder that moves has to be writable itself.
                with _writable(inner, entry):
                    os.rename(entry, f"up-{secrets.token_hex(8)}", src_dir_fd=inner, dst_dir_fd=top)
    os.rmdir(name, dir_fd=top)


def _is_unlinked(folder: int, name: str) -> bool:
    """Remove what is no folder; tell whether nothing of that name is left. Raises OSError."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EPERM):
            raise
        return False
    return True


@contextlib.contextmanager
def _writable(folder: int, name: str) -> Iterator[int]:
    """Open a folder whose contents are to be removed, whatever permissions it has."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=folder)
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    try:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)


def kind_words(mode: int) -> str:
    """Return the kind of a file by its mode: "a symbolic link", "a named pipe"."""
    kinds = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def _split(path: str) -> tuple[str, str]:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.name:
        raise RefusedError(errno.EINVAL, "is not a path below the folder", path)
    return pure.parent.as_posix(), pure.name


def _of(error: OSError, path: Path, folder: int, name: str) -> OSError:
    """Return the error of an attempt to open a part of a path; it names the kind of thing that stands there."""
    with contextlib.suppress(OSError):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            where = os.readlink(name, dir_fd=folder)
            return RefusedError(errno.ELOOP, f"is a symbolic link (to {where})", str(path))
        if error.errno in (errno.ENXIO, errno.ENOTDIR) and not stat.S_ISREG(mode):
            return RefusedError(error.errno, f"is {kind_words(mode)}", str(path))
    return OSError(error.errno, error.strerror, str(path))


@contextlib.contextmanager
def _new(folder: int, name: str) -> Iterator[tuple[int, str]]:
    """Make a file of a new name beside `name`; it is gone afterwards unless it was renamed."""
    temporary = f".{name[:100]}.{os.getpid()}-{next(_NUMBERS)}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    writer = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o644, dir_fd=folder)
    try:
        yield writer, temporary
    finally:
        os.close(writer)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
