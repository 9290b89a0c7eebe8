"""Thousands of mutated documents: reading them ends soon, raises nothing, and writes nothing outside."""

from __future__ import annotations

import json
import shutil
import statistics  # noqa: F401 - an ordinary user may not be able to load it later
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from doit.dependency import JSONCodec
from dropped import ordinary_folder
from hostile_store import KEY, put

from benchmarks.engine.hostile_files import forged, mutated
from farm.display.build_log import LAST_BUILD, chrome_trace, read_events
from farm.key import parts_of
from farm.results.digest import Digests, digest_of
from farm.results.journal import Journal
from farm.results.record import Cost, Record, Records, record_path, why
from farm.results.store import Store
from farm.results.store_care import verify
from farm.step import Output, Step, Text

STEP = Step("hls:x", ("tool",), (Text("in", "1"),), (Output("a", "build/a"),), log="build/a.log")
FEW, MANY = 150, 5_000
COUNTS = [FEW, pytest.param(MANY, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of an ordinary user, whom the test runs as; nothing may appear beside what each test makes in it."""
    with ordinary_folder(in_memory=True) as folder:
        (folder / "victim").write_text("precious")
        yield folder
        assert (folder / "victim").read_text() == "precious"
        assert not list(folder.parent.glob("planted*"))


@pytest.mark.parametrize("count", COUNTS)
def test_entries(tmp_path: Path, count: int) -> None:
    """Either an entry is refused, or what is restored of it is what a build had stored."""
    chance = Random(14)
    put(Store(tmp_path / "store"), tmp_path, a="A", b="B")
    place = Store(tmp_path / "store").entry_path(KEY)
    whole = place.read_bytes()
    allowed = {"store", "out", "victim", "log.txt", f"work-{KEY[:8]}"}
    for number in range(count):

        def change(body) -> None:
            other = mutated(body, chance)
            body.clear()
            body.update(other if isinstance(other, dict) else {})

        if number % 4:
            place.write_bytes(forged(whole, change))
        else:
            place.write_text(json.dumps(mutated(json.loads(whole), chance)))
        said: list[str] = []
        store = Store(tmp_path / "store", said.append)
        entry = store.find(KEY, {"a", "b"})
        if entry is not None and store.restore(entry, tmp_path / "out" / str(number)):
            work = tmp_path / "out" / str(number) / "work"
            assert {path.name: path.read_text() for path in work.iterdir()} == {"a": "A", "b": "B"}
            assert all(path.stat().st_mode & 0o7022 == 0 for path in work.iterdir())
            shutil.rmtree(work)
        else:
            assert len(said) == 1
            assert said[0].isprintable()
            place.parent.mkdir(exist_ok=True)
            put(Store(tmp_path / "store"), tmp_path, a="A", b="B")
        assert {path.name for path in tmp_path.iterdir()} <= allowed
    assert verify(Store(tmp_path / "store")).damaged_objects == ()


@pytest.mark.parametrize("count", COUNTS)
def test_records_and_events(tmp_path: Path, count: int) -> None:
    chance = Random(15)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/a").write_text("A")
    records, parts = Records(tmp_path), parts_of(STEP, lambda item: "m")
    outputs = {"build/a": digest_of(tmp_path / "build/a")}
    records.write(
        STEP, Record("hls:x", parts.key, parts, outputs, {"pe": "4"}, Cost(1.0, 1.0, 1.0), 1e9, "build/a.log")
    )
    path = tmp_path / record_path(STEP)
    record = json.loads(path.read_text())
    events = [
        {"event": "started", "at_s": 0.1, "name": "hls:x", "reasons": [{"kind": "asked", "subject": ""}]},
        {"event": "finished", "at_s": 0.2, "name": "hls:x", "elapsed_s": 0.1},
    ]
    table = {"format": 2, "files": {"build/a": [1, 1, 1, 1, "0" * 64, "0" * 64]}}
    for _ in range(count):
        path.write_text(json.dumps(mutated(record, chance)))
        found = records.read(STEP)
        why(STEP, parts, found, Digests(tmp_path))
        list(records.below("build"))
        (tmp_path / LAST_BUILD).write_text("".join(json.dumps(mutated(event, chance)) + "\n" for event in events))
        chrome_trace(read_events(tmp_path), reason_words=lambda reason: str(reason.get("kind")))
        (tmp_path / "table").write_text(json.dumps(mutated(table, chance)))
        assert Digests(tmp_path, tmp_path / "table").of("build/a") == outputs["build/a"]


@pytest.mark.parametrize("count", COUNTS)
def test_journals(tmp_path: Path, count: int) -> None:
    chance = Random(16)
    good = ["t", {"_values_:": {"record": "build/.farm/records/x.json"}, "deps:": ["a"], "checker:": "ByMeaning"}]
    for _ in range(count):
        (tmp_path / "book").write_text('["", 1]\n' + json.dumps(mutated(good, chance)) + "\n")
        book = Journal(str(tmp_path / "book"), JSONCodec())
        for task in ("t", "", "1", ".."):
            values = book.get(task, "_values_:") or {}
            values.get("record")
            set(book.get(task, "deps:") or ())
        book.set("after", "_values_:", {})
        book.set("after", "deps:", [])
        book.remove_all()
        book.dump()
