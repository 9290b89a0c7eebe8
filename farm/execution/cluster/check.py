"""A test of a cluster's set-up: what is there, what is missing, and a job that looks at a node."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm import clock
from farm.execution.cluster.asking import answer_now
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.far.command import carrier_words
from farm.execution.cluster.folder import read_document_of, write_document
from farm.execution.cluster.job import CLIENT_LOG, FINISHED, STARTED, Known
from farm.execution.cluster.ways import Way
from farm.execution.log_file import new_log
from farm.execution.run import Run
from farm.results.folder import FARM_FOLDER
from farm.step import PYTHON, Output, Resources, Step, Text

#: All questions and the job together end within ten seconds.
_ANSWER_S, _JOB_S = 3.0, 6.0
_CLOCKS_APART_S = 5.0
_MEMORY_MIB = 100
_WORDS = 300
_PROGRAM = "open('out', 'w').write(open('in').read())"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is as it must be, what was found, and what to do if it is not."""

    good: bool
    what: str
    remedy: str = ""


def check(engine: Engine, way: Way, root: Path) -> Iterator[Finding]:
    """Look at programs, controller and one node; nothing after the first fault that hides the rest.

    The job runs a step of one line, whose files take the `way` of all, and is ended if it does not start in time.
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
        yield from _of_a_job(engine, way, root, _run(Path(name)))


def _run(folder: Path) -> Run:
    """Return a run of a small step in a folder, with its input."""
    for part in ("work", "home", "tmp"):
        (folder / part).mkdir()
    (folder / "work/in").write_text("x", "utf-8")
    step = Step(
        "check", (PYTHON, "-c", _PROGRAM), (Text("in", "x"),), (Output("out", "out"),), "log",
        resources=Resources(1, _MEMORY_MIB / 1024), timeout_s=_JOB_S,
    )  # fmt: skip
    return Run(step, folder, folder / "log", key=secrets.token_hex(32), fresh=True)


def _of_a_job(engine: Engine, way: Way, root: Path, run: Run) -> Iterator[Finding]:
    """Run a job as a step's would be, and look at what it has left."""
    folder = run.scratch
    job = way.job(run, avoid=(), unlimited=False)
    known = Known(job.name, job.token)
    begun_s = clock.monotonic_s()
    with os.fdopen(new_log(run), "wb") as output, (folder / CLIENT_LOG).open("wb") as said:
        try:
            way.write(run, job, distrusts=False)
            # A store that is away is not waited for.
            write_document(folder, {**(read_document_of(folder) or {}), "patience_s": _ANSWER_S / 2})
            process = subprocess.Popen(
                way.client(run, engine.submit(job)),
                cwd=root,
                env=way.environment(run),
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
    took_s = clock.monotonic_s() - begun_s
    if job.is_far:
        _collect(folder)
    words = " ".join((folder / CLIENT_LOG).read_text("utf-8", "replace").split())[:_WORDS]
    started, ended = _read(folder / STARTED), _read(folder / FINISHED)
    _clear(engine, known, started)
    if started is None and (ended is None or not ended.get("node")):
        yield _not_started(status, words)
        return
    begun = started or ended or {}
    where = f"node {begun.get('node')}, job {begun.get('job')}"
    yield Finding(True, f"a job ran after {took_s:.1f} s ({where})")
    yield (_way_back(folder, where, words) if job.is_far else Finding(True, f"the node sees the checkout at {root}"))
    yield _modules(where, ended)
    apart_s = abs(float(str(begun.get("epoch_s", 0.0))) - clock.epoch_s())
    clocks = f"the clocks differ by {apart_s:.0f} s" if apart_s > _JOB_S + _CLOCKS_APART_S else "the clocks agree"
    yield Finding(apart_s <= _JOB_S + _CLOCKS_APART_S, f"{clocks} ({where})", "let both ask one time server")


def _collect(folder: Path) -> None:
    """Fetch what a job has left in the remote store."""
    with contextlib.suppress(subprocess.TimeoutExpired), (folder / CLIENT_LOG).open("ab") as said:
        words = carrier_words("collect", folder)
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=_ANSWER_S, check=False)


def _way_back(folder: Path, where: str, words: str) -> Finding:
    """Tell whether the job's output came back through the remote store."""
    with contextlib.suppress(OSError):
        if (folder / "work/out").read_text("utf-8") == "x":
            return Finding(True, f"files went to the node and back through the remote store ({where})")
    remedy = "see that the node and this machine may read and write cas/ and jobs/ there"
    return Finding(
        False, f"no output came back through the remote store ({where}){f': {words}' if words else ''}", remedy
    )


def _not_started(status: int | None, words: str) -> Finding:
    said = f": {words}" if words else ""
    if "remote store" in words:
        remedy = "see that the nodes and this machine reach farm.remote, and may write cas/ and jobs/ there"
        return Finding(False, f"no job can run by way of the remote store{said}", remedy)
    if "FARM_JOB_SECRET" in words:
        return Finding(False, f"the engine passes no variables on{said}", "let it: -v of SGE, --export=ALL of Slurm")
    if "No module named" in words:
        remedy = "install the farm there, and name its Python: farm.slurm.python, or python below farm.command"
        return Finding(False, f"the node has not the farm{said}", remedy)
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
