"""The failure signatures of a toolchain, read from a table.

Those of AMD's tools are in `reports/logs/failures.yaml`, because the reports judge logs by the same table.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from config.document import load
from config.problem import Problems
from farm.step import FAILURE_CLASSES, FailureClass, Signature

_ROOT = Path(__file__).resolve().parents[2]
_OF_REPORTS = "reports/logs/failures.yaml"


@cache
def signatures(toolchain: str) -> tuple[Signature, ...]:
    """Return the signatures of a toolchain ("open"), the most specific first. Raises ConfigError with all mistakes."""
    problems = Problems()
    own = f"toolchains/{toolchain}/failures.yaml"
    name = own if (_ROOT / own).exists() else _OF_REPORTS
    document = load(_ROOT / name, name=name, problems=problems)
    found = []
    for entry in document.sections("signatures"):
        kind = cast(FailureClass, entry.text("class", choices=FAILURE_CLASSES))
        retries = entry.flag("retries", default=True)
        found.append(Signature(entry.text("pattern"), kind, entry.text("remedy", default=""), retries))
        # These two are for the reports.
        entry.text("category", default="")
        entry.texts("alone", default=())
        entry.finish()
    document.texts("echoes", default=())
    document.finish()
    problems.raise_if_any()
    return tuple(found)
