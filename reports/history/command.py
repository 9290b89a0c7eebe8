"""`doit history` and `doit diff`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group

from config.problem import ConfigError, Problem
from config.settings import Settings
from reports.history.choice import sides_of
from reports.history.difference import changes
from reports.history.folder import History
from reports.history.growth import check, limits_of
from reports.history.index import Index
from reports.history.revision import project_of
from reports.history.show import document, page
from reports.history.sides import SideError
from reports.history.trend import FORMAT, Trend, builds_page, line_document, trend_page
from reports.history.trend import document as trend_document
from reports.summary.terminal import console

_COMMAND_LINE = "command line"


def history(root: Path, folder: str, words: Sequence[str], *, as_json: bool = False) -> str | None:
    """Print the builds of a folder, or the trend of a value. Raises ConfigError for a word that names nothing."""
    if len(words) > 1:
        raise ConfigError([Problem(_COMMAND_LINE, None, f"'{words[1]}' is one word too many", "name one value")])
    with _opened(root) as (kept, index):
        try:
            if words:
                trend = Trend(index, folder, words[0])
                _print(trend_document(trend) if as_json else trend_page(trend, kept, root))
            elif as_json:
                lines = [line_document(line) for line in index.builds(folder)]
                _print({"format": FORMAT, "folder": folder, "builds": lines})
            else:
                _print(builds_page(index, folder))
        except SideError as error:
            return str(error)
    return None


def diff(root: Path, folder: str, words: Sequence[str], settings: Settings, *, as_json: bool = False) -> str | None:
    """Print what differs between two sides; return a sentence if a limit of growth is exceeded.

    Raises ConfigError for words that name nothing, and for limits that are none.
    """
    limits = limits_of(settings)
    if len(words) > 2:
        raise ConfigError([Problem(_COMMAND_LINE, None, f"'{words[2]}' is one word too many", "name A and B")])
    with _opened(root) as (kept, index):
        try:
            before, after = sides_of(words, root, folder, kept, index)
        except SideError as error:
            raise ConfigError([Problem(_COMMAND_LINE, None, error.what, error.remedy)]) from None
    found = changes(before, after)
    verdicts = check(limits, before.amounts, after.amounts)
    _print((document if as_json else page)(before, after, found, verdicts))
    failed = [one for one in verdicts if not one.passed]
    return f"{len(failed)} of {len(verdicts)} gates failed: {failed[0].says}" if failed else None


class _opened:  # noqa: N801 - a context, used as a function
    """The history of a checkout and its index, closed at the end."""

    def __init__(self, root: Path) -> None:
        self._history = History.of(project_of(root))

    def __enter__(self) -> tuple[History, Index]:
        self._index = Index(self._history, _warn)
        return self._history, self._index

    def __exit__(self, *_: object) -> None:
        self._index.close()


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(what: Any) -> None:
    if isinstance(what, dict):
        sys.stdout.write(json.dumps(what, indent=1) + "\n")
    else:
        console().print(Group(*what))
