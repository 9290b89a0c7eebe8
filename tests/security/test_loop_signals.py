"""A signal ends a build in every state. Nothing here measures time: without an end, these builds stay for good.

`python -m benchmarks.engine.loop` prints how long the end takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_END_S = 30

PLAIN = """
BUILD = ["one"]
def task_one():
    yield task(copy("one", "a", "build/one"), doc="x")
"""
#: A redaction that never comes to an end: `print_bytes` decides whether the loop does it, or a process beside the loop.
REDACTION = """
import time
from pathlib import Path
from farm.redaction import Redaction
def forever(text, log):
    Path("redacting").touch()
    time.sleep(3600)
DOIT_CONFIG["redaction"] = Redaction(forever)
BUILD = ["one"]
def task_one():
    yield task(python("one", "print('x' * {size}); open('out', 'w').write('1')"), doc="x")
"""
#: A file that takes long to hash, in place of one that does: the engine is told to be slow.
SLOW_HASH = (
    """
import time
from pathlib import Path
import farm.results.digest
def slow(*words, **more):
    Path("hashing").touch()
    time.sleep(3600)
farm.results.digest.digest_of = slow
"""
    + PLAIN
)
DEAF = """
BUILD = ["deaf"]
CODE = "import signal as s, time; [s.signal(n, s.SIG_IGN) for n in (1, 2, 15)]; print(1, flush=True); time.sleep(3600)"
def task_deaf():
    yield task(python("deaf", CODE), doc="x")
"""


@pytest.fixture
def build(ordinary, checkout) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a build and waits until a file is there; `size` is that of its source."""
    started: list[subprocess.Popen[str]] = []

    def start(body: str, until: str = "", *, size: int = 1, **more: object) -> subprocess.Popen[str]:
        with (checkout.folder / "a").open("wb") as stream:
            stream.truncate(size)
        checkout.dodo(body)
        ordinary.give(checkout.folder)
        process = checkout.start("-n", "1", start_new_session=True, **more)
        started.append(process)
        if until:
            checkout.wait_for(until, seconds=60)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ends(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """Send a signal, and return what the build has said until its end."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=_END_S)
    assert process.returncode == 128 + number, output
    assert "Traceback" not in output
    return output


def test_while_a_tool_ignores_signals(build, checkout) -> None:
    assert "ended deaf" in ends(build(DEAF, "build/deaf.log"))
    assert checkout.processes() == []


@pytest.mark.slow
def test_while_a_shim_is_stopped(build, checkout) -> None:
    process = build(DEAF, "build/deaf.log")
    while checkout.read("build/deaf.log") != "1\n":  # until the tool runs, the shim may not be one yet
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGSTOP)
    ends(process)
    assert checkout.processes() == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 2_000_000])
def test_while_a_log_is_redacted(build, checkout, size: int) -> None:
    """A small log is redacted by the loop itself, a large one beside it."""
    ends(build(REDACTION.replace("{size}", str(size)), "redacting"))
    assert not checkout.exists("build/out")
    # What could not be redacted in time is not kept. The hard end of a build leaves it to the next one.
    assert size == 10 or not checkout.exists("build/one.log")
    assert checkout.processes() == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 60_000_000])
def test_while_inputs_are_hashed(build, checkout, size: int) -> None:
    ends(build(SLOW_HASH, "hashing", size=size))
    assert checkout.processes() == []


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a file: as another user, if the tests run as root."""
    with path.open("r") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def store_of(checkout) -> Path:
    return Path(checkout.environment["XDG_CACHE_HOME"]) / "dataflow-farm"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_the_store_is_locked(build, checkout, number: int) -> None:
    checkout.write("a", "A")
    process = build(PLAIN)
    process.communicate(timeout=120)
    with held(store_of(checkout) / "lock"):
        (checkout.folder / "build/one").unlink()
        process = build(PLAIN)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert f"waiting for process {os.getpid()} (" in line
        ends(process, number)


def test_while_another_build_runs(build, checkout) -> None:
    build(PLAIN).communicate(timeout=120)
    with held(checkout.folder / "build/.farm/lock"):
        process = build(PLAIN)
        assert process.stdout is not None
        assert f"another build runs in this checkout (process {os.getpid()} (" in process.stdout.readline()
        ends(process)


@pytest.mark.slow
def test_while_nobody_reads_what_it_says(build, checkout) -> None:
    """`doit | less`, and nobody presses a key: the pipe is full, and a write to it blocks."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    process = build(PLAIN, "build/one.log", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=_END_S) == 128 + signal.SIGTERM
    os.close(reader)
    assert checkout.processes() == []


def test_a_store_that_stays_locked_is_left(build, checkout, ordinary) -> None:
    """The build goes on without it: an attacker, or a dead machine's lock on a network disk, must not hold it up."""
    build(PLAIN).communicate(timeout=120)
    patch = "import farm.scheduler.beside.workers as w\nw.LOCK_PATIENCE_S = 0.3\n"
    with held(store_of(checkout) / "lock"):
        checkout.write("b", "B")
        process = build(patch + PLAIN.replace('"a"', '"b"'))
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "is not used any more: process" in output
    assert checkout.read("build/one") == "B"


@pytest.mark.slow
def test_several_runs_that_wait_for_a_locked_store_are_all_finished(build, checkout) -> None:
    """The first that gives up leaves the store; those that wait at the same time must not fail for that."""
    build(PLAIN).communicate(timeout=120)
    patch = "import farm.scheduler.beside.workers as w\nw.LOCK_PATIENCE_S = 3\n"
    steps = """
BUILD = ["up"]
def task_up():
    for name in "bcde":
        yield task(copy(f"up:{name}", "a", f"build/{name}"), doc="x")
"""
    with held(store_of(checkout) / "lock"):
        process = build(patch + steps)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert output.count("is not used any more: process") == 1
    assert [checkout.read(f"build/{name}") for name in "bcde"] == [checkout.read("a")] * 4
