"""Digests of files: each byte is hashed once per change, for all steps and across runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import time
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from config.bounded.archive import most_unpacked, open_archive
from config.bounded.regular_file import open_regular, size_of
from config.frozen import dataclass
from farm import clock
from farm.beneath import write_beneath
from farm.results import schema
from farm.results.confined import DamagedError, read_regular
from farm.results.folder import DIGESTS, write_atomically

# A file that was modified this shortly before it was hashed may be modified again within the same tick of the file
# system's clock; its size and times would not show it, so such a digest is not trusted later. Some file systems count
# seconds, or two; the others count the ticks of the kernel, at most ten milliseconds each.
_RACY_NS = 2_000_000_000
_RACY_FINE_NS = 50_000_000
_CHUNK_BYTES = 1 << 20
_FORMAT = 2
_ROW = 6
#: The table of a checkout with a million files.
_MOST_BYTES, _MOST_FILES = 256 << 20, 1_000_000
#: Containers that store times beside their members: their digests need all of them unpacked.
ARCHIVE_SUFFIXES = frozenset({".zip", ".npz", ".xo", ".dcp", ".whl"})


@dataclass(frozen=True)
class Digest:
    """`sha256` of the bytes verifies; `meaning` is the same, except for containers with meaningless bytes."""

    sha256: str
    meaning: str
    size: int


class Signature(NamedTuple):
    """A mark that changes when the file does. Getting it does not read the file.

    `ctime_ns` is the time of the last change of bytes, names or permissions. Unlike `mtime_ns` nobody can set it, so it
    shows an edit that keeps size and time.
    """

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @staticmethod
    def of(path: Path | str) -> Signature:
        """Return the signature of a regular file. Raises OSError, also for anything but a regular file."""
        status = os.stat(path)  # noqa: PTH116 - a build without work does little else than this
        if not stat.S_ISREG(status.st_mode):
            # A device or a pipe would never end, and a folder has no bytes.
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        return Signature(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def moved_to(self, path: Path) -> Signature | None:
        """Return the signature of the same file under another name; None if it is another one, or was changed."""
        now = Signature.of(path)
        return now if (now.inode, now.size, now.mtime_ns) == (self.inode, self.size, self.mtime_ns) else None


class Hashed(NamedTuple):
    """The digest of a file and the signature that it had then; `quiet` if nobody can have changed it unnoticed."""

    signature: Signature
    digest: Digest
    quiet: bool


class Digests:
    """A table of digests by path and signature, kept in one file between runs."""

    def __init__(self, root: Path, store: Path | None = None) -> None:
        self._root = root
        self._prefix = f"{root}/"
        self._store = store
        self._table: dict[str, tuple[Signature, Digest]] = {}
        self._offered: dict[str, tuple[Signature, Digest]] = {}
        self._changed = False
        if store is not None:
            self._load(store)

    def of(self, path: str) -> Digest:
        """Return the digest of a checkout-relative file. Raises OSError if it is not there or is not a regular file."""
        return self.read(path)[1]

    def read(self, path: str) -> tuple[Signature, Digest]:
        """Return the digest of a file and the signature that it had then. Raises OSError as `of` does."""
        file = self.place(path)
        signature = Signature.of(file)
        known = self._table.get(path)
        if known is not None and known[0] == signature:
            return known
        offered = self._offered.pop(path, None)
        if offered is not None and offered[0] == signature:
            return offered
        hashed = self.hashed(path)
        self.take(path, hashed)
        return hashed.signature, hashed.digest

    def hashed(self, path: str) -> Hashed:
        """Hash a file, whatever is known of it. Raises OSError as `of` does."""
        file = self.place(path)
        signature = Signature.of(file)
        counts_seconds = signature.ctime_ns % 1_000_000_000 == 0
        racy_ns = _RACY_NS if counts_seconds else _RACY_FINE_NS
        if not counts_seconds and 0 <= clock.epoch_ns() - signature.ctime_ns <= racy_ns:
            # Edited just now. A digest taken at once would not be trusted, and every step that reads it would hash it.
            time.sleep(racy_ns / 1e9)
            signature = Signature.of(file)
        started_ns = clock.epoch_ns()
        digest = digest_of(Path(file))
        # Trusted only if the file was quiet before and during the hashing.
        quiet = Signature.of(file) == signature and started_ns - signature.ctime_ns > racy_ns
        return Hashed(signature, digest, quiet)

    def take(self, path: str, hashed: Hashed) -> None:
        """Take over what `hashed` has found, here or in another process: for good if the file was quiet."""
        if hashed.quiet:
            self._table[path] = (hashed.signature, hashed.digest)
            self._changed = True
        else:
            self._table.pop(path, None)

    def offer(self, path: str, hashed: Hashed) -> None:
        """Take over as `take` does; a file that was not quiet is not hashed again by the next `read` either."""
        self.take(path, hashed)
        self._offered[path] = (hashed.signature, hashed.digest)

    def knows(self, path: str) -> bool:
        """Tell whether the digest of a file is known without reading it; also of one that is not there."""
        try:
            return self._known(path, Signature.of(self.place(path))) is not None
        except OSError:
            return True

    def known(self, path: str) -> Digest | None:
        """Return the digest of a file that is known without reading it; else None, also for one that is not there."""
        try:
            return self._known(path, Signature.of(self.place(path)))
        except OSError:
            return None

    def _known(self, path: str, signature: Signature) -> Digest | None:
        rows = (self._table.get(path), self._offered.get(path))
        return next((row[1] for row in rows if row is not None and row[0] == signature), None)

    def place(self, path: str) -> str:
        """Where a file is: beneath the checkout, or outside of it, with an absolute path."""
        return path if path.startswith("/") else self._prefix + path

    def learn(self, path: str, signature: Signature, digest: Digest) -> None:
        """Take over the digest of a file that the engine has just moved to `path`; `signature` is by `settled`."""
        now = signature.moved_to(self._root / path)
        if now is not None:
            self._table[path] = (now, digest)
            self._changed = True

    def save(self) -> None:
        """Write the table for the next run, if it changed."""
        if self._store is None or not self._changed:
            return
        rows = {
            path: [*signature, digest.sha256, digest.meaning]
            for path, (signature, digest) in sorted(self._table.items())
            # No path of this machine stays in the build folder: a file outside the checkout is hashed in each run.
            if not path.startswith("/") and os.path.exists(self.place(path))  # noqa: PTH110 - knows no error, whatever the path is
        }
        text = json.dumps({"format": _FORMAT, "files": rows})
        if self._store.is_relative_to(self._root):
            write_beneath(self._root, self._store.relative_to(self._root).as_posix(), text.encode())
        else:
            write_atomically(self._store, text)
        self._changed = False

    def _load(self, store: Path) -> None:
        # A damaged or foreign table only costs a slower start: everything is hashed again.
        with contextlib.suppress(OSError, DamagedError, schema.SchemaError):
            document = schema.fields(schema.document(read_regular(store, _MOST_BYTES)), "format", "files")
            if document["format"] == _FORMAT:
                self._table = schema.table(document["files"], str, _row, _MOST_FILES)


def _row(value: Any) -> tuple[Signature, Digest]:
    if not isinstance(value, list) or len(value) != _ROW:
        raise schema.SchemaError("is no row")
    *numbers, sha256, meaning = value
    if not all(type(number) is int for number in numbers):
        raise schema.SchemaError("is no signature")
    signature = Signature(*numbers)
    return signature, Digest(schema.sha256(sha256), schema.sha256(meaning), schema.count(signature.size))


def settled(path: Path) -> Signature:
    """Set the time of a file back and return its signature, so that any later write shows, however soon it comes.

    For files that nobody else writes to yet. Otherwise the engine would hash again what it has just made.
    """
    past_ns = clock.epoch_ns() - 2 * _RACY_NS
    os.utime(path, ns=(past_ns, past_ns))
    return Signature.of(path)


@cache
def digests_of(root: Path) -> Digests:
    """Return the table of a checkout, one for the whole process."""
    return Digests(root, root / DIGESTS)


def digest_of(path: Path, *, meaning: bool = True) -> Digest:
    """Hash one file, without any table. Without `meaning` its meaning is taken to be its bytes."""
    with path.open("rb") as stream:
        value, size = sha256_of(stream)
    inner = _zip_meaning(path) if meaning and path.suffix in ARCHIVE_SUFFIXES else None
    return Digest(value, inner or value, size)


def sha256_of(stream: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 of an open file, and its size in bytes."""
    sha256 = hashlib.sha256()
    size = 0
    os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    while chunk := stream.read(_CHUNK_BYTES):
        sha256.update(chunk)
        size += len(chunk)
    return sha256.hexdigest(), size


def _zip_meaning(path: Path) -> str | None:
    """Hash names and contents of the members in the order of their names; None if the archive cannot be read.

    Nor is one that unpacks to over a hundred times its size: every byte of it then has a meaning.
    """
    sha256 = hashlib.sha256(b"zip members\0")
    try:
        with open_regular(path) as file, open_archive(file, most_bytes=most_unpacked(size_of(file))) as archive:
            for name in sorted(archive.members):
                content = hashlib.sha256()
                for chunk in archive.chunks(name):
                    content.update(chunk)
                sha256.update(name.encode() + b"\0" + content.digest())
    except (OSError, ValueError):
        return None
    return sha256.hexdigest()
