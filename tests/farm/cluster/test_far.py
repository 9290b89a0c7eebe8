"""Nodes that share no folder with the farm: a real Slurm whose nodes see an empty checkout, and nginx as the store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import Nginx

THROUGH = "transport: store"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    needs.nginx()
    with remote_server.nginx(tmp_path_factory.mktemp("nginx")) as found:
        yield found


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


@pytest.mark.parametrize("client", ["srun", "sbatch"])
def test_steps_on_nodes_that_see_nothing_of_the_checkout(far, server: Nginx, tmp_path: Path, client: str) -> None:
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
    # The cache folder is the node's own: it keeps inputs there.
    assert (there, source, mode, secret) == (["cache"], "A", 0o755, "ereh@0012")
    assert not folder.startswith(str(tmp_path)) and home == str(Path(folder).parent / "home")
    assert not Path(folder).exists(), "the node's folder is gone"
    assert (checkout.folder / "build/last").read_bytes() == bytes(range(256)) * 5000
    assert checkout.read("build/first.log") == "the log of the tool\n"
    kept = b"".join(path.read_bytes() for path in server.store.rglob("*") if path.is_file())
    assert b"2100@here" not in kept, "a reader of the store sees no private variable"
    assert not (server.store / "ac").exists(), "whoever gives objects writes no results"
    assert "nothing to do" in checkout.doit()
