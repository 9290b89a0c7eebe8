"""Which native payloads the user trusts, by SHA-256.

An emulation xclbin carries a program of the machine, and a file from elsewhere may carry any program. A payload is run
only if its digest is named in ``trusted-payloads`` below ``$XDG_DATA_HOME/dataflow-farm`` (default ``~/.local/share``),
one digest and a note a line, or by an installed wheel: an entry point of group ``dataflow_farm.payloads`` whose *name*
is the digest. Nothing of the wheel is imported for that.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import stat
from importlib import metadata
from pathlib import Path

from .errors import TrustError
from .formats import emulation_data, xclbin

GROUP = "dataflow_farm.payloads"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def trust_file() -> Path:
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
    path = trust_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TrustError(
            f"cannot be written ({error.strerror})", where=str(path), remedy="make it writable or set XDG_DATA_HOME"
        ) from error
    with os.fdopen(handle, "r+b", buffering=0) as file:
        # The lock keeps two builds from both adding the line, and the one write keeps a reader from seeing half of it.
        fcntl.flock(file, fcntl.LOCK_EX)
        if digest in _listed():
            return False
        line = f"{digest}  {' '.join(note.split())}\n".encode()
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
    return True


def trust_payload(path: Path, note: str) -> bool:
    """Trust the native payload of an xclbin that was built here; False if it was trusted already, or has none.

    What real tools have linked runs on a card and has none.
    """
    payload = xclbin.read(path).emulation.get(emulation_data.PAYLOAD)
    return payload is not None and trust(hashlib.sha256(payload).hexdigest(), note)


def how_to_trust(path: Path) -> str:
    """How to trust the payload of an xclbin that was not linked here; empty if it is trusted, or if there is none."""
    payload = xclbin.read(path).emulation.get(emulation_data.PAYLOAD)
    if payload is None or trusted(hashlib.sha256(payload).hexdigest()):
        return ""
    return (
        f"{path} was restored and not linked here: its native payload is not trusted and will not be run. If you know "
        f"who may write the store: python -m {__package__} trust {shlex.quote(str(path))}"
    )


def require(digest: str, description: str, where: str) -> None:
    """Raise TrustError, with what the file says of itself and the command to trust it, unless it is trusted."""
    if not trusted(digest):
        raise TrustError(
            f"the native payload is not trusted and was not run: it claims to be {description}, SHA-256 {digest}",
            where=where,
            remedy=f"if you know where the file is from: python -m {__package__} trust {shlex.quote(where)}",
        )


def _listed() -> set[str]:
    path = trust_file()
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid not in (os.geteuid(), 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise TrustError(
                    "can be written by other users", where=str(path), remedy=f"run: chmod go-w {path}, then read it"
                )
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise TrustError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="make it readable for you"
        ) from error
    words = (line.split(maxsplit=1) for line in text.splitlines())
    return {first[0] for first in words if first and _DIGEST.fullmatch(first[0])}


def _installed() -> set[str]:
    return {entry.name for entry in metadata.entry_points(group=GROUP) if _DIGEST.fullmatch(entry.name)}
