from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from farm.results.digest import digest_of
from farm.results.folder import copy
from farm.results.record import Cost
from farm.results.store import Store, StoreEntry, entry_of
from farm.results.store_care import collect, limit, stats, verify

ROOT = Path(__file__).resolve().parents[3]
KEY = hashlib.sha256(b"key").hexdigest()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, warnings: list[str]) -> Store:
    return Store(tmp_path / "store", warnings.append)


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


def taken(store: Store, folder: Path, key: str = KEY) -> dict[str, str] | None:
    """Restore a key and return the text of each file; None if the store has no result."""
    entry = store.find(key)
    if entry is None or not store.restore(entry, folder):
        return None
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_was_put_in_comes_out(tmp_path: Path, store: Store, warnings: list[str]) -> None:
    made = put(store, tmp_path, a="A", b="B")
    assert store.find(KEY) == made
    assert taken(store, tmp_path / "out") == {"work/a": "A", "work/b": "B", "log": "said\n"}
    assert store.outputs(KEY) == {path: file.digest for path, file in made.files.items()}
    assert store.find("0" * 64) is None
    assert warnings == []


def test_the_layout_is_by_content(tmp_path: Path, store: Store) -> None:
    put(store, tmp_path, a="A")
    sha256 = hashlib.sha256(b"A").hexdigest()
    assert (store.folder / "cas" / sha256[:2] / sha256).read_text() == "A"
    assert json.loads((store.folder / "ac" / KEY[:2] / KEY).read_text())["entry"]["name"] == "hls:x"


def test_restored_files_are_no_links_into_the_store(tmp_path: Path, store: Store) -> None:
    put(store, tmp_path, a="A")
    assert taken(store, tmp_path / "one") is not None
    (tmp_path / "one/work/a").write_text("scribbled over")
    assert taken(store, tmp_path / "two") == {"work/a": "A", "log": "said\n"}


def test_permissions_travel(tmp_path: Path, store: Store) -> None:
    (tmp_path / f"work-{KEY[:8]}").mkdir()
    (tmp_path / f"work-{KEY[:8]}/a").touch(0o755)
    put(store, tmp_path, a="A")
    taken(store, tmp_path / "out")
    assert os.access(tmp_path / "out/work/a", os.X_OK)


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_byte_anywhere_is_found_said_and_made_good(
    tmp_path: Path, store: Store, warnings: list[str], seed: int
) -> None:
    put(store, tmp_path, a="A" * 50, b="B" * 70)
    before = taken(store, tmp_path / "before")
    chance = random.Random(seed)
    victim = chance.choice(sorted(path for part in ("ac", "cas") for path in (store.folder / part).rglob("*/*")))
    damage(victim, chance)
    assert taken(store, tmp_path / "out") is None
    (said,) = warnings
    assert "damaged" in said
    assert store.find(KEY) is None
    put(store, tmp_path, a="A" * 50, b="B" * 70)
    assert taken(store, tmp_path / "again") == before


def test_a_damaged_object_that_no_entry_names_is_replaced(tmp_path: Path, store: Store, warnings: list[str]) -> None:
    """Its size tells nothing: the entry was lost, so nobody had looked at the object since it was damaged."""
    put(store, tmp_path, a="A" * 50)
    before = taken(store, tmp_path / "before")
    store.entry_path(KEY).unlink()
    store.object_path(hashlib.sha256(b"A" * 50).hexdigest()).write_bytes(b"A" * 49 + b"x")
    put(store, tmp_path, a="A" * 50)
    assert taken(store, tmp_path / "again") == before
    assert warnings == []


def damage(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    kind = chance.choice(["flip", "cut", "grow", "lose"])
    if kind == "lose":
        # A lost entry counts as no entry; only a lost object is damage.
        kind = "flip" if "/ac/" in str(path) else "lose"
    if kind == "flip":
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del content[chance.randrange(len(content)) :]
    elif kind == "grow":
        content += b"x"
    path.unlink()
    if kind != "lose":
        path.write_bytes(content)


def test_a_newer_version_is_left_alone(tmp_path: Path, store: Store, warnings: list[str]) -> None:
    store.folder.mkdir()
    (store.folder / "version").write_text("2\n")
    put(store, tmp_path, a="A")
    assert store.find(KEY) is None
    assert store.lease(KEY) is not None
    assert sorted(path.name for path in store.folder.iterdir()) == ["version"]
    (said,) = warnings
    assert "version '2'" in said
    assert "newer farm" in said


def test_an_older_version_is_emptied_and_fills_again(tmp_path: Path, store: Store, warnings: list[str]) -> None:
    put(store, tmp_path, a="A")
    (store.folder / "version").write_text("0\n")
    again = Store(store.folder, warnings.append)
    assert again.find(KEY) is None
    assert stats(again).objects == 0
    put(again, tmp_path, a="A")
    assert taken(Store(store.folder, warnings.append), tmp_path / "out") is not None
    (said,) = warnings
    assert "old version 0" in said


def test_a_place_that_is_no_folder(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file/store", warnings.append)
    put(store, tmp_path, a="A")
    assert store.find(KEY) is None
    assert store.lease(KEY) is not None
    assert len(warnings) == 1


def test_a_store_that_cannot_be_written_still_gives(
    tmp_path: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, tmp_path, a="A")
    again = Store(store.folder, warnings.append)

    # Root may write anywhere, so permissions cannot be used here.
    def refuse(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("farm.results.store.os.open", refuse)
    assert again.lease(KEY) is not None
    put(again, tmp_path, "f" * 64, b="B")
    monkeypatch.undo()
    assert taken(again, tmp_path / "out") is not None
    (said,) = warnings
    assert "Read-only file system" in said


class TestLease:
    HOLDER = """
import sys
from pathlib import Path
from farm.results.store import Store
lease = Store(Path(sys.argv[1]), sys.exit).lease(sys.argv[2])
print(lease is not None, flush=True)
sys.stdin.read()
"""

    def test_one_at_a_time_until_given_back(self, store: Store) -> None:
        first = store.lease(KEY)
        assert first is not None
        assert store.lease(KEY) is None
        assert store.lease("a" * 64) is not None
        first.release()
        first.release()
        second = store.lease(KEY)
        assert second is not None
        second.release()

    def test_the_kernel_gives_back_what_a_killed_holder_had(self, store: Store) -> None:
        holder = subprocess.Popen(
            [sys.executable, "-c", self.HOLDER, str(store.folder), KEY],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert store.lease(KEY) is None
        holder.kill()
        holder.communicate()
        assert store.lease(KEY) is not None


class TestCare:
    def test_stats(self, tmp_path: Path, store: Store) -> None:
        assert stats(store).entries == 0
        put(store, tmp_path, a="A" * 100)
        put(store, tmp_path, "b" * 64, a="A" * 100, b="B" * 10)
        found = stats(store)
        # The common output and the common log are stored once.
        assert (found.entries, found.objects, found.size_bytes) == (2, 3, 115)

    def test_verify_removes_what_is_damaged_and_keeps_the_rest(self, tmp_path: Path, store: Store) -> None:
        put(store, tmp_path, a="A" * 100)
        put(store, tmp_path, "b" * 64, b="B")
        victim = store.object_path(hashlib.sha256(b"A" * 100).hexdigest())
        victim.write_text("A" * 99 + "x")
        found = verify(store)
        assert (found.entries, found.objects) == (2, 3)
        assert (found.damaged_objects, found.damaged_entries) == ((victim.name,), ("hls:x",))
        assert store.find(KEY) is None
        assert taken(store, tmp_path / "out", "b" * 64) is not None
        assert verify(store).damaged_entries == ()

    def test_the_longest_unused_go_first(self, tmp_path: Path, store: Store) -> None:
        keys = [character * 64 for character in "abc"]
        for number, key in enumerate(keys):
            put(store, tmp_path, key, x=key)
            os.utime(store.entry_path(key), (1000 + number, 1000 + number))
        assert taken(store, tmp_path / "out", keys[0]) is not None
        # Room for two outputs of 64 bytes and the log of 5.
        found = collect(store, 140)
        assert (found.entries, found.kept_bytes, found.freed_bytes) == (1, 133, 64)
        assert [store.find(key) is not None for key in keys] == [True, False, True]

    def test_what_is_in_use_stays(self, tmp_path: Path, store: Store) -> None:
        put(store, tmp_path, a="A")
        lease = store.lease(KEY)
        found = collect(store, 0)
        assert (found.entries, found.locked) == (0, 1)
        assert lease is not None
        lease.release()
        assert collect(store, 0).kept_bytes == 0
        assert [path for path in (store.folder / "cas").rglob("*") if path.is_file()] == []

    def test_above_the_limit_the_longest_unused_go_but_what_is_needed(self, tmp_path: Path, store: Store) -> None:
        keys = [character * 64 for character in "abcdef"]
        for number, key in enumerate(keys):
            put(store, tmp_path, key, x=key)
            os.utime(store.entry_path(key), (1000 + number, 1000 + number))
        # Six outputs of 64 bytes and one log of 5.
        assert limit(store, 389, ()) is None
        found = limit(store, 388, {keys[0]})
        assert found is not None
        # Nine tenths of 388 are 349: one must be removed, but the oldest one stays.
        assert (found.entries, found.kept_bytes) == (1, 325)
        assert [store.find(key) is not None for key in keys] == [True, False, True, True, True, True]
        # It counts as used now.
        found = limit(store, 150, ())
        assert found is not None
        assert [store.find(key) is not None for key in keys] == [True, False, False, False, False, True]
        found = limit(store, 10, set(keys))
        assert found is not None
        assert (found.entries, found.kept_bytes) == (0, 133)

    def test_nothing_goes_while_another_build_restores(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("farm.results.store_care._PAUSE_S", 0.0)
        put(store, tmp_path, a="A" * 100)
        other = Store(store.folder)
        seen = []

        def copies(source: Path, target: Path) -> None:
            seen.append(limit(other, 10, ()))
            copy(source, target)

        monkeypatch.setattr("farm.results.store.copy", copies)
        assert taken(store, tmp_path / "out") is not None
        assert seen == [None, None]
        assert limit(other, 10, ()) is not None
        assert store.find(KEY) is None

    def test_an_entry_that_goes_before_it_is_restored_is_no_damage(
        self, tmp_path: Path, store: Store, warnings: list[str]
    ) -> None:
        entry = put(store, tmp_path, a="A")
        collect(Store(store.folder), 0)
        assert not store.restore(entry, tmp_path / "out")
        assert warnings == []
        assert not (tmp_path / "out").exists()

    def test_what_a_killed_build_left_goes(self, tmp_path: Path, store: Store) -> None:
        put(store, tmp_path, a="A")
        (store.folder / "cas/00").mkdir()
        (store.folder / "cas/00/.tmp-1-1").write_text("half")
        (store.folder / "cas/00" / ("0" * 64)).write_text("nobody names it")
        found = collect(store, 10**9)
        assert (found.entries, found.objects) == (0, 1)
        assert list((store.folder / "cas/00").iterdir()) == []
        assert store.find(KEY) is not None
