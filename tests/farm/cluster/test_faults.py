"""Faults of a real Slurm that take long: nodes that die, a controller that goes, limits of time, a killed farm."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from pathlib import Path

import pytest
from cluster_steps import WRITE, counting, one

pytestmark = pytest.mark.nightly


def node_of(cluster) -> str:
    (node,) = [line.split()[1] for line in cluster.jobs("%T %N %j") if line.startswith("RUNNING")]
    return node


def test_a_dead_node_is_left_for_another(cluster, project, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    build = project(one(f"import time; open({str(mark)!r}, 'w'); time.sleep(4); {WRITE}")).start()
    # Before the tool runs, the job's daemon may not be there yet, and would outlive the node.
    cluster.wait_for(mark.exists)
    node = node_of(cluster)
    cluster.fail_node(node)
    try:
        output, _ = build.communicate(timeout=180)
    finally:
        cluster.start_node(node)
        cluster.wait_for(lambda: cluster.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == "2", 60)
    assert build.returncode == 0, output
    assert re.search(rf"again   one lost its node .* on {node} \(job \d+\)", output), output
    other = {"m1": "m2", "m2": "m1"}[node]
    assert re.search(rf"done    one .* on {other} \(job", output), output


@pytest.mark.parametrize("away_s", [1.0, 12.0])
def test_a_controller_that_is_restarted_loses_nothing(cluster, project, tmp_path: Path, away_s: float) -> None:
    """Jobs end while it is away; others are to be submitted then. None may keep a licence afterwards."""
    marks = tmp_path / "marks"
    build = project(counting(marks, 8, 3.0), "in_flight: 3").start()
    cluster.wait_for(lambda: marks.exists() and len(marks.read_text().split()) >= 2)
    cluster.stop_controller()
    time.sleep(away_s)
    cluster.start_controller()
    output, _ = build.communicate(timeout=240)
    assert build.returncode == 0, output
    assert sorted(marks.read_text().split()) == list("01234567"), output
    cluster.wait_for(lambda: not cluster.running(), 20)


def test_the_clusters_time_limit(cluster, project) -> None:
    """A step without a limit of its own: the cluster's ends it, and the message says whose it was."""
    checkout = project(one(f"import time; time.sleep(300); {WRITE}"), "slurm: {options: --time=1}")
    process = checkout.start()
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 1
    assert "reached the cluster's time limit" in output
    assert "(failure class: timeout)" in output


def test_the_farms_own_time_limit(project) -> None:
    output = project(one("import time; time.sleep(60)", ", timeout_s=3.0")).doit(status=1)
    assert "did not end within 3 s on m" in output


def test_fifty_steps_after_sigkill_of_the_farm(cluster, project, tmp_path: Path) -> None:
    """The farm is killed again and again until all is built; the file of marks says what ran."""
    marks = tmp_path / "marks"
    chance = random.Random(16)
    checkout = project(counting(marks, 50, 0.7))
    for _ in range(6):
        build = checkout.start(start_new_session=True)
        with contextlib.suppress(Exception):
            build.wait(chance.uniform(4.0, 9.0))
        build.send_signal(signal.SIGKILL)
        build.wait()
    process = checkout.start()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert sorted(map(int, marks.read_text().split())) == list(range(50))
    assert all(checkout.read(f"build/out{n}") == str(n) for n in range(50))


def test_a_client_that_is_killed_ends_its_job_and_the_step_is_tried_again(cluster, project) -> None:
    checkout = project(one(f"import time; time.sleep(3); {WRITE}"))
    build = checkout.start()
    cluster.wait_for(lambda: any("RUNNING" in line for line in cluster.jobs()))
    (job,) = (checkout.folder / "build/.farm/jobs").glob("*/job.json")
    client = int(re.search(r'"client": (\d+)', job.read_text())[1])
    os.kill(client, signal.SIGKILL)
    output, _ = build.communicate(timeout=120)
    # srun's end is the job's; whether the step had ended before, or is cancelled with it, nothing is left running.
    assert build.returncode in (0, 1), output
    cluster.wait_for(lambda: not cluster.running(), 20)
