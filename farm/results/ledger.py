"""The ledger: what every run of every step cost and how it ended, for all checkouts of a user.

The farm expects durations and memory of later runs from it. It only helps: if it cannot be used, the build goes on
without it and says so once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.frozen import dataclass
from farm.results.lock import LockHeldError, locked
from farm.results.owner import NotPrivateError, check_private, make_own
from farm.results.schema import SECONDS, SIZE_BYTES

if TYPE_CHECKING:
    import sqlite3

    from farm.step import Step

#: How a run that ended well is entered; other runs are entered by the class of their failure, or as STOPPED.
ENDED_WELL = "ok"
STOPPED = "stopped"

_VERSION = 1
#: Older runs say little about the tools and the machine of today.
_REMEMBERED = 20
#: Signals are not looked at while SQLite waits for another writer, or computes.
_BUSY_S = 1.0
_STATEMENT_S, _INSTRUCTIONS = 1.0, 100_000
_ROLLBACK = "-journal"
#: What SQLite keeps beside a database.
_BESIDE = ("-wal", "-shm", _ROLLBACK)
_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, started_s REAL NOT NULL, wall_s REAL NOT NULL,
    cpu_s REAL NOT NULL, peak_memory_bytes INTEGER NOT NULL, ended TEXT NOT NULL, attempt INTEGER NOT NULL,
    slots_waited_s REAL NOT NULL
);
CREATE INDEX by_step ON runs (step, ended);
CREATE INDEX by_kind ON runs (kind, ended);
"""


@dataclass(frozen=True)
class Entry:
    """One run. `started_s` is since 1970; `slots_waited_s` is how long the step was ready but had no slot."""

    step: str
    kind: str
    key: str
    started_s: float
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    ended: str
    attempt: int = 1
    slots_waited_s: float = 0.0


@dataclass(frozen=True)
class Range:
    """The shortest, the middle and the longest of earlier runs, in seconds."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Expectation:
    """The cost that earlier runs let expect of a run.

    `basis` is "step" for runs of the same name, "kind" for runs of the same kind, "none"; `runs` is their number.
    `memory_bytes` is the most that a run of the step has used, or the middle of its kind.
    """

    wall_s: Range | None
    memory_bytes: int | None
    basis: str
    runs: int = 0


UNKNOWN = Expectation(None, None, "none")


def entered_as(step: Step) -> str:
    """Return the name under which the runs of a step are entered: with its module, since two toolchains have one name.

    `link:digits` takes a tenth of a second with one, and hours with the other.
    """
    is_module = step.argv[1:2] == ("-m",) and len(step.argv) > 2
    return f"{step.name} by {step.argv[2]}" if is_module else step.name


class Ledger:
    """The ledger in one SQLite file. A killed writer loses at most its last entry; several farms may write at once."""

    def __init__(self, path: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """`warn` gets one sentence when the ledger cannot be used, or had to be set aside. Nothing is opened yet."""
        self._path = path
        self._warn = warn
        self._connection: sqlite3.Connection | None = None
        self._unusable = False
        self._kinds: dict[str, Expectation] = {}

    def append(self, entry: Entry) -> None:
        """Enter one run, at once."""
        names = ", ".join(Entry.__dataclass_fields__)
        marks = ", ".join("?" * len(Entry.__dataclass_fields__))
        self._execute(f"INSERT INTO runs ({names}) VALUES ({marks})", astuple(entry))  # noqa: S608 - no user text

    def expected(self, step_name: str, kind: str) -> Expectation:
        """Return what runs of this step have cost, else what runs of its kind have, else UNKNOWN."""
        found = self._read("step", step_name)
        if found is UNKNOWN:
            if kind not in self._kinds:
                self._kinds[kind] = self._read("kind", kind)
            found = self._kinds[kind]
        return found

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, column: str, value: str) -> Expectation:
        if self._connection is None and not self._path.exists():
            return UNKNOWN
        rows = self._execute(
            f"SELECT wall_s, peak_memory_bytes FROM runs WHERE {column} = ? AND ended = ?"  # noqa: S608 - no user text
            " AND typeof(wall_s) = 'real' AND wall_s BETWEEN 0 AND ?"
            " AND typeof(peak_memory_bytes) = 'integer' AND peak_memory_bytes BETWEEN 0 AND ?"
            " ORDER BY id DESC LIMIT ?",
            (value, ENDED_WELL, SECONDS, SIZE_BYTES, _REMEMBERED),
        )
        if not rows:
            return UNKNOWN
        from statistics import median  # noqa: PLC0415 - a build without work asks nothing of it

        walls = [float(wall) for wall, _ in rows]
        memories = [int(memory) for _, memory in rows]
        memory = max(memories) if column == "step" else round(median(memories))
        return Expectation(Range(min(walls), median(walls), max(walls)), memory or None, column, len(rows))

    def _execute(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Run one statement. After an error this build goes on without the ledger."""
        if self._unusable:
            return []
        import sqlite3  # noqa: PLC0415 - a build that has nothing to do needs no ledger, and must not wait for this

        try:
            if self._connection is None:
                self._connection = self._open()
            limit_time(self._connection)
            return self._connection.execute(statement, values).fetchall()
        except (
            *(sqlite3.Error, OSError, ValueError, OverflowError),
            *(NotPrivateError, LedgerIsForeignError, LockHeldError),
        ) as error:
            self._unusable = True
            self._warn(f"the ledger {self._path} cannot be used ({error}); nothing is learned from this build")
            return []

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415

        make_own(self._path.parent)
        # Locked while the file is made or set aside: another farm could set aside the one just made.
        with locked(Path(f"{self._path}.lock"), fcntl.LOCK_EX, wait_s=_BUSY_S):
            try:
                return self._attempt()
            except (sqlite3.OperationalError, LedgerIsNewerError):
                raise
            except (sqlite3.DatabaseError, LedgerIsForeignError, UnicodeDecodeError) as error:
                self._set_aside(str(error))
                return self._attempt()

    def _attempt(self) -> sqlite3.Connection:
        """Open the ledger, and change nothing but its settings. Raises LedgerIsForeignError and sqlite3.Error."""
        check_files(self._path)
        return opened(str(self._path), _prepare)

    def _set_aside(self, why: str) -> None:
        number = 1
        while os.path.lexists(aside := self._path.with_name(f"{self._path.name}.aside-{number}")):
            number += 1
        with contextlib.suppress(FileNotFoundError):
            self._path.rename(aside)
        for suffix in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        self._warn(
            f"the ledger {self._path} could not be read ({why}); it was set aside as {aside.name}, a new one begins"
        )


class LedgerIsNewerError(OSError):
    """The ledger was made by a later version of the farm, which goes on using it."""


class LedgerIsForeignError(Exception):
    """The file is a database, but no ledger of a known version."""


def check_files(path: Path) -> None:
    """Check that only this user may have written the ledger and what SQLite keeps beside it.

    Raises LedgerIsForeignError. A rollback journal counts as foreign: a ledger has a write-ahead
    log, and SQLite would remove the file that such a journal names.
    """
    if os.path.lexists(f"{path}{_ROLLBACK}"):
        raise LedgerIsForeignError("a rollback journal lies beside it")
    for suffix in ("", *_BESIDE):
        place = Path(f"{path}{suffix}")
        try:
            with contextlib.suppress(FileNotFoundError):
                check_private(place)
        except NotPrivateError as problem:
            raise LedgerIsForeignError(f"{place.name} {problem}") from None
        if place.is_dir():
            raise LedgerIsForeignError(f"{place.name} is a folder")
        if place.exists() and place.stat().st_nlink > 1:
            raise LedgerIsForeignError(f"{place.name} has another name too (a hard link)")


def opened(place: str, prepare: Callable[[sqlite3.Connection], None], *, is_uri: bool = False) -> sqlite3.Connection:
    """Open a database and prepare it. SQLite does not trust its schema, and no statement lasts long.

    Raises sqlite3.Error and what `prepare` raises; the connection is closed then.
    """
    import sqlite3  # noqa: PLC0415

    connection = sqlite3.connect(place, timeout=_BUSY_S, isolation_level=None, uri=is_uri)
    try:
        limit_time(connection)
        connection.execute("PRAGMA trusted_schema = OFF")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def limit_time(connection: sqlite3.Connection) -> None:
    """Let a statement fail if it has not ended in time: in a damaged file SQLite may walk in circles."""
    until_s = time.monotonic() + _STATEMENT_S
    connection.set_progress_handler(lambda: time.monotonic() > until_s, _INSTRUCTIONS)


def check_schema(connection: sqlite3.Connection) -> bool:
    """Tell whether the database has the tables of a ledger; False for an empty one.

    Raises LedgerIsNewerError and LedgerIsForeignError. A view or a trigger could run any statement, so the
    database may hold only what this farm has made.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > _VERSION:
        raise LedgerIsNewerError(f"it has version {version}, this farm knows {_VERSION}")
    if tables and version < _VERSION:
        raise LedgerIsForeignError(f"it has version {version}, this farm knows {_VERSION}")
    if tables:
        made = {_plain(sql) for (sql,) in connection.execute("SELECT sql FROM sqlite_master LIMIT 100")}
        if made != {_plain(statement) for statement in _SCHEMA.split(";") if statement.strip()}:
            raise LedgerIsForeignError("it has other columns")
    return bool(tables)


def _plain(sql: object) -> str:
    return " ".join(str(sql).split())


def _prepare(connection: sqlite3.Connection) -> None:
    tables = check_schema(connection)
    # With a write-ahead log a commit is one append: a kill at any moment leaves whole entries.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")
