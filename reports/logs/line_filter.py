"""Find the lines of a large text that contain certain words, without splitting it, because a search is faster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

Line = tuple[int, int]
"""Begin and end of a line in a text; the newline is excluded."""


def lines_with(text: str, words: Iterable[str]) -> list[Line]:
    """Return the lines that contain one of the words, in order. Every line contains the empty word."""
    return sorted({line for word in words for line in lines_holding(text, word)})


def lines_holding(text: str, word: str) -> Iterator[Line]:
    """Return the lines that hold a word, in their order; the empty word is in all of them."""
    return (line_to(text, end) for end in ends_holding(text, word))


def lines_matching(text: str, pattern: re.Pattern[str]) -> Iterator[Line]:
    """Return the lines that contain a match of `pattern`, in order. The pattern must not match a newline."""
    return (line_to(text, end) for end in ends_matching(text, pattern))


def ends_holding(text: str, word: str) -> list[int]:
    """Return where the lines end that hold a word. A text in which each line holds one has many of them."""
    ends: list[int] = []
    at = -1 if "\n" in word else text.find(word)
    while at >= 0:
        end = text.find("\n", at)
        if end < 0:
            ends.append(len(text))
            break
        ends.append(end)
        at = text.find(word, end + 1)
    return ends


def ends_matching(text: str, pattern: re.Pattern[str]) -> Iterator[int]:
    """Return where the lines end that contain a match of `pattern`. The pattern must not match a newline."""
    found = pattern.search(text)
    while found is not None:
        end = text.find("\n", found.start())
        end = len(text) if end < 0 else end
        yield end
        found = pattern.search(text, end)


def line_to(text: str, end: int) -> Line:
    """Return the line that ends at a place."""
    return text.rfind("\n", 0, end) + 1, end


@lru_cache(maxsize=1)
def small(text: str) -> str:
    """Return a text in small letters, each in its place; also letters that are equal to others but for their case."""
    return text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s").lower()


def with_lines(text: str, lines: Iterable[tuple[Line, str]]) -> str:
    """Return a text with other words in some of its lines."""
    pieces: list[str] = []
    done = 0
    for (begin, end), line in lines:
        if line == text[begin:end]:
            continue
        pieces += (text[done:begin], line)
        done = end
    return "".join((*pieces, text[done:])) if pieces else text
