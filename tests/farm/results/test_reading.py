"""Store and ledger as read by commands that only answer: complete, and unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.results.ledger import UNKNOWN, Entry, Ledger
from farm.results.reading import LedgerReader, StoreReader


def entry(wall_s: float) -> Entry:
    return Entry("hls:a", "hls", "key", 1.0, wall_s, 1.0, 5, "ok")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class TestLedger:
    @pytest.mark.parametrize("closed", [True, False])
    def test_what_a_build_has_entered_even_while_it_runs(self, tmp_path: Path, closed: bool) -> None:
        writer = Ledger(tmp_path / "ledger.db")
        writer.append(entry(2.0))
        writer.append(entry(4.0))
        if closed:
            writer.close()
        before = content(tmp_path)
        reader = LedgerReader(tmp_path / "ledger.db", pytest.fail)
        expected = reader.expected("hls:a", "hls")
        assert expected.wall_s is not None
        assert (expected.wall_s.low, expected.wall_s.high, expected.runs) == (2.0, 4.0, 2)
        assert expected.basis == "step"
        reader.close()
        if closed:
            assert content(tmp_path) == before
        writer.close()

    def test_none_is_made(self, tmp_path: Path) -> None:
        assert LedgerReader(tmp_path / "sub/ledger.db", pytest.fail).expected("hls:a", "hls") is UNKNOWN
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("bytes_", [b"no database at all, and long enough to be looked at", b""])
    def test_a_foreign_file_is_said_and_stays(self, tmp_path: Path, bytes_: bytes) -> None:
        (tmp_path / "ledger.db").write_bytes(bytes_)
        said: list[str] = []
        assert LedgerReader(tmp_path / "ledger.db", said.append).expected("hls:a", "hls") is UNKNOWN
        assert content(tmp_path) == {"ledger.db": bytes_}
        (sentence,) = said
        assert f"the ledger {tmp_path / 'ledger.db'} cannot be used (" in sentence
        assert sentence.endswith("); no times of earlier runs are known")


class TestStore:
    def test_none_is_made(self, tmp_path: Path) -> None:
        assert StoreReader(tmp_path / "store", pytest.fail).outputs("0" * 64) is None
        assert not list(tmp_path.iterdir())

    def test_another_version_is_said_and_stays(self, tmp_path: Path) -> None:
        (tmp_path / "version").write_text("7\n")
        said: list[str] = []
        assert StoreReader(tmp_path, said.append).outputs("0" * 64) is None
        (sentence,) = said
        assert "has version '7'" in sentence
        assert content(tmp_path) == {"version": b"7\n"}

    def test_a_damaged_entry_counts_as_none_and_stays(self, tmp_path: Path) -> None:
        (tmp_path / "version").write_text("1\n")
        place = tmp_path / "ac/00" / ("0" * 64)
        place.parent.mkdir(parents=True)
        place.write_text("{")
        assert StoreReader(tmp_path, pytest.fail).outputs("0" * 64) is None
        assert place.read_text() == "{"
