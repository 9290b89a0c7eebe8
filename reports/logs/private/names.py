"""Users and hosts that a log names in one place, hidden in all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.logs.line_filter import Line, lines_with
from reports.logs.private.rule import HIDDEN, words

#: Names of accounts that are words too: hidden where they stand as a user, and nowhere else.
_COMMON = words(
    "admin administrator build centos data debian default desktop documents downloads guest home jenkins "
    "localhost project projects public root runner scripts test tests tool tools ubuntu user users vitis "
    "vivado work xilinx"
)
_LONGEST = 100
_FEW = 64
_MOST = 20_000
_RUN = re.compile("[A-Za-z0-9]+")


class Names:
    """Names to hide as whole words. Short ones and words of every log are left out."""

    def __init__(self, names: Iterable[str]) -> None:
        usable = {name for name in names if 3 < len(name) <= _LONGEST and "\n" not in name}
        self._names = sorted(
            (name for name in usable if name.lower() not in _COMMON), key=lambda name: (-len(name), name)
        )[:_MOST]
        alternatives = "|".join(map(re.escape, self._names[:_FEW]))
        self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![A-Za-z0-9])") if self._names else None
        # By the first run of letters of a name, where it begins before that, and the lengths of such names: as many
        # names as a hostile log holds take no longer than few.
        self._index: dict[str, set[tuple[int, int]]] = {}
        self._known = frozenset(self._names)
        for name in self._names if len(self._names) > _FEW else ():
            run = _RUN.search(name)
            if run is not None:
                self._index.setdefault(run[0], set()).add((run.start(), len(name)))

    def hide(self, line: str) -> str:
        """Return a line without the names."""
        if self._pattern is None:
            return line
        return self._by_index(line) if self._index else self._pattern.sub(HIDDEN, line)

    def lines(self, text: str) -> list[Line]:
        """Return the lines of a text that may hold one of the names."""
        if not self._index:
            return lines_with(text, self._names)
        runs = self._index.keys() & set(_RUN.findall(text))
        return lines_with(text, runs if len(runs) <= _FEW else ("",)) if runs else []

    def _by_index(self, line: str) -> str:
        if self._index.keys().isdisjoint(_RUN.findall(line)):
            return line
        pieces: list[str] = []
        done = 0
        for run in _RUN.finditer(line):
            for before, length in sorted(self._index.get(run[0], ()), key=lambda place: -place[1]):
                begin = run.start() - before
                end = begin + length
                if begin >= done and line[begin:end] in self._known and _is_whole(line, begin, end):
                    pieces += (line[done:begin], HIDDEN)
                    done = end
                    break
        return "".join((*pieces, line[done:])) if pieces else line


def _is_whole(line: str, begin: int, end: int) -> bool:
    before, after = line[max(begin - 1, 0) : begin], line[end : end + 1]
    return not (_RUN.match(before) or _RUN.match(after))
