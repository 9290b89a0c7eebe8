"""The parts of the way through a store: codes and seals, shapes of outputs, kept inputs, folders of jobs."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import io
import json
import os
import stat
from pathlib import Path

import pytest

from benchmarks.engine import remote_server
from farm.execution.cluster.far import gate
from farm.execution.cluster.far import workplace as places
from farm.execution.cluster.far.kept import Kept
from farm.execution.cluster.far.post import MissingError, Post, Stored
from farm.execution.cluster.far.secrecy import sealed_parts, secret_of, signed, verified
from farm.execution.cluster.far.shapes import make_shape, odd_shape
from farm.execution.cluster.far.workplace import workplace
from farm.execution.verdict import output_problem
from farm.remote.connect import connected, remote_of
from farm.remote.transport import DeniedError, UnreachableError
from farm.step import Output, Step

SECRET = b"s" * 32


@pytest.fixture
def store():
    with remote_server.faulty() as found:
        yield found


def post(store, patience_s: float = 2.0, secret: bytes = SECRET) -> Post:
    return Post(connected(remote_of(store.url)), secret, patience_s)


def stored(content: bytes, mode: int = 0o644) -> Stored:
    return Stored(hashlib.sha256(content).hexdigest(), len(content), mode)


def test_the_secret_is_one_users_and_one_keys(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    first, again, other = (secret_of(folder, key) for key in ("a", "a", "b"))
    assert first == again != other
    path = folder / "job-secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert first == hmac.new(path.read_bytes(), b"job a", hashlib.sha256).digest()
    assert [one.name for one in folder.iterdir()] == ["job-secret"]


@pytest.mark.parametrize("spoil", ["readable", "short", "link"])
def test_a_secret_that_others_may_know_is_not_used(tmp_path: Path, spoil: str) -> None:
    secret_of(tmp_path, "a")
    path = tmp_path / "job-secret"
    if spoil == "readable":
        path.chmod(0o640)
    elif spoil == "short":
        path.write_bytes(b"x")
    else:
        path.rename(tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match=r"job-secret|symbolic"):
        secret_of(tmp_path, "a")


def test_a_code_is_of_this_record_under_this_name() -> None:
    content = signed(SECRET, "finished 1", {"status": 0, "outputs": {"a": ["x", 1]}})
    assert verified(SECRET, "finished 1", content) == {"status": 0, "outputs": {"a": ["x", 1]}}
    assert verified(b"t" * 32, "finished 1", content) is None
    assert verified(SECRET, "finished 2", content) is None, "the record of another job does not count"
    document = json.loads(content)
    for change in ({"status": 1}, {"more": 1}, {"code": None}, {"code": "0" * 64}):
        assert verified(SECRET, "finished 1", json.dumps({**document, **change}).encode()) is None
    for text in (b"", b"[]", b"{", b"1", b"\xff", b"[" * 100_000, b"<html>"):
        assert verified(SECRET, "finished 1", text) is None


def test_what_is_sealed_opens_with_the_same_secret_and_label() -> None:
    text = bytes(range(256)) * 8192 + b"end"  # more than two parts
    sealed = b"".join(sealed_parts(SECRET, "log 1", io.BytesIO(text)))
    assert len(sealed) == len(text) and b"\x00\x01\x02\x03" not in sealed
    # The first bytes by hand: SHAKE-256 of secret, label and number.
    stream = hashlib.shake_256(SECRET + b"\0log 1\0" + b"0").digest(1 << 20)
    assert sealed[:4] == bytes(one ^ two for one, two in zip(text[:4], stream[:4], strict=True))
    assert b"".join(sealed_parts(SECRET, "log 1", io.BytesIO(sealed))) == text
    assert b"".join(sealed_parts(SECRET, "log 2", io.BytesIO(sealed))) != text


def step_with(output: str) -> Step:
    return Step("x", ("tool",), (), (Output(output, "build/out"),), "log")


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "second name", "setuid", "link above", "nothing", "empty"])
def test_the_farm_sees_of_an_output_what_the_node_saw(tmp_path: Path, kind: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for work in (here, there):
        (work / "in").mkdir(parents=True)
    path = here / "in/out"
    if kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "second name":
        path.write_text("x")
        os.link(path, here / "other")
    elif kind == "setuid":
        path.write_text("x")
        path.chmod(0o4755)
    elif kind == "link above":
        (here / "in").rmdir()
        (here / "in").symlink_to("/etc")
    elif kind == "empty":
        path.write_text("")
    shape = odd_shape(here, "in/out")
    assert (shape is None) == (kind in ("nothing", "empty"))
    if shape is None:
        return
    make_shape(there, json.loads(json.dumps(shape)))
    ours, theirs = (there / "in/out"), path
    if kind == "link above":
        ours, theirs = ours.parent, theirs.parent
    assert (stat.S_IFMT(ours.lstat().st_mode), ours.lstat().st_nlink) == (
        stat.S_IFMT(theirs.lstat().st_mode),
        theirs.lstat().st_nlink,
    )
    assert ours.lstat().st_mode & stat.S_ISUID == theirs.lstat().st_mode & stat.S_ISUID
    assert output_problem(step_with("in/out"), there) == output_problem(step_with("in/out"), here)


def test_an_input_that_is_kept_is_not_fetched_and_not_believed(store, tmp_path: Path) -> None:
    kept, wanted = Kept(tmp_path / "kept"), stored(b"content", 0o755)
    with pytest.raises(MissingError):
        kept.fetch(post(store), wanted, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    store.files[f"/cas/{wanted.sha256}"] = b"content"
    kept.fetch(post(store), wanted, tmp_path / "first")
    asked = len(store.log)
    kept.fetch(post(store), wanted, tmp_path / "second")
    assert len(store.log) == asked, "it came from the folder"
    assert (tmp_path / "second").read_bytes() == b"content"
    assert (tmp_path / "second").stat().st_mode & 0o777 == 0o755
    (tmp_path / "kept" / wanted.sha256).write_bytes(b"damaged")
    kept.fetch(post(store), wanted, tmp_path / "third")
    assert (tmp_path / "third").read_bytes() == b"content"
    assert len(store.log) == asked + 1


def test_above_the_limit_what_was_unused_longest_goes(tmp_path: Path, monkeypatch) -> None:
    from farm.execution.cluster.far import kept

    monkeypatch.setattr(kept, "_MOST_BYTES", 10)
    for number, name in enumerate("abc"):
        (tmp_path / name).write_bytes(b"x" * 4)
        os.utime(tmp_path / name, (number, number))
    Kept(tmp_path).prune()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]
    Kept(tmp_path / "none").prune()


@pytest.mark.slow
def test_a_store_that_comes_back_in_time_is_waited_for(store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    times: list[str] = []

    def away(handler) -> bool:
        times.append(handler.path)
        return len(times) <= 3 and handler.answer(503)

    store.fault = away
    with path.open("rb") as stream:
        assert post(store, 20.0).give(stream) == stored(b"content")
    store.fault = lambda handler: handler.answer(503)
    with pytest.raises(UnreachableError), path.open("rb") as stream:
        post(store, 0.3).give(stream)
    store.fault = lambda handler: handler.answer(401)
    with pytest.raises(DeniedError), path.open("rb") as stream:
        post(store, 900.0).give(stream)


def test_records_lie_apart_and_a_later_one_replaces_an_earlier_one(store) -> None:
    sender = post(store)
    assert sender.record("finished 1") is None
    sender.give_record("finished 1", {"status": 1})
    sender.give_record("finished 1", {"status": 0})
    assert post(store).record("finished 1") == {"status": 0}
    assert post(store, secret=b"t" * 32).record("finished 1") is None
    # HMAC-SHA-256 of "finished 1" with the secret, by openssl.
    assert list(store.files) == ["/jobs/ac/8fdc4d6bde39fb1b695a54dfe88e250826418740f7af5e728c691bc9be8bfd18"]


def test_the_folder_of_a_killed_job_is_removed_by_the_next_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    above = tmp_path / f"farm-{os.geteuid()}"
    with workplace("one") as folder:
        assert folder.parent == above and above.stat().st_mode & 0o777 == 0o700
        (folder / "work/deep").mkdir()
        killed = above / "killed"
        killed.mkdir()
        (killed / "lock").write_text("")
        with workplace("two") as other:
            assert folder.is_dir() and other.is_dir(), "a job that runs keeps its folder"
            assert not killed.exists()
            with (folder / "lock").open("r+") as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not list(above.iterdir())
    above.chmod(0o755)
    with pytest.raises(OSError, match="yours alone"), workplace("three"):
        pass


def test_a_few_carriers_work_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr(gate, "_PLACES", 3)
    monkeypatch.setattr(gate, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(gate, "_mine", [])
    try:
        for _ in range(4):
            gate.enter()
        # The fourth has waited in vain, and goes on.
        assert len(gate._mine) == 3
        gate._mine.pop().close()
        gate.enter()
        assert len(gate._mine) == 3
    finally:
        for place in gate._mine:
            place.close()
