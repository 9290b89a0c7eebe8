"""Faults by somebody who may write the store or the build folder: they plant files, and a build has to go on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.engine.hostile_files import CONTENTS, ENTRIES, IRREGULAR, OUTSIDE, forged, mutated
from benchmarks.engine.storm_project import Project

_PRECIOUS = "nobody may touch this"
#: What may stand in place of a part of the store that belongs to no step.
_PARTS = (
    "version",
    "lock",
    "ledger.db",
    "ledger.db-journal",
    "ledger.db-wal",
    "ledger.db-shm",
    "ledger.db.lock",
    "locks",
)


class HostileStore:
    """Plants what no build has written, beside files that no build may touch."""

    def __init__(self, project: Project, canaries: Path, chance: Random) -> None:
        """`canaries` is a new folder, on the same file system."""
        self._project = project
        self._store = project.cache.resolve() / "dataflow-farm"
        self._chance = chance
        self._canaries = canaries
        (canaries / "inner").mkdir(parents=True)
        for path in (canaries / "file", canaries / "inner/file"):
            path.write_text(_PRECIOUS)

    def plant_in_store(self) -> set[str]:
        """Plant something in the store of a build that has ended well; return the steps that may have to run again.

        It removes the build folder: the next build then asks the store.
        """
        named = self._named()
        affected: set[str] = set()
        for _ in range(self._chance.randint(1, 3)):
            kind = self._chance.choice(["entry", "entry", "entry", "object", "folder", "part", "open to all"])
            if kind in ("entry", "object"):
                wing = self._store / ("ac" if kind == "entry" else "cas")
                # An earlier plant of this round may have replaced a file, or the folder that it was in.
                there = sorted(path for path in named if path.is_relative_to(wing) and path.is_file())
                if there:
                    path = self._chance.choice(there)
                    affected |= named[path]
                    (self._plant_entry if kind == "entry" else self._plant)(path)
            elif kind == "folder":
                path = self._chance.choice(
                    sorted({path.parent for path in named} | {path.parent.parent for path in named})
                )
                affected |= {name for inner, names in named.items() if inner.is_relative_to(path) for name in names}
                self._plant(path)
            elif kind == "part":
                self._plant(self._store / self._chance.choice(_PARTS))
            else:
                affected |= self._open(named)
        shutil.rmtree(self._project.folder / "build")
        return affected

    def plant_in_checkout(self) -> set[str]:
        """Plant something in the engine's own files of a build that has ended well; nothing has to run for that."""
        folder = self._project.folder / "build"
        own = [path for path in (folder / ".farm").rglob("*") if path.is_file()]
        own.append(folder / "main/doit.journal")
        for path in self._chance.sample(sorted(own), self._chance.randint(1, 4)):
            document = None
            with contextlib.suppress(ValueError, OSError):
                document = json.loads(path.read_text())
            if document is not None and self._chance.random() < 0.6:
                path.write_text(json.dumps(mutated(document, self._chance)))
            else:
                # The checkout's lock gets files only: with anything else there a build refuses to start.
                self._plant(path, only_files=path.name == "lock")
        return set()

    def check(self) -> str:
        """Return what was touched that nobody may touch; nothing if all is as it was."""
        found = {path.relative_to(self._canaries).as_posix() for path in self._canaries.rglob("*")}
        if found != {"file", "inner", "inner/file"}:
            return f"beside the store there is now {sorted(found)}"
        changed = [name for name in ("file", "inner/file") if (self._canaries / name).read_text() != _PRECIOUS]
        if changed:
            return f"{changed} were written to"
        planted = list(self._project.folder.parent.rglob("*planted*"))
        planted = [path for path in planted if not path.is_relative_to(self._store)]
        if planted or OUTSIDE.exists():
            return f"a planted entry was followed: {planted}"
        if self._store.exists() and stat.S_IMODE(self._store.stat().st_mode) != 0o700:
            return "the store is not its user's alone"
        return ""

    def _named(self) -> dict[Path, set[str]]:
        """Return the entries and objects of the last build, each with the steps that need it."""
        named: dict[Path, set[str]] = {}
        for name, key in self._project.recorded().items():
            entry = self._store / "ac" / key[:2] / key
            document = json.loads(entry.read_text())["entry"]
            items = (*document["files"].values(), document["log"])
            for path in (entry, *(self._store / "cas" / item["sha256"][:2] / item["sha256"] for item in items)):
                named.setdefault(path, set()).add(name)
        return named

    def _plant_entry(self, path: Path) -> None:
        kind = self._chance.choice(["forge", "forge", "mutate", "mutate", "plant"])
        if kind == "plant" or not path.is_file() or path.is_symlink() or path.parent.resolve() != path.parent:
            self._plant(path)
            return
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            content = path.read_bytes()
            if kind == "forge":
                path.write_bytes(forged(content, self._chance.choice(list(ENTRIES.values()))))
            elif self._chance.random() < 0.3:
                path.write_text(json.dumps(mutated(json.loads(content), self._chance)))
            else:
                path.write_bytes(forged(content, lambda body: _replace(body, mutated(body, self._chance))))

    def _plant(self, path: Path, *, only_files: bool = False) -> None:
        """Put something in the place of a file or a folder, unless a folder on the way was replaced a moment ago."""
        if path.parent.resolve() != path.parent or not path.parent.is_dir():
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        others: list[Callable[[Path], object]] = [
            *IRREGULAR.values(),
            lambda place: place.symlink_to(self._canaries / "file"),
            lambda place: place.symlink_to(self._canaries),
            lambda place: place.symlink_to(self._canaries / "inner"),
        ]
        files: list[Callable[[Path], object]] = [
            lambda place: os.link(self._canaries / "file", place),
            lambda place: place.write_bytes(self._chance.choice(list(CONTENTS.values()))),
            lambda place: place.write_bytes(self._chance.randbytes(self._chance.randrange(5_000))),
            self._plant_database,
        ]
        self._chance.choice(files if only_files else [*others, *files])(path)

    def _plant_database(self, place: Path) -> None:
        """A database that would not end to answer, or that changes what is entered."""
        connection = sqlite3.connect(place)
        with contextlib.suppress(sqlite3.Error):
            endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS step FROM r"
            connection.execute(f"CREATE VIEW runs AS {endless}")
            connection.execute("PRAGMA user_version = 1")
        connection.close()

    def _open(self, named: dict[Path, set[str]]) -> set[str]:
        """Let everybody write the store, and some of its entries; these are not believed any more."""
        self._store.chmod(self._chance.choice([0o777, 0o1777, 0o757]))
        paths = sorted(path for path in named if path.is_file() and path.resolve() == path)
        opened = self._chance.sample(paths, min(3, len(paths)))
        for path in opened:
            path.chmod(0o666)
        return {name for path in opened for name in named[path]}


def _replace(body: dict[str, object], value: object) -> None:
    body.clear()
    if isinstance(value, dict):
        body.update(value)
