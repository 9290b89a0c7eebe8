"""The console for output: a terminal, a file or a pipe."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from config import output

PIPED_WIDTH = 160
"""Columns of the output if it is not a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that does not colour words by itself and does not interpret brackets as markup."""
    made = output.console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = max(made.width, PIPED_WIDTH)  # a file or a pipe needs no narrow columns
    return made


def empty_table(title: str, *heads: str, left: tuple[str, ...] = ()) -> Table:
    """Return an empty table. Numbers are right-aligned. No column is cut; on a narrow terminal words are folded."""
    shown = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim",
        box=None, pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    for head in heads:
        shown.add_column(head, justify="left" if head in left else "right", overflow="fold")
    return shown
