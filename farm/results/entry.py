"""An entry of the store: what a step has made under a key. Others may have written it, so all of it is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.frozen import dataclass
from farm import clock
from farm.results import schema
from farm.results.confined import DamagedError
from farm.results.digest import Digest, digest_of
from farm.results.record import Cost

#: More than any step's entry takes: ten thousand outputs with long names.
MOST_BYTES = 8 << 20
_MODE = 0o755


@dataclass(frozen=True)
class StoredFile:
    """One file of an entry; `mode` are its permission bits."""

    digest: Digest
    mode: int


@dataclass(frozen=True)
class StoreEntry:
    """What a step has made under a key. `files` are its outputs by their paths in the scratch folder."""

    key: str
    name: str
    files: Mapping[str, StoredFile]
    log: StoredFile
    facts: Mapping[str, str]
    cost: Cost
    made_s: float

    @property
    def objects(self) -> Mapping[str, int]:
        """The size in bytes of each object that the entry names."""
        return {file.digest.sha256: file.digest.size for file in (*self.files.values(), self.log)}


def entry_of(key: str, name: str, digests: Mapping[str, Digest], work: Path, log: Path, **more: Any) -> StoreEntry:
    """Describe what a run has left in `work`. `more` are `facts` and `cost`. Raises OSError."""
    files = {path: StoredFile(digest, _mode(work / path)) for path, digest in digests.items()}
    return StoreEntry(key, name, files, StoredFile(digest_of(log), _mode(log)), made_s=clock.epoch_s(), **more)


def written(entry: StoreEntry) -> bytes:
    """Return the bytes of an entry."""
    body = {
        "key": entry.key,
        "name": entry.name,
        "files": {path: _file_document(file) for path, file in entry.files.items()},
        "log": _file_document(entry.log),
        "facts": dict(entry.facts),
        "wall_s": entry.cost.wall_s,
        "cpu_s": entry.cost.cpu_s,
        "peak_memory_gib": entry.cost.peak_memory_gib,
        "made_s": entry.made_s,
    }
    return json.dumps({"check": _check(body), "entry": body}, indent=1).encode()


def parsed(key: str, content: bytes) -> StoreEntry:
    """Return the entry of a key from its bytes. Raises DamagedError for whatever `written` does not write."""
    try:
        document = schema.fields(schema.document(content), "check", "entry")
        entry = _entry(document["entry"])
        # Nothing else would notice a changed meaning digest or path.
        if document["check"] != _check(document["entry"]) or entry.key != key:
            raise schema.SchemaError("is another's")
    except schema.SchemaError:
        raise DamagedError("its entry") from None
    return entry


def _entry(value: Any) -> StoreEntry:
    names = ("key", "name", "files", "log", "facts", "wall_s", "cpu_s", "peak_memory_gib", "made_s")
    body = schema.fields(value, *names)
    return StoreEntry(
        key=schema.sha256(body["key"]),
        name=schema.name(body["name"]),
        files=schema.table(body["files"], schema.path, _file),
        log=_file(body["log"]),
        facts=schema.words(body["facts"]),
        cost=Cost(*(schema.amount(body[field]) for field in ("wall_s", "cpu_s", "peak_memory_gib"))),
        made_s=schema.amount(body["made_s"]),
    )


def _file(value: Any) -> StoredFile:
    item = schema.fields(value, "sha256", "meaning", "size_bytes", "mode")
    digest = Digest(schema.sha256(item["sha256"]), schema.sha256(item["meaning"]), schema.count(item["size_bytes"]))
    return StoredFile(digest, schema.mode(item["mode"]))


def _file_document(file: StoredFile) -> dict[str, Any]:
    digest = file.digest
    return {"sha256": digest.sha256, "meaning": digest.meaning, "size_bytes": digest.size, "mode": file.mode}


def _mode(path: Path) -> int:
    # A result is never writable by others, and never changes the user that it runs as.
    return path.stat().st_mode & _MODE


def _check(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
