"""The failure signatures of a toolchain, read from its failures.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from config.document import load
from config.problem import Problems
from farm.step import FAILURE_CLASSES, FailureClass, Signature


@cache
def signatures(toolchain: str) -> tuple[Signature, ...]:
    """Return the signatures of a toolchain ("open"), the most specific first. Raises ConfigError with all mistakes."""
    problems = Problems()
    name = f"toolchains/{toolchain}/failures.yaml"
    document = load(Path(__file__).parents[1] / toolchain / "failures.yaml", name=name, problems=problems)
    found = []
    for entry in document.sections("signatures"):
        kind = cast(FailureClass, entry.text("class", choices=FAILURE_CLASSES))
        retries = entry.flag("retries", default=True)
        found.append(Signature(entry.text("pattern"), kind, entry.text("remedy", default=""), retries))
        entry.finish()
    document.finish()
    problems.raise_if_any()
    return tuple(found)
