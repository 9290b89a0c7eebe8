"""Store and ledger for commands that only ask. They make, lock and repair nothing, so no folder has to be writable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from farm.results.digest import Digest
from farm.results.ledger import Ledger, LedgerIsForeignError, check_files, check_schema, opened
from farm.results.owner import NotPrivateError, check_private
from farm.results.store import VERSION, VERSION_FILE, DamagedError, Store

if TYPE_CHECKING:
    import sqlite3


_VERSION_BYTES = 100


class LedgerReader(Ledger):
    """A ledger that is only read. If it cannot be read, a sentence says so, and it counts as empty."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        """`warn` gets one sentence when the ledger is there and cannot be read."""
        super().__init__(path, lambda text: warn(f"{text.rpartition('; ')[0]}; no times of earlier runs are known"))

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415 - `doit why` asks nothing of it
        from urllib.parse import quote  # noqa: PLC0415

        check_files(self._path)
        place = quote(str(self._path))
        # With a write-ahead log a reader makes a file beside it. Without one nobody writes to the ledger now.
        if Path(f"{self._path}-wal").exists():
            with contextlib.suppress(sqlite3.OperationalError):
                return opened(f"file:{place}?mode=ro", _check, is_uri=True)
        return opened(f"file:{place}?mode=ro&immutable=1", _check, is_uri=True)


def _check(connection: sqlite3.Connection) -> None:
    if not check_schema(connection):
        raise LedgerIsForeignError("it is empty")


class StoreReader:
    """Tells what the store has. A damaged entry counts as none; the next build drops it."""

    def __init__(self, folder: Path, warn: Callable[[str], None], *, shared: bool = False) -> None:
        """`warn` gets one sentence when the store is there and cannot be used; `shared` is that of the store."""
        self._store = Store(folder, shared=shared)
        version = ""
        try:
            if not shared:
                check_private(folder)
            version = self._store.files.read(VERSION_FILE, _VERSION_BYTES).decode("ascii", errors="replace").strip()
        except FileNotFoundError:
            pass
        except OSError as error:
            warn(f"the store {folder} cannot be read ({error.strerror})")
        except NotPrivateError as problem:
            warn(f"the store {folder} {problem}; what it holds is not looked at")
        except DamagedError as problem:
            warn(f"the store {folder} has a damaged version (it {problem}); what it holds is not looked at")
        self._there = version == VERSION
        if version not in ("", VERSION):
            warn(f"the store {folder} has version {version[:20]!a}, and this farm knows {VERSION}; it is not used")

    def outputs(self, key: str, _: Collection[str] = ()) -> Mapping[str, Digest] | None:
        """Return the digests of what is stored under a key, by paths in the scratch folder; None if nothing is."""
        if not self._there:
            return None
        try:
            entry = self._store.read(key)
        except (DamagedError, OSError):
            return None
        return {path: file.digest for path, file in entry.files.items()}
