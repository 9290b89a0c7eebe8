"""What a job shares with its farm alone: the store that carries everything else may have other readers and writers.

Whoever can write the store can make a job fail, and cannot make it lie: a record counts only with a code that the
secret makes (HMAC-SHA-256). Logs and private variables are sealed: their bytes are combined with a stream of SHAKE-256
that only the secret gives. The secret itself goes to the node in the environment of the engine's client.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

#: The variable that takes the secret to the node.
VARIABLE = "FARM_JOB_SECRET"
_BYTES = 32
_FILE = "job-secret"
_PART_BYTES = 1 << 20
_CODE = "code"


def secret_folder() -> Path:
    """Return the folder of the user's secret: below XDG_DATA_HOME, beside the list of trusted payloads."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local/share") / "dataflow-farm"


def secret_of(folder: Path, key: str) -> bytes:
    """Return the secret of all jobs of an action key: equal for all farms of a user on one machine. Raises OSError.

    `folder` is the user's own; the file from which the secrets follow is made there at the first time.
    """
    return hmac.digest(_users_secret(folder), f"job {key}".encode(), "sha256")


def _users_secret(folder: Path) -> bytes:
    path = folder / _FILE
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f".{_FILE}.{os.getpid()}-{secrets.token_hex(4)}"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as stream:
        stream.write(secrets.token_bytes(_BYTES))
    try:
        # The first one counts, if two farms begin at the same time.
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
        found = os.fstat(stream.fileno())
        content = stream.read(_BYTES + 1)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077 or len(content) != _BYTES:
        raise OSError(0, "is not a secret of yours alone; remove it", str(path))
    return content


def signed(secret: bytes, name: str, document: Mapping[str, Any]) -> bytes:
    """Return a document as it is stored under `name`, with its code."""
    return json.dumps({**document, _CODE: _code(secret, name, document)}).encode()


def verified(secret: bytes, name: str, content: bytes) -> dict[str, Any] | None:
    """Return a document that was stored under `name`; None if nobody who knows the secret has made it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    code = found.pop(_CODE, None)
    return found if isinstance(code, str) and hmac.compare_digest(code, _code(secret, name, found)) else None


def _code(secret: bytes, name: str, document: Mapping[str, Any]) -> str:
    return hmac.new(secret, f"{name}\n{json.dumps(document, sort_keys=True)}".encode(), "sha256").hexdigest()


def sealed_parts(secret: bytes, label: str, source: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of a file sealed, or those of a sealed one open again. No two texts of a secret share a label."""
    number = 0
    while part := source.read(_PART_BYTES):
        stream = hashlib.shake_256(b"\0".join((secret, label.encode(), b"%d" % number))).digest(len(part))
        yield (int.from_bytes(part, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(part), "big")
        number += 1
