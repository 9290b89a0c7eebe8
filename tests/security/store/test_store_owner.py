"""A store is its user's alone, unless a setting says that it is shared."""

from __future__ import annotations

import json
import os
import sqlite3  # noqa: F401 - an ordinary user may not be able to load it later
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dropped import give_away, ordinary_folder, root
from hostile_store import KEY, put

from farm.results.ledger import Entry, Ledger
from farm.results.reading import StoreReader
from farm.results.store import Store


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of an ordinary user, whom the test runs as."""
    with ordinary_folder() as folder:
        yield folder


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077])
def test_it_is_made_for_its_user_alone(tmp_path: Path, said: list[str], umask, mask: int) -> None:
    store = Store(tmp_path / "not/yet/there", said.append)
    work = tmp_path / "work-x"
    work.mkdir()
    umask(mask)
    try:
        assert store.is_usable
        lease = store.lease(KEY)
        assert lease is not None
    finally:
        umask(0o022)
    put(store, tmp_path, a="A")
    assert mode(store.folder) == 0o700
    assert mode(tmp_path / "not") == mode(tmp_path / "not/yet") == 0o700
    assert not [path for path in store.folder.rglob("*") if path.stat().st_mode & 0o077 and path.name != "lock"]
    assert said == []


@pytest.mark.parametrize("before", [0o755, 0o750, 0o711, 0o500])
def test_one_that_others_could_read_is_closed(tmp_path: Path, said: list[str], before: int) -> None:
    store = Store(tmp_path / "store", said.append)
    put(store, tmp_path, a="A")
    store.folder.chmod(before)
    again = Store(store.folder, said.append)
    assert again.find(KEY) is not None
    assert mode(store.folder) == 0o700
    assert said == []


@pytest.mark.parametrize("before", [0o777, 0o773, 0o1777])
def test_one_that_others_could_write_is_closed_and_what_may_be_theirs_goes(
    tmp_path: Path, said: list[str], before: int
) -> None:
    """An own entry that was open to others may have been changed by them; a closed one was not."""
    store = Store(tmp_path / "store", said.append)
    put(store, tmp_path, a="A")
    put(store, tmp_path, "b" * 64, a="B")
    store.folder.chmod(before)
    for part in ("ac", "cas"):
        for path in (store.folder / part, *(store.folder / part).iterdir()):
            path.chmod(0o777)
    store.entry_path(KEY).chmod(0o666)
    again = Store(store.folder, said.append)
    assert again.find(KEY) is None
    assert again.find("b" * 64) is not None
    assert mode(store.folder) == 0o700
    assert not [path for path in store.folder.rglob("*") if path.is_dir() and mode(path) & 0o022]
    (sentence,) = said
    assert "could be written by other users" in sentence
    assert "1 of its results" in sentence
    assert Store(store.folder, said.append).find("b" * 64) is not None
    assert len(said) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away; run the tests as root to see it")
class TestAnother:
    """What belongs to another user."""

    def test_a_store_is_refused_with_the_remedy(self, tmp_path: Path, said: list[str]) -> None:
        store = Store(tmp_path / "store", said.append)
        put(store, tmp_path, a="A")
        before = sorted(store.folder.rglob("*"))
        give_away(store.folder)
        again = Store(store.folder, said.append)
        assert again.find(KEY) is None
        put(again, tmp_path, "b" * 64, a="A")
        assert sorted(store.folder.rglob("*")) == before
        (sentence,) = said
        assert "belongs to another user" in sentence
        assert "farm.store_shared=true" in sentence

    @pytest.mark.parametrize("part", ["entry", "object"])
    def test_a_file_of_anothers_in_an_own_store_is_dropped(self, tmp_path: Path, said: list[str], part: str) -> None:
        store = Store(tmp_path / "store", said.append)
        entry = put(store, tmp_path, a="A")
        place = store.entry_path(KEY) if part == "entry" else store.object_path(entry.files["a"].digest.sha256)
        give_away(place)
        again = Store(store.folder, said.append)
        found = again.find(KEY)
        assert found is None or not again.restore(found, tmp_path / "out")
        (sentence,) = said
        assert "may have been written by others" in sentence

    def test_questions_say_it_and_change_nothing(self, tmp_path: Path, said: list[str]) -> None:
        store = Store(tmp_path / "store")
        put(store, tmp_path, a="A")
        give_away(store.folder)
        assert StoreReader(store.folder, said.append).outputs(KEY) is None
        assert "belongs to another user" in said[0]
        assert StoreReader(store.folder, said.append, shared=True).outputs(KEY) is not None

    def test_a_shared_store_gives_what_is_verified(self, tmp_path: Path, said: list[str]) -> None:
        store = Store(tmp_path / "store", said.append, shared=True)
        put(store, tmp_path, a="A")
        for path in (store.folder, *store.folder.rglob("*")):
            give_away(path)
        again = Store(store.folder, said.append, shared=True)
        entry = again.find(KEY, {"a"})
        assert entry is not None
        assert again.restore(entry, tmp_path / "out")
        with root():
            again.object_path(entry.files["a"].digest.sha256).write_text("Z")
        assert not Store(store.folder, said.append, shared=True).restore(entry, tmp_path / "other")
        assert len(said) == 1

    def test_a_ledger_of_anothers_is_set_aside(self, tmp_path: Path, said: list[str]) -> None:
        path = tmp_path / "ledger.db"
        first = Ledger(path, said.append)
        first.append(Entry("a", "a", "k", 1.0, 1.0, 1.0, 1, "ok"))
        first.close()
        give_away(path)
        again = Ledger(path, said.append)
        again.append(Entry("a", "a", "k", 1.0, 1.0, 1.0, 1, "ok"))
        again.close()
        (sentence,) = said
        assert "set aside" in sentence
        assert path.stat().st_uid == os.geteuid()


def test_what_a_step_left_open_to_others_is_stored_closed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (tmp_path / f"work-{KEY[:8]}").mkdir()
    (tmp_path / f"work-{KEY[:8]}/a").touch(0o777)
    (tmp_path / f"work-{KEY[:8]}/a").chmod(0o6777)
    put(store, tmp_path, a="A")
    assert json.loads(store.entry_path(KEY).read_text())["entry"]["files"]["a"]["mode"] == 0o755
    entry = store.find(KEY)
    assert entry is not None
    assert store.restore(entry, tmp_path / "out")
    assert mode(tmp_path / "out/work/a") == 0o755
