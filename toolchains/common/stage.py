"""A stage: one task of the flow, with the step that does it for each block, each core or the network.

A stage is one file, `toolchains/<toolchain>/stages/<name>.py`, with a module-level `STAGE`. It runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any

from config.frozen import dataclass
from farm.step import Step


class Per(Enum):
    """The things that a stage makes one step for."""

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
        name: Name of the task and of the file.
        per: What `step` is called for.
        step: (build, subject) -> the step. The subject is a block, a core or the network, according to `per`.
            None if the subject has no such step.
        doc: Help text of a step's task; the subject's name follows it: "memory images of" res2a.
        needs: Stages that the steps read outputs of: a build loads those that it needs. A test compares this with the
            inputs of the steps.
        shared: build -> steps that belong to no single subject, e.g. a harness that all models share.
        shared_doc: Help text of the shared steps.
        hook: build -> a function, or None. It is called with the paths of a step's outputs, whenever they are in place.
        result: (build, paths of the outputs) -> lines about a step's result, shown if the user asked for the step.
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
