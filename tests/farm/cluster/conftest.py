from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import needs
import pytest
from slurm_cluster import Cluster, find_programs
from small_checkout import PYPROJECT, Checkout

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import Nginx


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has the cluster: two at once would take each other's nodes."""
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("slurm"))
            item.add_marker("slow")


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two nodes with two CPUs each; skips where Slurm is not installed."""
    find_programs()
    made = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, whole again after a test, and without jobs."""
    yield running_cluster
    running_cluster.ask("scancel", "--quiet", "--me")
    running_cluster.wait_for(lambda: not running_cluster.running())


Project = Callable[..., Checkout]


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    """Make a small checkout whose steps run on the cluster; `settings` are lines below `farm`."""
    started: list[subprocess.Popen[str]] = []

    def make(body: str, *settings: str, name: str = "checkout") -> Checkout:
        folder = tmp_path / name
        folder.mkdir()
        made = Checkout(folder)
        made.environment.update(cluster.environment, PYTHONPATH=made.environment["PYTHONPATH"])
        made.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
        made.write("pyproject.toml", PYPROJECT)
        made.write("farm.local.yaml", "\n  ".join(["farm:", "executor: slurm", *settings]) + "\n")
        made.write("a", "A")
        made.dodo(body)
        start = made.start

        def remembered(*words: str, **more: object) -> subprocess.Popen[str]:
            started.append(start(*words, **more))
            return started[-1]

        made.start = remembered  # type: ignore[method-assign]
        return made

    yield make
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """An nginx on loopback as the remote store."""
    needs.nginx()
    with remote_server.nginx(tmp_path_factory.mktemp("nginx")) as found:
        yield found
