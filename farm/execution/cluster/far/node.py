"""The program on a node that shares no folder with the farm: fetches a step's inputs, runs it, gives its outputs away.

Started as `python -I -m farm.execution.cluster.far.node ADDRESS TOKEN`, with the job's secret in the environment. All
that it needs to know is in the store: the job's description, with the digest of each input. The record of the end is
its last act. If an equal job has ended well before, it runs nothing and gives the outputs of that one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from farm.beneath import open_beneath
from farm.execution import shim
from farm.execution.cluster.far.description import (
    FINISHED,
    HOME,
    JOB,
    NO_SECRET,
    NO_STORE,
    REFUSED,
    STARTED,
    TMP,
    Description,
    described,
    is_good,
    package_digest,
    record_name,
    result_name,
)
from farm.execution.cluster.far.kept import Kept
from farm.execution.cluster.far.post import MissingError, Post, words_of
from farm.execution.cluster.far.secrecy import VARIABLE
from farm.execution.cluster.far.shapes import odd_shape
from farm.execution.cluster.far.workplace import workplace
from farm.execution.cluster.node import engines_id, node_name
from farm.remote.address import AddressError
from farm.remote.connect import connected, remote_of
from farm.remote.credentials import CredentialsError
from farm.remote.object_store import MissingPackageError
from farm.remote.transport import DeniedError, RemoteError

#: How long a store may be away before a step: not as long as after one, which may have run for hours.
_BEFORE_S, _AFTER_S, _BRIEFLY_S = 60.0, 900.0, 5.0
#: The farm ends a step in time itself, where it sees that the step runs. This is for a farm that does not, or is gone.
_LATE_S = 10.0
_MOST_RECORD, _PART_BYTES = 1 << 16, 1 << 16


class _StoppedError(Exception):
    """The engine has asked for the end."""


def main(words: list[str]) -> int:
    """Run a job; return the status of its tool."""
    address, token = words
    try:
        secret = bytes.fromhex(os.environ.pop(VARIABLE))
    except (KeyError, ValueError):
        sys.stderr.write(f"farm: {node_name()} got no {VARIABLE}: the engine does not pass variables on to its jobs\n")
        return NO_SECRET
    try:
        transport = connected(remote_of(address))
        return _Visit(token, *(Post(transport, secret, seconds) for seconds in (_BEFORE_S, _AFTER_S, _BRIEFLY_S))).run()
    except DeniedError as error:
        sys.stderr.write(f"farm: {node_name()} may not use the remote store {address} as a job must: {error}\n")
        return REFUSED
    except (RemoteError, AddressError, CredentialsError, MissingPackageError) as error:
        sys.stderr.write(f"farm: {node_name()} cannot use the remote store {address}: {error}\n")
        return NO_STORE


class _Visit:
    """One job on this node."""

    def __init__(self, token: str, before: Post, after: Post, briefly: Post) -> None:
        self._token = token
        self._before = before
        self._after = after
        self._briefly = briefly
        self._begun = {"node": node_name(), "job": engines_id(), "epoch_s": time.time(), "token": token}
        self._shim: subprocess.Popen[bytes] | None = None
        self._ends = self._is_over = False

    def run(self) -> int:
        """Do all of it."""
        found = self._before.record(record_name(JOB, self._token))
        if found is None:
            raise MissingError("it has not the description of the job")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        if found.get("modules") != package_digest():
            return self._finish(problem="modules")
        job = described(found)
        # Also shows, before the tool has run for hours, that this node may write.
        self._before.give_record(record_name(STARTED, self._token), self._begun)
        earlier = self._before.record(record_name(FINISHED, self._token))
        if earlier is not None and not earlier.get("stopped"):
            return int(earlier.get("status", 1))  # requeued by the engine after its end
        result = None if job.fresh else self._before.record(result_name(job.key))
        if result is not None:
            self._after.give_record(record_name(FINISHED, self._token), {**result, **self._begun, "earlier": True})
            return 0
        try:
            with workplace(self._token) as folder:
                return self._in_folder(job, folder)
        except _StoppedError:
            return self._finish(stopped=1)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            return self._finish(problem="disk" if full else "node", detail=words_of(error))

    def _in_folder(self, job: Description, folder: Path) -> int:
        try:
            kept = Kept(_cache() / "dataflow-farm/node")
            for path, stored in job.inputs.items():
                (folder / "work" / path).parent.mkdir(parents=True, exist_ok=True)
                kept.fetch(self._before, stored, folder / "work" / path)
            kept.prune()
            environment = self._environment(job, folder)
        except MissingError as error:
            return self._finish(problem="input", detail=str(error))
        for path in job.outputs:
            (folder / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        program = sys.executable if job.program is None else job.program
        if "/" not in program:
            found = shutil.which(program, path=environment["PATH"])
            if found is None:
                return self._finish(problem="program")
            program = found
        ended = self._tool(job, folder, program, environment)
        status = int(ended.get("status", 1))
        good = status == 0 and not ended.get("stopped")
        if good:
            ended["outputs"], ended["shapes"] = self._outputs(job, folder / "work")
        label = f"log {self._token}"
        ended["log"], ended["log_label"] = list(self._after.give_sealed(label, folder / "log")), label
        free = os.statvfs(folder)
        self._finish(**{**ended, "free_bytes": free.f_bavail * free.f_frsize})
        if good and is_good(job, folder):
            # Only other farms could profit from it: a store that is away or lies is not waited for.
            with contextlib.suppress(RemoteError):
                self._briefly.give_record(result_name(job.key), {**ended, "problem": ""})
        return status

    def _tool(self, job: Description, folder: Path, program: str, environment: dict[str, str]) -> dict[str, Any]:
        """Run the tool below the shim; return the record of the shim, empty if it left none."""
        record = folder / "ended.json"
        words = [str(record), str(os.getpid()), program, program, *job.arguments]
        with (folder / "log").open("xb") as log:
            self._shim = subprocess.Popen(
                [sys.executable, "-I", "-S", shim.__file__, *words],
                cwd=folder / "work",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if job.attached else log,
                stderr=subprocess.STDOUT,
            )
            if self._ends:
                self._shim.terminate()
            ending = threading.Timer(job.timeout_s + _LATE_S, self._time_over) if job.timeout_s is not None else None
            if ending is not None:
                ending.start()
            if self._shim.stdout is not None:
                _copy_log(self._shim.stdout.fileno(), log)
            self._shim.wait()
            if ending is not None:
                ending.cancel()
        try:
            found = json.loads(record.read_bytes()[:_MOST_RECORD])
        except (OSError, ValueError):
            return {"status": 1, "stopped": 1}
        if not isinstance(found, dict):
            return {}
        return {**found, "problem": "time"} if self._is_over else found

    def _time_over(self) -> None:
        self._is_over = True
        if self._shim is not None:
            self._shim.terminate()

    def _outputs(self, job: Description, work: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
        """Give the outputs away; return where they are, and what is no plain file."""
        stored, shapes = {}, {}
        for path in job.outputs:
            shape = odd_shape(work, path)
            if shape is not None:
                shapes[path] = shape
                continue
            with contextlib.suppress(FileNotFoundError), os.fdopen(open_beneath(work, path), "rb") as stream:
                stored[path] = list(self._after.give(stream))
        return stored, shapes

    def _environment(self, job: Description, folder: Path) -> dict[str, str]:
        """Return the variables of the tool: the step's, with this node's folders and programs."""
        hidden, near = folder / "private", folder / "private.sealed"
        with hidden.open("xb") as stream:
            self._before.fetch_sealed(f"private {self._token}", job.private, stream, near)
        private = json.loads(hidden.read_bytes())
        hidden.unlink()
        folders = {HOME: str(folder / "home"), TMP: str(folder / "tmp")}
        found = {name: folders.get(value, value) for name, value in job.environment.items()}
        # The programs of a virtual environment lie beside its Python, wherever that is here.
        found["PATH"] = f"{Path(sys.executable).parent}:{found['PATH']}"
        return {**found, **private}

    def _finish(self, **ended: Any) -> int:
        """Give the record of the end; return the status."""
        document: dict[str, Any] = {"status": 1, "stopped": 0, "problem": "", **ended, **self._begun}
        document["ended_epoch_s"] = time.time()
        self._after.give_record(record_name(FINISHED, self._token), document)
        return int(document["status"])

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Pass on that the engine wants the end; before the tool has begun nothing is begun any more."""
        if self._ends:
            return
        self._ends = True
        if self._shim is not None:
            if self._shim.returncode is None:
                self._shim.terminate()
            return
        raise _StoppedError


def _copy_log(source: int, log: BinaryIO) -> None:
    """Hand the log over to the engine's client as it is written, and keep it. Ends with the tool's tree."""
    takes = True
    while part := os.read(source, _PART_BYTES):
        log.write(part)
        try:
            while takes and part:
                part = part[os.write(1, part) :]
        except OSError:
            takes = False  # nobody reads it any more; the engine decides what that means for the job


def _cache() -> Path:
    found = os.environ.get("XDG_CACHE_HOME", "")
    return Path(found) if found.startswith("/") else Path.home() / ".cache"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
