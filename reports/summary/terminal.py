"""The console for output: a terminal, a file or a pipe."""

from __future__ import annotations

from rich.console import Console

from config import output

PIPED_WIDTH = 160
"""Columns of the output if it is not a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that does not colour words by itself and does not interpret brackets as markup."""
    made = output.console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = max(made.width, PIPED_WIDTH)  # a file or a pipe needs no narrow columns
    return made
