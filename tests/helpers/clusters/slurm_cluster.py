"""A Slurm of two nodes on this host, loopback only, without privileges: slurmctld and two slurmd."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "srun", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
NODES = ("m1", "m2")
PARTITION = "main"
CPUS, MEMORY_MIB, LICENCES = 2, 8000, 2
_READY_S = 90

_CONF = """\
ClusterName=farmtest
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd.%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SlurmdTimeout=5
SlurmctldTimeout=30
KillWait=2
MinJobAge=300
Licenses=vivado:{licences}
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=1,bf_interval=1
{nodes}
PartitionName={partition} Nodes=ALL Default=YES State=UP
"""


def find_programs() -> None:
    """Let programs of sbin count as installed: a user's PATH leaves it out. Skips where Slurm is absent."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if missing:
        pytest.skip(f"Slurm is not installed here ({', '.join(missing)} not found)")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


@dataclass
class Cluster:
    """The cluster whose files lie in `root`. `extra` are more lines of its configuration."""

    root: Path
    extra: str = ""
    ports: list[int] = field(default_factory=list)
    #: Words before the command that starts a node's daemon.
    before: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        return {**os.environ, "PATH": path, "SLURM_CONF": str(self.root / "slurm.conf")}

    def start(self) -> None:
        """Start all daemons, and wait until both nodes are idle."""
        for name in ("state", "log", "run", *(f"spool/{node}" for node in NODES)):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.ports = free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={node} NodeHostName=localhost NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} RealMemory={MEMORY_MIB}"
            for node, port in zip(NODES, self.ports[1:], strict=True)
        )
        text = _CONF.format(
            root=self.root, user=getpass.getuser(), controller=self.ports[0], nodes=nodes, partition=PARTITION,
            licences=LICENCES,
        )  # fmt: skip
        (self.root / "slurm.conf").write_text(text + self.extra)
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self.wait_for(lambda: self.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == str(len(NODES)))

    def start_controller(self) -> None:
        self.run("slurmctld", "-f", str(self.root / "slurm.conf"))

    def start_node(self, node: str) -> None:
        self.run(*self.before, "slurmd", "-f", str(self.root / "slurm.conf"), "-N", node)

    @contextlib.contextmanager
    def hidden(self, folder: Path) -> Iterator[None]:
        """Let both nodes see an empty folder in place of this one; without mount namespaces `before` stays empty."""
        # Root needs no namespace of users, and slurmd of root does not start in one.
        more = () if os.geteuid() == 0 else ("--user", "--map-current-user", "--keep-caps")
        script = 'mount -t tmpfs none "$0" && exec "$@"'
        blind = ("unshare", "--mount", *more, "sh", "-c", script, str(folder))
        if subprocess.run([*blind, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
            yield
            return
        try:
            self.before = blind
            self._restart_nodes()
            yield
        finally:
            self.before = ()
            self._restart_nodes()

    def _restart_nodes(self) -> None:
        for node in NODES:
            self._kill([self._pid(f"slurmd.{node}")], signal.SIGTERM)
            self.start_node(node)
        self.wait_for(lambda: self.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == str(len(NODES)))
        self.wait_for(lambda: self.ask("srun", "-N2", "true") == "")

    def stop_controller(self) -> None:
        self._kill([self._pid("slurmctld")], signal.SIGTERM)

    def fail_node(self, node: str) -> None:
        """Kill a node as a power cut would: its daemon, the daemons of its jobs, and all below them."""
        steps = [pid for pid, words in _processes() if "slurmstepd" in words[0] and self._is_of(pid, node)]
        below = [child for pid in steps for child in _below(pid)]
        self._kill([self._pid(f"slurmd.{node}"), *steps, *below], signal.SIGKILL)

    def stop(self) -> None:
        """End everything that belongs to this cluster."""
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            self.ask("scancel", "--quiet", "--me")
        pids = [pid for name in ("slurmctld", *(f"slurmd.{node}" for node in NODES)) if (pid := self._pid(name))]
        steps = [pid for pid, words in _processes() if "slurmstepd" in words[0] and self._is_of(pid, "")]
        self._kill([*pids, *steps, *(child for pid in steps for child in _below(pid))], signal.SIGKILL)

    def ask(self, *words: str) -> str:
        """Run a program of the cluster and return what it printed."""
        return subprocess.run(
            words,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        ).stdout

    def run(self, *words: str) -> None:
        subprocess.run(
            words, env=self.environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    def jobs(self, form: str = "%i %T %j") -> list[str]:
        return self.ask("squeue", "--me", "-h", "-t", "all", "-o", form).splitlines()

    def running(self) -> list[str]:
        return [line for line in self.jobs() if " RUNNING " in line or " COMPLETING " in line]

    @staticmethod
    def wait_for(true, seconds: float = _READY_S) -> None:  # type: ignore[no-untyped-def]
        until = time.monotonic() + seconds
        while True:
            with contextlib.suppress(subprocess.SubprocessError):
                if true():
                    return
            assert time.monotonic() < until, "the cluster did not get there"
            time.sleep(0.1)

    def daemons(self) -> list[int]:
        return [pid for name in ("slurmctld", *(f"slurmd.{node}" for node in NODES)) if (pid := self._pid(name))]

    def _pid(self, name: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self.root / "run" / f"{name}.pid").read_text())
        return 0

    def _is_of(self, pid: int, node: str) -> bool:
        """Whether a job's daemon belongs to a node of this cluster: it has that node's log open."""
        with contextlib.suppress(OSError):
            opened = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
            log = str(self.root / "log" / f"slurmd.{node}")
            return any(one.startswith(log) for one in opened)
        return False

    @staticmethod
    def _kill(pids: list[int], number: int) -> None:
        for pid in pids:
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        until = time.monotonic() + 10
        while any(pid and _alive(pid) for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def _processes() -> list[tuple[int, list[str]]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append((int(entry.name), words))
    return found


def _below(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for pid, _ in _processes():
        with contextlib.suppress(OSError, ValueError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(pid)
    found, pending = [], [root]
    while pending:
        below = parents.get(pending.pop(), [])
        found += below
        pending += below
    return found
