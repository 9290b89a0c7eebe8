"""A store with a result in it, for tests that then plant something there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from farm.results.digest import digest_of
from farm.results.record import Cost
from farm.results.store import Store, StoreEntry, entry_of

KEY = hashlib.sha256(b"key").hexdigest()


def put(store: Store, folder: Path, key: str = KEY, **contents: str) -> StoreEntry:
    """Publish a run whose outputs are `contents` by name, with a log of its own."""
    work = folder / f"work-{key[:8]}"
    work.mkdir(exist_ok=True)
    for name, content in contents.items():
        (work / name).write_text(content)
    log = folder / "log.txt"
    log.write_text("said\n")
    digests = {name: digest_of(work / name) for name in contents}
    entry = entry_of(key, "hls:x", digests, work, log, facts={"pe": "4"}, cost=Cost(2.0, 3.0, 0.5))
    store.publish(entry, work, log)
    return entry
