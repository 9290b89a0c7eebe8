"""Tcl files with placeholders: `@core` or `@{core}_top` within a line, or a line `@{sources}` for any number of lines.

Editors and Tcl tools can still read the files, because `@` has no meaning in Tcl. `$` keeps its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

# Do not resolve links: a step's program must read the files in its scratch folder, never those of the checkout.
_ROOT = Path(__file__).parents[3]
Values = Mapping[str, str | int | Sequence[str]]
_PLACE = re.compile(r"@(?:\{(\w+)\}|(\w+))")


@cache
def read(file: str) -> str:
    """Read a file by its path in the checkout. A step that does so at run time must have it as a File input."""
    return (_ROOT / file).read_text("utf-8")


def render(file: str, values: Values) -> str:
    """Render a file with its values as one text; see `rendered_lines`."""
    return "\n".join(rendered_lines(file, values)) + "\n"


def rendered_lines(file: str, values: Values) -> list[str]:
    """Render the lines of a file with its values.

    Args:
        file: Path of the file in the checkout.
        values: Values by name. A list replaces a placeholder that is a whole line by its lines (an empty list removes
            it); any other value replaces placeholders within lines.

    Raises:
        ValueError: A placeholder has no value, or a value no placeholder.
    """
    text = read(file)
    named = {braced or plain for braced, plain in _PLACE.findall(text)}
    if wrong := sorted(named ^ values.keys()):
        raise ValueError(f"{file}: values and placeholders do not match: {', '.join(wrong)}")
    lines: list[str] = []
    for line in text.splitlines():
        place = _PLACE.fullmatch(line)
        value = values[place[1] or place[2]] if place else ""
        if isinstance(value, list | tuple):
            lines += value
        else:
            lines.append(_PLACE.sub(lambda found: str(values[found[1] or found[2]]), line))
    return lines
