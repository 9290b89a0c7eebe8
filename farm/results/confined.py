"""Files below a folder, reached one folder at a time: no link is followed, and no pipe is waited for.

What lies in the store, or beside a record, may be anything that somebody has put there. A link would lead a write or a
removal out of the folder, and a pipe would let a read wait for good.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from os import open as open_descriptor
from pathlib import Path
from typing import BinaryIO

from farm.beneath import remove_at
from farm.results.owner import others_may_write

_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ROOT | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: Errors that are about the file and not about the system, in words.
_IRREGULAR = {
    errno.ELOOP: "is a symbolic link",
    errno.ENXIO: "is not a regular file",
    errno.ENODEV: "is not a regular file",
    errno.EACCES: "cannot be read",
    errno.EPERM: "cannot be read",
    errno.EIO: "cannot be read",
    errno.ENAMETOOLONG: "has too long a name",
    errno.ENOTDIR: "is not in a folder",
}
_NUMBERS = itertools.count()
#: How an unfinished file begins; nobody reads it, and the care of the store removes it.
UNFINISHED = ".tmp-"


class DamagedError(Exception):
    """Stored data failed verification; the argument names the part."""


def open_regular(path: Path | str, *, folder: int | None = None) -> BinaryIO:
    """Open a regular file to read; `folder` is the descriptor that a relative path starts from.

    Raises DamagedError for anything but a regular file (a link, a pipe, a folder), and OSError (FileNotFoundError).
    """
    try:
        descriptor = open_descriptor(path, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in _IRREGULAR:
            raise DamagedError(_IRREGULAR[error.errno]) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamagedError("is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path | str, most_bytes: int, *, folder: int | None = None) -> bytes:
    """Return the bytes of a regular file. Raises DamagedError, also for more than `most_bytes`, and OSError."""
    with open_regular(path, folder=folder) as stream:
        return read_most(stream, most_bytes)


def read_most(stream: BinaryIO, most_bytes: int) -> bytes:
    """Return the rest of an open file. Raises DamagedError for more than `most_bytes`."""
    content = b"" if os.fstat(stream.fileno()).st_size > most_bytes else stream.read(most_bytes + 1)
    if len(content) > most_bytes or (not content and os.fstat(stream.fileno()).st_size):
        raise DamagedError(f"is larger than {most_bytes} bytes")
    return content


class Confined:
    """The files below a folder. Paths are relative to it, with forward slashes.

    Only the folder itself may be reached through a link: a user may keep it on another disk.
    """

    def __init__(self, folder: Path, *, private: bool) -> None:
        """`private`: a file is as good as none unless its user, and nobody else, may have written it."""
        self.folder = folder
        self._private = private

    def open(self, path: str) -> BinaryIO:
        """Open a regular file to read. Raises DamagedError for anything else or another user's, and OSError."""
        with self.parent(path) as folder:
            stream = open_regular(_name(path), folder=folder)
        if self._private:
            status = os.fstat(stream.fileno())
            if status.st_uid != os.geteuid() or others_may_write(status):
                stream.close()
                raise DamagedError("may have been written by others")
        return stream

    def read(self, path: str, most_bytes: int) -> bytes:
        """Return the bytes of a file. Raises as `open` does, and DamagedError for more than `most_bytes`."""
        with self.open(path) as stream:
            return read_most(stream, most_bytes)

    def status(self, path: str) -> os.stat_result:
        """Return the status of a path; a link is not followed. Raises DamagedError and OSError."""
        with self.parent(path) as folder:
            return os.stat(_name(path), dir_fd=folder, follow_symlinks=False)

    def is_there(self, path: str) -> bool:
        """Tell whether there is anything at a path."""
        try:
            self.status(path)
        except (DamagedError, OSError):
            return False
        return True

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder is at a path, and not a link to one."""
        try:
            return stat.S_ISDIR(self.status(path).st_mode)
        except (DamagedError, OSError):
            return False

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none if it is not there or is no folder."""
        try:
            with self.parent(f"{path}/") as folder:
                return sorted(os.listdir(folder))  # noqa: PTH208 - pathlib knows no descriptors
        except (DamagedError, OSError):
            return []

    def touch(self, path: str) -> None:
        """Set the time of a file to now. Raises DamagedError and OSError."""
        with self.parent(path) as folder:
            os.utime(_name(path), dir_fd=folder, follow_symlinks=False)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all its contents. Nothing behind a link is removed.

        A link or a file in place of one of the path's folders is removed itself. Raises OSError.
        """
        with contextlib.ExitStack() as stack:
            folder = _opened(stack, self.folder)
            *above, last = path.split("/")
            for name in above:
                try:
                    folder = _opened(stack, name, folder)
                except FileNotFoundError:
                    return
                except (NotADirectoryError, OSError) as error:
                    if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                        raise
                    last = name
                    break
            remove_at(folder, last)

    def open_or_make(self, path: str, flags: int) -> int:
        """Return the descriptor of a file that is made if need be, with its folders. Raises OSError."""
        with self.parent(path, make=True) as folder:
            return os.open(_name(path), flags, self._mode(0o666), dir_fd=folder)

    @contextlib.contextmanager
    def new(self, path: str, *, durable: bool = True) -> Iterator[BinaryIO]:
        """Write a new file. It appears under its name when the block ends without an error, whole or not at all.

        Makes its folders. A link, a pipe or a folder that stands in the way is removed. Without `durable` a crash of
        the machine may leave other bytes under the name.
        """
        with self.parent(path, make=True) as folder:
            temporary = f"{UNFINISHED}{os.getpid()}-{next(_NUMBERS)}-{secrets.token_hex(4)}"
            # In the same folder: a rename is one step only within a file system.
            stream = os.fdopen(open_descriptor(temporary, _NEW, self._mode(0o666), dir_fd=folder), "w+b")
            try:
                with stream:
                    yield stream
                    stream.flush()
                    if durable:
                        os.fsync(stream.fileno())
                _replace(folder, temporary, _name(path))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise

    @contextlib.contextmanager
    def parent(self, path: str, *, make: bool = False) -> Iterator[int]:
        """Open the folder that a path lies in. `make` makes it, and removes what stands in its way.

        Raises DamagedError if a link or a file stands there, and OSError.
        """
        with contextlib.ExitStack() as stack:
            folder = _opened(stack, self.folder)
            for name in path.split("/")[:-1]:
                folder = self._enter(stack, name, folder, make)
            yield folder

    def _enter(self, stack: contextlib.ExitStack, name: str, folder: int, make: bool) -> int:
        try:
            return _opened(stack, name, folder)
        except FileNotFoundError:
            if not make:
                raise
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            if not make:
                raise DamagedError(f"is in '{name}', which is not a folder") from None
            os.unlink(name, dir_fd=folder)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, self._mode(0o777), dir_fd=folder)
        return _opened(stack, name, folder)

    def _mode(self, mode: int) -> int:
        return mode & 0o700 if self._private else mode


def _opened(stack: contextlib.ExitStack, path: Path | str, folder: int | None = None) -> int:
    """Open a folder, below another without following a link; it is closed with the stack."""
    descriptor = open_descriptor(path, _ROOT if folder is None else _FOLDER, dir_fd=folder)
    stack.callback(os.close, descriptor)
    return descriptor


def _replace(folder: int, temporary: str, name: str) -> None:
    try:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except IsADirectoryError:
        remove_at(folder, name)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
