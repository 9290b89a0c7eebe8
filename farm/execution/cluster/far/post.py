"""The store between a farm and its nodes: objects under their digests, records under names that follow from the job.

Records lie below `jobs/`, apart from results: whoever builds may write there, and in `cas/`, but not in `ac/`.
"""

from __future__ import annotations

import contextlib
import hmac
import io
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from farm.execution.cluster.far.secrecy import sealed_parts, signed, verified
from farm.remote.receiver import into
from farm.remote.transport import LyingError, RemoteError, Transport, UnreachableError, small
from farm.results.digest import Digest, sha256_of

Found = TypeVar("Found")
#: A description names every input of a step, and the longest arguments.
_MOST_RECORD = 16 << 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
#: So often is an answer of other bytes asked for again, at once.
_LIES = 3
_NOT_KEPT = "it took a file and does not have it"


class MissingError(LyingError):
    """The store does not have a file that was given to it, or has other bytes under its name."""


class Stored(NamedTuple):
    """A file in the store; `mode` are its permission bits."""

    sha256: str
    size: int
    mode: int = 0o644


class Post:
    """Gives and takes files and records. A store that does not answer is asked again until `patience_s` are over.

    All methods raise RemoteError: UnreachableError after that time, DeniedError at once, MissingError for a file.
    """

    def __init__(self, transport: Transport, secret: bytes, patience_s: float) -> None:
        self._transport = transport
        self._secret = secret
        self._patience_s = patience_s

    def give(self, stream: BinaryIO, *, replace: bool = False) -> Stored:
        """Store an open file under its digest, unless it is there; `replace` does not believe that it is."""
        stream.seek(0)
        sha256, size = sha256_of(stream)
        name = f"cas/{sha256}"

        def give() -> None:
            there = self._transport.size(name)
            if there == size and not replace:
                return
            self._transport.put(name, stream, size, replace=replace or there not in (None, -1))
            # A log-in page answers a file with 200 too.
            if self._transport.size(name) not in (size, -1):
                raise UnreachableError(_NOT_KEPT)

        self._patiently(give)
        return Stored(sha256, size, os.fstat(stream.fileno()).st_mode & 0o777)

    def fetch(self, wanted: Stored, target: Path) -> None:
        """Write an object to a new file, verified. Raises OSError too."""

        def fetch() -> None:
            with target.open("xb") as stream:
                os.fchmod(stream.fileno(), wanted.mode & 0o777 | 0o600)
                with into(stream, Digest(wanted.sha256, wanted.sha256, wanted.size)) as sink:
                    name = f"cas/{wanted.sha256}"
                    if not self._transport.get(name, sink, most_bytes=wanted.size, size=wanted.size):
                        raise MissingError("one of its files is not there")

        def clean() -> None:
            try:
                fetch()
            except BaseException:
                target.unlink(missing_ok=True)
                raise

        self._patiently(clean)

    def give_sealed(self, label: str, path: Path) -> Stored:
        """Store a file that only the holder of the secret can read."""
        with tempfile.TemporaryFile(dir=path.parent) as hidden:
            with path.open("rb") as stream:
                for part in sealed_parts(self._secret, label, stream):
                    hidden.write(part)
            return self.give(hidden)

    def fetch_sealed(self, label: str, wanted: Stored, target: BinaryIO, beside: Path) -> None:
        """Write what was sealed to an open file; `beside` names a file that is made on the way. Raises OSError too."""
        beside.unlink(missing_ok=True)
        self.fetch(wanted, beside)
        try:
            with beside.open("rb") as stream:
                for part in sealed_parts(self._secret, label, stream):
                    target.write(part)
        finally:
            beside.unlink()

    def give_record(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a record; a later one of the same name replaces it."""
        content, place = signed(self._secret, name, document), self._place(name)

        def give() -> None:
            self._transport.put(place, io.BytesIO(content), len(content), replace=True)
            if small(self._transport, place, _MOST_RECORD) != content:
                raise UnreachableError(_NOT_KEPT)

        self._patiently(give)

    def record(self, name: str) -> dict[str, Any] | None:
        """Return a record; None if there is none, or only one that nobody of this job has made."""

        def read() -> dict[str, Any] | None:
            content = small(self._transport, self._place(name), _MOST_RECORD)
            found = None if content is None else verified(self._secret, name, content)
            if content is not None and found is None:
                raise LyingError("it sent another record than the job's")
            return found

        with contextlib.suppress(LyingError):
            return self._patiently(read)
        return None

    def _place(self, name: str) -> str:
        """Return where a record lies. The secret is a part of it: records of other users have other names.

        A Bazel cache server has such names for the results of an instance that is called "jobs".
        """
        return f"jobs/ac/{hmac.new(self._secret, name.encode(), 'sha256').hexdigest()}"

    def _patiently(self, do: Callable[[], Found]) -> Found:
        until_s, pause_s, lies = time.monotonic() + self._patience_s, _FIRST_PAUSE_S, 0
        while True:
            try:
                return do()
            except LyingError as error:
                lies += 1
                if lies >= _LIES:
                    raise MissingError(str(error)) from None
            except UnreachableError:
                if time.monotonic() + pause_s > until_s:
                    raise
            time.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)


def words_of(error: RemoteError | OSError) -> str:
    """Return an error in a few words."""
    return str(error) if isinstance(error, RemoteError) else f"{error.filename}: {error.strerror}"
