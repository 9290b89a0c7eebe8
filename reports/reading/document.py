"""Read JSON documents from tools, with the checks that files from outside need.

`json.loads` alone is not enough: it accepts NaN, and fails with a plain ValueError on a number of 5,000 digits and with
a RecursionError on 10,000 brackets.
"""

from __future__ import annotations

import json
import math
from typing import Any

from reports.reading.errors import EmptyReportError, TruncatedReportError, UnknownLayoutError, WrongKindError

Json = Any


def read_json(text: str, file: str, line: int = 1) -> Json:
    """Return the document in `text`, which starts at line `line` of `file`.

    Raises EmptyReportError, TruncatedReportError if the text ends within the document, WrongKindError if it is not
    JSON, and UnknownLayoutError for NaN, huge numbers or too many levels.
    """
    if not text.strip():
        raise EmptyReportError(file, None, "the file is empty", "run the tool that writes it again")
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_constant)
    except json.JSONDecodeError as error:
        at = line + error.lineno - 1
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise TruncatedReportError(file, at, "the JSON document ends too early", "the file was cut off") from None
        raise WrongKindError(file, at, f"this is not JSON ({error.msg})", "expected a JSON document") from None
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"holds {error}"
        raise UnknownLayoutError(file, line, f"the JSON document {what}", "no tool writes this") from None


def _constant(name: str) -> float:
    # Python's reader accepts NaN and Infinity. They are not JSON, and no tool here writes them.
    raise ValueError(f"the word {name}")


class Record:
    """An object of a document, with its file and its path (`modules.top`) for messages."""

    def __init__(self, value: Json, file: str, place: str = "", line: int | None = None) -> None:
        if not isinstance(value, dict):
            what = f"{place or 'the document'} is a {_kind(value)}"
            raise UnknownLayoutError(file, line, what, "expected an object")
        self.value: dict[str, Json] = value
        self.file = file
        self.place = place
        self.line = line

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def record(self, key: str) -> Record:
        """Return the object under `key`. Raises UnknownLayoutError if it is not an object."""
        return Record(self._needed(key), self.file, self._name(key), self.line)

    def records(self) -> dict[str, Record]:
        """Return all members as objects. Raises UnknownLayoutError if one is not an object."""
        return {key: Record(value, self.file, self._name(key), self.line) for key, value in self.value.items()}

    def items(self, key: str) -> list[Json]:
        """Return the list under `key`; empty if absent. Raises UnknownLayoutError."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return value

    def text(self, key: str) -> str:
        """Return the text under `key`. Raises UnknownLayoutError."""
        value = self._needed(key)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def maybe_text(self, key: str) -> str | None:
        """Return the text under `key`; None if absent or blank. Raises UnknownLayoutError."""
        return (self.text(key) or None) if self.value.get(key) is not None else None

    def number(self, key: str) -> float:
        """Return the number under `key`. Raises UnknownLayoutError."""
        value = self._needed(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, "a number")
        try:
            found = float(value)
        except OverflowError:
            raise self.wrong(key, "a number that a computer can hold") from None
        if not math.isfinite(found):
            raise self.wrong(key, "a finite number")
        return found

    def maybe_number(self, key: str) -> float | None:
        """Return the number under `key`; None if absent. Raises UnknownLayoutError."""
        return self.number(key) if self.value.get(key) is not None else None

    def count(self, key: str) -> int:
        """Return the whole number under `key`. Raises UnknownLayoutError."""
        value = self._needed(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "a whole number")
        return value

    def maybe_count(self, key: str) -> int | None:
        """Return the whole number under `key`; None if absent. Raises UnknownLayoutError."""
        return self.count(key) if self.value.get(key) is not None else None

    def wrong(self, key: str, wanted: str) -> UnknownLayoutError:
        """Make the error for a member that is not `wanted`."""
        what = f"'{self._name(key)}' is a {_kind(self.value.get(key))}"
        return UnknownLayoutError(self.file, self.line, what, f"expected {wanted}")

    def _needed(self, key: str) -> Json:
        if key not in self.value:
            what = f"no member '{self._name(key)}'"
            raise UnknownLayoutError(self.file, self.line, what, "expected it in this kind of file")
        return self.value[key]

    def _name(self, key: str) -> str:
        return (f"{self.place}.{key}" if self.place else key)[:120]


def _kind(value: Json) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "truth value", int: "number", float: "number"}
    return names.get(type(value), "null")
