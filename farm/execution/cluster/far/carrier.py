"""The program beside a farm that shares no folder with the nodes: gives a job's inputs away, collects what it has left.

`give FOLDER WORDS...` puts the description and the inputs of the job in FOLDER into the store, and
then becomes the engine's client, the command WORDS. `collect FOLDER` fetches the records of a job
and the outputs of one that ended well into FOLDER, as if its node had written them there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from farm.beneath import open_beneath
from farm.execution.cluster import job as files
from farm.execution.cluster.far.description import (
    FINISHED,
    JOB,
    NO_STORE,
    REFUSED,
    STARTED,
    Description,
    package_digest,
    record_name,
)
from farm.execution.cluster.far.post import MissingError, Post, Stored, words_of
from farm.execution.cluster.far.shapes import make_shape
from farm.execution.cluster.node import write_whole
from farm.remote.address import AddressError
from farm.remote.connect import connected, remote_of
from farm.remote.credentials import CredentialsError
from farm.remote.object_store import MissingPackageError
from farm.remote.transport import DeniedError, RemoteError

#: How long a store may be away before a job is submitted, and when its results are fetched.
_GIVE_S, _COLLECT_S = 30.0, 120.0
_AT_ONCE = 6
#: Nothing was collected: there is no record, or not yet.
NO_RECORD = 3
_NO_CLIENT = 127


def main() -> None:
    """Do what the command line says. Never returns."""
    # Ends at once: with Python's own handler it would wait for its threads.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    verb, folder, *more = sys.argv[1:]
    job = json.loads((Path(folder) / files.JOB).read_text("utf-8"))
    try:
        patience_s = job.get("patience_s", _GIVE_S if verb == "give" else _COLLECT_S)
        post = Post(connected(remote_of(job["address"])), bytes.fromhex(job["secret"]), patience_s)
        if verb == "collect":
            sys.exit(_collect(post, job, Path(folder)))
        _give(post, job, Path(folder))
    except DeniedError as error:
        sys.stderr.write(f"farm: this machine may not use the remote store {job['address']} as a job must: {error}\n")
        if verb == "collect":
            _write_end(Path(folder), job, {"problem": "denied", "detail": str(error)})
        sys.exit(REFUSED)
    except (RemoteError, AddressError, CredentialsError, MissingPackageError) as error:
        sys.stderr.write(f"farm: the remote store {job['address']} is of no use to jobs: {error}\n")
        if verb == "collect":
            _write_end(Path(folder), job, {"problem": "store", "detail": str(error)})
        sys.exit(NO_STORE)
    try:
        os.execvp(more[0], more)  # noqa: S606 - by design
    except OSError as error:
        sys.stderr.write(f"farm: {more[0]}: {error.strerror}\n")
        sys.exit(_NO_CLIENT)


def _give(post: Post, job: Mapping[str, Any], folder: Path) -> None:
    """Put all that a node needs into the store; the description last, under a name of its own."""

    def give(path: str) -> Stored:
        with os.fdopen(open_beneath(folder / "work", path), "rb") as stream:
            return post.give(stream, replace=job["distrusts"])

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        inputs = dict(zip(job["inputs"], pool.map(give, job["inputs"]), strict=True))
    token = job["token"]
    hidden = folder / "private"
    hidden.write_text(json.dumps(job["private"]), "utf-8")
    private = post.give_sealed(f"private {token}", hidden)
    hidden.unlink()
    description = Description(
        job["key"], job["name"], job["program"], job["arguments"], inputs, job["outputs"], job["environment"], private,
        package_digest(), job["attached"], job["fresh"], job["timeout_s"], job["may_be_empty"], job["error_lines"],
        job["closing_line"],
    )  # fmt: skip
    post.give_record(record_name(JOB, token), description.document())


def _collect(post: Post, job: Mapping[str, Any], folder: Path) -> int:
    """Fetch what a job has left. The record of its end is written last, as a node would do it."""
    token = job["token"]
    started = post.record(record_name(STARTED, token))
    if started is not None and not (folder / files.STARTED).exists():
        write_whole(str(folder / files.STARTED), started)
    ended = post.record(record_name(FINISHED, token))
    if ended is None:
        return NO_RECORD
    good = ended.get("status") == 0 and not ended.get("stopped") and not ended.get("problem")
    try:
        if good:
            _fetch_outputs(post, job, ended, folder / "work")
        if "log" in ended and (ended.get("earlier") or not job["attached"]):
            _fetch_log(post, job, ended, folder)
    except MissingError as error:
        ended = {**ended, "status": 1, "problem": "output", "detail": str(error)}
    except OSError as error:
        ended = {**ended, "status": 1, "problem": "here", "detail": words_of(error)}
    _write_end(folder, job, ended)
    return 0


def _fetch_outputs(post: Post, job: Mapping[str, Any], ended: Mapping[str, Any], work: Path) -> None:
    def fetch(path: str) -> None:
        # An input of the same name may be there, or a part of an earlier attempt.
        (work / path).unlink(missing_ok=True)
        if path in ended["outputs"]:
            post.fetch(Stored(*ended["outputs"][path]), work / path)
        elif path in ended["shapes"]:
            shape = ended["shapes"][path]
            if path == shape["at"] or path.startswith(f"{shape['at']}/"):
                make_shape(work, shape)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(fetch, job["outputs"]))


def _fetch_log(post: Post, job: Mapping[str, Any], ended: Mapping[str, Any], folder: Path) -> None:
    """Write the log into the file that the farm has made for it."""
    with os.fdopen(open_beneath(Path(job["root"]), job["log"], os.O_WRONLY), "wb") as log:
        if list(job["log_id"]) != [os.fstat(log.fileno()).st_dev, os.fstat(log.fileno()).st_ino]:
            return  # whoever replaced it is found by the verdict
        log.truncate(0)
        post.fetch_sealed(ended["log_label"], Stored(*ended["log"]), log, folder / "log.sealed")


def _write_end(folder: Path, job: Mapping[str, Any], ended: Mapping[str, Any]) -> None:
    # Without the lists, which nobody needs here any more: a record is small.
    kept = {name: value for name, value in ended.items() if name not in ("outputs", "shapes", "log")}
    document = {"status": 1, "stopped": 0, **kept, "token": job["token"]}
    if "wall_s" in document:
        write_whole(str(folder / files.TOOL), document)
    write_whole(str(folder / files.FINISHED), document)
