"""A stage: one task of the flow, and the step that does it for each block, each core or the network.

A stage is one file, `toolchains/<toolchain>/stages/<name>.py`, with a module-level `STAGE`. It runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from farm.step import Step


class Per(Enum):
    """What a stage has a step for."""

    BLOCK = "block"
    CORE = "core"
    NETWORK = "network"


def _nothing(build: Any) -> Iterable[Step]:
    return ()


def _no_hook(build: Any) -> None:
    return None


@dataclass(frozen=True)
class Stage:
    """One task of the flow.

    Attributes:
        name: The task's, and the file's.
        per: What `step` is called for.
        step: (build, subject) -> the step; the subject is a block, a core or the network, as `per` says. None where
            this subject has no such step.
        doc: The help text of a step's task: "memory images of" res2a.
        needs: The stages whose outputs its steps read. A test compares this with the inputs of the steps.
        shared: build -> steps of the stage that belong to no single subject: a harness that all models share.
        shared_doc: The help text of those.
        hook: build -> what is called with the outputs' paths of each step whenever they are in place, or None.
        result: (build, the outputs' paths) -> lines that tell what a step has found; shown if it was asked for.
    """

    name: str
    per: Per
    step: Callable[[Any, Any], Step | None]
    doc: str
    needs: tuple[str, ...] = ()
    shared: Callable[[Any], Iterable[Step]] = _nothing
    shared_doc: str = ""
    hook: Callable[[Any], Callable[[tuple[Path, ...]], None] | None] = _no_hook
    result: Callable[[Any, tuple[Path, ...]], Iterable[str]] | None = None
