"""Writes the reference: the errors in it are those that the reader gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from blocks.layers.base import Key
from blocks.layers.reader import NOT_SUPPORTED, NOT_SUPPORTED_KEYS
from blocks.reference.samples import Place, lines_of, problems, text_of, with_value
from blocks.reference.tables import TABLES, Table
from config.problem import Problem

HEAD = """\
# The network file: every key

`python -m blocks.reference > docs/network_file.md` writes this page from the reader of network files, and a test holds
both equal. The errors are those that the reader gives for the wrong values shown. What the keys do is in
[network.md](network.md).

Every mistake is reported with file and line, all of a file at once: `mine.yaml:17: 'pe' is 0; give at least 1`. The
tables show what comes after the line.

* A key without a default is required. Without it the error is `'KEY' is missing; add 'KEY:'`.
* A key that stands in no table is refused: `unknown key 'KEY'`, with the closest name that is known.
* A value of another type is refused: `'KEY' must be a whole number, found the text 'x'; give a whole number`.
"""


def wrong_values(table: Table, key: Key) -> list[Any]:
    """Values that the key is refused for: just outside its limits, of another type, and those of the table."""
    found: list[Any] = []
    if key.form == "integer":
        found += [max(key.choices) + 1] if key.choices else []
        found += [] if key.minimum is None else [key.minimum - 1]
        found += [] if key.maximum is None else [key.maximum + 1]
    elif key.form == "size":
        found += [0, [1, key.maximum + 1], [1, 2, 3]] if key.maximum else []
    else:
        found += {
            "text": ["nosuch"] if key.choices else [["x"]],
            "flag": ["maybe"],
            "number": [-1],
            "pad": [[1], [-1, 0, 0, 0]],
            "texts": ["x"],
            "mapping": [3],
            "list": [3],
            "pair": [],
        }[key.form]
    return [*found, *table.wrong.get(key.name, ())]


_KNOWN: dict[tuple[Place, str, str], list[Problem]] = {}


def errors(place: Place, key: str, value: Any) -> list[Problem]:
    """What the reader says of a wrong value, at its line."""
    asked = place, key, repr(value)
    if asked not in _KNOWN:
        data = with_value(place, key, value)
        lines = lines_of(text_of(data), place, key)
        _KNOWN[asked] = [each for each in problems(place.sample, data) if each.line in lines]
    return _KNOWN[asked]


def render() -> str:
    """The page."""
    parts = [HEAD, *(_part(table) for table in TABLES), "## Not supported\n\n" + "\n".join(_not_supported())]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _part(table: Table) -> str:
    about = f"{table.about}\n\n" if table.about else ""
    return f"## {table.title}\n\n{about}" + "\n".join(rows(table))


def rows(table: Table) -> Iterator[str]:
    """The lines of a table, its head first."""
    yield "| key | meaning | range | default | a wrong value, and its error |"
    yield "|---|---|---|---|---|"
    for key in table.keys:
        told = "<br>".join(_told(table.places[0], key.name, value) for value in wrong_values(table, key))
        cells = (f"`{key.name}`", key.about, _range(key), key.otherwise or _default(key), told)
        # Nothing that a cell holds may end it, or its row.
        yield "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _told(place: Place, key: str, value: Any) -> str:
    problem = errors(place, key, value)[0]
    return f"`{_plain(value)}`: {problem.what}; {problem.remedy}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) + "}"
    return str(value).replace("'", "")


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.form == "flag":
        return str(key.default).lower()
    if key.form == "pad":
        return str(list(key.default))
    return "none" if key.default is None else f"`{key.default}`"


def _range(key: Key) -> str:
    if key.choices:
        return ", ".join(f"`{each}`" for each in key.choices)
    if key.form == "integer":
        least = f"{key.minimum:,}"
        return f"at least {least}" if key.maximum is None else f"{least} to {key.maximum:,}"
    if key.form == "size":
        return f"{key.minimum:,} to {key.maximum:,}, or two as `[rows, columns]`"
    return {
        "flag": "`true`, `false`",
        "number": "a number from 0",
        "pad": "four whole numbers from 0",
        "pair": "two whole numbers",
        "texts": "a list of texts",
        "mapping": "a mapping of keys",
        "list": "a list of mappings",
        "text": "text",
    }[key.form]


def _not_supported() -> Iterator[str]:
    yield "| in a layer | its error |"
    yield "|---|---|"
    for key, (what, remedy) in NOT_SUPPORTED_KEYS.items():
        yield f"| `{key}: 2` (1 is taken) | not supported: {what} ({key}: 2); {remedy} |"
    for kind, remedy in NOT_SUPPORTED.items():
        yield f"| `type: {kind}` | not supported: {kind}; {remedy} |"
