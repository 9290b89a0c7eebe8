"""The description of a job, as the farm gives it and a node reads it; and the names of its records."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import farm
from farm.execution.cluster.far.post import Stored
from farm.execution.run import Run
from farm.execution.verdict import Memory, verdict
from farm.step import Output, Step

#: Ends of the program on a node that could do nothing: no store, no secret, a store that forbids what a job needs.
NO_STORE, NO_SECRET, REFUSED = 122, 123, 124
#: Records of one job, by its token, and of the first job of a key that ended well.
STARTED, FINISHED, JOB = "started", "finished", "job"
#: Stand for folders that only the node knows.
HOME, TMP = "{home}", "{tmp}"


class Description(NamedTuple):
    """A job. `inputs` and `outputs` are paths below the folder that the tool runs in; those in `may_be_empty` too.

    `program` is None for the node's own Python. `private` is the sealed part of the environment. `attached`: the
    engine's client takes the log as it is written. `fresh`: a result of an equal job does not count.
    """

    key: str
    name: str
    program: str | None
    arguments: tuple[str, ...]
    inputs: dict[str, Stored]
    outputs: tuple[str, ...]
    environment: dict[str, str]
    private: Stored
    modules: str
    attached: bool
    fresh: bool
    timeout_s: float | None
    may_be_empty: tuple[str, ...]
    error_lines: tuple[str, ...]
    closing_line: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**self._asdict(), "inputs": {path: list(found) for path, found in self.inputs.items()}}


def described(document: Mapping[str, Any]) -> Description:
    """Return what a document says. Raises KeyError, TypeError and ValueError."""
    found = dict(document)
    found["inputs"] = {path: Stored(*stored) for path, stored in found["inputs"].items()}
    found["private"] = Stored(*found["private"])
    for name in ("arguments", "outputs", "may_be_empty", "error_lines"):
        found[name] = tuple(found[name])
    return Description(**found)


def is_good(job: Description, folder: Path) -> bool:
    """Tell whether the farm will call a run good that ended well: by its own rules for logs and files."""
    outputs = tuple(Output(path, path, path in job.may_be_empty) for path in job.outputs)
    step = Step(
        "job", ("tool",), (), outputs, "log", error_lines=job.error_lines, closing_line=job.closing_line
    )  # fmt: skip
    return verdict(Run(step, folder, folder / "log", status=0), Memory(1.0, 1.0)) is None


def record_name(kind: str, token: str) -> str:
    """Return the name of a record of one job."""
    return f"{kind} {token}"


def result_name(key: str) -> str:
    """Return the name of the record of the first job of a key that ended well."""
    return f"result {key}"


@cache
def package_digest() -> str:
    """Return the digest of all modules of the farm, as they are installed here."""
    folder = Path(farm.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()
