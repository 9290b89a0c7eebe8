"""Builds of several checkouts with one nginx between them."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from doit_server import PLAIN
from small_checkout import CHAIN, PYPROJECT, Checkout

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import Nginx

#: A task that vouches for what its step has made, and says whether it did.
VOUCHED = """
from farm.hooks import Vouch
BUILD = ["last"]

def task_first():
    yield task(copy("first", "a.txt", "build/first"), doc="one")

def task_last():
    hook = Vouch(lambda paths, here: f"made here: {here}")
    yield task(copy("last", "build/first", "build/last", inputs=(File("b", "b.txt"),)), doc="two", publish_hook=hook)
"""


def _checkout(folder: Path, url: str = "", *, writes: str = "nothing", body: str = CHAIN) -> Checkout:
    """A checkout on a machine of its own: nothing but the remote store is shared."""
    (folder / "checkout").mkdir(parents=True)
    made = Checkout(folder / "checkout", {**os.environ, **PLAIN, "XDG_CACHE_HOME": str(folder / "cache")})
    made.write("pyproject.toml", PYPROJECT)
    made.write("a.txt", "A\n")
    made.write("b.txt", "B\n")
    made.dodo(body)
    if url:
        made.write("farm.local.yaml", f"farm:\n  remote: {url}\n  remote_writes: {writes}\n")
    return made


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    needs.nginx()
    with remote_server.nginx(tmp_path / "nginx") as server:
        yield server


@pytest.mark.slow
def test_what_ci_has_built_nobody_builds_again(tmp_path: Path, nginx: Nginx) -> None:
    ci = _checkout(tmp_path / "ci", nginx.url, writes="results")
    output = ci.doit("build")
    assert "3 run, 0 current" in output
    assert "3 results went to the remote store" in output
    assert len(nginx.names("ac")) == 3
    user = _checkout(tmp_path / "user", nginx.url)
    planned = user.doit("plan")
    assert "0 would run, 3 would be restored, 3 of them from the remote store" in planned
    assert re.findall(r"^  fetch   (\S+)", planned, re.MULTILINE) == ["up:a", "up:b", "join"]
    # Two bytes each, and four.
    tasks = json.loads(user.doit("plan", "--json"))["tasks"]
    assert [task["fetch_bytes"] for task in tasks] == [2, 2, 4]
    assert not user.exists("build/joined")
    output = user.doit("build")
    assert "0 run, 3 restored, 0 current" in output
    assert "3 results came from the remote store" in output
    assert user.read("build/joined") == "A\nB\n"
    # Another checkout on the same machine has the copies, and asks nobody.
    nginx.stop()
    user.doit("clean")
    output = user.doit("build")
    assert "0 run, 3 restored, 0 current" in output
    assert "remote store" not in output
    assert "nothing to do" in user.doit("build")
    assert "copies of a remote store: 3 results" in user.doit("cache", "stats")


@pytest.mark.slow
def test_what_came_from_others_gains_no_trust(tmp_path: Path, nginx: Nginx) -> None:
    ci = _checkout(tmp_path / "ci", nginx.url, writes="results", body=VOUCHED)
    assert "made here: True" in ci.doit("build")
    user = _checkout(tmp_path / "user", nginx.url, body=VOUCHED)
    assert "made here: False" in user.doit("build")
    # What is run here on files of others is theirs too, and never enters the user's own store.
    user.write("b.txt", "other\n")
    output = user.doit("build")
    assert "1 run, 1 current" in output
    assert "made here: False" in output
    own = list((tmp_path / "user/cache/dataflow-farm/ac").rglob("*"))
    assert own == []
    alone = _checkout(tmp_path / "user2", body=VOUCHED)
    alone.environment = user.environment
    assert "2 run, 0 current" in alone.doit("build")
    assert "made here: True" in alone.doit("-a", "build")


@pytest.mark.parametrize("writes", ["nothing", "objects"])
def test_who_may_write_what(tmp_path: Path, nginx: Nginx, writes: str) -> None:
    _checkout(tmp_path / "one", nginx.url, writes=writes).doit("build")
    assert nginx.names("ac") == []
    # Outputs A, B and AB, and the one log, which is empty.
    assert len(nginx.names("cas")) == (0 if writes == "nothing" else 4)


@pytest.mark.slow
def test_a_store_that_nobody_serves(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{remote_server.free_port()}"
    output = _checkout(tmp_path / "one", url, writes="results").doit("build")
    assert "3 run, 0 current" in output
    assert len(re.findall("is of no use now|did not take", output)) == 2  # one to read, one to write
    planned = _checkout(tmp_path / "two", url).doit("plan")
    assert planned.count("remote store") == 1
    assert "2 would run" in planned


SLOW = """
BUILD = ["up:a", "up:b", "late"]

def task_up():
    for name in "ab":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="one part")

def task_late():
    yield task(
        Step("late", ("{python}", "late.py"),
             (Text("late.py", "import time; time.sleep(1.5); open('out', 'w').write('late')"), File("a", "build/a")),
             (Output("out", "build/late"),), log="build/late.log"),
        doc="takes a while")
"""


@pytest.mark.slow
def test_a_store_that_goes_away_during_a_build(tmp_path: Path, nginx: Nginx) -> None:
    ci = _checkout(tmp_path / "ci", nginx.url, writes="results", body=SLOW)
    process = ci.start("build")
    ci.wait_for("build/b")
    until = time.monotonic() + 20
    while len(nginx.names("ac")) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    nginx.stop()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "3 run, 0 current" in output
    assert output.count("did not take") == 1
    # The next build, which has nothing to do, sends the rest.
    nginx.start()
    output = ci.doit("build")
    assert "nothing to do" in output
    # The answer to the second one may have been lost.
    assert re.search("1 result went|2 results went", output), output
    assert len(nginx.names("ac")) == 3
    assert "remote store" not in ci.doit("build")


@pytest.mark.slow
def test_a_signal_while_results_are_sent(tmp_path: Path) -> None:
    with remote_server.faulty() as server:
        server.fault = lambda handler: handler.command == "PUT" and bool(time.sleep(60))  # type: ignore[func-returns-value]
        ci = _checkout(tmp_path / "ci", server.url, writes="results")
        process = ci.start("build")
        until = time.monotonic() + 30
        while not ci.exists("build/joined") or not any(method == "PUT" for method, _ in server.log):
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        output, _ = process.communicate(timeout=60)
        assert time.monotonic() - begun < 30
        assert process.returncode == 130, output
        assert "3 results not sent to the remote store yet; the next build sends them" in output
        assert ci.processes() == []
        server.fault = None
        assert "3 results went to the remote store" in ci.doit("build")
        assert len([path for path in server.files if path.startswith("/ac/")]) == 3


@pytest.mark.slow
def test_lies_are_never_built_with(tmp_path: Path) -> None:
    with remote_server.faulty() as server:
        ci = _checkout(tmp_path / "ci", server.url, writes="results")
        ci.doit("build")
        for number, kind in enumerate(("garbage", "swapped", "truncated", "a page")):
            server.fault = remote_server.FAULTS[kind]
            user = _checkout(tmp_path / f"user{number}", server.url)
            output = user.doit("build")
            assert user.read("build/joined") == "A\nB\n"
            assert output.count("the remote store http") == 1, output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("store.example", "farm.local.yaml:2: farm.remote has no scheme; write https://HOST/PATH"),
        ("https://anna:hush@store.example", "farm.local.yaml:2: farm.remote names a user or a password; remove it"),
    ],
)
@pytest.mark.parametrize("command", ["build", "plan", "config", "cache"])
def test_a_wrong_address_is_an_error_before_anything(tmp_path: Path, url: str, said: str, command: str) -> None:
    one = _checkout(tmp_path / "one", url)
    output = one.doit(command, *(["stats"] if command == "cache" else []), status=3)
    assert said in output
    assert "hush" not in output
    assert not one.exists("build/joined")


def test_credentials_are_never_printed(tmp_path: Path) -> None:
    with remote_server.faulty() as server:
        server.fault = lambda handler: handler.answer(401)
        one = _checkout(tmp_path / "one", server.url, writes="results")
        one.environment["FARM_REMOTE_TOKEN"] = "hush-hush"
        output = one.doit("build") + one.doit("plan") + one.doit("config")
        assert server.headers[0]["Authorization"] == "Bearer hush-hush"
    assert "hush-hush" not in output
    assert "it asks for credentials (401)" in output
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"hush-hush" not in path.read_bytes()


def test_nothing_of_it_is_loaded_without_a_remote_store(tmp_path: Path) -> None:
    one = _checkout(tmp_path / "one")
    for command in ("build", "plan"):
        one.environment["PYTHONPROFILEIMPORTTIME"] = "1"
        output = one.doit(command)
        assert "farm.results.store" in output
        assert "farm.remote" not in output
        assert "http.client" not in output
        assert "courier" not in output


def test_the_process_that_asks_is_killed(tmp_path: Path) -> None:
    """The build goes on without it, and says so once."""
    with remote_server.faulty() as server:
        server.fault = lambda _: bool(time.sleep(60))  # type: ignore[func-returns-value]
        one = _checkout(tmp_path / "one", server.url)
        process = one.start("build")
        until = time.monotonic() + 30
        while not server.log:
            assert time.monotonic() < until
            time.sleep(0.02)
        courier = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(courier) == 1
        os.kill(int(courier[0]), signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert "3 run, 0 current" in output
        assert output.count("the process that asks it has ended") == 1


def test_two_builds_at_once_send_the_same(tmp_path: Path, nginx: Nginx) -> None:
    both = [_checkout(tmp_path / name, nginx.url, writes="results") for name in ("one", "two")]
    processes = [one.start("build") for one in both]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert "did not take" not in output
    user = _checkout(tmp_path / "user", nginx.url)
    assert "0 run, 3 restored" in user.doit("build")
    assert user.read("build/joined") == "A\nB\n"
