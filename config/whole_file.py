"""Writing a file of a build's folder, whoever may have written there before."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file under another name and put it in place: a reader sees the old text or the new one.

    A link or a pipe in its place is replaced, not followed and not waited for. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("x", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        temporary.replace(path)
    except OSError as error:
        # A write to a full disk names no file, and nobody knows the other name.
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
