"""Find the lines of a large text that contain certain words, without splitting it, because a search is faster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Line = tuple[int, int]
"""Begin and end of a line in a text; the newline is excluded."""


def lines_with(text: str, words: Iterable[str]) -> list[Line]:
    """Return the lines that contain one of the words, in order. Every line contains the empty word."""
    return sorted({line for word in words for line in lines_holding(text, word)})


def lines_holding(text: str, word: str) -> Iterator[Line]:
    """Return the lines that hold a word, in their order; the empty word is in all of them."""
    if "\n" in word:
        return
    at = text.find(word)
    while at >= 0:
        line = _line_at(text, at)
        yield line
        at = text.find(word, line[1] + 1) if line[1] < len(text) else -1


def lines_matching(text: str, pattern: re.Pattern[str]) -> Iterator[Line]:
    """Return the lines that contain a match of `pattern`, in order. The pattern must not match a newline."""
    found = pattern.search(text)
    while found is not None:
        line = _line_at(text, found.start())
        yield line
        found = pattern.search(text, line[1])


def _line_at(text: str, at: int) -> Line:
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


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
