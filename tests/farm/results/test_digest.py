from __future__ import annotations

import hashlib
import os
import subprocess
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from farm.results import digest as digest_module
from farm.results.digest import Digests, digest_of, settled


def archive(path: Path, members: list[tuple[str, bytes]], year: int, method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content, method)


def old(path: Path) -> None:
    """Make a file look unchanged for an hour."""
    then_ns = time.time_ns() - 3600 * 10**9
    os.utime(path, ns=(then_ns, then_ns))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are actually read."""
    names: list[str] = []
    real = digest_of

    def spy(path: Path) -> digest_module.Digest:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(digest_module, "digest_of", spy)
    return names


def test_equals_sha256sum(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(3_000_000))
    expected = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    digest = digest_of(path)
    assert (digest.sha256, digest.meaning, digest.size) == (expected, expected, 3_000_000)


def test_zip_means_its_members(tmp_path: Path) -> None:
    members = [("a.txt", b"1" * 100), ("b/c", b"2")]
    one, other, changed, renamed = (tmp_path / name for name in ("1.xo", "2.xo", "3.xo", "4.xo"))
    archive(one, members, 2020)
    archive(other, members[::-1], 2026, zipfile.ZIP_DEFLATED)
    archive(changed, [("a.txt", b"1" * 100), ("b/c", b"3")], 2020)
    archive(renamed, [("a.txt", b"1" * 100), ("b/d", b"2")], 2020)
    meanings = [digest_of(path).meaning for path in (one, other, changed, renamed)]
    assert meanings[0] == meanings[1]
    assert len(set(meanings)) == 3
    assert digest_of(one).sha256 == hashlib.sha256(one.read_bytes()).hexdigest() != digest_of(other).sha256


def test_zip_that_is_none_or_is_damaged_means_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_text("no archive")
    assert digest_of(path).meaning == digest_of(path).sha256
    archive(path, [("a", b"1234567890" * 10)], 2020)
    data = bytearray(path.read_bytes())
    data[40] ^= 1  # a member's content: its check sum is wrong now
    path.write_bytes(data)
    assert digest_of(path).meaning == digest_of(path).sha256


def test_a_member_given_twice_means_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.warns(UserWarning, match="Duplicate"):
        archive(path, [("a", b"1"), ("a", b"2")], 2020)
    assert digest_of(path).meaning == digest_of(path).sha256


def test_each_byte_is_read_once_per_change_also_across_runs(tmp_path: Path, hashed: list[str]) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    old(path)
    table = Digests(tmp_path, tmp_path / "table.json")
    first = table.of("a")
    assert table.of("a") == first
    table.save()
    assert Digests(tmp_path, tmp_path / "table.json").of("a") == first
    assert hashed == ["a"]
    path.write_text("2")
    assert Digests(tmp_path, tmp_path / "table.json").of("a") != first
    assert hashed == ["a", "a"]


def test_an_edit_that_keeps_size_and_time_shows_also_later(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    old(path)
    before = path.stat()
    table = Digests(tmp_path, tmp_path / "table.json")
    first = table.of("a")
    table.save()
    time.sleep(0.02)
    path.write_text("2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert table.of("a") != first
    assert Digests(tmp_path, tmp_path / "table.json").of("a") != first


def test_nothing_is_trusted_that_was_just_written_where_times_are_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    stat = Path.stat

    def whole_seconds(self: Path, **more: bool) -> os.stat_result:
        found = stat(self, **more)
        second = found.st_mtime_ns // 10**9 * 10**9
        return SimpleNamespace(
            st_mode=found.st_mode, st_ino=found.st_ino, st_size=found.st_size, st_mtime_ns=second, st_ctime_ns=second
        )  # type: ignore[return-value]

    monkeypatch.setattr(Path, "stat", whole_seconds)
    table = Digests(tmp_path)
    first = table.of("a")
    path.write_text("2")
    assert table.of("a") != first


@pytest.mark.slow
def test_an_edit_right_after_the_hashing_of_one_shows(tmp_path: Path, hashed: list[str]) -> None:
    path, table = tmp_path / "a", Digests(tmp_path)
    for number in range(20):
        path.write_text(f"{number:03d}")
        assert {table.of("a").sha256 for _ in range(3)} == {hashlib.sha256(f"{number:03d}".encode()).hexdigest()}
    assert len(hashed) == 20


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 9}', '{"format": 2, "files": {"a": [1]}}', "\0"])
def test_a_damaged_table_is_only_slower(tmp_path: Path, content: str) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "table.json").write_text(content)
    assert Digests(tmp_path, tmp_path / "table.json").of("a").sha256 == hashlib.sha256(b"1").hexdigest()


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe", "none"):
        with pytest.raises(OSError):
            Digests(tmp_path).of(name)


class TestWhatTheEngineHasJustWritten:
    def test_it_is_not_hashed_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "scratch").write_text("one")
        digest = digest_of(tmp_path / "scratch")
        signature = settled(tmp_path / "scratch")
        (tmp_path / "scratch").rename(tmp_path / "target")
        first = Digests(tmp_path, tmp_path / "table")
        first.learn("target", signature, digest)
        first.save()
        monkeypatch.setattr("farm.results.digest.digest_of", None)
        assert Digests(tmp_path, tmp_path / "table").of("target") == digest

    def test_a_write_at_once_shows(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("one")
        digests = Digests(tmp_path)
        digests.learn("target", settled(tmp_path / "target"), digest_of(tmp_path / "target"))
        (tmp_path / "target").write_text("two")
        assert digests.of("target").sha256 == hashlib.sha256(b"two").hexdigest()
