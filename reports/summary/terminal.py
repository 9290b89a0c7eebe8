"""The console for output: a terminal, a file or a pipe."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from config import output

#: A cell that is a number with its mark, its sign and its share (`~31,299 (9 %)`), or that has none.
_NUMBER = re.compile(r"[~!<>]?[-+]?[\d.,]*(?: \(?[-+]?[\d.,]+ ?%\)?)?|[?-]")
_WORD_END = re.compile(r" |(?<=[._])")
_ANY_WIDTH = 10_000
PIPED_WIDTH = 160
"""Columns of the output if it is not a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that does not colour words by itself and does not interpret brackets as markup."""
    made = output.console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = max(made.width, PIPED_WIDTH)  # a file or a pipe needs no narrow columns
    return made


class Folding(Table):
    """A table whose words are folded on a narrow terminal, and whose numbers are not: a folded one is read as two."""

    def __init__(self, *heads: str, left: tuple[str, ...] = (), **options: Any) -> None:
        """Numbers are right-aligned, the columns `left` are not."""
        super().__init__(header_style="dim", box=None, pad_edge=False, **options)
        for head in heads:
            self.add_column(Text(head), justify="left" if head in left else "right", overflow="fold", no_wrap=True)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row. A column with a cell of words folds from now on."""
        for column, cell in zip(self.columns, cells, strict=False):
            column.no_wrap = column.no_wrap and _NUMBER.fullmatch(str(cell)) is not None
        super().add_row(*cells, **options)

    def __rich_console__(self, shown_on: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out; where there is too little room, the heads of numbers have a line for each word."""
        if shown_on.measure(self, options=options.update(width=_ANY_WIDTH)).maximum > options.max_width:
            for column in self.columns:
                if column.no_wrap:
                    column.header = Text(_WORD_END.sub("\n", str(column.header)))
        yield from super().__rich_console__(shown_on, options)


def empty_table(title: str, *heads: str, left: tuple[str, ...] = ()) -> Table:
    """Return an empty table. Numbers are right-aligned. No column is cut; on a narrow terminal words are folded."""
    return Folding(*heads, left=left, title=title, title_justify="left", title_style="bold", collapse_padding=True)
