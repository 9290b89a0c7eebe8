"""Results that go to a remote store and come back, over HTTP, past servers that misbehave."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import FAULTS, SLOW, Faulty, Handler
from farm.remote import over_http, transport
from farm.remote.connect import Remote, connected, remote_of
from farm.remote.exchange import Exchange
from farm.remote.health import Health
from farm.results.digest import digest_of
from farm.results.record import Cost
from farm.results.store import Store, entry_of

KEY, OTHER = (hashlib.sha256(name).hexdigest() for name in (b"key", b"other"))
CONTENTS = {"a": b"A" * 5000, "b": b"B" * 7000}
MOST = 1 << 30


@dataclass
class Farm:
    """A farm with a store of its own, and the copies of what it has fetched."""

    folder: Path
    remote: Remote

    def __post_init__(self) -> None:
        self.said: list[str] = []
        self.own, self.copies = (Store(self.folder / name, self.said.append) for name in ("own", "copies"))
        assert self.own.is_usable
        assert self.copies.is_usable
        self.health = Health("REMOTE", self.said.append)
        self.transport = connected(self.remote)
        self.exchange = Exchange(self.transport, (self.own, self.copies), self.copies, self.health, MOST)

    def make(self, key: str = KEY, **contents: bytes) -> None:
        work = self.folder / f"work-{key[:8]}"
        work.mkdir()
        for name, content in contents.items():
            (work / name).write_bytes(content)
        log = self.folder / "log.txt"
        log.write_text(f"said of {key}\n")
        digests = {name: digest_of(work / name) for name in contents}
        entry = entry_of(key, "hls:x", digests, work, log, facts={}, cost=Cost(2.0, 3.0, 0.5))
        self.own.publish(entry, work, log)

    def taken(self, key: str = KEY) -> dict[str, bytes] | None:
        entry = self.copies.find(key)
        place = self.folder / "taken"
        if entry is None or not self.copies.restore(entry, place):
            return None
        return {path.name: path.read_bytes() for path in (place / "work").iterdir()}

    def objects(self) -> set[str]:
        return {path.name for path in (self.copies.folder / "cas").rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two attempts only time passes."""
    monkeypatch.setattr(over_http._AgainError.__init__, "__defaults__", (0.01,))


@pytest.fixture
def server() -> Iterator[Faulty]:
    with remote_server.faulty() as found:
        yield found


@pytest.fixture
def giver(tmp_path: Path, server: Faulty) -> Farm:
    """A farm that has given two results to the server."""
    (tmp_path / "giver").mkdir()
    farm = Farm(tmp_path / "giver", remote_of(server.url))
    farm.make(**CONTENTS)
    farm.make(OTHER, a=b"C" * 5000, b=b"D" * 7000)
    for key in (KEY, OTHER):
        assert farm.exchange.send(key, "results")[0] == "done"
    return farm


@pytest.fixture
def taker(tmp_path: Path, server: Faulty) -> Farm:
    (tmp_path / "taker").mkdir()
    return Farm(tmp_path / "taker", remote_of(server.url))


def test_a_result_comes_back_as_it_went(giver: Farm, taker: Farm, server: Faulty) -> None:
    sizes = sum(map(len, CONTENTS.values())) + len(f"said of {KEY}\n")
    assert taker.exchange.fetch(KEY, CONTENTS) == sizes
    assert taker.taken() == CONTENTS
    for content in CONTENTS.values():
        assert server.files[f"/cas/{hashlib.sha256(content).hexdigest()}"] == content
    assert giver.said == taker.said == []


def test_what_is_not_there_is_a_miss_without_a_word(taker: Farm) -> None:
    assert taker.exchange.fetch(KEY, CONTENTS) is None
    assert taker.said == []


def _blames(taker: Farm, server: Faulty, kind: str) -> None:
    assert taker.exchange.fetch(KEY, CONTENTS) is None
    assert taker.taken() is None
    right = {hashlib.sha256(content).hexdigest() for path, content in server.files.items() if path.startswith("/cas/")}
    assert taker.objects() <= right
    assert len(taker.said) == 1, taker.said
    assert "REMOTE" in taker.said[0]
    # However often it is asked, that is all.
    for _ in range(8):
        assert taker.exchange.fetch(OTHER, CONTENTS) is None
    assert len(taker.said) == 1, kind
    assert len(server.log) < 40


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_a_miss_with_one_sentence(giver: Farm, taker: Farm, server: Faulty, kind: str) -> None:
    server.log.clear()
    server.fault = FAULTS[kind]
    _blames(taker, server, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"a loop of redirects"}))
def test_a_fault_of_files_alone(giver: Farm, taker: Farm, server: Faulty, kind: str) -> None:
    """The entry is right, and so is whatever does not go wrong."""
    server.log.clear()
    server.fault = lambda handler: handler.path.startswith("/cas/") and FAULTS[kind](handler)
    _blames(taker, server, kind)
    server.fault = None
    assert Farm(taker.folder, taker.remote).exchange.fetch(KEY, CONTENTS) is not None
    assert taker.taken() == CONTENTS


@pytest.mark.slow
@pytest.mark.parametrize("part", ["/ac/", "/cas/"])
@pytest.mark.parametrize("kind", SLOW)
def test_a_drip_ends(
    giver: Farm, taker: Farm, server: Faulty, kind: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.3)
    server.log.clear()

    def drip(handler: Handler) -> bool:
        # A file's length is known: a drip that keeps to it is the slow one.
        return handler.path.startswith(part) and SLOW[kind](handler)

    server.fault = drip
    _blames(taker, server, kind)


def test_a_file_that_was_cut_off_once_is_fetched_again(giver: Farm, taker: Farm, server: Faulty) -> None:
    cut: set[str] = set()

    def once(handler: Handler) -> bool:
        if handler.path in cut or not handler.path.startswith("/cas/"):
            return False
        cut.add(handler.path)
        return FAULTS["truncated"](handler)

    server.fault = once
    assert taker.exchange.fetch(KEY, CONTENTS) is not None
    assert taker.taken() == CONTENTS
    assert len(cut) == 3
    assert taker.said == []


def test_a_redirect_on_the_same_host_is_followed(giver: Farm, taker: Farm, server: Faulty) -> None:
    server.fault = lambda handler: (
        not handler.path.startswith("/new/") and handler.answer(307, Location=f"/new{handler.path}")
    )
    server.files.update({f"/new{path}": content for path, content in server.files.items()})
    assert taker.exchange.fetch(KEY, CONTENTS) is not None


def test_credentials_never_go_to_another_host(tmp_path: Path, server: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REMOTE_TOKEN", "s3cret")
    farm = Farm(tmp_path, remote_of(server.url))
    with remote_server.faulty() as other:
        server.fault = lambda handler: handler.answer(302, Location=f"{other.url}{handler.path}")
        assert farm.exchange.fetch(KEY, CONTENTS) is None
        assert other.log == []
    assert server.headers[0]["Authorization"] == "Bearer s3cret"
    assert "redirects to another host" in farm.said[0]
    assert "s3cret" not in f"{farm.said}{farm.remote}"


def test_another_steps_outputs_are_refused(giver: Farm, taker: Farm) -> None:
    assert taker.exchange.fetch(KEY, {"a"}) is None
    assert "outputs are not those of the step" in taker.said[0]


def test_a_result_larger_than_the_store_may_be_is_refused(giver: Farm, taker: Farm, server: Faulty) -> None:
    small = Exchange(taker.transport, (), taker.copies, taker.health, most_bytes=9000)
    server.log.clear()
    assert small.fetch(KEY, CONTENTS) is None
    assert [path for _, path in server.log] == [f"/ac/{KEY}"]


def test_nothing_is_sent_twice(giver: Farm, server: Faulty) -> None:
    server.log.clear()
    assert giver.exchange.send(KEY, "results") == ("done", 0)
    assert {method for method, _ in server.log} == {"HEAD", "GET"}


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_a_page_in_place_of_a_store(tmp_path: Path, server: Faulty, method: str) -> None:
    """It says 200 to everything. The result must count as not sent, and is sent when the store is back."""
    server.fault = lambda handler: handler.command == method and FAULTS["a page"](handler)
    farm = Farm(tmp_path, remote_of(server.url))
    farm.make(**CONTENTS)
    assert farm.exchange.send(KEY, "results")[0] == "later"
    assert len(farm.said) == 1
    server.fault = None
    assert Farm(tmp_path, remote_of(server.url)).exchange.send(KEY, "results")[0] == "done"
    assert Farm(tmp_path, remote_of(server.url)).exchange.fetch(KEY, CONTENTS) is not None


def test_the_first_result_stays(giver: Farm, tmp_path: Path, server: Faulty) -> None:
    before = server.files[f"/ac/{KEY}"]
    (tmp_path / "second").mkdir()
    second = Farm(tmp_path / "second", giver.remote)
    second.make(a=b"other bytes", b=b"B" * 7000)
    assert second.exchange.send(KEY, "results")[0] == "done"
    assert server.files[f"/ac/{KEY}"] == before


def test_two_writers_at_once(tmp_path: Path, server: Faulty, taker: Farm) -> None:
    farms = []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        farms.append(Farm(tmp_path / str(number), remote_of(server.url)))
        farms[-1].make(**CONTENTS)
    together = threading.Barrier(len(farms))

    def give(farm: Farm) -> None:
        together.wait()
        assert farm.exchange.send(KEY, "results")[0] == "done"

    threads = [threading.Thread(target=give, args=(farm,)) for farm in farms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taker.exchange.fetch(KEY, CONTENTS) is not None
    assert taker.taken() == CONTENTS
    assert [farm.said for farm in farms] == [[], [], [], []]


@pytest.mark.parametrize("part", ["/ac/", "/cas/"])
def test_what_is_wrong_there_is_replaced_by_who_noticed(giver: Farm, server: Faulty, taker: Farm, part: str) -> None:
    path = next(path for path in server.files if path.startswith(part) and (part == "/cas/" or path.endswith(KEY)))
    right = server.files[path]
    server.files[path] = right[::-1] if part == "/ac/" else b"x" * len(right)
    key = KEY if taker.exchange.fetch(KEY, CONTENTS) is None else OTHER
    assert key == KEY or taker.exchange.fetch(OTHER, CONTENTS) is None
    taker.make(key, **({"a": b"C" * 5000, "b": b"D" * 7000} if key == OTHER else CONTENTS))
    assert taker.exchange.send(key, "results")[0] == "done"
    if part == "/cas/":
        assert server.files[path] == right
    else:
        assert Farm(taker.folder, taker.remote).exchange.entry(KEY, CONTENTS) is not None


@pytest.mark.parametrize("status", [401, 403, 405, 413, 507])
def test_a_store_that_takes_nothing(tmp_path: Path, server: Faulty, status: int) -> None:
    server.fault = lambda handler: handler.command == "PUT" and handler.answer(status, Connection="close")
    farm = Farm(tmp_path, remote_of(server.url))
    farm.make(**CONTENTS)
    # What is too large today is too large tomorrow; a right to write may come.
    for _ in range(2):
        assert farm.exchange.send(KEY, "results") == ("never" if status == 413 else "later", 0)
    assert len(farm.said) == 1
    assert f"({status})" in farm.said[0]
    # Reading goes on.
    assert farm.health.is_good("reading")


def test_a_refusal_while_a_large_file_is_sent(tmp_path: Path, server: Faulty) -> None:
    """The server says no and closes, before it has read all."""

    def no(handler: Handler) -> bool:
        if handler.command != "PUT":
            return False
        handler.close_connection = True
        return handler.answer(413, Connection="close")

    server.fault = no
    farm = Farm(tmp_path, remote_of(server.url))
    farm.make(a=random.Random(1).randbytes(8 << 20), b=b"")
    assert farm.exchange.send(KEY, "results")[0] != "done"
    assert len(farm.said) == 1


def test_files_only(tmp_path: Path, server: Faulty) -> None:
    farm = Farm(tmp_path, remote_of(server.url))
    farm.make(**CONTENTS)
    assert farm.exchange.send(KEY, "nothing") == ("never", 0)
    assert server.log == []
    assert farm.exchange.send(KEY, "objects")[0] == "done"
    assert {path[:5] for path in server.files} == {"/cas/"}


def test_a_file_that_is_damaged_here_is_not_sent(tmp_path: Path, server: Faulty) -> None:
    farm = Farm(tmp_path, remote_of(server.url))
    farm.make(**CONTENTS)
    sha256 = hashlib.sha256(CONTENTS["a"]).hexdigest()
    farm.own.object_path(sha256).write_bytes(b"Z" * 5000)
    assert farm.exchange.send(KEY, "results") == ("never", 0)
    assert f"/cas/{sha256}" not in server.files
    assert f"/ac/{KEY}" not in server.files


def test_large_files_are_verified_beside(giver: Farm, taker: Farm, server: Faulty) -> None:
    content = random.Random(2).randbytes(20 << 20)
    key = hashlib.sha256(b"large").hexdigest()
    giver.make(key, a=content)
    assert giver.exchange.send(key, "results")[0] == "done"
    path = f"/cas/{hashlib.sha256(content).hexdigest()}"
    assert server.files[path] == content
    server.files[path] = content[:-1] + bytes([content[-1] ^ 1])
    assert taker.exchange.fetch(key, {"a"}) is None
    server.files[path] = content
    assert taker.exchange.fetch(key, {"a"}) is not None
    assert taker.taken(key) == {"a": content}
