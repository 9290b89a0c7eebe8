"""The terminal, or the file or pipe in its place."""

from __future__ import annotations

from rich.console import Console

from config import output

PIPED_WIDTH = 160
"""Columns where there is no terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither guesses colours from words nor reads markup from file names."""
    made = output.console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = max(made.width, PIPED_WIDTH)  # a file or a pipe has no edge at which to cut columns
    return made
