"""What has to be done with files before a step runs or instead: hashing, fetching from the store, copies of inputs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from farm.execution.failure import Failure
from farm.execution.run import CannotStart
from farm.results.digest import Digest, Hashed, Signature
from farm.results.lock import LockHeldError
from farm.results.store import StoreEntry
from farm.scheduler.beside.aside import Aside
from farm.scheduler.beside.effort import bytes_take_long, reads_long
from farm.scheduler.beside.finishing import failure_from, failure_of
from farm.scheduler.beside.workers import WorkerError
from farm.scheduler.checkout import RESTORING, Checkout, Probe
from farm.step import File, Step


class FileWork:
    """Does it at once, or beside the loop if it takes long."""

    def __init__(self, checkout: Checkout, aside: Aside) -> None:
        self._checkout = checkout
        self._aside = aside
        #: Files that are being hashed; several steps may read one.
        self._hashing: set[str] = set()

    def hash(self, step: Step, then: Callable[[Exception | None], None]) -> Literal["known", "busy", "begun"]:
        """Hash what a probe of the step would have to read, if that takes long; `then` gets the error, if there is one.

        "known" if a probe does not take long, "busy" if the files are being hashed for another step.
        """
        paths = self._checkout.unhashed(step)
        if not paths or not reads_long(self._path(path) for path in paths):
            return "known"
        if not self._hashing.isdisjoint(paths):
            return "busy"
        self._hashing.update(paths)
        self._aside.do(
            lambda: {path: _document(self._checkout.hashed(path)) for path in paths},
            lambda result: self._hashed(paths, result, then),
            long=True,
        )
        return "begun"

    def fetch(self, step: Step, probe: Probe, entry: StoreEntry, then: Callable[[Any], None]) -> None:
        """Fetch a stored result; `then` gets the folder that it is in, None if it is not whole, or an error."""
        long = bytes_take_long(sum(entry.objects.values()))
        loop = os.getpid()

        def job() -> str | None:
            # Several may be fetched at once beside the loop, short ones too: those that have to wait for a lock.
            folder = RESTORING if os.getpid() == loop else f"{RESTORING}-{secrets.token_hex(8)}"
            return folder if self._checkout.fetch(entry, folder) else None

        self._aside.do(job, then, long=long)

    def copy_inputs(self, step: Step, copy: Callable[[], None], then: Callable[[Failure | None], None]) -> None:
        """Copy the inputs of a step; `then` gets how that failed."""
        sources = [self._path(item.source) for item in step.inputs if isinstance(item, File)]

        def job() -> dict[str, Any] | None:
            try:
                copy()
            except CannotStart as problem:
                return asdict(problem.failure)
            return None

        def done(result: Any) -> None:
            then(failure_of(result, "") if isinstance(result, Exception) else failure_from(result))

        # Without archives' share: they are copied as they are.
        self._aside.do(job, done, long=bytes_take_long(sum(path.stat().st_size for path in sources if path.is_file())))

    def _hashed(self, paths: list[str], result: Any, then: Callable[[Exception | None], None]) -> None:
        self._hashing.difference_update(paths)
        if isinstance(result, (OSError, WorkerError, LockHeldError)):
            then(result)
            return
        self._checkout.learn({path: _hashed(document) for path, document in result.items()})
        then(None)

    def _path(self, path: str) -> Path:
        return self._checkout.root / path


def _document(hashed: Hashed) -> list[Any]:
    digest = hashed.digest
    return [list(hashed.signature), [digest.sha256, digest.meaning, digest.size], hashed.quiet]


def _hashed(document: list[Any]) -> Hashed:
    signature, digest, quiet = document
    return Hashed(Signature(*signature), Digest(*digest), quiet)
