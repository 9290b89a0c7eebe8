"""A test of a cluster's set-up: what is there, what is missing, and a job that looks at a node."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm import clock
from farm.execution.cluster import node
from farm.execution.cluster.asking import answer_now
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.job import FINISHED, JOB, STARTED, TOOL, Job, Known
from farm.results.folder import FARM_FOLDER
from farm.step import Resources

#: All questions and the job together end within ten seconds.
_ANSWER_S, _JOB_S = 3.0, 6.0
_CLOCKS_APART_S = 5.0
_MEMORY_MIB = 100
_WORDS = 300


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is as it must be, what was found, and what to do if it is not."""

    good: bool
    what: str
    remedy: str = ""


def check(engine: Engine, root: Path) -> Iterator[Finding]:
    """Look at programs, controller and one node; nothing after the first fault that hides the rest.

    The job runs a step of one line in a folder of the checkout, and is ended if it does not start in time.
    """
    known = Known("farm-check", secrets.token_hex(8))
    query = list(engine.query([known]))
    missing = [words[0] for words in (query, list(engine.clear([known])) or query) if shutil.which(words[0]) is None]
    if missing:
        where = "install the engine's clients here, or add their folder to PATH"
        yield Finding(False, f"'{missing[0]}' is not on PATH", where)
        return
    if answer_now(query, _ANSWER_S) is None:
        yield Finding(False, f"{engine.title} does not answer: {' '.join(query)[:80]}", "see whether it works by hand")
        return
    yield Finding(True, f"{engine.title} answers")
    (root / FARM_FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-", dir=root / FARM_FOLDER) as name:
        yield from _of_a_job(engine, root, Path(name), known)


def _of_a_job(engine: Engine, root: Path, folder: Path, known: Known) -> Iterator[Finding]:
    """Run a job as a step's would be, and look at what it has left."""
    log = folder / "log"
    (folder / "work").mkdir()
    _write(folder, known)
    command = (engine.python or sys.executable, "-I", "-S", node.__file__, str(folder / JOB))
    job = Job(known.name, known.token, folder, log, command, Resources(1, _MEMORY_MIB / 1024), _MEMORY_MIB, 1)
    begun_s = clock.monotonic_s()
    with log.open("wb") as output, (folder / "said").open("wb") as said:
        try:
            process = subprocess.Popen(
                list(engine.submit(job)),
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=output if engine.is_attached else said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            yield Finding(False, f"a job cannot be submitted: {error}", "correct farm.slurm or farm.command")
            return
        try:
            status: int | None = process.wait(_JOB_S)
        except subprocess.TimeoutExpired:
            status = None
            process.terminate()
    words = " ".join((folder / "said").read_text("utf-8", "replace").split())[:_WORDS]
    started, ended = _read(folder / STARTED), _read(folder / FINISHED)
    _clear(engine, known, started)
    if started is None:
        yield _not_started(status, words)
        return
    where = f"node {started.get('node')}, job {started.get('job')}"
    yield Finding(True, f"a job ran after {clock.monotonic_s() - begun_s:.1f} s ({where})")
    yield Finding(True, f"the node sees the checkout at {root}")
    yield _modules(where, ended)
    apart_s = abs(float(str(started.get("epoch_s", 0.0))) - clock.epoch_s())
    clocks = f"the clocks differ by {apart_s:.0f} s" if apart_s > _JOB_S + _CLOCKS_APART_S else "the clocks agree"
    yield Finding(apart_s <= _JOB_S + _CLOCKS_APART_S, f"{clocks} ({where})", "let both ask one time server")


def _not_started(status: int | None, words: str) -> Finding:
    said = f": {words}" if words else ""
    if "does not see" in words:
        remedy = "put the checkout on a file system that the nodes share"
        return Finding(False, f"the node does not see the checkout{said}", remedy)
    if status is None:
        remedy = "the cluster may be busy: 'squeue --me' shows what a job waits for; or sbatch needs a shared folder"
        return Finding(False, f"a job did not start within {_JOB_S:.0f} s{said}", remedy)
    remedy = "correct farm.slurm or farm.command in farm.local.yaml, and see that the nodes have this Python"
    return Finding(False, f"a job did not run (its client ended with status {status}{said})", remedy)


def _modules(where: str, ended: Mapping[str, object] | None) -> Finding:
    if ended is not None and ended.get("problem") == "modules":
        return Finding(False, f"the farm's modules differ ({where})", "install the same version there")
    if ended is None or ended.get("status") != 0:
        return Finding(False, f"the job left no record of success ({where})", "look at the node")
    return Finding(True, f"the farm's modules are equal, and a tool ran ({where})")


def _write(folder: Path, known: Known) -> None:
    document = {
        "token": known.token, "name": known.name, "program": None, "arguments": ["-c", "pass"],
        "work": str(folder / "work"), "environment": {"PATH": os.environ.get("PATH", os.defpath)},
        "modules": node.modules_digest(), "started": STARTED, "tool": TOOL, "finished": FINISHED, "entry": "",
        "claim": "",
    }  # fmt: skip
    (folder / JOB).write_text(json.dumps(document), "utf-8")


def _clear(engine: Engine, known: Known, started: Mapping[str, object] | None) -> None:
    """End the job: by its id if that is known, else as the engine finds it."""
    job = str(started.get("job", "")) if started is not None else ""
    if not job:
        output = answer_now(list(engine.query([known])), _ANSWER_S)
        seen = {} if output is None else engine.sightings(output, [known])
        job = seen[known.token].id if known.token in seen else ""
    if words := engine.clear([Known(known.name, known.token, job)]):
        answer_now(list(words), _ANSWER_S)


def _read(path: Path) -> dict[str, object] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
