"""What a tool has left in an output's place, told so that it can be made again elsewhere.

The farm refuses outputs that are links, folders, pipes, second names or programs with special rights, and says what
they were. So that it does so wherever a step ran, a node tells of them, and the farm makes the same thing, empty.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any

_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


def odd_shape(work: Path, output: str) -> dict[str, Any] | None:
    """Tell what stands in an output's place if it is no plain file; None for one, and where there is nothing."""
    parts = PurePosixPath(output).parts
    for count in range(1, len(parts) + 1):
        at = "/".join(parts[:count])
        try:
            found = (work / at).lstat()
        except OSError:
            return None
        if stat.S_ISLNK(found.st_mode):
            return {"at": at, "link": str((work / at).readlink())}
        if count < len(parts):
            continue
        if stat.S_ISDIR(found.st_mode):
            return {"at": at, "folder": True}
        if not stat.S_ISREG(found.st_mode):
            return {"at": at, "pipe": True}
        if found.st_nlink > 1 or found.st_mode & _SPECIAL:
            return {"at": at, "names": min(found.st_nlink, 2), "mode": stat.S_IMODE(found.st_mode)}
    return None


def make_shape(work: Path, shape: dict[str, Any]) -> None:
    """Make what `odd_shape` has told of, below `work`. Raises OSError and KeyError."""
    path = work / shape["at"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        path.rmdir()
    if "link" in shape:
        path.symlink_to(shape["link"])
    elif "folder" in shape:
        path.mkdir()
    elif "pipe" in shape:
        os.mkfifo(path, 0o600)
    else:
        path.write_text("x")
        path.chmod(int(shape["mode"]) & 0o7777)
        if shape["names"] > 1:
            os.link(path, path.with_name(f"{path.name}.second"))
