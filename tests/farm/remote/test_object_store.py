"""A team's store on S3, by two servers. moto has an environment of its own, for its 60 packages. Swift is a real
object store from Debian (`tests/helpers/clusters/swift_server.py`).

python3 -m venv ENV && ENV/bin/pip install 'moto[s3,server]' && pip install -e '.[remote]'
MOTO_SERVER=ENV/bin/moto_server .venv/bin/python -m pytest -m nightly tests/farm/remote
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import swift_server

from benchmarks.engine.remote_server import free_port
from farm.execution.cluster.far.post import Post
from farm.remote.connect import connected, remote_of
from farm.remote.exchange import Exchange
from farm.remote.health import Health
from farm.remote.transport import Transport, UnreachableError, small
from farm.results.digest import digest_of
from farm.results.record import Cost
from farm.results.store import Store, entry_of

KEY = hashlib.sha256(b"key").hexdigest()


@pytest.fixture(params=["moto", pytest.param("swift", marks=pytest.mark.nightly)])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Transport]:
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[remote]'")
    with _moto() if request.param == "moto" else _swift(tmp_path / "swift") as port:
        _set_credentials(monkeypatch, port, "anna" if request.param == "moto" else swift_server.USER)
        yield connected(remote_of("s3://bucket/farm/main"))


def _set_credentials(monkeypatch: pytest.MonkeyPatch, port: int, user: str = "anna") -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": user,
        "AWS_SECRET_ACCESS_KEY": swift_server.KEY,
        "AWS_REGION": swift_server.REGION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)


@contextlib.contextmanager
def _moto() -> Iterator[int]:
    program = os.environ.get("MOTO_SERVER")
    if program is None:
        pytest.skip("MOTO_SERVER does not name a moto_server")
    port = free_port()
    process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        swift_server.wait_for(port, 120, lambda: "moto does not answer")
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=anna/20260101/us-east-1/s3/aws4_request"}
        url = f"http://127.0.0.1:{port}/bucket"
        urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=signed), timeout=60).close()
        yield port
    finally:
        process.kill()
        process.wait()


def _swift(folder: Path) -> contextlib.AbstractContextManager[int]:
    if not swift_server.is_installed():
        pytest.skip(f"Swift is not installed: apt-get install --no-install-recommends {swift_server.PACKAGES}")
    return swift_server.swift(folder)


@pytest.mark.slow
def test_s3(s3: Transport, tmp_path: Path) -> None:
    assert s3.size("cas/aa") is None
    assert small(s3, "cas/aa", 100) is None
    s3.put("cas/aa", BytesIO(b"first"), 5)
    s3.put("cas/aa", BytesIO(b"other"), 5)
    assert (s3.size("cas/aa"), small(s3, "cas/aa", 100)) == (5, b"first")
    s3.put("cas/aa", BytesIO(b"third"), 5, replace=True)
    assert small(s3, "cas/aa", 100) == b"third"
    # A whole result, with a file that goes up in parts and comes down beside its hash.
    work, log = tmp_path / "work", tmp_path / "log"
    work.mkdir()
    contents = {"a": b"A" * 5000, "b": os.urandom(1 << 20) * 70}
    for name, content in contents.items():
        (work / name).write_bytes(content)
    log.write_text("said\n")
    said: list[str] = []
    own, copies = (Store(tmp_path / name, said.append) for name in ("own", "copies"))
    assert copies.is_usable
    digests = {name: digest_of(work / name) for name in contents}
    own.publish(entry_of(KEY, "hls:x", digests, work, log, facts={}, cost=Cost(1.0, 1.0, 1.0)), work, log)
    exchange = Exchange(s3, (own,), copies, Health("REMOTE", said.append), 1 << 30)
    assert exchange.send(KEY, "results")[0] == "done"
    assert exchange.send(KEY, "results") == ("done", 0)
    assert exchange.fetch(KEY, contents) == sum(map(len, contents.values())) + 5
    entry = copies.find(KEY)
    assert entry is not None
    assert copies.restore(entry, tmp_path / "out")
    for name, content in contents.items():
        assert (tmp_path / "out/work" / name).read_bytes() == content
    s3.put(f"cas/{digests['a'].sha256}", BytesIO(b"B" * 5000), 5000, replace=True)
    fresh = Store(tmp_path / "fresh", said.append)
    assert fresh.is_usable
    assert Exchange(s3, (), fresh, Health("REMOTE", said.append), 1 << 30).fetch(KEY, contents) is None
    assert said == [
        "the remote store REMOTE gave no usable result of hls:x: it sent other bytes. Such results are made here"
    ]


@pytest.mark.slow
def test_an_object_store_that_nobody_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[remote]'")
    _set_credentials(monkeypatch, free_port())
    with pytest.raises(UnreachableError) as caught:
        small(connected(remote_of("s3://bucket")), "ac/aa", 100)
    assert "hush" not in str(caught.value)


@pytest.mark.slow
def test_jobs_through_s3(s3: Transport, tmp_path: Path) -> None:
    """What a cluster's jobs give and take: files once, sealed ones, and records that a later one replaces."""
    post = Post(s3, b"s" * 32, 10.0)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o755)
    with path.open("rb") as stream:
        stored = post.give(stream)
        assert post.give(stream, replace=True) == stored == (hashlib.sha256(b"content").hexdigest(), 7, 0o755)
    post.fetch(stored, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"
    sealed = post.give_sealed("log 1", path)
    with (tmp_path / "log").open("wb") as log:
        post.fetch_sealed("log 1", sealed, log, tmp_path / "beside")
    assert (tmp_path / "log").read_bytes() == b"content"
    assert post.record("finished 1") is None
    for status in (1, 0):
        post.give_record("finished 1", {"status": status})
        assert post.record("finished 1") == {"status": status}
