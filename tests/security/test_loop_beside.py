"""Large files are handled beside the loop, in pieces: what comes out is the same as for small ones."""

from __future__ import annotations

import io
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from farm.execution.failure import Failure
from farm.execution.log_file import PIECE_BYTES, lines_of, pieces_of
from farm.execution.redact_log import redact_log
from farm.redaction import Redaction
from farm.results.lock import LockHeldError
from farm.scheduler.beside.workers import WorkerError, Workers


def result_of(workers: Workers, job, *, kill: bool = False):  # type: ignore[no-untyped-def]
    found: list[object] = []
    workers.start(job, found.append)
    if kill:
        workers.kill()
    until = time.monotonic() + 60
    while workers and time.monotonic() < until:
        for call in workers.ended():
            call()
        time.sleep(0.005)
    return found[0] if found else None


@pytest.fixture
def workers() -> Workers:
    return Workers(said.append)


said: list[str] = []


def test_a_result_may_be_larger_than_a_pipe(workers: Workers) -> None:
    assert result_of(workers, lambda: ["x" * 100] * 50_000) == ["x" * 100] * 50_000


def test_errors_come_back(workers: Workers, tmp_path: Path) -> None:
    error = result_of(workers, (tmp_path / "none").read_text)
    assert isinstance(error, FileNotFoundError) and error.filename == str(tmp_path / "none")

    def held() -> None:
        raise LockHeldError("/a/lock", "process 1 (init) of root")

    error = result_of(workers, held)
    assert isinstance(error, LockHeldError) and error.holder == "process 1 (init) of root"
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        result_of(workers, lambda: 1 / 0)


def test_a_killed_job_is_an_error_and_not_a_result(workers: Workers) -> None:
    error = result_of(workers, lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert isinstance(error, WorkerError)


def children() -> set[str]:
    """The children of this process; other tests of the same run may have some."""
    return {pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()}


def test_a_job_that_is_ended_leaves_no_process(workers: Workers) -> None:
    before = children()
    assert result_of(workers, lambda: time.sleep(3600), kill=True) is None
    assert children() <= before


def test_what_a_job_says_is_said_by_the_engine(workers: Workers) -> None:
    said.clear()
    result_of(workers, lambda: workers.note("from the job"))
    assert said == ["from the job"]


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"a", b"a\nb", b"\xff\xfe\n" * 9, b"x" * 70_000, b"a b " * 9000],
    ids=["nothing", "newline", "letter", "two lines", "no UTF-8", "a long line", "many words"],
)
@pytest.mark.parametrize("size", [1, 7, 4096, 65536])
def test_pieces_are_the_whole_log(text: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.execution.log_file.PIECE_BYTES", size)
    assert b"".join(pieces_of(io.BytesIO(text))) == text


def test_lines_are_those_of_a_text_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\r\ntwo\rthree\n\nfour")
    with log.open(encoding="utf-8") as stream:
        assert list(lines_of(log)) == [line.rstrip("\n") for line in stream]


class Counting:
    """Hides each name that any piece has told."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def learn(self, piece: str) -> None:
        self.names |= {line[5:] for line in piece.split("\n") if line.startswith("USER=")}

    def clean(self, piece: str) -> str:
        for name in self.names:
            piece = piece.replace(name, "<user>")
        return piece


@pytest.mark.slow
def test_a_name_at_the_end_of_a_large_log_is_hidden_at_its_begin(tmp_path: Path) -> None:
    log = tmp_path / "log"
    filler = "INFO: nothing of interest here\n" * (3 * PIECE_BYTES // 31)
    log.write_text(f"hannelore begins\n{filler}USER=hannelore\n")
    log.chmod(0o640)
    failure = Failure("exit", "1", lines=("hannelore said no",))
    clean = redact_log(log, "build/log", failure, Redaction(lambda text, log: text, Counting))
    assert clean is not None and clean.lines == ("<user> said no",)
    assert log.read_text() == f"<user> begins\n{filler}USER=<user>\n"
    assert log.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


@pytest.mark.slow
def test_the_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Also if it is one line: 150 MB are redacted within 100 MB of address space more than this process has."""
    log = tmp_path / "log"
    with log.open("wb") as stream:
        for _ in range(150):
            stream.write(b"x" * 1_000_000)
    statm = Path("/proc/self/statm").read_text().split()

    def job() -> int:
        limit = int(statm[0]) * resource.getpagesize() + 100_000_000
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        redact_log(log, "build/log", None, Redaction(lambda text, log: text, Counting))
        return sum(len(line) for line in lines_of(log))

    assert result_of(Workers(said.append), job) == 150_000_000


def test_a_worker_dies_with_the_engine(tmp_path: Path) -> None:
    engine = os.fork()
    if engine == 0:
        workers = Workers(said.append)
        workers.start(lambda: ((tmp_path / "pid").write_text(str(os.getpid())), time.sleep(3600)), print)
        time.sleep(3600)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    worker = int((tmp_path / "pid").read_text())
    os.kill(engine, signal.SIGKILL)
    os.waitpid(engine, 0)
    until = time.monotonic() + 30
    while Path(f"/proc/{worker}/stat").exists() and _state(worker) != "Z":
        assert time.monotonic() < until
        time.sleep(0.01)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
