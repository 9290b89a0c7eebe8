"""A rule of the redaction, and what it leaves in the place of what it hides."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

HOME = "<home>"
HIDDEN = "<redacted>"
TOKEN = "<token>"  # noqa: S105 - what stands in its place
ADDRESS = "<address>"
LICENCE_SERVER = "<licence server>"
HOST = "<host>"
KEY = "<redacted private key>"

#: Nothing of ours follows, also not behind blanks and quotes: redacting twice changes nothing.
NOT_OURS = r"(?![\s\\\"']{0,8}<(?:redacted|home|token|address|host|user|licence server|redacted private key)>)"


def words(text: str) -> frozenset[str]:
    """Return the words of a text that blanks separate."""
    return frozenset(text.split())


@dataclass(frozen=True)
class Rule:
    """Hides one kind of private text in a line.

    `hide` returns the line without it, and is tried on lines that hold one of `words` (in small letters) or in which
    one of `looks` is found: a log has 100 MB, and searching all of it for a word, or for a pattern that begins with one
    character, takes less than trying patterns on each line.
    """

    hide: Callable[[str], str]
    words: tuple[str, ...]
    looks: tuple[re.Pattern[str], ...] = ()


def replacing(
    pattern: str | re.Pattern[str],
    replacement: str | Callable[[re.Match[str]], str],
    *words: str,
    looks: tuple[re.Pattern[str], ...] = (),
) -> Rule:
    """Return the rule that replaces a pattern wherever it stands; a text as replacement is taken as it is."""
    compiled = re.compile(pattern) if isinstance(pattern, str) else pattern
    put = replacement if callable(replacement) else lambda _: replacement
    return Rule(lambda line: compiled.sub(put, line), words, looks)


def keeping(*names: str) -> Callable[[re.Match[str]], str]:
    """Return a replacement that keeps the named groups and hides the rest."""
    return lambda found: "".join(found[name] or "" for name in names) + HIDDEN
