"""Which native payloads the user trusts, by SHA-256.

An emulation xclbin carries a program of the machine, and a file from elsewhere may carry any program. A payload is run
only if its digest is named in ``trusted-payloads`` below ``$XDG_DATA_HOME/dataflow-farm`` (default ``~/.local/share``),
one digest and a note a line, or by an installed wheel: an entry point of group ``dataflow_farm.payloads`` whose *name*
is the digest. Nothing of the wheel is imported for that, and ``installed`` says which wheels count.

The list is believed if it is a regular file of at most 1 MB that only its owner can write, and the owner is this user
or root. The same holds for its folder, in which others could exchange it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shlex
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import installed
from .bounded.regular_file import RefusedError, open_descriptor
from .errors import TrustError

GROUP = "dataflow_farm.payloads"
MOST_BYTES = 1_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LOCK_WITHIN_S = 3.0
# Errors of file systems that have no locks. There too a line is written whole, by one call.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def list_file() -> Path:
    """Path of the list; it need not exist."""
    base = os.environ.get("XDG_DATA_HOME", "")
    # The XDG rules have relative values ignored: else the list would depend on the working directory.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return root / "dataflow-farm" / "trusted-payloads"


def trusted(digest: str) -> bool:
    """Whether the user or an installed wheel vouches for the payload of this digest."""
    return digest in _listed() or digest in _installed()


def trust(digest: str, note: str) -> bool:
    """Add a digest to the list, with a note that says what it is; False if it stood there already."""
    if not _DIGEST.fullmatch(digest):
        raise TrustError(f"{digest!r} is no SHA-256 digest", remedy="give 64 lower-case hexadecimal digits")
    path = list_file()
    with opened(path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as handle:
        # The lock keeps two builds from both adding the line, and the one write keeps a reader from seeing half of it.
        _lock(handle, path)
        known = os.pread(handle, MOST_BYTES, 0)
        if digest in digests_in(known):
            return False
        line = f"{digest}  {' '.join(note.split())}\n".encode("utf-8", "replace")
        if known and not known.endswith(b"\n"):
            line = b"\n" + line
        if len(known) + len(line) > MOST_BYTES:
            raise TrustError(f"would exceed {MOST_BYTES:,} bytes", where=str(path), remedy="remove old lines from it")
        os.write(handle, line)
    return True


def trust_payload(path: Path, note: str) -> bool:
    """Trust the native payload of an xclbin that was built here; False if it was trusted already, or has none.

    A file that real tools linked runs on a card and has none.
    """
    digest = _payload_digest(path)
    return digest is not None and trust(digest, note)


def _payload_digest(path: Path) -> str | None:
    """SHA-256 of the native payload of an xclbin; None if it has none."""
    from .formats import emulation_data, xclbin  # noqa: PLC0415 - a build asks where the list is, each time

    payload = xclbin.read(path).emulation.get(emulation_data.PAYLOAD)
    return None if payload is None else hashlib.sha256(payload).hexdigest()


def how_to_trust(path: Path, published: str | None = None) -> str:
    """How to trust the payload of an xclbin that was not linked here; empty if it is trusted, or if there is none.

    ``published`` is where somebody whom the user trusts publishes digests (``published.digests``): a payload that is
    among them enters the user's list.
    """
    digest, why = _payload_digest(path), ""
    if digest is None or trusted(digest):
        return ""
    if published is not None:
        from .published import digests  # noqa: PLC0415 - a card needs none of it

        try:
            if digest in digests(published):
                trust(digest, f"published at {published}; {path.name}")
                return ""
            why = f" {published} does not name it."
        except TrustError as error:
            why = f" {error}."
    return (
        f"{path} was restored and not linked here: its native payload is not trusted and will not be run.{why} If "
        f"you know who may write the store: python -m {__package__} trust {shlex.quote(str(path))}"
    )


def vouch(published: str | None, outputs: tuple[Path, ...], made_here: bool) -> str:
    """Let the emulated card run what the checkout in the current folder has built; return how to trust what it has not.

    The xclbin is the first of the outputs. ``published`` is that of ``how_to_trust``.
    """
    if made_here:
        # What this has entered is trusted: there is nothing to tell.
        trust_payload(outputs[0], note=f"built in {Path.cwd()}")
        return ""
    return how_to_trust(outputs[0], published)


def require(digest: str, description: str, where: str) -> None:
    """Raise TrustError, with what the file says of itself and the command to trust it, unless it is trusted."""
    if not trusted(digest):
        raise TrustError(
            f"the native payload is not trusted and was not run: it claims to be {description}, SHA-256 {digest}",
            where=where,
            remedy=f"if you know where the file is from: python -m {__package__} trust {shlex.quote(where)}",
        )


def _listed() -> set[str]:
    try:
        with opened(list_file(), os.O_RDONLY) as handle:
            return digests_in(os.pread(handle, MOST_BYTES, 0))
    except FileNotFoundError:
        return set()


def digests_in(data: bytes) -> set[str]:
    """Return the digests that a list names, whatever else it holds."""
    words = (line.split(maxsplit=1) for line in data.decode("utf-8", "replace").splitlines())
    return {first[0] for first in words if first and _DIGEST.fullmatch(first[0])}


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor of a list. Raises TrustError, and FileNotFoundError where it is not there to be read."""
    try:
        if flags & os.O_CREAT:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_writers(path.parent, path.parent.stat())
        handle = open_descriptor(path, flags, most_bytes=MOST_BYTES, follow=False)
    except RefusedError as error:
        raise TrustError(
            f"{error.strerror}", where=str(path), remedy="move it away; trusted payloads are then listed anew"
        ) from error
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not flags & os.O_CREAT:
            raise
        raise _unusable(path, flags, error) from error
    try:
        _check_writers(path, os.fstat(handle))
        yield handle
    except OSError as error:
        raise _unusable(path, flags, error) from error
    finally:
        os.close(handle)


def _unusable(path: Path, flags: int, error: OSError) -> TrustError:
    if error.errno == errno.ELOOP:
        return TrustError("is a symbolic link", where=str(path), remedy="put the file itself there")
    if flags & os.O_CREAT:
        what, remedy = "written", "make it writable or set XDG_DATA_HOME"
    else:
        what, remedy = "read", "make it readable for you"
    return TrustError(f"cannot be {what} ({error.strerror})", where=str(path), remedy=remedy)


def _check_writers(path: Path, status: os.stat_result) -> None:
    """Raise TrustError for what others own or can write."""
    if status.st_uid not in (os.geteuid(), 0):
        raise TrustError(
            f"belongs to another user (uid {status.st_uid})",
            where=str(path),
            remedy="set XDG_DATA_HOME to a folder of yours",
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TrustError(
            "can be written by other users",
            where=str(path),
            remedy=f"run: chmod go-w {shlex.quote(str(path))}, then read {list_file().name}",
        )


def _lock(handle: int, path: Path) -> None:
    """Lock the list for writing. Raises TrustError if another process keeps it for seconds."""
    deadline_s = time.monotonic() + _LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline_s:
                raise TrustError(
                    "is locked by another process", where=str(path), remedy=f"end it (fuser {path} names it), try again"
                ) from error
            time.sleep(0.02)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return
        else:
            return


def _installed() -> set[str]:
    return {name for name in installed.entry_point_names(GROUP) if _DIGEST.fullmatch(name)}
