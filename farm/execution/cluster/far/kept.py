"""Inputs that a node keeps between jobs, in the user's cache folder: most steps of a build share most of theirs."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from farm.execution.cluster.far.post import Post, Stored
from farm.results.digest import sha256_of
from farm.results.folder import copy_bytes

#: Larger files are few, and fetched for each job. Above the second number those that were unused longest go.
_LARGEST_BYTES, _MOST_BYTES = 64 << 20, 2 << 30


class Kept:
    """A folder of files under their digests. Nothing in it is believed, and nothing of it has to work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, post: Post, wanted: Stored, target: Path) -> None:
        """Put an object at `target`: from here if it is here, else from the store. Raises as `Post.fetch`."""
        if wanted.size > _LARGEST_BYTES:
            post.fetch(wanted, target)
        elif not self._restored(wanted, target):
            post.fetch(wanted, target)
            self._keep(wanted, target)

    def prune(self) -> None:
        """Remove what was unused longest, above the limit."""
        with contextlib.suppress(OSError):
            found = sorted((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in self._folder.iterdir())
            over = sum(size for _, size, _ in found) - _MOST_BYTES
            for _, size, entry in found:
                if over <= 0:
                    break
                entry.unlink()
                over -= size

    def _restored(self, wanted: Stored, target: Path) -> bool:
        path = self._folder / wanted.sha256
        try:
            with path.open("rb") as reader, target.open("xb") as writer:
                copy_bytes(reader, writer)
                os.fchmod(writer.fileno(), wanted.mode & 0o777 | 0o600)
            with target.open("rb") as copied:
                if sha256_of(copied) != (wanted.sha256, wanted.size):
                    path.unlink()
                    target.unlink()
                    return False
            os.utime(path)
        except OSError:
            # Also a full disk: the store's copy then fails in its turn, and says so.
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            return False
        return True

    def _keep(self, wanted: Stored, source: Path) -> None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._folder / f".{secrets.token_hex(8)}"
            try:
                with source.open("rb") as reader, new.open("xb") as writer:
                    copy_bytes(reader, writer)
                new.rename(self._folder / wanted.sha256)
            finally:
                new.unlink(missing_ok=True)
