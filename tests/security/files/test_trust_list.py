"""The list of trusted payloads is believed only as a regular file that nobody else can write."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime import trust
from runtime.errors import TrustError

A, B = "a" * 64, "b" * 64
LINE = f"{A}  planted\n"


@pytest.fixture(autouse=True)
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the list; its folder exists."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = trust.list_file()
    path.parent.mkdir(mode=0o700, parents=True)
    return path


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    other = path.with_name("other")
    other.write_text(LINE)
    other.chmod(0o600)
    path.symlink_to(other)


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("absent"))


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def folder(path: Path) -> None:
    path.mkdir()


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    os.chdir(path.parent)
    socket.socket(socket.AF_UNIX).bind(path.name)


def large(path: Path) -> None:
    path.touch(0o600)
    os.truncate(path, 3 << 30)


def of_a_group(path: Path) -> None:
    path.write_text(LINE)
    path.chmod(0o660)


def in_an_open_folder(path: Path) -> None:
    path.write_text(LINE)
    path.chmod(0o600)
    path.parent.chmod(0o777)


KINDS = [fifo, link, link_to_nothing, link_to_itself, folder, endless, listening, large, of_a_group, in_an_open_folder]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_nothing_else_is_read_or_written(listed: Path, make: Callable[[Path], None], monkeypatch) -> None:
    monkeypatch.chdir(listed.parent)
    make(listed)
    before = sorted(listed.parent.iterdir())
    for ask in (lambda: trust.trusted(A), lambda: trust.trust(B, "note"), lambda: trust.require(A, "x", "file")):
        with pytest.raises(TrustError) as caught:
            ask()
        assert str(listed.parent) in caught.value.where
        assert caught.value.remedy
    assert sorted(listed.parent.iterdir()) == before


def test_a_list_of_another_user_is_not_believed(listed: Path) -> None:
    listed.write_text(LINE)
    listed.chmod(0o644)
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(listed, 65534, 65534)
    with pytest.raises(TrustError, match="another user"):
        trust.trusted(A)
    os.chown(listed, 0, 0)
    os.chown(listed.parent, 65534, 65534)
    with pytest.raises(TrustError, match="another user"):
        trust.trusted(A)


@pytest.mark.slow
def test_a_lock_that_somebody_keeps_is_said_within_seconds(listed: Path) -> None:
    listed.touch(0o600)
    with listed.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(TrustError, match="locked by another process"):
            trust.trust(A, "note")
        assert time.monotonic() - began < 10
    assert trust.trust(A, "note")


def test_a_file_system_without_locks(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert trust.trust(A, "note")
    assert not trust.trust(A, "note")


def test_it_does_not_grow_past_its_limit(listed: Path) -> None:
    listed.touch(0o600)
    listed.write_text("#" * (trust.MOST_BYTES - 10) + "\n")
    with pytest.raises(TrustError, match="remove old lines"):
        trust.trust(A, "note")
    assert listed.stat().st_size <= trust.MOST_BYTES


def test_a_note_of_any_text_stays_one_line(listed: Path) -> None:
    assert trust.trust(A, "one\n" + B + "\r\x0b\u2028" + B + "\udcff")
    assert trust.trusted(A)
    assert not trust.trusted(B)


def test_an_ordinary_user_cannot_be_shown_a_list_of_another(tmp_path: Path) -> None:
    """The list of root counts, that of a third user does not: as nobody, where the suite runs as root."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as two users")
    code = (
        "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from runtime import trust\n"
        f"print(trust.trusted('{A}'))"
    )
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as data:
        Path(data).chmod(0o755)
        path = Path(data) / "dataflow-farm" / "trusted-payloads"
        path.parent.mkdir(mode=0o755)
        path.write_text(LINE)
        path.chmod(0o644)
        command = [sys.executable, "-c", "from runtime import trust; " + code]
        environment = {**os.environ, "XDG_DATA_HOME": data}
        for owner, words in ((0, "True"), (65533, "another user")):
            os.chown(path, owner, owner)
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert words in done.stdout + done.stderr
