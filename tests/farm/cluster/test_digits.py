"""The network digits, built through a real Slurm up to the classes of held-out pictures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from flow_checkout import Checkout, copy_checkout


class OnCluster(Checkout):
    """A checkout whose commands reach a cluster."""

    cluster_environment: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        own = super().environment
        return {**own, "SLURM_CONF": self.cluster_environment["SLURM_CONF"], "PATH": self.cluster_environment["PATH"]}


def forget(data: Path, kinds: tuple[str, ...]) -> None:
    """Remove the stored results of such steps."""
    for entry in (data / "dataflow-farm/ac").glob("*/*"):
        if json.loads(entry.read_text())["entry"]["name"].startswith(kinds):
            entry.unlink()


def on_cluster(folder: Path, cluster) -> OnCluster:
    checkout = OnCluster(folder)
    object.__setattr__(checkout, "cluster_environment", cluster.environment)
    (folder / "farm.local.yaml").write_text("farm: {executor: slurm, executors: {stitch: local}}\n")
    return checkout


def check_build(checkout: OnCluster, on_nodes: int) -> None:
    """Build digits, and see where its steps ran and that the result is right."""
    plan = checkout.doit("plan", "network=digits")
    assert len(re.findall(r"  on Slurm: \d+ core", plan)) >= on_nodes, plan
    output = checkout.doit("build", "network=digits")
    places = dict(re.findall(r"^  done    (\S+)  .*? on (m[12]) \(job \d+\)", output, re.MULTILINE))
    assert len(places) == on_nodes, output
    assert set(places.values()) == {"m1", "m2"}
    assert "stitch:digits" not in places
    assert "every index equals the integer model's" in checkout.python("-m", "benchmarks.held_out", "digits")
    checkout.doit("trace")
    events = json.loads((checkout.folder / "build/trace.json").read_text())["traceEvents"]
    lanes = {event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert lanes == {"build", "waiting in the queue", "m1", "m2"}
    assert "nothing to do" in checkout.doit("build", "network=digits")


def test_digits_through_slurm_to_the_classes(cluster, digits_built, tmp_path) -> None:
    """All but the six cores that take long to compile runs on the cluster; those are in the store already."""
    shutil.copytree(digits_built / "data", tmp_path / "data")
    checkout = on_cluster(copy_checkout(tmp_path / "checkout").folder, cluster)
    forget(tmp_path / "data", ("weights", "stitch", "link", f"hls:{checkout.core('inoutdma')}"))
    # The weights of 6 blocks, the link, and the core of the DMA block.
    check_build(checkout, 6 + 1 + 1)


@pytest.mark.nightly
def test_all_of_digits_through_slurm(cluster, tmp_path) -> None:
    # The weights of 6 blocks, 7 cores and the link; stitch stays on this machine.
    check_build(on_cluster(copy_checkout(tmp_path / "checkout").folder, cluster), 6 + 7 + 1)


@pytest.mark.nightly
def test_all_of_digits_through_a_store_to_nodes_that_see_no_checkout(cluster, server, tmp_path) -> None:
    settings = f"executor: slurm, executors: {{stitch: local}}, transport: store, remote: '{server.url}'"
    checkout = on_cluster(copy_checkout(tmp_path / "checkout").folder, cluster)
    (checkout.folder / "farm.local.yaml").write_text(f"farm: {{{settings}, remote_writes: objects}}\n")
    with cluster.hidden(tmp_path):
        assert cluster.before, "this test needs namespaces of mounts: run it as root"
        check_build(checkout, 6 + 7 + 1)


@pytest.mark.slow
def test_the_check_of_a_cluster(cluster, project) -> None:
    checkout = project('BUILD = ["x"]\ndef task_x():\n    yield task(copy("x", "a", "build/x"), doc="x")\n')
    output = checkout.doit("cluster", "check")
    assert output.count("ok  ") == len(output.splitlines()) == 5, output
    assert re.search(r"a job ran after [\d.]+ s \(node m[12], job \d+\)", output)
    checkout.write("farm.local.yaml", "farm:\n  executor: slurm\n  slurm: {python: /no/such/python}\n")
    output = checkout.doit("cluster", "check", status=1)
    assert "MISSING  a job did not run" in output
    assert not (checkout.folder / "build/.farm").exists() or not list((checkout.folder / "build/.farm").glob("check-*"))
    cluster.stop_controller()
    try:
        output = checkout.doit("cluster", "check", status=1)
        assert "MISSING  Slurm does not answer" in output
    finally:
        cluster.start_controller()
        cluster.wait_for(lambda: cluster.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == "2")
