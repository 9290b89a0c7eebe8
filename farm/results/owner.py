"""Who may write a folder. What others may write is input, like anything that comes from elsewhere."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from functools import cache
from pathlib import Path

PRIVATE = 0o700


class NotPrivateError(Exception):
    """A folder or a file that others may write; the argument says who."""


def make_own(folder: Path) -> None:
    """Make a folder for this user alone if there is none. Raises NotPrivateError for another user's, and OSError."""
    _make(folder)
    _check_owner(folder.stat())


def make_private(folder: Path) -> bool:
    """Make a folder if there is none, and close it to everybody but its user (0700).

    Returns whether others could write it until now. Raises NotPrivateError if it is another user's or stays open, and
    OSError.
    """
    make_own(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check_owner(status)
        if stat.S_IMODE(status.st_mode) != PRIVATE:
            # On a disk that is mounted read-only nobody can write anyway.
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, PRIVATE)
        if others_may_write(os.fstat(descriptor)):
            raise NotPrivateError("can be written by other users, and its permissions cannot be changed")
        return others_may_write(status)
    finally:
        os.close(descriptor)


def check_private(path: Path) -> None:
    """Check that only this user may write a folder or a regular file, and follow no link to a file.

    Changes nothing. Raises NotPrivateError and OSError.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and path.is_dir():
        status = path.stat()
    if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
        raise NotPrivateError("is not a regular file")
    _check_owner(status)
    if others_may_write(status):
        raise NotPrivateError("can be written by other users")


def others_may_write(status: os.stat_result) -> bool:
    """Tell whether the permissions let anybody but the owner write."""
    return bool(status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)))


def _check_owner(status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise NotPrivateError(f"belongs to another user ({_user_name(status.st_uid)})")


def _make(folder: Path) -> None:
    """Make a folder, and those above it that are missing. Others cannot write them, whatever the umask is."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(PRIVATE, exist_ok=True)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


@cache
def _is_own_group(gid: int) -> bool:
    """Tell whether the user is alone in a group. Debian and Fedora make such a group for each user."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
