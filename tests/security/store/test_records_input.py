"""Records, journal, table of digests and ledger: whatever is in them, a build goes on and makes them again."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import random
import sqlite3
import statistics  # noqa: F401 - an ordinary user may not be able to load it later
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import JSONCodec
from dropped import ordinary_folder

from benchmarks.engine.hostile_files import CONTENTS, IRREGULAR
from farm.key import parts_of
from farm.results.digest import Digests, digest_of
from farm.results.journal import Journal
from farm.results.ledger import ENDED_WELL, UNKNOWN, Entry, Ledger
from farm.results.reading import LedgerReader
from farm.results.record import Cost, Record, Records, record_path
from farm.step import Output, Step, Text

pytestmark = pytest.mark.timeout(60)
STEP = Step("hls:x", ("tool",), (Text("a", "1"),), (Output("x", "build/x"),), log="build/x.log")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of an ordinary user, whom the test runs as."""
    with ordinary_folder(in_memory=True) as folder:
        (folder / "victim").write_text("precious")
        yield folder
        assert (folder / "victim").read_text() == "precious"
        assert not (folder / "nothing").exists()


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class TestRecords:
    @pytest.fixture
    def records(self, tmp_path: Path) -> Records:
        (tmp_path / "build").mkdir()
        (tmp_path / "build/x").write_text("x")
        made = Records(tmp_path)
        self.write(made, tmp_path)
        return made

    def write(self, records: Records, root: Path) -> None:
        parts = parts_of(STEP, lambda item: "m")
        outputs = {"build/x": digest_of(root / "build/x")}
        records.write(
            STEP, Record("hls:x", parts.key, parts, outputs, {}, Cost(1.0, 1.0, 1.0), 1e9, "build/x.log", "ran")
        )

    def set(self, name: str, value: Any) -> Callable[[dict[str, Any]], None]:
        return lambda document: document.__setitem__(name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("name", "\x1b[2J"), ("name", 7), ("key", "x"), ("key", None), ("facts", []), ("facts", {"a": 1}),
            ("outputs", {"../victim": {"sha256": "0" * 64, "meaning": "0" * 64, "size_bytes": 1}}),
            ("outputs", {"/victim": {"sha256": "0" * 64, "meaning": "0" * 64, "size_bytes": 1}}),
            ("outputs", {"a\0": {"sha256": "0" * 64, "meaning": "0" * 64, "size_bytes": 1}}),
            ("outputs", {"x": {"sha256": "../victim", "meaning": "0" * 64, "size_bytes": 1}}),
            ("outputs", {"x": {"sha256": "0" * 64, "meaning": "0" * 64, "size_bytes": 2**70}}),
            ("outputs", {"x": []}), ("outputs", "x"), ("log", "../victim"), ("log", ["x"]), ("log", "a\ud800"),
            ("wall_s", float("nan")), ("cpu_s", float("inf")), ("peak_memory_gib", -1), ("ended_s", 10**400),
            ("parts", {}), ("parts", []), ("parts", nested(400)), ("origin", "trusted"), ("origin", ["ran"]),
            ("origin", {}), ("format", [1]), ("format", True), ("more", 1),
        ],
    )  # fmt: skip
    def test_a_value_that_no_build_writes(self, tmp_path: Path, records: Records, name: str, value: Any) -> None:
        path = tmp_path / record_path(STEP)
        document = json.loads(path.read_text())
        document[name] = value
        path.write_text(json.dumps(document))
        assert records.read(STEP) is None
        assert list(records.below("build")) == []

    def test_parts_are_checked_too(self, tmp_path: Path, records: Records) -> None:
        path = tmp_path / record_path(STEP)
        whole = json.loads(path.read_text())
        for name in whole["parts"]:
            for value in (None, 7, "argv", [7], {"a": 7}, [["a"]], {"a": "\ud800"}):
                document = copy.deepcopy(whole)
                document["parts"][name] = value
                path.write_text(json.dumps(document))
                assert records.read(STEP) is None, (name, value)

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_bytes_that_are_no_record(self, tmp_path: Path, records: Records, content: bytes) -> None:
        (tmp_path / record_path(STEP)).write_bytes(content)
        assert records.read(STEP) is None

    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_what_is_no_file_makes_way(self, tmp_path: Path, records: Records, plant) -> None:
        path = tmp_path / record_path(STEP)
        path.unlink()
        plant(path)
        assert records.read(STEP) is None
        assert list(records.below("build")) == []
        self.write(records, tmp_path)
        assert records.read(STEP) is not None
        path.unlink()
        plant(path)
        records.remove(STEP)
        assert not os.path.lexists(path)

    def test_a_link_is_not_written_through(self, tmp_path: Path, records: Records) -> None:
        path = tmp_path / record_path(STEP)
        path.unlink()
        path.symlink_to(tmp_path / "victim")
        path.with_name(f".{path.name}.{os.getpid()}").symlink_to(tmp_path / "victim")
        self.write(records, tmp_path)
        assert records.read(STEP) is not None

    def test_one_that_others_may_write_does_not_say_who_ran(self, tmp_path: Path, records: Records) -> None:
        record = records.read(STEP)
        assert record is not None
        assert record.origin == "ran"
        (tmp_path / record_path(STEP)).chmod(0o666)
        record = records.read(STEP)
        assert record is not None
        assert record.origin == "restored"


class TestJournal:
    def journal(self, folder: Path) -> Journal:
        return Journal(str(folder / "book"), JSONCodec())

    def finish(self, book: Journal, task: str) -> None:
        book.set(task, "_values_:", {"n": 1})
        book.set(task, "deps:", ["a"])

    @pytest.mark.parametrize(
        "line",
        [
            "[" * 200_000, '["t", ' + "[" * 900 + "]" * 900 + "]", '[["t"], {}]', '[{}, {}]', "7", "[1]", "[1, 2, 3]",
            '["t", {"_values_:": 7}]', '["t", {"_values_:": ["a"]}]', '["t", {"deps:": 7}]', '["t", {"deps:": [[1]]}]',
            '["t", {"deps:": {"a": 1}}]', '["t", {"checker:": [1]}]',
            '["t", {"_values_:": {"a": ' + "9" * 9_000 + "}}]",
            '["", {}]', '["", [1]]', '["t\\u0000", {"_values_:": {}}]', '["t\\ud800", {}]', "\0",
        ],
        ids=lambda line: line[:30].encode("unicode_escape").decode(),
    )  # fmt: skip
    def test_a_line_that_no_build_writes(self, tmp_path: Path, line: str) -> None:
        book = self.journal(tmp_path)
        self.finish(book, "before")
        with (tmp_path / "book").open("a") as stream:
            stream.write(line + "\n")
        again = self.journal(tmp_path)
        assert again.get("before", "_values_:") == {"n": 1}
        for task in ("t", "t\0", "t\ud800", "before"):
            assert isinstance(again.get(task, "_values_:") or {}, dict)
            assert set(again.get(task, "deps:") or ()) <= {"a"}
        self.finish(again, "after")
        again.remove("t")
        again.dump()
        read = self.journal(tmp_path)
        assert read.in_("before")
        assert read.in_("after")

    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_what_is_no_file_makes_way(self, tmp_path: Path, plant) -> None:
        plant(tmp_path / "book")
        book = self.journal(tmp_path)
        assert not book.in_("t")
        self.finish(book, "t")
        book.dump()
        assert self.journal(tmp_path).in_("t")

    def test_a_link_is_neither_read_nor_written_through(self, tmp_path: Path) -> None:
        (tmp_path / "book").symlink_to(tmp_path / "victim")
        self.finish(self.journal(tmp_path), "t")
        assert self.journal(tmp_path).in_("t")

    @pytest.mark.parametrize(
        "record",
        ["build/.farm/records/a\0b", "build/.farm/records/\ud800", "build/.farm/records/link/file", "x" * 9_000],
    )
    def test_a_record_that_leads_out_stays(self, tmp_path: Path, monkeypatch, record: str) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "build/.farm/records").mkdir(parents=True)
        (tmp_path / "farther").mkdir()
        (tmp_path / "farther/file").write_text("precious")
        (tmp_path / "build/.farm/records/link").symlink_to(tmp_path / "farther")
        book = self.journal(tmp_path)
        book.set("t", "_values_:", {"record": record})
        book.set("t", "deps:", [])
        book.remove("t")
        assert (tmp_path / "farther/file").exists()


class TestDigests:
    GOOD = "0" * 64

    @pytest.mark.parametrize(
        "row",
        [
            [], [1, 2, 3, 4, GOOD], [1, 2, 3, 4, GOOD, GOOD, 7], ["1", 2, 3, 4, GOOD, GOOD], [1, -2, 3, 4, GOOD, GOOD],
            [1, 2**70, 3, 4, GOOD, GOOD], [1, 2, 3, 4, "../victim", GOOD], [1, 2, 3, 4, GOOD, 7],
            [1, 2.5, 3, 4, GOOD, GOOD],
            {"a": 1}, "abcdef", None, nested(400), [True, 2, 3, 4, GOOD, GOOD],
        ],
        ids=str,
    )  # fmt: skip
    def test_a_row_that_no_build_writes(self, tmp_path: Path, row: Any) -> None:
        (tmp_path / "a").write_text("1")
        (tmp_path / "table").write_text(json.dumps({"format": 2, "files": {"a": row}}))
        digests = Digests(tmp_path, tmp_path / "table")
        assert digests.of("a").sha256 == hashlib.sha256(b"1").hexdigest()
        digests.save()

    @pytest.mark.parametrize(
        "path", ["a\0b", "\ud800", "/etc/passwd", "../victim", "x" * 9_000, ""], ids=lambda path: ascii(path)[:20]
    )
    def test_a_path_of_any_form(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "a").write_text("1")
        os.utime(tmp_path / "a", (1, 1))
        rows = {path: [1, 2, 3, 4, self.GOOD, self.GOOD]}
        (tmp_path / "table").write_text(json.dumps({"format": 2, "files": rows}))
        digests = Digests(tmp_path, tmp_path / "table")
        digests.of("a")
        digests.save()

    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_what_is_no_file_makes_way(self, tmp_path: Path, plant) -> None:
        (tmp_path / "a").write_text("1")
        plant(tmp_path / "table")
        digests = Digests(tmp_path, tmp_path / "table")
        digests.of("a")
        digests._changed = True
        digests.save()
        assert json.loads((tmp_path / "table").read_text())["format"] == 2


class TestLedger:
    @pytest.fixture
    def said(self) -> list[str]:
        return []

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "ledger.db"
        ledger = Ledger(path, pytest.fail)
        ledger.append(self.entry())
        ledger.close()
        return path

    def entry(self) -> Entry:
        return Entry("a", "a", "k", 1.0, 2.0, 1.0, 5, ENDED_WELL)

    def change(self, path: Path, *statements: str) -> None:
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    @pytest.mark.parametrize(
        "value", ["'soon'", "NULL", "-1.0", "1e999", "-1e999", "9e40", "x'00'", "'\x1b[2J'", "2147483648 * 4294967296"]
    )
    @pytest.mark.parametrize("column", ["wall_s", "peak_memory_bytes"])
    def test_a_value_that_no_build_writes(self, path: Path, said: list[str], column: str, value: str) -> None:
        wall_s, memory = (value, "5") if column == "wall_s" else ("1.0", value)
        names = "step, kind, key, started_s, wall_s, cpu_s, peak_memory_bytes, ended, attempt, slots_waited_s"
        row = f"'b', 'b', 'k', 1.0, {wall_s}, 1.0, {memory}, 'ok', 1, 0"
        self.change(path, f"INSERT OR IGNORE INTO runs ({names}) VALUES ({row})")
        for ledger in (Ledger(path, said.append), LedgerReader(path, said.append)):
            assert ledger.expected("b", "b") is UNKNOWN
            assert ledger.expected("a", "a").runs == 1
            ledger.close()
        assert said == []

    ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT"

    @pytest.mark.parametrize(
        "statements",
        [
            ("DROP TABLE runs", f"CREATE VIEW runs AS {ENDLESS} 'a' AS step, 'ok' AS ended, 1.0 AS wall_s FROM r"),
            (f"CREATE TRIGGER t AFTER INSERT ON runs BEGIN INSERT INTO runs (step) {ENDLESS} n FROM r; END",),
            ("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END",),
            ("CREATE TABLE more (a)",),
            ("DROP INDEX by_step",),
        ],
        ids=["view", "endless trigger", "trigger", "table", "no index"],
    )  # fmt: skip
    def test_a_schema_that_no_build_makes(self, path: Path, said: list[str], statements: tuple[str, ...]) -> None:
        try:
            self.change(path, *statements)
        except sqlite3.Error:
            pytest.skip("this SQLite does not take it")
        reader = LedgerReader(path, said.append)
        assert reader.expected("a", "a") is UNKNOWN
        ledger = Ledger(path, said.append)
        ledger.append(self.entry())
        assert ledger.expected("a", "a").runs == 1
        ledger.close()
        assert len(said) == 2
        assert "set aside as ledger.db.aside-1" in said[1]

    @pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_what_is_no_file_makes_way(self, path: Path, said: list[str], plant, suffix: str) -> None:
        place = Path(f"{path}{suffix}")
        place.unlink(missing_ok=True)
        plant(place)
        reader = LedgerReader(path, said.append)
        reader.expected("a", "a")
        reader.close()
        ledger = Ledger(path, said.append)
        ledger.append(self.entry())
        # One that its owner has closed to himself is not used, and that is said.
        assert ledger.expected("a", "a").runs == (
            0 if plant is IRREGULAR["closed file"] and suffix != "-journal" else 1
        )
        ledger.close()
        assert len(said) <= 2

    @pytest.mark.parametrize("plant", IRREGULAR.values(), ids=IRREGULAR)
    def test_a_lock_that_is_no_file_makes_way(self, path: Path, said: list[str], plant) -> None:
        place = Path(f"{path}.lock")
        place.unlink(missing_ok=True)
        plant(place)
        ledger = Ledger(path, said.append)
        ledger.append(self.entry())
        assert ledger.expected("a", "a").runs == 2
        ledger.close()
        assert said == []

    @pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
    def test_one_with_a_second_name_is_not_written_to(self, tmp_path: Path, path: Path, said, suffix: str) -> None:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.link(tmp_path / "victim", f"{path}{suffix}")
        ledger = Ledger(path, said.append)
        ledger.append(self.entry())
        assert ledger.expected("a", "a").runs == 1
        ledger.close()
        assert "hard link" in said[0]

    def test_a_rollback_journal_removes_no_file_that_it_names(
        self, tmp_path: Path, path: Path, said: list[str]
    ) -> None:
        """SQLite removes the super-journal that a hot journal names at its end, once all of it is rolled back."""
        victim = str(tmp_path / "victim").encode()
        header = bytes.fromhex("d9d505f920a163d7") + bytes(4) + b"\0\0\0\x01" + bytes(4) + (512).to_bytes(4, "big")
        header = (header + (4096).to_bytes(4, "big")).ljust(512, b"\0")
        total = sum(byte if byte < 128 else byte - 256 for byte in victim) & 0xFFFFFFFF
        end = (262145).to_bytes(4, "big") + victim + len(victim).to_bytes(4, "big") + total.to_bytes(4, "big")
        Path(f"{path}-journal").write_bytes(header + end + bytes.fromhex("d9d505f920a163d7"))
        ledger = Ledger(path, said.append)
        ledger.append(self.entry())
        ledger.close()
        assert (tmp_path / "victim").exists()
        assert "rollback journal" in said[0]

    @pytest.mark.parametrize("seed", range(12))
    def test_damage_of_any_kind_ends_soon(self, path: Path, said: list[str], seed: int) -> None:
        chance = random.Random(seed)
        content = bytearray(path.read_bytes())
        for _ in range(chance.choice([1, 10, 1_000])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        for ledger in (LedgerReader(path, said.append), Ledger(path, said.append)):
            ledger.expected("a", "a")
            if type(ledger) is Ledger:
                ledger.append(self.entry())
            ledger.close()
        assert len(said) <= 2
