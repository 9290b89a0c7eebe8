"""The record of a finished step: a JSON file, written at once. So a killed build keeps every finished step."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from config.frozen import dataclass
from farm.beneath import discard_beneath, folder_beneath, unlink_beneath, write_beneath
from farm.key import Parts
from farm.reason import Reason, differences
from farm.results import schema
from farm.results.confined import DamagedError, open_regular, read_most
from farm.results.digest import Digest, Digests
from farm.results.folder import RECORDS
from farm.results.owner import others_may_write
from farm.step import Step

_FORMAT = 1
#: More than a step with ten thousand inputs needs.
_MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Cost:
    """What a run took. `peak_memory_gib` is the larger of two: the sampled whole tree, and its largest process."""

    wall_s: float
    cpu_s: float
    peak_memory_gib: float


NO_COST = Cost(0.0, 0.0, 0.0)


#: Where the outputs of a step come from. "ran": this farm ran it, on its own results. "restored": from a store that
#: only its user may write. "shared": from a shared store, or made of what came from one.
Origin = Literal["ran", "restored", "shared"]
_ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True)
class Record:
    """How a step last ended well. `outputs` maps targets to their digests; `ended_s` is in seconds since 1970.

    `log` is where its log lies in the checkout.
    """

    name: str
    key: str
    parts: Parts
    outputs: Mapping[str, Digest]
    facts: Mapping[str, str]
    cost: Cost
    ended_s: float
    log: str = ""
    origin: Origin = "restored"


def record_path(step: Step) -> str:
    """Return where the record of a step lies in the checkout.

    It follows the first target and not the step's name: the builds of two networks have steps of the same name, and
    switching between them must re-run nothing.
    """
    return f"{RECORDS}/{step.targets[0]}.json"


class Records:
    """The records of one checkout."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, step: Step) -> Record | None:
        """Return the record of a step. None: it has none, or a damaged one, and must run."""
        # A text: making a path of it takes as long as finding out that there is no such file.
        return self._read(f"{self._root}/{record_path(step)}")

    def below(self, folder: str) -> Iterator[Record]:
        """Return all records of targets in a folder of the checkout, by path; damaged ones are left out."""
        for path in sorted((self._root / RECORDS / folder).rglob("*.json")):
            record = self._read(path)
            if record is not None and f"{next(iter(record.outputs), '')}.json" == str(
                path.relative_to(self._root / RECORDS)
            ):
                yield record

    def _read(self, path: Path | str) -> Record | None:
        try:
            with open_regular(path) as stream:
                record = _record(schema.document(read_most(stream, _MOST_BYTES)))
                status = os.fstat(stream.fileno())
        except (OSError, DamagedError, schema.SchemaError):
            return None
        if status.st_uid != os.geteuid() or others_may_write(status):
            # Somebody else may have written that this farm ran the step.
            return replace(record, origin="restored") if record.origin == "ran" else record
        return record

    def write(self, step: Step, record: Record) -> None:
        """Write a record, completely or not at all."""
        document = {
            "format": _FORMAT,
            "name": record.name,
            "key": record.key,
            "outputs": {
                target: {"sha256": digest.sha256, "meaning": digest.meaning, "size_bytes": digest.size}
                for target, digest in record.outputs.items()
            },
            "facts": dict(record.facts),
            "wall_s": round(record.cost.wall_s, 3),
            "cpu_s": round(record.cost.cpu_s, 3),
            "peak_memory_gib": round(record.cost.peak_memory_gib, 4),
            "ended_s": round(record.ended_s, 3),
            "log": record.log,
            "origin": record.origin,
            "parts": record.parts.document(),
        }
        write_beneath(self._root, record_path(step), (json.dumps(document, indent=1) + "\n").encode())

    def remove(self, step: Step) -> None:
        """Forget that a step has ended well."""
        discard_beneath(self._root, record_path(step))

    def forget(self, record: Record) -> None:
        """Remove one of the records that `below` has returned."""
        discard_beneath(self._root, f"{RECORDS}/{next(iter(record.outputs))}.json")


def remove_files(paths: Iterable[str]) -> None:
    """Remove files of the checkout that exist, and the folders that are then empty, but never the topmost one.

    Raises RefusedError for a file that a link leads to.
    """
    root = Path.cwd()
    for path in paths:
        unlink_beneath(root, path)
        for folder in list(PurePosixPath(path).parents)[:-2]:
            with contextlib.suppress(OSError), folder_beneath(root, folder.parent.as_posix()) as parent:
                os.rmdir(folder.name, dir_fd=parent)


def why(step: Step, parts: Parts, record: Record | None, digests: Digests) -> tuple[Reason, ...]:
    """Return the reasons for which a step must run; none means that it is current.

    It is current if its key is the recorded one and every output has the recorded bytes.
    """
    if record is None:
        return (Reason("no record"),)
    if record.key != parts.key:
        found = differences(record.parts, parts, record.facts, dict(step.facts))
        # Keys differ with equal parts when the engine's own format changed.
        return found or (Reason("no record"),)
    reasons = []
    for target in step.targets:
        recorded = record.outputs.get(target)
        if recorded is None:
            reasons.append(Reason("missing", target))
            continue
        try:
            present = digests.of(target)
        except OSError:
            reasons.append(Reason("missing", target))
            continue
        if present.sha256 != recorded.sha256:
            reasons.append(Reason("altered", target, recorded.sha256, present.sha256))
    return tuple(reasons)


def _record(value: Any) -> Record:
    names = ("format", "name", "key", "outputs", "facts", "wall_s", "cpu_s", "peak_memory_gib", "ended_s", "parts")
    document = schema.fields(value, *names, optional=("log", "origin"))
    schema.one_of(document["format"], (_FORMAT,))
    return Record(
        name=schema.name(document["name"]),
        key=schema.sha256(document["key"]),
        parts=Parts.of_document(document["parts"]),
        outputs=schema.table(document["outputs"], schema.path, _digest),
        facts=schema.words(document["facts"]),
        cost=Cost(*(schema.amount(document[name]) for name in ("wall_s", "cpu_s", "peak_memory_gib"))),
        ended_s=schema.amount(document["ended_s"]),
        log=schema.path(document["log"]) if document.get("log") else "",
        # Earlier farms did not record whether a step was restored.
        origin=schema.one_of(document.get("origin", "restored"), _ORIGINS),
    )


def _digest(value: Any) -> Digest:
    item = schema.fields(value, "sha256", "meaning", "size_bytes")
    return Digest(schema.sha256(item["sha256"]), schema.sha256(item["meaning"]), schema.count(item["size_bytes"]))
