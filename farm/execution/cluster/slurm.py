"""Slurm: `srun` or `sbatch --wait` as the blocking client, `squeue` and `scancel` beside it.

Measured with 22.05.8. The options are documented in srun(1), sbatch(1), squeue(1) and scancel(1).
"""

from __future__ import annotations

import re
import shlex
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from farm.execution.cluster.engine import Refusal
from farm.execution.cluster.job import Job, Known, Phase, Sighting, Sightings

#: Id, state, node, reason, comment, name: the last may hold anything.
_FIELDS = "%i|%T|%N|%r|%k|%j"
_QUEUED = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
_RUNNING = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
_UNREACHABLE = re.compile(
    r"unable to contact slurm controller|connection (refused|timed out)|zero bytes were transmitted"
    r"|socket timed out|resource temporarily unavailable|controller .* backup",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"unable to allocate resources|batch job submission failed|invalid (partition|account|qos|license)"
    r"|unrecognized option|invalid option|can not be satisfied",
    re.IGNORECASE,
)
_SCRIPT = "job.sh"


@dataclass(frozen=True)
class Slurm:
    """Command lines for Slurm. `client` is srun or sbatch, `options` are further words for it."""

    client: str = "srun"
    partition: str = ""
    account: str = ""
    qos: str = ""
    options: tuple[str, ...] = ()
    python: str = ""
    title: str = "Slurm"

    @property
    def is_attached(self) -> bool:
        """Srun hands the log over; sbatch lets the node write it."""
        return self.client == "srun"

    @property
    def notices_late(self) -> bool:
        """Whether it is sbatch, which asks with growing pauses: up to 27 s were measured."""
        return self.client == "sbatch"

    @property
    def end_signal(self) -> signal.Signals:
        """SIGINT for srun, which passes it on to the job; at SIGTERM it has the job killed (measured)."""
        return signal.SIGINT if self.is_attached else signal.SIGTERM

    def submit(self, job: Job) -> list[str]:
        """Return the client with its options and the command; for sbatch a script of two lines is written."""
        counts = Counter(job.resources.licences)
        licences = ",".join(f"{name}:{count}" for name, count in sorted(counts.items()))
        words = [
            f"--job-name={job.name}",
            f"--comment={job.token}",
            "--dependency=singleton",
            *(f"--{name}={value}" for name, value in self._place() if value),
            "--nodes=1",
            "--ntasks=1",
            f"--cpus-per-task={job.resources.cores}",
            f"--mem={job.memory_mib}M",
            *([f"--time={job.minutes}"] if job.minutes is not None else []),
            *([f"--licenses={licences}"] if licences else []),
            *([f"--exclude={','.join(job.avoid)}"] if job.avoid else []),
            # This folder is there on every node; the one that the client is started in need not be.
            *(["--chdir=/"] if job.is_far else []),
            *self.options,
        ]
        if self.client == "srun":
            # Without --input it would read the engine's stdin, and without --disable-status only tell states at SIGINT.
            return ["srun", "--quiet", "--disable-status", "--input=none", "--kill-on-bad-exit=1",
                    *words, "--", *job.command]  # fmt: skip
        script = job.folder / _SCRIPT
        script.write_text(f"#!/bin/sh\nexec {shlex.join(job.command)}\n", "utf-8")
        return ["sbatch", "--wait", "--parsable", "--requeue", *words,
                f"--output={job.log}", "--open-mode=append", "--input=/dev/null", str(script)]  # fmt: skip

    def _place(self) -> tuple[tuple[str, str], ...]:
        return ("partition", self.partition), ("account", self.account), ("qos", self.qos)

    def query(self, jobs: Sequence[Known]) -> list[str]:
        """Ask for all jobs of this user, ended ones too: Slurm keeps them for MinJobAge."""
        return ["squeue", "--me", "--noheader", "--states=all", f"--format={_FIELDS}"]

    def sightings(self, output: str, jobs: Sequence[Known]) -> Sightings:
        """Return the jobs of the tokens that are asked for. Of two with one token the later one counts."""
        wanted = {job.token for job in jobs}
        found: dict[str, Sighting] = {}
        for line in output.splitlines():
            fields = line.split("|", 5)
            if len(fields) == 6 and fields[4] in wanted:
                found[fields[4]] = Sighting(fields[0], _phase(fields[1]), fields[1], fields[2], fields[3])
        return found

    def clear(self, jobs: Sequence[Known]) -> list[str]:
        """End jobs by their ids. By name it would also end a job that another farm has for the same key."""
        ids = [job.id for job in jobs if job.id]
        return ["scancel", "--quiet", *ids] if ids else []

    def refusal(self, words: str) -> Refusal | None:
        """Tell from the words of srun or sbatch why nothing was submitted."""
        if _UNREACHABLE.search(words):
            return "unreachable"
        return "refused" if _REFUSED.search(words) else None


def _phase(word: str) -> Phase:
    return "queued" if word in _QUEUED else "running" if word in _RUNNING else "ended"
