"""Values of documents that somebody else may have written. Each has its type and is within its bounds, or is refused.

Every function returns a value that it accepts, and raises SchemaError for any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any, NoReturn, TypeVar

Value = TypeVar("Value")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DEPTH = 50
_TEXT = 1 << 16
_MANY = 20_000
_PATH_BYTES, _NAME_BYTES = 4_000, 255
#: No file is larger (256 TiB), and no run lasts longer, nor is any clock later, in seconds.
SIZE_BYTES, SECONDS = 1 << 48, 1 << 48
_PERMISSIONS = 0o755


class SchemaError(ValueError):
    """A document that does not follow its schema."""


def document(content: bytes | str) -> Any:
    """Return the value of a JSON text with at most 50 levels and without NaN and Infinity."""
    try:
        text = content.decode() if isinstance(content, bytes) else content
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise SchemaError("is no JSON") from None
    return shallow(text, found)


def shallow(text: str, found: Value) -> Value:
    """Return the value of a JSON text, refused if it has more than 50 levels: it could not be written again."""
    # Each level has a bracket, so few brackets need no second look.
    if text.count("[") + text.count("{") > _DEPTH and _is_deep(found):
        raise SchemaError("is nested too deeply")
    return found


def fields(value: Any, *names: str, optional: Collection[str] = ()) -> dict[str, Any]:
    """Return a table that has these keys and, but for the optional ones, no others."""
    if not isinstance(value, dict) or value.keys() - set(optional) != set(names):
        raise SchemaError("has other fields")
    return value


def table(value: Any, key: Callable[[Any], str], item: Callable[[Any], Value], most: int = _MANY) -> dict[str, Value]:
    """Return a table of at most so many rows, each key and each item checked."""
    if not isinstance(value, dict) or len(value) > most:
        raise SchemaError("is no table, or is too long")
    return {key(name): item(inner) for name, inner in value.items()}


def words(value: Any) -> dict[str, str]:
    """Return a table of texts by texts.

    A build without work reads thousands; looking at all of them as one text takes a tenth of the time.
    """
    if isinstance(value, dict) and all(type(item) is str for item in value.values()):
        whole = "".join((*value, *value.values()))
        if len(whole) <= _TEXT and len(value) <= _MANY and whole.isascii() and "\0" not in whole:
            return dict(value)
    return table(value, text, text)


def texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts."""
    return tuple(text(item) for item in items(value))


def items(value: Any) -> list[Any]:
    """Return a list of at most 20,000 values."""
    if not isinstance(value, list) or len(value) > _MANY:
        raise SchemaError("is no list, or is too long")
    return value


def text(value: Any, most: int = _TEXT) -> str:
    """Return a text that can be written as UTF-8, without NUL, of at most so many characters."""
    if not isinstance(value, str) or len(value) > most or "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise SchemaError("is no text, or is too long")
    return value


def name(value: Any) -> str:
    """Return the name of a step or a task: something that can be printed."""
    if not text(value, _NAME_BYTES).isprintable() or not value:
        raise SchemaError("is no name")
    return str(value)


def sha256(value: Any) -> str:
    """Return a digest: 64 lower-case hexadecimal digits."""
    if not is_sha256(value):
        raise SchemaError("is no SHA-256 digest")
    return str(value)


def is_sha256(value: Any) -> bool:
    """Tell whether a value is the text of a digest."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def path(value: Any) -> str:
    """Return a path that stays below the folder that it starts from, whatever that is."""
    names = text(value, _PATH_BYTES).split("/")
    long = len(value) > _NAME_BYTES // 4 and any(len(part.encode()) > _NAME_BYTES for part in names)
    if long or not {"", ".", ".."}.isdisjoint(names):
        raise SchemaError("is no path inside a folder")
    return str(value)


def count(value: Any, most: int = SIZE_BYTES) -> int:
    """Return a whole number from 0 to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise SchemaError("is no number within its bounds")
    return value


def amount(value: Any, most: float = SECONDS) -> float:
    """Return a number from 0 to `most`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise SchemaError("is no number within its bounds")
    return float(value)


def mode(value: Any) -> int:
    """Return permission bits within rwxr-xr-x: nothing that others may write, and no set-user-id."""
    if count(value, _PERMISSIONS) & ~_PERMISSIONS:
        raise SchemaError("has permissions beyond 0755")
    return int(value)


def one_of(value: Any, known: Collection[Value]) -> Value:
    """Return one of the known values."""
    for one in known:
        if type(value) is type(one) and value == one:
            return one
    raise SchemaError("is no known value")


def _is_unicode(value: str) -> bool:
    # JSON allows half a surrogate pair, which can neither be printed nor be part of a path.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(word: str) -> NoReturn:
    raise SchemaError(f"{word} is no number")


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True
