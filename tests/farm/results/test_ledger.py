from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.results.ledger import STOPPED, UNKNOWN, Entry, Ledger, Range
from farm.step import kind_of

ROOT = Path(__file__).resolve().parents[3]


def entry(step: str, wall_s: float = 1.0, memory: int = 100, ended: str = "ok", **more: object) -> Entry:
    return Entry(step, kind_of(step), "k", 1e9, wall_s, wall_s, memory, ended, **more)  # type: ignore[arg-type]


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def ledger(tmp_path: Path, warnings: list[str]) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "sub" / "ledger.db", warnings.append)
    yield made
    made.close()


def test_own_runs_then_those_of_the_kind_then_nothing(ledger: Ledger) -> None:
    for wall_s, memory in ((3.0, 300), (1.0, 500), (2.0, 100)):
        ledger.append(entry("hls:a", wall_s, memory))
    ledger.append(entry("hls:b", 10.0, 1000))
    own = ledger.expected("hls:a", "hls")
    assert (own.wall_s, own.memory_bytes, own.basis, own.runs) == (Range(1.0, 2.0, 3.0), 500, "step", 3)
    other = ledger.expected("hls:new", "hls")
    assert (other.wall_s, other.memory_bytes, other.basis, other.runs) == (Range(1.0, 2.5, 10.0), 400, "kind", 4)
    assert ledger.expected("link:x", "link") == UNKNOWN


def test_only_runs_that_ended_well_teach_durations(ledger: Ledger) -> None:
    ledger.append(entry("a", 50.0, ended="crash"))
    ledger.append(entry("a", 70.0, ended=STOPPED))
    assert ledger.expected("a", "a") == UNKNOWN


def test_nothing_is_made_by_asking(tmp_path: Path, ledger: Ledger) -> None:
    assert ledger.expected("a", "a") == UNKNOWN
    assert list(tmp_path.iterdir()) == []


def test_the_last_runs_count(ledger: Ledger) -> None:
    ledger.append(entry("a", 1000.0))
    for _ in range(20):
        ledger.append(entry("a", 1.0))
    assert ledger.expected("a", "a").wall_s == Range(1.0, 1.0, 1.0)


WRITER = """
import sys
from pathlib import Path
from farm.results.ledger import Entry, Ledger
ledger = Ledger(Path(sys.argv[1]), lambda text: sys.exit(text))
for number in range(int(sys.argv[2])):
    ledger.append(Entry("w", "w", "k", 0.0, 1.0, 1.0, 1, "ok"))
    print(number, flush=True)
"""


def test_two_writers_and_a_kill_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), count], env=environment, stdout=subprocess.PIPE, text=True
        )
        for count in ("200", "100000")
    ]
    assert writers[1].stdout is not None
    for _ in range(50):
        writers[1].stdout.readline()
    assert writers[0].communicate(timeout=30)[0].split()[-1] == "199"
    assert writers[0].returncode == 0
    writers[1].send_signal(signal.SIGKILL)
    said = 50 + len(writers[1].stdout.read().split())
    writers[1].wait()
    with sqlite3.connect(path) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    # One entry more than printed: the process was killed between commit and print.
    assert rows - 200 in (said, said + 1)


@pytest.mark.parametrize("harm", ["junk", "foreign", "older"])
def test_what_is_no_ledger_is_set_aside(tmp_path: Path, ledger: Ledger, warnings: list[str], harm: str) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    path = folder / "ledger.db"
    if harm == "junk":
        path.write_bytes(b"no database at all" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE runs (step TEXT)")
            connection.execute("INSERT INTO runs VALUES ('old')")
            connection.execute(f"PRAGMA user_version = {0 if harm == 'older' else 1}")
        connection.close()
    ledger.append(entry("a"))
    assert ledger.expected("a", "a").basis == "step"
    aside = folder / "ledger.db.aside-1"
    if harm == "junk":
        assert aside.read_bytes() == b"no database at all" * 100
    else:
        with sqlite3.connect(aside) as connection:
            assert connection.execute("SELECT step FROM runs").fetchall() == [("old",)]
    (said,) = warnings
    assert "set aside as ledger.db.aside-1" in said


def test_a_newer_ledger_is_left_alone(tmp_path: Path, ledger: Ledger, warnings: list[str]) -> None:
    (tmp_path / "sub").mkdir()
    with sqlite3.connect(tmp_path / "sub/ledger.db") as connection:
        connection.execute("CREATE TABLE runs (step TEXT)")
        connection.execute("PRAGMA user_version = 99")
    ledger.append(entry("a"))
    ledger.append(entry("a"))
    assert len(warnings) == 1
    assert "version 99" in warnings[0]
    assert [path.name for path in (tmp_path / "sub").glob("*aside*")] == []


def test_a_place_that_cannot_be_written_is_said_once(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "file").write_text("")
    ledger = Ledger(tmp_path / "file/ledger.db", warnings.append)
    ledger.append(entry("a"))
    ledger.append(entry("a"))
    assert ledger.expected("a", "a") == UNKNOWN
    assert len(warnings) == 1
    assert "cannot be used" in warnings[0]
