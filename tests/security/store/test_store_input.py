"""Whatever somebody puts into the store: it is dropped, said once and made again, and nothing else is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dropped import ordinary_folder
from hostile_store import KEY, put

from benchmarks.engine.hostile_files import CONTENTS, ENTRIES, IRREGULAR, OUTSIDE, forged
from farm.results.store import Store
from farm.results.store_care import collect, stats, verify

pytestmark = pytest.mark.timeout(60)
OUTPUTS = {"a", "b"}


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of an ordinary user, whom the test runs as."""
    with ordinary_folder(in_memory=True) as folder:
        yield folder


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, said: list[str]) -> Store:
    """A store with one result, beside files that nothing may touch."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "farther").mkdir()
    (tmp_path / "farther/file").write_text("precious too")
    made = Store(tmp_path / "store", said.append)
    put(made, tmp_path, a="A", b="B")
    return Store(made.folder, said.append)


@pytest.fixture(autouse=True)
def untouched(tmp_path: Path, store: Store):
    yield
    assert (tmp_path / "victim").read_text() == "precious"
    assert [path.name for path in (tmp_path / "farther").iterdir()] == ["file"]
    planted = [path for path in tmp_path.rglob("*planted*") if not path.is_relative_to(store.folder)]
    assert not planted
    assert not OUTSIDE.exists()


def restored(store: Store, folder: Path) -> bool:
    entry = store.find(KEY, OUTPUTS)
    return entry is not None and store.restore(entry, folder)


def made_again(store: Store, folder: Path, said: list[str], sentences: int = 1) -> None:
    """Check that one build drops what was planted and says so once, and that the next one restores."""
    assert not restored(store, folder / "first")
    assert not restored(store, folder / "first"), "it is not looked at twice in a build"
    assert len(said) == sentences, said
    assert all("\x1b" not in text and text.isprintable() for text in said)
    put(store, folder, a="A", b="B")
    assert len(said) == sentences, said
    again = Store(store.folder, said.append)
    assert restored(again, folder / "second")
    assert (folder / "second/work/a").read_text() == "A"
    assert len(said) == sentences, said


@pytest.mark.parametrize("change", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_no_build_has_written(tmp_path: Path, store: Store, said: list[str], change) -> None:
    place = store.entry_path(KEY)
    place.write_bytes(forged(place.read_bytes(), change))
    made_again(store, tmp_path, said)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_bytes_that_are_no_entry(tmp_path: Path, store: Store, said: list[str], content: bytes) -> None:
    store.entry_path(KEY).write_bytes(content)
    made_again(store, tmp_path, said)


@pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
@pytest.mark.parametrize("part", ["entry", "object"])
def test_what_is_no_regular_file(tmp_path: Path, store: Store, said: list[str], part: str, plant) -> None:
    entry = store.find(KEY)
    assert entry is not None
    place = store.entry_path(KEY) if part == "entry" else store.object_path(entry.files["a"].digest.sha256)
    place.unlink()
    plant(place)
    made_again(store, tmp_path, said)


@pytest.mark.parametrize("part", ["entry", "object"])
def test_a_link_to_the_very_bytes(tmp_path: Path, store: Store, said: list[str], part: str) -> None:
    entry = store.find(KEY)
    assert entry is not None
    place = store.entry_path(KEY) if part == "entry" else store.object_path(entry.files["a"].digest.sha256)
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    made_again(store, tmp_path, said)
    assert (tmp_path / "moved").exists()


@pytest.mark.parametrize("level", ["ac", "ac/ab", "cas", "cas/ab"])
@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_something_in_place_of_a_folder(tmp_path: Path, store: Store, said: list[str], level: str, kind: str) -> None:
    entry = store.find(KEY)
    assert entry is not None
    inner = store.entry_path(KEY) if level.startswith("ac") else store.object_path(entry.files["a"].digest.sha256)
    place = inner.parent if "/" in level else inner.parent.parent
    shutil.move(place, tmp_path / "elsewhere")
    before = sorted(path.name for path in (tmp_path / "elsewhere").rglob("*"))
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        place.write_text("x")
    else:
        os.mkfifo(place)
    made_again(store, tmp_path, said)
    assert sorted(path.name for path in (tmp_path / "elsewhere").rglob("*")) == before, "behind a link nothing changes"


@pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
def test_a_version_that_is_no_file(tmp_path: Path, store: Store, said: list[str], plant) -> None:
    (store.folder / "version").unlink()
    plant(store.folder / "version")
    assert restored(store, tmp_path / "out")
    assert "damaged version" in said[0]
    assert (store.folder / "version").read_text() == "1\n"


@pytest.mark.parametrize("content", [b"", b"one", b"\x1b[2J", b"1" * 5_000_000, "\u0661".encode(), b"-3"])
def test_a_version_that_is_no_number(tmp_path: Path, store: Store, said: list[str], content: bytes) -> None:
    (store.folder / "version").write_bytes(content)
    assert restored(store, tmp_path / "out")
    (sentence,) = said
    assert "damaged version" in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
def test_a_lock_that_is_no_file(tmp_path: Path, store: Store, said: list[str], plant) -> None:
    key = "d" * 64
    (store.folder / "locks").mkdir(exist_ok=True)
    plant(store.folder / "locks" / key)
    lease = store.lease(key)
    assert lease is not None
    lease.release()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
def test_the_stores_own_lock_that_is_no_file(tmp_path: Path, store: Store, said: list[str], plant) -> None:
    """What is put there once must not keep the store from being written in all later builds."""
    (store.folder / "lock").unlink(missing_ok=True)
    plant(store.folder / "lock")
    put(store, tmp_path, key="e" * 64, a="A", b="B")
    assert said == []
    assert Store(store.folder, said.append).find("e" * 64, OUTPUTS) is not None
    assert (store.folder / "lock").is_file() and not (store.folder / "lock").is_symlink()
    assert not (store.folder / "nothing").exists()


def test_locks_behind_a_link(tmp_path: Path, store: Store) -> None:
    (store.folder / "locks").symlink_to(tmp_path / "farther")
    lease = store.lease("d" * 64)
    assert lease is not None
    assert [path.name for path in (tmp_path / "farther").iterdir()] == ["file"]
    lease.release()


def test_a_file_as_large_as_a_disk(tmp_path: Path, store: Store, said: list[str]) -> None:
    """A sparse file takes no room in the store, and all of it here."""
    entry = store.find(KEY)
    assert entry is not None
    size = 1 << 43
    sha256 = entry.files["a"].digest.sha256
    try:
        os.truncate(store.object_path(sha256), size)
    except OSError:
        pytest.skip("this file system has no file of 8 TiB")
    place = store.entry_path(KEY)
    place.write_bytes(forged(place.read_bytes(), lambda body: body["files"]["a"].__setitem__("size_bytes", size)))
    assert not restored(store, tmp_path / "out")
    (sentence,) = said
    assert "larger than the free space" in sentence


def test_a_lying_entry_costs_no_other_its_object(tmp_path: Path, store: Store, said: list[str]) -> None:
    put(store, tmp_path, "b" * 64, a="A")
    place = store.entry_path(KEY)
    place.write_bytes(forged(place.read_bytes(), lambda body: body["files"]["a"].__setitem__("size_bytes", 2)))
    assert not restored(store, tmp_path / "first")
    other = store.find("b" * 64)
    assert other is not None
    assert store.restore(other, tmp_path / "second")
    assert len(said) == 1


class TestCare:
    """`doit cache` believes no more than a build does."""

    @pytest.mark.parametrize("change", ENTRIES.values(), ids=ENTRIES)
    def test_verify_agrees_with_a_build(self, tmp_path: Path, store: Store, request, change) -> None:
        place = store.entry_path(KEY)
        place.write_bytes(forged(place.read_bytes(), change))
        shutil.copytree(store.folder, tmp_path / "copy")
        accepted = restored(store, tmp_path / "out")
        # Which outputs a step declares is known to a build only.
        knows = not {"another output", "one output more", "one output less"} & {request.node.callspec.id}
        if knows:
            assert bool(verify(Store(tmp_path / "copy")).damaged_entries) is not accepted

    def test_verify_removes_nothing_behind_a_link(self, tmp_path: Path, store: Store) -> None:
        for part in ("cas", "ac"):
            (store.folder / part / "zz").symlink_to(tmp_path / "farther")
        found = verify(store)
        assert found.damaged_objects == ("'cas/zz'",)
        assert found.damaged_entries == ("'ac/zz'",)
        assert not list(store.folder.rglob("zz"))

    @pytest.mark.parametrize("part", ["ac", "cas"])
    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_verify_and_gc_end_at_anything(self, tmp_path: Path, store: Store, part: str, plant) -> None:
        place = store.folder / part / "zz" / ("f" * 64)
        place.parent.mkdir()
        plant(place)
        os.mkfifo(store.folder / part / "pipe")
        (store.folder / part / "zz/\x1b[2J").write_text("x")
        stats(store)
        collect(store, 10**9)
        found = verify(store)
        assert len(found.damaged_objects) + len(found.damaged_entries) == 3
        assert all(name.isprintable() for name in (*found.damaged_objects, *found.damaged_entries))
        assert verify(store).damaged_objects == verify(store).damaged_entries == ()
        assert restored(store, tmp_path / "out")
