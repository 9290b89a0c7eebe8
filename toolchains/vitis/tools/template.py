"""Tcl files with places for values: `@core` or `@{core}_top` in a line, a line `@{sources}` for any number of lines.

The files stay Tcl that editors and Tcl tools read: `@` has no meaning in it, and `$` is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

# Not resolved: a step's program reads the copies in its scratch folder, never the checkout's.
_ROOT = Path(__file__).parents[3]
Values = Mapping[str, str | int | Sequence[str]]
_PLACE = re.compile(r"@(?:\{(\w+)\}|(\w+))")


@cache
def read(file: str) -> str:
    """A file by its path in the checkout; a step that reads it at run time has it as a File input."""
    return (_ROOT / file).read_text("utf-8")


def render(file: str, values: Values) -> str:
    """The text of a file with its values, as `rendered_lines` says."""
    return "\n".join(rendered_lines(file, values)) + "\n"


def rendered_lines(file: str, values: Values) -> list[str]:
    """The lines of a file with its values.

    Args:
        file: Its path in the checkout.
        values: By name. A list stands for whole lines, an empty one for none; anything else stands within a line.

    Raises:
        ValueError: the file names a value that is not given, or does not name one that is.
    """
    text = read(file)
    named = {braced or plain for braced, plain in _PLACE.findall(text)}
    if wrong := sorted(named ^ values.keys()):
        raise ValueError(f"{file}: values without a place, or places without a value: {', '.join(wrong)}")
    lines: list[str] = []
    for line in text.splitlines():
        place = _PLACE.fullmatch(line)
        value = values[place[1] or place[2]] if place else ""
        if isinstance(value, list | tuple):
            lines += value
        else:
            lines.append(_PLACE.sub(lambda found: str(values[found[1] or found[2]]), line))
    return lines
