"""A Grid Engine of one host, with files of its own: Debian's gridengine packages, started by root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slurm_cluster import free_ports

_SHARED = Path("/usr/share/gridengine")
_INSTALLED = Path("/var/lib/gridengine")
_PE = """\
pe_name smp
slots 64
user_lists NONE
xuser_lists NONE
start_proc_args NONE
stop_proc_args NONE
allocation_rule $pe_slots
control_slaves FALSE
job_is_first_task TRUE
urgency_slots min
accounting_summary FALSE
qsort_args NONE
"""
_HOST = "".join(
    f"{name} NONE\n"
    for name in (
        "load_scaling", "complex_values", "user_lists", "xuser_lists", "projects", "xprojects", "usage_scaling",
        "report_variables",
    )
)  # fmt: skip


def find_programs() -> None:
    """Skips where Grid Engine is not installed, or where this is not root, which its daemons need."""
    missing = [name for name in ("sge_qmaster", "sge_execd", "qsub", "qconf", "su") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"Grid Engine is not installed here ({', '.join(missing)} not found)")
    if os.geteuid() != 0:
        pytest.skip("only root can start the daemons of Grid Engine")


@dataclass
class GridEngine:
    """A queue of 4 slots, a parallel environment smp, and 2 licences vivado."""

    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="farm-sge-")))
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Make the cluster's files, start both daemons, and wait until the host takes jobs."""
        self.root.chmod(0o755)  # the daemons run as another user
        common = self.root / "default/common"
        for folder in (common, *(self.root / "spool" / name for name in ("qmaster/job_scripts", "spooldb", "execd"))):
            folder.mkdir(parents=True)
        for name in ("bin", "lib", "util", "utilbin"):
            (self.root / name).symlink_to(_INSTALLED / name)
        bootstrap = (_SHARED / "default-bootstrap").read_text()
        (common / "bootstrap").write_text(bootstrap.replace("/var/spool/gridengine", f"{self.root}/spool"))
        (common / "act_qmaster").write_text("localhost\n")
        (common / "host_aliases").write_text(f"localhost {os.uname().nodename}\n")
        shutil.chown(self.root, "sgeadmin")
        for path in self.root.rglob("*"):
            if not path.is_symlink():
                shutil.chown(path, "sgeadmin")
        master, execd = free_ports(2)
        own = {"SGE_ROOT": str(self.root), "SGE_CELL": "default"}
        own |= {"SGE_QMASTER_PORT": str(master), "SGE_EXECD_PORT": str(execd)}
        self.environment = {**os.environ, **own}
        init = _SHARED / "scripts/init_cluster"
        self.admin(f"{init} {self.root} default {self.root}/spool/spooldb sgeadmin")
        subprocess.run(["sge_qmaster"], env=self.environment, check=True, timeout=60)
        self.wait_for(lambda: self.admin("qconf -sh"))
        self._configure()
        subprocess.run(["sge_execd"], env=self.environment, check=True, timeout=60)
        self.wait_for(lambda: "lx-" in self.admin("qhost").splitlines()[-1])

    def _configure(self) -> None:
        self.admin("qconf -as localhost")
        self.admin(f"qconf -Ae {self._file('host', f'hostname localhost{os.linesep}{_HOST}')}")
        settings = [
            line for line in self.admin("qconf -sconf").splitlines() if line.strip() and not line.startswith("#")
        ]
        changed = {"min_uid": "0", "min_gid": "0", "execd_spool_dir": f"{self.root}/spool/execd"}
        lines = [f"{word} {changed[word]}" if (word := line.split()[0]) in changed else line for line in settings]
        self.admin(f"qconf -Mconf {self._file('global', os.linesep.join(lines))}")
        self.admin(f"qconf -Ap {self._file('pe', _PE)}")
        self.admin(
            f"qconf -Mc {self._file('sc', self.admin('qconf -sc') + 'vivado vivado INT <= YES YES 0 0' + os.linesep)}"
        )
        queue = {
            "qname": "main", "hostlist": "localhost", "slots": "4", "pe_list": "smp", "load_thresholds": "NONE",
            "shell": "/bin/sh", "shell_start_mode": "unix_behavior",
        }  # fmt: skip
        lines = [
            f"{word} {queue[word]}" if (word := line.split()[0]) in queue else line
            for line in self.admin("qconf -sq").splitlines()
            if line.strip()
        ]
        self.admin(f"qconf -Aq {self._file('queue', os.linesep.join(lines))}")
        self.admin("qconf -mattr exechost complex_values vivado=2 global")

    def _file(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text + "\n")
        path.chmod(0o644)
        return path

    def admin(self, command: str) -> str:
        """Run a command as the administrator of the cluster; return what it printed."""
        variables = " ".join(f"{name}={value}" for name, value in self.environment.items() if name.startswith("SGE_"))
        words = ["su", "-s", "/bin/sh", "sgeadmin", "-c", f"{variables} {command}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd="/")
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def ask(self, *words: str) -> str:
        return subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    @staticmethod
    def wait_for(true, seconds: float = 90.0) -> None:  # type: ignore[no-untyped-def]
        until = time.monotonic() + seconds
        while True:
            with contextlib.suppress(AssertionError, subprocess.SubprocessError, IndexError):
                if true():
                    return
            assert time.monotonic() < until, "Grid Engine did not get there"
            time.sleep(0.3)

    def stop(self) -> None:
        """End both daemons, and remove the files."""
        for command in ("qconf -ke all", "qconf -km"):
            with contextlib.suppress(AssertionError, subprocess.SubprocessError):
                self.admin(command)
                time.sleep(1.0)
        shutil.rmtree(self.root, ignore_errors=True)
