"""A mistake in the user's input: what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable

from config.frozen import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake. `line` counts from 1; it is None if there is no line (a command line, a missing file)."""

    file: str
    line: int | None
    what: str
    remedy: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.what}; {self.remedy}"


class ConfigError(Exception):
    """All problems of a configuration; the text has one line per problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects mistakes, so that a user sees all of them at once instead of one per attempt."""

    def __init__(self) -> None:
        self._items: list[Problem] = []

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> tuple[Problem, ...]:
        """All problems so far, sorted by file in order of appearance, then by line."""
        files = list(dict.fromkeys(problem.file for problem in self._items))
        return tuple(sorted(self._items, key=lambda problem: (files.index(problem.file), problem.line or 0)))

    def add(self, file: str, line: int | None, what: str, remedy: str) -> None:
        """Record one problem. Exact repetitions are dropped, because an alias is read again for every use."""
        problem = Problem(file, line, what, remedy)
        if problem not in self._items:
            self._items.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Record problems that were collected elsewhere."""
        for problem in problems:
            self.add(problem.file, problem.line, problem.what, problem.remedy)

    def raise_if_any(self) -> None:
        """Raise ConfigError with all problems, if there are any."""
        if self._items:
            raise ConfigError(self.items)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the remedy for an unknown `word`: the nearest known word, or the list of all known words."""
    names = sorted(known)
    if not names:
        return "remove it"
    # The last part of a dotted key ("slots" for "farm.slots") is close in meaning but not in letters.
    close = nearest(word, names) or next((name for name in names if name.rpartition(".")[2] == word), "")
    return f"did you mean '{close}'?" if close else f"known: {', '.join(names)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is nearest to one that was perhaps mistyped; empty if none is near."""
    import difflib  # noqa: PLC0415 - slow to load, and for errors only

    return next(iter(difflib.get_close_matches(word, known, n=1)), "")
