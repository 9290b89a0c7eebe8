"""A step as a cluster's engine knows it: what it asks for, and what the engine says of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from farm.step import Resources

#: Files of a job in its run's scratch folder. The node writes FINISHED last; the tool's own record is its shim's.
JOB, STARTED, TOOL, FINISHED, CLIENT_LOG = "job.json", "started.json", "ended.json", "finished.json", "client.log"


@dataclass(frozen=True)
class Job:
    """A job to submit. `name` is equal for equal keys of all farms, `token` tells this farm's job from theirs.

    `memory_mib` is the limit, `minutes` too; None leaves it to the cluster. `avoid` are nodes on which it has failed.
    `command` runs on the node. `is_far`: the node sees no folder of this machine, and sends the log itself.
    """

    name: str
    token: str
    folder: Path
    log: Path
    command: tuple[str, ...]
    resources: Resources
    memory_mib: int
    minutes: int | None = None
    avoid: tuple[str, ...] = ()
    is_far: bool = False

    def on_its_own(self, command: tuple[str, ...], *, more_mib: int, more_minutes: int) -> Job:
        """Return the same job for a node that sees no folder of this machine, and does more than run the tool."""
        minutes = None if self.minutes is None else self.minutes + more_minutes
        memory_mib = self.memory_mib + more_mib
        return replace(
            self, command=command, memory_mib=memory_mib, minutes=minutes, log=Path(os.devnull), is_far=True
        )  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A job that was submitted; `id` is empty until the engine has told it."""

    name: str
    token: str
    id: str = ""


Phase = Literal["queued", "running", "ended"]


@dataclass(frozen=True)
class Sighting:
    """What the engine says of one job: its own word for the state, the node, and why it waits or has ended."""

    id: str
    phase: Phase
    word: str
    node: str = ""
    reason: str = ""


#: What an engine says of all jobs of this user, by their tokens. A job that is not in it is not known to the engine.
Sightings = Mapping[str, Sighting]
