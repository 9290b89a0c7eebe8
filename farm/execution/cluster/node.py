"""The program on a node: finds out whether a step has to run there, runs it below the shim, and records the end last.

Started as `python -I -S node.py JOB.json`. It imports nothing of the project but the shim, whose bytes, with its own,
are compared with those of the farm. An equal job of another farm may have run before: then it runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes long to load
_SHIM = os.path.join(os.path.dirname(_HERE), "shim.py")  # noqa: PTH118, PTH120
#: The node sees no job file: the folder is not shared.
_NO_FOLDER = 120
_NODE_VARIABLES = ("SLURMD_NODENAME",)
_ID_VARIABLES = ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID", "JOB_ID")


def modules_digest() -> str:
    """Return the digest of the modules that run on a node."""
    digest = hashlib.sha256()
    for path in (os.path.join(_HERE, "node.py"), _SHIM):  # noqa: PTH118
        with open(path, "rb") as stream:  # noqa: PTH123
            digest.update(hashlib.sha256(stream.read()).digest())
    return digest.hexdigest()


def main(words: list[str]) -> int:
    """Run the job of a file; return the status of its tool."""
    (path,) = words
    try:
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123
            job: dict[str, Any] = json.load(stream)
    except OSError as error:
        sys.stderr.write(f"farm: {node_name()} does not see {path}: {error.strerror}\n")
        return _NO_FOLDER
    folder = os.path.dirname(path)  # noqa: PTH120
    record = os.path.join(folder, job["finished"])  # noqa: PTH118
    begun = {"node": node_name(), "job": engines_id(), "epoch_s": time.time(), "token": job["token"]}
    write_whole(os.path.join(folder, job["started"]), begun)  # noqa: PTH118
    found = _read(record)
    if found is not None and found.get("token") == job["token"] and not found.get("stopped"):
        return int(found.get("status", 1))  # requeued by the engine after its end
    problem = _problem(job)
    if problem:
        write_whole(record, {**begun, "status": 1, "stopped": 0, "problem": problem})
        return 1
    return _run(job, folder, begun, record)


def _run(job: dict[str, Any], folder: str, begun: dict[str, Any], record: str) -> int:
    """Run the tool below the shim, in this process, and write the record when nobody of its tree is left."""
    parent = os.getppid()
    program = sys.executable if job["program"] is None else job["program"]
    if "/" not in program:
        program = shutil.which(program, path=job["environment"]["PATH"])
    os.chdir(job["work"])
    sys.path.insert(0, os.path.dirname(_SHIM))  # noqa: PTH120
    import shim  # type: ignore[import-not-found]  # noqa: PLC0415

    # The tool gets the variables of its step, and none of the engine's. Only the engine itself writes to stderr.
    os.environ.clear()
    os.environ.update(job["environment"])
    os.dup2(1, 2)
    tool = os.path.join(folder, job["tool"])  # noqa: PTH118
    status: int = shim.main([tool, str(parent), program, program, *job["arguments"]])
    free = os.statvfs(".")
    ended = _read(tool) or {}
    ended.update(begun, problem="", free_bytes=free.f_bavail * free.f_frsize, ended_epoch_s=time.time())
    write_whole(record, ended)
    if job["claim"] and ended.get("status") == 0:
        try:
            os.makedirs(os.path.dirname(job["claim"]), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
            write_whole(job["claim"], {"record": record})
        except OSError:
            pass  # the step ran; only another farm could have profited
    return status


def _problem(job: dict[str, Any]) -> str:
    """Return why the tool must not or cannot be started here; empty if it can."""
    if modules_digest() != job["modules"]:
        return "modules"
    if not os.path.isdir(job["work"]):  # noqa: PTH112
        return "folder"
    if job["entry"] and os.path.exists(job["entry"]):  # noqa: PTH110
        return "elsewhere"
    if job["claim"]:
        other = (_read(job["claim"]) or {}).get("record")
        mine = os.path.join(os.path.dirname(job["work"]), job["finished"])  # noqa: PTH118, PTH120
        if isinstance(other, str) and other != mine and (_read(other) or {}).get("status") == 0:
            return "elsewhere"  # that farm has not stored it yet
    program = job["program"]
    if program is not None and "/" not in program and not shutil.which(program, path=job["environment"]["PATH"]):
        return "program"
    return ""


def node_name() -> str:
    """Return the node's name, as its engine knows it."""
    return _first(_NODE_VARIABLES) or os.uname().nodename


def engines_id() -> str:
    """Return the engine's id of the job that this process belongs to; empty if it does not tell."""
    return _first(_ID_VARIABLES)


def _first(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123
            found = json.loads(stream.read(1 << 16))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_whole(path: str, document: dict[str, Any]) -> None:
    """Write a file for its user's eyes under a name of its own, and rename it: it appears whole or not at all."""
    new = f"{path}.{os.uname().nodename}-{os.getpid()}-{time.monotonic_ns()}"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as stream:  # noqa: PTH123
        stream.write(json.dumps(document) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(new, path)  # noqa: PTH104


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
