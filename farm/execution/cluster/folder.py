"""The folder of a job: what the farm writes for the node, and reads again after it was killed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from farm.execution.cluster import node
from farm.execution.cluster.job import FINISHED, JOB, STARTED, Job, Known
from farm.execution.cluster.judge import Ended
from farm.execution.ended import read_document
from farm.execution.run import Run
from farm.step import PYTHON

_MIB_A_GIB = 1024
#: Above what earlier runs took: a limit of exactly that would end the next one.
_MEMORY_MARGIN = 1.25
#: A limit that is learned is this many times the usual time, and at least so many minutes.
_TIMES, _LEAST_MINUTES = 4, 30
_MOST_JOB_BYTES, _MOST_DETAIL = 4 << 20, 300


@dataclass(frozen=True)
class Left:
    """A job that a killed farm has left: its folder's name, how the engine knows it, its client and its log's file.

    `is_far`: its node shares no folder with this machine.
    """

    folder: str
    known: Known
    client: int | None
    log_id: tuple[int, int] | None
    is_far: bool = False

    def with_id(self, job: str) -> Left:
        """Return the same with the engine's id of the job."""
        return replace(self, known=replace(self.known, id=job))


def new_job(run: Run, command: tuple[str, ...], *, avoid: tuple[str, ...], unlimited: bool) -> Job:
    """Return the job of a run, which runs `command`; `unlimited` leaves a learned limit of time away."""
    resources = run.resources or run.step.resources
    name = f"farm-{run.key[:16]}"
    memory_mib = int(resources.memory_gib * _MEMORY_MARGIN * _MIB_A_GIB) + 1
    minutes = None if unlimited and run.step.timeout_s is None else _minutes(run)
    return Job(
        name, secrets.token_hex(8), run.scratch, run.log, command, resources, memory_mib, minutes, avoid
    )  # fmt: skip


def _minutes(run: Run) -> int | None:
    if run.step.timeout_s is not None:
        # The farm itself ends the step in time; this is for a farm that was killed.
        return int(run.step.timeout_s // 60) + 2
    return None if run.expected_s is None else max(_LEAST_MINUTES, int(run.expected_s * _TIMES // 60) + 1)


def common_document(run: Run, job: Job) -> dict[str, Any]:
    """Return what the file of every job tells."""
    program = run.step.argv[0]
    return {
        "token": job.token,
        "name": job.name,
        "program": None if program == PYTHON else program,
        "arguments": list(run.step.argv[1:]),
        "log_id": run.log_id,
        "client": None,
    }


def note_client(run: Run, pid: int) -> None:
    """Add the process that waits for the job to its file. Raises OSError."""
    found = read_document_of(run.scratch)
    if found is not None:
        write_document(run.scratch, {**found, "client": pid})


def write_document(folder: Path, document: dict[str, Any]) -> None:
    """Write the file of a job, for its user's eyes only: it names licence servers and the like. Raises OSError."""
    node.write_whole(str(folder / JOB), document)


def read_document_of(folder: Path) -> dict[str, Any] | None:
    """Return the job file of a folder; None if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        path = folder / JOB
        if path.is_file() and not path.is_symlink() and path.stat().st_size < _MOST_JOB_BYTES:
            found = json.loads(path.read_text("utf-8"))
            return found if isinstance(found, dict) else None
    return None


def left_in(jobs: Path) -> Iterator[Left | str]:
    """Give the jobs that a killed farm has left, and the names of folders that hold none."""
    if not jobs.is_dir():
        return
    for folder in sorted(jobs.iterdir()):
        found = read_document_of(folder) or {}
        name, token, client, log_id = (found.get(key) for key in ("name", "token", "client", "log_id"))
        if not isinstance(name, str) or not isinstance(token, str):
            yield folder.name
            continue
        same = tuple(log_id) if isinstance(log_id, list) and len(log_id) == 2 else None
        yield Left(
            folder.name, Known(name, token), client if isinstance(client, int) else None, same, "address" in found
        )


def client_lives(left: Left, folder: Path) -> bool:
    """Tell whether the client of a job that was left still waits for it, on this machine."""
    if left.client is None:
        return False
    try:
        words = Path(f"/proc/{left.client}/cmdline").read_bytes()
    except OSError:
        return False
    return os.fsencode(folder) in words or os.fsencode(left.known.token) in words


def ended_of(run: Run, token: str) -> Ended | None:
    """Return the node's record; None if there is none of this job."""
    # Listing the folder makes a network file system look again.
    with contextlib.suppress(OSError):
        os.listdir(run.scratch)  # noqa: PTH208
    found = read_document(run, FINISHED)
    if found is None or found.get("token") != token:
        return None
    free = found.get("free_bytes")
    status = found.get("status")
    return Ended(
        status if isinstance(status, int) else 1,
        stopped=bool(found.get("stopped")),
        problem=str(found.get("problem", "")),
        detail=str(found.get("detail", ""))[:_MOST_DETAIL],
        free_bytes=free if isinstance(free, int) else None,
    )


def started_of(run: Run, token: str) -> dict[str, Any] | None:
    """Return what the node has written when it began; None if it has not, or for another job."""
    found = read_document(run, STARTED)
    return found if found is not None and found.get("token") == token else None
