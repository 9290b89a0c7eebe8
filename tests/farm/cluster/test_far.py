"""Nodes that share no folder with the farm: a real Slurm whose nodes see an empty checkout, and nginx as the store."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest
from cluster_steps import WRITE, counting, one

from benchmarks.engine.remote_server import Nginx

THROUGH = "transport: store"


@pytest.fixture
def far(cluster, project, server: Nginx, tmp_path: Path):
    """Make a checkout that no node sees; `settings` are lines below `farm`."""

    def make(body: str, *settings: str, name: str = "checkout"):
        remote = f"remote: '{server.url}'"
        made = project(body, THROUGH, remote, "remote_writes: objects", *settings, name=name)
        made.environment["XDG_DATA_HOME"] = str(tmp_path / "data")
        return made

    with cluster.hidden(tmp_path):
        yield make


@pytest.mark.parametrize("client", ["srun", pytest.param("sbatch", marks=pytest.mark.nightly)])
def test_steps_on_nodes_that_see_nothing_of_the_checkout(
    cluster, far, server: Nginx, tmp_path: Path, client: str
) -> None:
    code = (
        "import json, os, stat\n"
        f"there = os.listdir({str(tmp_path)!r})\n"
        "print('the log', 'of the tool')\n"
        "with open('out', 'w') as out: json.dump([there, os.getcwd(), os.environ['HOME'], open('a').read(),"
        " stat.S_IMODE(os.stat('run').st_mode), os.environ['SECRET'][::-1]], out)\n"
        "os.makedirs('deep/er', exist_ok=True); open('deep/er/out', 'wb').write(bytes(range(256)) * 5000)\n"
    )
    checkout = far(
        f"""
BUILD = ["last"]
def task_first():
    yield task(python("first", {code!r}, outputs=("out", "deep/er/out"), sources=("a", "run"),
                      private=(("SECRET", "2100@here"),)), doc="x")
def task_last():
    yield task(copy("last", "build/deep/er/out", "build/last"), doc="x")
""",
        f"slurm: {{client: {client}}}",
    )
    checkout.write("run", "#!/bin/sh\n").chmod(0o755)
    output = checkout.doit()
    assert len(re.findall(r"done    \w+  .* on m[12] \(job \d+\)", output)) == 2, output
    there, folder, home, source, mode, secret = json.loads(checkout.read("build/out"))
    assert (source, mode, secret) == ("A", 0o755, "ereh@0012")
    # The cache folder is the node's own: it keeps inputs there. Without namespaces the nodes see all of this machine.
    assert there == ["cache"] or not cluster.before
    assert not folder.startswith(str(tmp_path)) and home == str(Path(folder).parent / "home")
    assert not Path(folder).exists(), "the node's folder is gone"
    assert (checkout.folder / "build/last").read_bytes() == bytes(range(256)) * 5000
    assert checkout.read("build/first.log") == "the log of the tool\n"
    kept = b"".join(path.read_bytes() for path in server.store.rglob("*") if path.is_file())
    assert b"2100@here" not in kept, "a reader of the store sees no private variable"
    assert not (server.store / "ac").exists(), "whoever gives objects writes no results"
    assert "nothing to do" in checkout.doit()


def test_the_check_of_a_cluster(far, server: Nginx) -> None:
    checkout = far('BUILD = ["x"]\ndef task_x():\n    yield task(copy("x", "a", "build/x"), doc="x")\n')
    output = checkout.doit("cluster", "check")
    assert output.count("ok  ") == len(output.splitlines()) == 5, output
    assert re.search(r"ok +files went to the node and back through the remote store \(node m[12], job \d+\)", output)
    server.stop()
    output = checkout.doit("cluster", "check", status=1)
    assert re.search(r"MISSING  no job can run by way of the remote store: .*cannot be reached", output), output


@pytest.mark.nightly
def test_a_killed_farm_finds_its_jobs_again(cluster, far, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Three run when the farm is killed, two of them end before it is back; no step runs twice."""
    marks = tmp_path_factory.mktemp("marks") / "marks"
    checkout = far(counting(marks, 6, 3.0))
    build = checkout.start(start_new_session=True)
    cluster.wait_for(lambda: marks.exists() and len(marks.read_text().split()) >= 4)
    build.send_signal(signal.SIGKILL)
    build.wait()
    time.sleep(3.0)
    output = checkout.doit()
    assert sorted(marks.read_text().split()) == list("012345"), output
    assert {checkout.read(f"build/out{n}") for n in range(6)} == set("012345")
    cluster.wait_for(lambda: not cluster.running(), 5)


@pytest.mark.nightly
def test_two_farms_run_a_key_once(far, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two checkouts of one user: the lease of the machine is taken away, the node finds the other's result."""
    marks = tmp_path_factory.mktemp("marks") / "marks"
    no_lease = "import farm.results.store as store\nstore.take_lease = lambda *_: store.Lease(None, None)\n"
    builds = [far(no_lease + counting(marks, 2, 1.5), name=name).start() for name in ("one", "two")]
    for build in builds:
        output, _ = build.communicate(timeout=90)
        assert build.returncode == 0, output
    assert sorted(marks.read_text().split()) == ["0", "1"]


@pytest.mark.nightly
def test_an_interrupted_build_leaves_no_job_and_no_folder_on_a_node(cluster, far) -> None:
    checkout = far(one(f"import os, time; print(os.getcwd(), flush=True); time.sleep(60); {WRITE}"))
    build = checkout.start(start_new_session=True)
    cluster.wait_for(lambda: checkout.exists("build/one.log") and "work" in checkout.read("build/one.log"))
    folder = Path(checkout.read("build/one.log").strip())
    build.send_signal(signal.SIGINT)
    build.communicate(timeout=30)
    cluster.wait_for(lambda: not cluster.running(), 20)
    cluster.wait_for(lambda: not folder.exists(), 20)
