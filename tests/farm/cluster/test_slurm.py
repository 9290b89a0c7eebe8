"""Builds on a real Slurm of two nodes: from submission to verdict."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from cluster_steps import WRITE, counting, one
from slurm_cluster import LICENCES, MEMORY_MIB


def listening() -> list[str]:
    """Every local address with a port of Slurm's processes that accepts connections, as the kernel lists them."""
    inodes = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                inodes[fields[9]] = fields[1].split(":")[0]
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().startswith(("slurm", "srun")):
                links = [str(each.readlink()) for each in (entry / "fd").iterdir()]
                found += [inodes[link[8:-1]] for link in links if link.startswith("socket:") and link[8:-1] in inodes]
        except OSError:
            continue
    return found


def test_nothing_listens_outside_loopback(cluster, project) -> None:
    checkout = project(one(f"import time; time.sleep(1.5); {WRITE}"))
    build = checkout.start()
    cluster.wait_for(lambda: any("RUNNING" in line for line in cluster.jobs()))
    addresses = listening()
    # The kernel writes 127.0.0.1 as a number of the host's byte order.
    assert len(addresses) >= 4, "the controller, two nodes and srun"
    assert set(addresses) == {"0100007F"}
    assert build.wait(60) == 0, build.stdout.read()


def test_a_step_gets_what_it_declares_and_nothing_of_slurm(cluster, project) -> None:
    code = "import json, os; json.dump(dict(os.environ), open('out', 'w')); import time; time.sleep(1.2)"
    checkout = project(one(code, ', resources=Resources(2, 0.5, ("vivado",)), timeout_s=600'))
    checkout.dodo("from farm.step import Resources\n" + checkout.body)
    build = checkout.start()
    cluster.wait_for(lambda: any("RUNNING" in line for line in cluster.jobs()))
    # 0.5 GiB and a quarter, the limit of the farm itself and two minutes.
    (line,) = [line for line in cluster.jobs("%T %C %m %l %W %j") if line.startswith("RUNNING")]
    assert line.split()[:5] == ["RUNNING", "2", "641M", "12:00", "vivado:1"]
    assert line.split()[5].startswith("farm-")
    assert build.wait(60) == 0, build.stdout.read()
    environment = json.loads(checkout.read("build/out"))
    assert not [name for name in environment if name.startswith(("SLURM", "SRUN"))]
    assert environment["HOME"].startswith(str(checkout.folder / "build/.farm/jobs/one-"))
    assert not list((checkout.folder / "build/.farm/jobs").iterdir()), "an ended step leaves no folder"


def test_the_tools_own_failure_names_node_and_job(project) -> None:
    checkout = project(one("print('a.cpp:3: error: no'); raise SystemExit(7)"))
    output = checkout.doit(status=1)
    assert re.search(r"FAILED  one ended with exit status 7 on m[12] \(job \d+\)", output), output
    assert "a.cpp:3: error: no" in output
    assert output.count("run     one") == 1, "the tool's own failure is not tried again"


def test_a_program_that_is_not_there(project) -> None:
    body = (
        'BUILD = ["x"]\ndef task_x():\n    yield task(copy("x", "a", "build/x", argv=("no-such-program",)), doc="x")\n'
    )
    output = project(body).doit(status=1)
    assert "the node has not the step's program on its PATH on m" in output
    assert output.count("again   x") == 1, "another node may have it"


@pytest.mark.parametrize("runs", [False, True], ids=["job runs", "tool runs"])
def test_cancelled_from_outside(cluster, project, tmp_path: Path, runs) -> None:
    mark = tmp_path / "mark"
    build = project(one(f"import time; open({str(mark)!r}, 'w'); time.sleep(60); {WRITE}")).start()
    cluster.wait_for(lambda: any("RUNNING" in line for line in cluster.jobs()) and (mark.exists() or not runs))
    (job,) = [line.split()[0] for line in cluster.jobs() if "RUNNING" in line]
    cluster.ask("scancel", job)
    output, _ = build.communicate(timeout=30)
    assert build.returncode == 1
    assert "was cancelled from outside (CANCELLED" in output
    assert f"(job {job})" in output
    assert "  again " not in output, "who cancels a job does not want it back"


def test_out_of_memory_is_submitted_again_with_twice_as_much(cluster, project) -> None:
    # 300 MiB fit into the second limit and not into the first, of 0.2 GiB and a quarter.
    code = f"import time; held = bytearray(300 << 20); time.sleep(4); {WRITE}"
    checkout = project("from farm.step import Resources\n" + one(code, ", resources=Resources(1, 0.2)"))
    output = checkout.doit()
    assert "needed more memory than its job had" in output
    assert output.count("again   one") == 1
    memories = [line for line in cluster.jobs("%i %m %j") if line.split()[1] in ("257M", "513M")]
    assert len(memories) >= 2, cluster.jobs("%i %m %j")


def test_licences_are_waited_for_and_nobody_exceeds_them(cluster, project, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    body = "from farm.step import Resources\n" + counting(marks, 4, 1.0).replace(
        'outputs=(f"out{n}",)', 'outputs=(f"out{n}",), resources=Resources(1, 0.1, ("vivado",))'
    )
    build = project(body).start()
    most, reasons = 0, set()
    while build.poll() is None:
        states = [line.split() for line in cluster.jobs("%T %r %j")]
        most = max(most, sum(state[0] == "RUNNING" for state in states))
        reasons |= {state[1] for state in states if state[0] == "PENDING"}
        time.sleep(0.1)
    assert build.returncode == 0, build.stdout.read()
    assert most == LICENCES
    assert "Licenses" in reasons


def test_a_killed_farm_finds_its_jobs_again(cluster, project, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    checkout = project(counting(marks, 6, 2.0))
    build = checkout.start(start_new_session=True)
    cluster.wait_for(lambda: marks.exists() and len(marks.read_text().split()) >= 3)
    build.send_signal(signal.SIGKILL)
    build.wait()
    output = checkout.doit()
    assert sorted(marks.read_text().split()) == list("012345"), output
    assert {checkout.read(f"build/out{n}") for n in range(6)} == set("012345")
    cluster.wait_for(lambda: not cluster.running(), 5)


def test_two_farms_run_a_key_once(cluster, project, tmp_path: Path) -> None:
    """Two checkouts of one user with one store: the lease of the machine is taken away, the node decides."""
    marks = tmp_path / "marks"
    body = counting(marks, 2, 1.5)
    no_lease = "import farm.results.store as store\nstore.take_lease = lambda *_: store.Lease(None, None)\n"
    builds = [project(no_lease + body, name=name).start() for name in ("one", "two")]
    for build in builds:
        output, _ = build.communicate(timeout=60)
        assert build.returncode == 0, output
    assert sorted(marks.read_text().split()) == ["0", "1"]


def test_an_interrupted_build_leaves_no_job_and_lets_the_tool_clean_up(cluster, project, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    # Slurm passes SIGINT on, and the shim asks with SIGTERM.
    code = f"""import pathlib, signal, time
asking = [signal.SIGINT, signal.SIGTERM]
signal.pthread_sigmask(signal.SIG_BLOCK, asking)
mark = pathlib.Path({str(mark)!r})
mark.touch()
signal.sigwait(asking)
time.sleep(0.1)
mark.write_text("cleaned up")
"""
    checkout = project(one(code))
    build = checkout.start(start_new_session=True)
    cluster.wait_for(mark.exists)
    begun = time.monotonic()
    build.send_signal(signal.SIGINT)
    output, _ = build.communicate(timeout=20)
    assert build.returncode == 130, output
    assert time.monotonic() - begun < 5
    assert "ended one" in output
    assert mark.read_text() == "cleaned up"
    cluster.wait_for(lambda: not cluster.running(), 10)
    cluster.wait_for(lambda: checkout.processes() == [], 10)


def test_sbatch_survives_its_client(cluster, project, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    checkout = project(counting(marks, 1, 3.0), "slurm: {client: sbatch}")
    build = checkout.start(start_new_session=True)
    cluster.wait_for(marks.exists)
    (job,) = (checkout.folder / "build/.farm/jobs").glob("*/job.json")
    client = json.loads(job.read_text())["client"]
    assert b"sbatch" in Path(f"/proc/{client}/cmdline").read_bytes()
    build.send_signal(signal.SIGKILL)
    build.wait()
    os.kill(client, signal.SIGKILL)
    output = checkout.doit()
    assert marks.read_text().split() == ["0"], output
    assert checkout.read("build/out0") == "0"


def test_what_the_cluster_has_not_is_refused_before_anything_is_submitted(cluster, project) -> None:
    before = len(cluster.jobs())
    body = "from farm.step import Resources\n" + one(WRITE, ", resources=Resources({}, {}, {})")
    checkout = project(body.format(1, 1.0, ()), "slurm: {partition: nope}")
    assert "farm.local.yaml:3: the cluster has no partition 'nope'; choose one of main" in checkout.doit(status=3)
    checkout.write("farm.local.yaml", "farm:\n  executor: slurm\n")
    for needs, words in [
        ((1, MEMORY_MIB / 1000, ()), "GiB of memory"),
        ((64, 1.0, ()), "64 cores"),
        ((1, 1.0, ("vivado",) * (LICENCES + 1)), "licence vivado"),
        ((1, 1.0, ("questa",)), "licence questa"),
    ]:
        checkout.dodo(body.format(*needs))
        output = checkout.doit(status=3)
        assert "can never run on the cluster" in output, output
        assert words in output, output
    assert len(cluster.jobs()) == before
