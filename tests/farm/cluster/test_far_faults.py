"""What goes wrong between a farm and nodes that share no folder with it: a small queue, a store that misbehaves."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_steps import counting, one, queue_settings

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import Faulty, Handler

WORKS = "open('out', 'w').write(open('a').read())"
SOURCES = ", sources=('a',)"


@pytest.fixture
def store() -> Iterator[Faulty]:
    with remote_server.faulty() as found:
        yield found


@pytest.fixture
def build(checkout, store: Faulty, tmp_path: Path):
    """Make a checkout whose steps go through the queue and the store."""

    def make(body: str, writes: str = "objects"):
        queue = tmp_path / "queue"
        queue.mkdir()
        more = (f"remote: '{store.url}'", f"remote_writes: {writes}", "transport: store")
        checkout.write("farm.local.yaml", queue_settings(queue, *more))
        checkout.write("a", "A")
        checkout.dodo(body)
        checkout.environment["XDG_DATA_HOME"] = str(tmp_path / "data")
        return checkout

    return make


def of_jobs(handler: Handler) -> bool:
    """Whether a request is one of the jobs' own, and not of the farm's results."""
    return handler.path.startswith("/jobs/")


@pytest.mark.slow
def test_a_store_that_takes_nothing(build, store: Faulty) -> None:
    checkout = build(one(WORKS, SOURCES))
    store.fault = lambda handler: handler.command == "PUT" and handler.answer(403)
    output = checkout.doit(status=1)
    assert "one may not write to the remote store, or not read it (" in output
    assert "it forbids that (403)" in output
    assert "(failure class: config)" in output
    assert "  again " not in output


@pytest.mark.slow
def test_a_damaged_input_is_sent_again(build, store: Faulty) -> None:
    """What somebody has put under the digest of an input is seen by the node, and replaced."""
    checkout = build(one(WORKS, SOURCES))
    # sha256 of "A", by coreutils.
    name = "/cas/559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd"
    store.files[name] = b"B"
    output = checkout.doit()
    assert "again   one met a file in the remote store that is damaged or gone (it sent other bytes)" in output
    assert checkout.read("build/out") == store.files[name].decode() == "A"


@pytest.mark.nightly
def test_an_output_that_the_store_has_lost_is_made_again(build, store: Faulty, tmp_path: Path) -> None:
    checkout = build(counting(tmp_path / "marks", 1, 0.0))
    # sha256 of "0", by coreutils.
    output_file = "/cas/5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
    gets: list[str] = []

    def lose(handler: Handler) -> bool:
        if handler.command == "GET" and handler.path == output_file and len(gets) < 3:
            gets.append(handler.path)
            return handler.answer(404)
        return False

    store.fault = lose
    output = checkout.doit()
    assert "again   n:0 met a file in the remote store that is damaged or gone" in output
    assert (tmp_path / "marks").read_text().split() == ["0", "0"]
    assert checkout.read("build/out0") == "0"


@pytest.mark.nightly
def test_records_that_others_have_written_do_not_count(build, store: Faulty) -> None:
    """Whoever can write the store can make jobs fail, and cannot make them lie."""
    checkout = build(one(WORKS, SOURCES))
    forged: dict[str, bool] = {}
    asked: list[str] = []

    def forge(handler: Handler) -> bool:
        found = handler.content
        if handler.command == "GET" and of_jobs(handler) and found is not None and b'"outputs": {"out"' in found:
            asked.append(handler.path)
            if asked.count(handler.path) == 1:
                return False  # the node sees whether its record has arrived
            # The digest of the output becomes another's, the rest stays.
            lie = re.sub(rb'("out": \[)"[0-9a-f]{64}"', rb'\1"' + b"0" * 64 + b'"', found)
            forged[handler.path] = lie != found
            return handler.answer(200, lie)
        return False

    store.fault = forge
    process = checkout.start()
    output, _ = process.communicate(timeout=240)  # three attempts, and each waits for a record that may come late
    assert process.returncode == 1, output
    assert forged and all(forged.values())
    assert "one ended without a record of its node" in output
    assert not checkout.exists("build/out")


@pytest.mark.nightly
def test_a_store_that_is_away_while_a_tool_runs(build, store: Faulty, tmp_path: Path) -> None:
    checkout = build(counting(tmp_path / "marks", 1, 0.5))
    refused: list[str] = []

    def away(handler: Handler) -> bool:
        if (tmp_path / "marks").exists() and len(refused) < 12:
            refused.append(handler.path)
            return handler.answer(503)
        return False

    store.fault = away
    output = checkout.doit()
    assert len(refused) == 12
    assert (tmp_path / "marks").read_text().split() == ["0"], "it ran once: its node waited for the store"
    assert "  again " not in output
    assert checkout.read("build/out0") == "0"


@pytest.mark.nightly
def test_a_result_that_the_farm_would_refuse_is_not_kept_for_others(build, tmp_path: Path) -> None:
    """The tool ends with 0 and its log says no: the next build runs it again, and takes nothing from the store."""
    marks = tmp_path / "marks"
    code = (
        f"print('ERROR: no licence', file=open({str(marks)!r}, 'a')); print(open({str(marks)!r}).read());"
        " open('out', 'w').write('x')"
    )
    checkout = build(one(code, ", error_lines=('^ERROR',)"))
    output = checkout.doit(status=1)
    assert "ERROR: no licence" in output
    checkout.doit(status=1)
    assert len(marks.read_text().splitlines()) == 2


@pytest.mark.nightly
def test_what_is_no_plain_file_is_refused_as_it_is_here(build) -> None:
    code = "import os; os.symlink('/etc/hostname', 'out')"
    output = build(one(code)).doit(status=1)
    assert "its output out is a symbolic link (to /etc/hostname)" in output


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("remote_writes: objects", "files are to travel through the remote store, and farm.remote names none"),
        (
            "remote: 'http://127.0.0.1:9'",
            "farm.remote_writes is 'nothing'; set farm.remote_writes: objects, or results",
        ),
    ],
)
def test_settings_that_do_not_go_together(checkout, tmp_path: Path, more: str, words: str) -> None:
    checkout.write("farm.local.yaml", queue_settings(tmp_path, more, "transport: store"))
    checkout.dodo(one(WORKS))
    output = checkout.doit(status=3)
    assert words in output and "farm.local.yaml" in output
    assert not checkout.exists("build/one.log")


@pytest.mark.nightly
def test_a_job_that_nobody_wants_any_more_leaves_no_folder(build, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    checkout = build(counting(marks, 1, 2.0))
    killed = checkout.start(start_new_session=True)
    until = time.monotonic() + 30
    while not marks.exists() and time.monotonic() < until:
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    time.sleep(6)
    checkout.dodo(one(WORKS, SOURCES))
    checkout.doit()
    assert checkout.read("build/out") == "A"
    assert not list((checkout.folder / "build/.farm/jobs").iterdir())


@pytest.mark.nightly
def test_the_node_holds_a_steps_time_limit(build) -> None:
    """Of an engine that does not tell when a job begins the farm cannot know how long a step has run."""
    output = build(one("import time; time.sleep(50)", ", timeout_s=1.0")).doit(status=1)
    assert "one reached the cluster's time limit" in output
    assert "raise the step's timeout" in output
    assert "  again " not in output
