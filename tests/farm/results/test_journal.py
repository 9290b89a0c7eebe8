from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doit.dependency import JSONCodec
from doit.exceptions import InvalidCommand
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.results.journal import Journal


def journal(path: Path) -> Journal:
    return Journal(str(path), JSONCodec())


def finish(book: Journal, task: str, **values: Any) -> None:
    book.set(task, "_values_:", values)
    book.set(task, "deps:", ["a"])


def test_a_finished_task_is_on_disk_at_once(tmp_path: Path) -> None:
    book = journal(tmp_path / "sub/book")
    finish(book, "one", n=1)
    book.set("two", "_values_:", {})
    read = journal(tmp_path / "sub/book")
    assert read.get("one", "_values_:") == {"n": 1}
    assert not read.in_("two")
    book.dump()
    assert journal(tmp_path / "sub/book").in_("two")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(cut=st.integers(0, 400), junk=st.binary(max_size=8))
def test_a_torn_journal_keeps_all_whole_lines_and_takes_new_ones(tmp_path: Path, cut: int, junk: bytes) -> None:
    path = tmp_path / "book"
    path.unlink(missing_ok=True)
    book = journal(path)
    for number in range(5):
        finish(book, f"t{number}", n=number)
    data = path.read_bytes()[:cut]
    path.write_bytes(data + junk.replace(b"\n", b""))
    # The first line is no task.
    whole = max(0, data.count(b"\n") - 1)
    again = journal(path)
    assert all(again.get(f"t{number}", "_values_:") == {"n": number} for number in range(whole))
    finish(again, "new", n=9)
    assert journal(path).get("new", "_values_:") == {"n": 9}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["finish", "remove", "dump"]), st.integers(0, 9))))
def test_behaves_as_a_dictionary_that_is_saved(tmp_path: Path, actions: list[tuple[str, str, int]]) -> None:
    path = tmp_path / "book"
    path.unlink(missing_ok=True)
    book, model = journal(path), dict[str, int]()
    for task, action, number in actions:
        if action == "finish":
            finish(book, task, n=number)
            model[task] = number
        elif action == "remove":
            book.remove(task)
            model.pop(task, None)
        else:
            book.dump()
        read = journal(path)
        assert {name: read.get(name, "_values_:")["n"] for name in "abc" if read.in_(name)} == model


def test_a_newer_journal_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "book"
    finish(journal(path), "one", n=1)
    lines = path.read_text().splitlines()
    assert lines[0] == '["", 1]'
    path.write_text("\n".join(['["", 2]', *lines[1:]]) + "\n")
    before = path.read_bytes()
    with pytest.raises(InvalidCommand, match="has format 2, and this farm knows 1"):
        journal(path)
    assert path.read_bytes() == before


def test_a_journal_of_the_first_farms_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book"
    path.write_text('["one", {"_values_:": {"n": 1}, "deps:": []}]\n')
    book = journal(path)
    assert book.get("one", "_values_:") == {"n": 1}
    finish(book, "two", n=2)
    again = journal(path)
    assert (again.get("one", "_values_:"), again.get("two", "_values_:")) == ({"n": 1}, {"n": 2})


def test_stays_short(tmp_path: Path) -> None:
    for _ in range(30):
        book = journal(tmp_path / "book")
        for number in range(10):
            finish(book, f"t{number}")
        book.dump()
    assert len((tmp_path / "book").read_text().splitlines()) <= 130
    assert journal(tmp_path / "book").in_("t9")


def test_forgetting_removes_the_record_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    records = tmp_path / "build/.farm/records"
    records.mkdir(parents=True)
    for path in (records / "x.json", records / "y.json", tmp_path / "precious", tmp_path / "build/precious"):
        path.write_text("")
    book = journal(tmp_path / "book")
    finish(book, "x", record="build/.farm/records/x.json")
    finish(book, "bad1", record="build/.farm/records/../../precious")
    finish(book, "bad2", record=str(tmp_path / "precious"))
    finish(book, "bad3", record=7)
    book.remove_all()
    assert not (records / "x.json").exists()
    assert (records / "y.json").exists()
    assert (tmp_path / "precious").exists()
    assert (tmp_path / "build/precious").exists()
