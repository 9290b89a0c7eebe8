"""The console for output: a terminal, a file or a pipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

from config import output

#: A cell that is a number with its mark, its sign and its share (`~31,299 (9 %)`), or that has none.
_NUMBER = re.compile(r"[~!<>]?[-+]?[\d.,]*(?: \(?[-+]?[\d.,]+ ?%\)?)?|[?-]")
#: A word that is a number, with marks and brackets.
_NUMBER_WORD = re.compile(r"\W*\d[\d.,]*\W*")
#: Narrower columns of words are not readable.
_LEAST_WORDS = 6
_WORD_END = re.compile(r" |(?<=[._])")
PIPED_WIDTH = 160
"""Columns of the output if it is not a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that does not colour words by itself and does not interpret brackets as markup."""
    made = output.console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = max(made.width, PIPED_WIDTH)  # a file or a pipe needs no narrow columns
    return made


class Folding(Table):
    """A table whose words are folded on a narrow terminal, and whose numbers are not: a folded one is read as two.

    Where even that has too little room, each row is a block of lines, a cell a line behind the head of its column.
    """

    def __init__(self, *heads: str, left: tuple[str, ...] = (), **options: Any) -> None:
        """Numbers are right-aligned, the columns `left` are not."""
        super().__init__(header_style="dim", box=None, pad_edge=False, **options)
        self._heads = heads
        for head in heads:
            self.add_column(Text(head), justify="left" if head in left else "right", overflow="fold", no_wrap=True)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row. A column with a cell of words folds from now on."""
        for column, cell in zip(self.columns, cells, strict=False):
            column.no_wrap = column.no_wrap and _NUMBER.fullmatch(str(cell)) is not None
        super().add_row(*cells, **options)

    def __rich_console__(self, shown_on: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out; where there is too little room, the heads of numbers have a line for each word.

        Every column gets its width here: rich would cut columns that may not fold, without a word.
        """
        room = options.max_width - self._gap() * (len(self.columns) - 1)
        for column, head in zip(self.columns, self._heads, strict=True):
            column.header, column.width = Text(head), None
        if sum(map(_widest, self.columns)) > room:
            for column in self.columns:
                if column.no_wrap:
                    column.header = Text(_WORD_END.sub("\n", str(column.header)))
            least = [_widest(column) if column.no_wrap else _least(column) for column in self.columns]
            if sum(least) > room:
                yield from self._blocks(options.max_width)
                return
            for column, width in zip(self.columns, _shared(room, least, self.columns), strict=True):
                column.width = width
        yield from super().__rich_console__(shown_on, options)

    def _gap(self) -> int:
        """Return the columns of the terminal between two columns of the table."""
        _, right, _, left = self.padding
        return max(left, right) if self.collapse_padding else left + right

    def _blocks(self, width: int) -> Iterator[Text]:
        """Give the title, and for each row a line for each cell; a cell without room behind its head is below it."""
        if self.title:
            yield Text(str(self.title), self.title_style or "", overflow="fold")
        cells = [[str(cell) for cell in column.cells] for column in self.columns]
        for row in zip(*cells, strict=True) if self.rows else [("",) * len(cells)]:
            for place, (head, cell) in enumerate(zip(self._heads, row, strict=True)):
                indent = "  " if place else ""
                line = f"{indent}{head}: {cell}".rstrip() if head else f"{indent}{cell}"
                if cell_len(line) > width and head:
                    yield Text(f"{indent}{head}:", overflow="fold")
                    line = cell
                yield Text(line, overflow="fold")


def _widest(column: Column) -> int:
    """Return the width that shows each line of a column as one line."""
    return max(cell_len(line) for text in (column.header, *column.cells) for line in str(text).split("\n"))


def _least(column: Column) -> int:
    """Return the width of a column of words below which it cannot be read, or a number in it would be folded."""
    numbers = [cell_len(word) for cell in column.cells for word in str(cell).split() if _NUMBER_WORD.fullmatch(word)]
    return max([min(_widest(column), _LEAST_WORDS), *numbers])


def _shared(room: int, least: list[int], columns: list[Column]) -> list[int]:
    """Return widths that fill the room: the widest columns are narrowed first, to no less than their least."""
    widest = [_widest(column) for column in columns]
    widths = least
    for level in range(1, max(widest) + 1):
        wider = [max(low, min(high, level)) for low, high in zip(least, widest, strict=True)]
        if sum(wider) > room:
            break
        widths = wider
    return widths


def empty_table(title: str, *heads: str, left: tuple[str, ...] = ()) -> Table:
    """Return an empty table. Numbers are right-aligned. Nothing is cut at any width: see Folding."""
    return Folding(*heads, left=left, title=title, title_justify="left", title_style="bold", collapse_padding=True)
