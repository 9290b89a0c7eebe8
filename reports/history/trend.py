"""`doit history`: the builds of a folder, or the changes of one value with the commits that brought them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from config.problem import suggestion
from reports.history.amounts import Amount, key_of, name_of
from reports.history.difference import reasons
from reports.history.folder import History
from reports.history.growth import number, share_words, signed
from reports.history.index import Index, Line
from reports.history.revision import change_words, commits
from reports.history.sides import SideError, of_entry
from reports.reading.errors import ReportError
from reports.summary.terminal import Folding

FORMAT = 1
SHOWN = 20
#: Columns of the list of builds: the first of each group that a build has.
_COLUMNS = (
    ("luts", "cores.luts", "formula.luts"),
    ("ii_cycles", "formula.ii_cycles"),
    ("wns_ns",),
    ("build.wall_s",),
)


class Trend:
    """A value over the builds of a folder: each build that has it, and those at which it changed."""

    def __init__(self, index: Index, folder: str, word: str) -> None:
        """Raises SideError if no build has the value."""
        self.folder = folder
        self.key = key_of(word)
        self.points = index.trend(folder, self.key)
        if not self.points:
            names = [name_of(key) for key in index.keys(folder)]
            if not names:
                raise SideError(f"no build of {folder} is in the history yet", "'doit build' adds one")
            raise SideError(f"no build of {folder} has a value '{word}'", suggestion(name_of(self.key), names))

    @property
    def changes(self) -> list[tuple[tuple[Line, Amount], tuple[Line, Amount]]]:
        """The pairs of builds between which the value changed, the oldest first."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return [(old, new) for old, new in pairs if old[1].value != new[1].value]


def document(trend: Trend) -> dict[str, Any]:
    """Return a trend as plain values."""
    return {
        "format": FORMAT,
        "folder": trend.folder,
        "value": name_of(trend.key),
        "builds": [{**line_document(line), "value": one.value, "mark": one.mark} for line, one in trend.points],
    }


def line_document(line: Line) -> dict[str, Any]:
    """Return a build of the index as plain values."""
    return {
        "build": line.name,
        "began_s": line.began_s,
        "outcome": line.outcome,
        "commit": line.revision.commit,
        "dirty": line.revision.dirty,
    }


def trend_page(trend: Trend, history: History, root: Path) -> list[RenderableType]:
    """Return a trend for a terminal: the newest changes, each with its commit and what else is known of its cause."""
    found, name = trend.changes, name_of(trend.key)
    first, last = trend.points[0], trend.points[-1]
    count = len(trend.points)
    head = f"{name} of {trend.folder}: {count} build{'s' if count > 1 else ''}, {len(found)} change"
    head += "" if len(found) == 1 else "s"
    value = f"{last[1].mark}{number(last[1].value)} in the newest, {_when(last[0])}"
    if not found:
        return [Text(head, "bold"), Text(f"{value}; as it was in the oldest, {_when(first[0])}")]
    known = commits(root, [new[0].revision.commit for _, new in found[-SHOWN:]])
    table = _table("when", "build", name, "change", "by")
    for (old_line, old), (new_line, new) in found[-SHOWN:][::-1]:
        change = new.value - old.value
        why = "; ".join(
            [change_words(old_line.revision, new_line.revision, known), *_why(history, trend, old_line, new_line)]
        )
        share = share_words(old.value, change).removeprefix(", ")
        table.add_row(
            _when(new_line),
            new_line.name[-8:],
            Text(f"{new.mark}{number(new.value)}", justify="right"),
            Text(f"{signed(change)}{f' ({share})' if share else ''}", justify="right"),
            why,
        )
    lines: list[RenderableType] = [Text(head, "bold"), Text(value), "", table]
    if len(found) > SHOWN:
        lines.append(Text(f"… and {len(found) - SHOWN} older changes; --json has all of them"))
    return lines


def _why(history: History, trend: Trend, before: Line, after: Line) -> list[str]:
    """Return what the two entries tell of a cause; nothing if one of them is gone meanwhile."""
    try:
        sides = of_entry(history.read(before.name)), of_entry(history.read(after.name))
    except ReportError:
        return []
    return list(reasons(trend.key[0], *sides))


def builds_page(index: Index, folder: str) -> list[RenderableType]:
    """Return the newest builds of a folder for a terminal. Raises SideError if there is none."""
    lines = index.builds(folder)
    if not lines:
        raise SideError(f"no build of {folder} is in the history yet", "'doit build' adds one")
    shown = lines[-SHOWN:]
    columns = []
    for names in _COLUMNS:
        for name in names:
            amounts = {line.name: one for line, one in index.trend(folder, key_of(name))}
            if any(line.name in amounts for line in shown):
                columns.append((name, amounts))
                break
    table = _table("when", "build", "commit", "outcome", *(name for name, _ in columns))
    for line in shown[::-1]:
        cells = [_cell(amounts.get(line.name)) for _, amounts in columns]
        table.add_row(_when(line), line.name[-8:], line.revision.short, line.outcome, *cells)
    head = f"{folder}: {len(lines)} build{'s' if len(lines) > 1 else ''} in the history"
    note = "+ after a commit: files differed from it. 'doit history VALUE' shows when a value changed, and by what."
    return [Text(head, "bold"), table, Text(note)]


def _cell(amount: Amount | None) -> Text:
    return Text("-" if amount is None else f"{amount.mark}{number(amount.value)}", justify="right")


def _when(line: Line) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(line.began_s))


def _table(*heads: str) -> Table:
    return Folding(*heads, left=heads)
