"""The index of a history: an SQLite database on a local disk, made anew from the files whenever it is gone.

It only saves time: 10,000 files take seconds to read. It lies in the user's cache, or in /var/tmp where the cache is on
a network disk, because SQLite's locks cannot be trusted there. A damaged index is set aside, and that is said.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.history.amounts import Amount, Key
from reports.history.entry import INTERRUPTED, NewerFormatError
from reports.history.folder import History
from reports.history.revision import Revision
from reports.reading.errors import ReportError

_VERSION = 1
_WAIT_S = 2.0
_SCHEMA = """
CREATE TABLE builds (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder TEXT NOT NULL, began_s REAL NOT NULL,
    outcome TEXT NOT NULL, revision TEXT, dirty INTEGER, fault TEXT NOT NULL);
CREATE TABLE quantities (id INTEGER PRIMARY KEY, scope TEXT NOT NULL, quantity TEXT NOT NULL, UNIQUE (scope, quantity));
CREATE TABLE amounts (quantity INTEGER NOT NULL, build INTEGER NOT NULL, value REAL NOT NULL, mark TEXT NOT NULL,
    PRIMARY KEY (quantity, build)) WITHOUT ROWID;
CREATE INDEX by_folder ON builds (folder, name);
CREATE INDEX by_revision ON builds (revision)
"""
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "lustre",
    "gpfs",
    "ceph",
    "gluster",
    "beegfs",
    "pvfs",
    "orangefs",
    "9p",
    "fuse.",
)


@dataclass(frozen=True)
class Line:
    """A build as the index knows it."""

    name: str
    folder: str
    began_s: float
    outcome: str
    revision: Revision


class Index:
    """The index of a history, brought up to date when it is opened."""

    def __init__(self, history: History, warn: Callable[[str], None], place: Path | None = None) -> None:
        """`warn` gets a sentence for an index set aside, and one for entries that cannot be read."""
        self._history = history
        self._warn = warn
        folder = place or _local_folder()
        self._path = None if folder is None else folder / f"{history.folder.name}.db"
        self._connection = self._opened()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def builds(self, folder: str | None = None, last: int | None = None, *, whole: bool = False) -> list[Line]:
        """Return the builds, the oldest first: those of one folder if it is named, the newest `last` ones.

        `whole` leaves out those that a signal ended.
        """
        rows = self._rows(
            "SELECT name, folder, began_s, outcome, revision, dirty FROM builds WHERE fault = ''"
            " AND folder = ifnull(?, folder) AND outcome <> ? ORDER BY name DESC LIMIT ?",
            (folder, INTERRUPTED if whole else "", -1 if last is None else last),
        )
        return [_line(row) for row in rows][::-1]

    def trend(self, folder: str, key: Key) -> list[tuple[Line, Amount]]:
        """Return the builds of a folder that have an amount, the oldest first."""
        rows = self._rows(
            "SELECT name, folder, began_s, outcome, revision, dirty, value, mark FROM builds"
            " JOIN amounts ON amounts.build = builds.id"
            " WHERE amounts.quantity = (SELECT id FROM quantities WHERE scope = ? AND quantity = ?) AND folder = ?"
            " ORDER BY name",
            (*key, folder),
        )
        return [(_line(row[:6]), Amount(row[6], row[7])) for row in rows]

    def keys(self, folder: str) -> list[Key]:
        """Return the keys of the amounts that the newest build of a folder has."""
        newest = self.builds(folder, last=1, whole=True)
        if not newest:
            return []
        rows = self._rows(
            "SELECT scope, quantities.quantity FROM amounts JOIN quantities ON quantities.id = amounts.quantity"
            " WHERE build = (SELECT id FROM builds WHERE name = ?) ORDER BY scope, quantities.quantity",
            (newest[-1].name,),
        )
        return [(row[0], row[1]) for row in rows]

    def of_revision(self, folder: str, commit: str) -> Line | None:
        """Return the newest build of a commit, one without changed files before any other; None if there is none."""
        rows = self._rows(
            "SELECT name, folder, began_s, outcome, revision, dirty FROM builds WHERE fault = '' AND folder = ?"
            " AND revision = ? AND outcome <> ? ORDER BY outcome <> 'passed', ifnull(dirty, 1), name DESC LIMIT 1",
            (folder, commit, INTERRUPTED),
        )
        return _line(rows[0]) if rows else None

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        """Return the rows of a question. Damage may show only here: the index is made anew then, and asked again."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if self._path is not None:
                self._set_aside(self._path, str(error))
            self._connection = self._opened()
            return self._connection.execute(statement, values).fetchall()

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return self._in_memory("no folder of a local disk is there for its index")
        try:
            with _locked(self._path.with_suffix(".lock")):
                try:
                    return self._synced(self._path)
                except sqlite3.OperationalError:
                    raise
                except (sqlite3.DatabaseError, UnicodeDecodeError, _ForeignError) as error:
                    self._set_aside(self._path, str(error))
                    return self._synced(self._path)
        except (OSError, sqlite3.Error, _ForeignError) as error:
            return self._in_memory(f"its index {self._path} cannot be used ({error})")

    def _in_memory(self, why: str) -> sqlite3.Connection:
        self._warn(f"the history is read file by file, since {why}")
        return self._synced(None)

    def _synced(self, path: Path | None) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:" if path is None else path, timeout=_WAIT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            _prepare(connection)
            self._sync(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _sync(self, connection: sqlite3.Connection) -> None:
        """Enter the files that are new, and forget those that are gone: files never change."""
        there = self._history.names()
        known = {name: number for number, name in connection.execute("SELECT id, name FROM builds")}
        new, gone = [name for name in there if name not in known], set(known).difference(there)
        if new or gone:
            connection.execute("BEGIN IMMEDIATE")
            for name in gone:
                connection.execute("DELETE FROM amounts WHERE build = ?", (known[name],))
                connection.execute("DELETE FROM builds WHERE id = ?", (known[name],))
            quantities = {(s, q): n for n, s, q in connection.execute("SELECT id, scope, quantity FROM quantities")}
            for name in new:
                self._enter(connection, name, quantities)
            connection.execute("COMMIT")
        faults = [row[0] for row in connection.execute("SELECT fault FROM builds WHERE fault <> '' ORDER BY name")]
        if faults:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            self._warn(f"left out of the history: {faults[0]}{more}")

    def _enter(self, connection: sqlite3.Connection, name: str, quantities: dict[Key, int]) -> None:
        insert = "INSERT OR IGNORE INTO builds (name, folder, began_s, outcome, revision, dirty, fault)"
        try:
            entry = self._history.read(name)
        except NewerFormatError as error:
            self._warn(str(error))
            return  # not entered: after an update it is read
        except ReportError as error:
            connection.execute(f"{insert} VALUES (?, '', 0, '', NULL, NULL, ?)", (name, str(error)))
            return
        git = entry.revision
        values = (name, entry.folder, entry.began_s, entry.outcome, git.commit, git.dirty)
        number = connection.execute(f"{insert} VALUES (?, ?, ?, ?, ?, ?, '')", values).lastrowid
        rows = []
        for key, amount in entry.amounts.items():
            if key not in quantities:
                done = connection.execute("INSERT INTO quantities (scope, quantity) VALUES (?, ?)", key)
                quantities[key] = int(done.lastrowid or 0)
            rows.append((quantities[key], number, amount.value, amount.mark))
        connection.executemany("INSERT INTO amounts VALUES (?, ?, ?, ?)", rows)

    def _set_aside(self, path: Path, why: str) -> None:
        number = 1
        while os.path.lexists(aside := path.with_name(f"{path.name}.aside-{number}")):
            number += 1
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}-journal").unlink()
        self._warn(f"the index {path} is damaged ({why}); it was set aside as {aside.name}, and is made anew")


class _ForeignError(Exception):
    """The database is no index of this version."""


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty database. Views and triggers can run any statement: only our tables may be there."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    made = {_plain(sql) for (sql,) in connection.execute("SELECT sql FROM sqlite_master LIMIT 100") if sql}
    if not made and version == 0:
        connection.executescript(f"BEGIN; {_SCHEMA}; PRAGMA user_version = {_VERSION}; COMMIT")
    elif version != _VERSION or made != {_plain(statement) for statement in _SCHEMA.split(";")}:
        raise _ForeignError(f"it has version {version} or other tables, and this version knows {_VERSION}")


def _plain(sql: str) -> str:
    return " ".join(sql.split())


def _line(row: tuple[str, str, float, str, str | None, int | None]) -> Line:
    name, folder, began_s, outcome, commit, dirty = row
    return Line(name, folder, began_s, outcome, Revision(commit, None if dirty is None else bool(dirty)))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of an index: while one farm brings it up to date, another waits. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        until_s = time.monotonic() + _WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise OSError("another build holds it") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _local_folder() -> Path | None:
    """Return a folder of this user alone on a local disk; None if there is none."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if Path(cache).is_absolute() else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111
    for folder in (base / "dataflow-farm" / "history", Path(f"/var/tmp/dataflow-farm-{os.geteuid()}")):  # noqa: S108
        with contextlib.suppress(OSError):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            status = folder.lstat()
            private = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o022
            if stat.S_ISDIR(status.st_mode) and private and not on_network(folder):
                return folder
    return None


def on_network(folder: Path, mounts: str | None = None) -> bool:
    """Whether a folder lies on a network disk; `mounts` is the text of /proc/self/mountinfo."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
        except OSError:
            return False
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split()
        if len(words) < 5 or not after:
            continue
        # The kernel writes spaces in names as \040.
        point = words[4].replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind.startswith(_NETWORK)
