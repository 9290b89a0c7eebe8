"""What a farm stores or shows of a log, without what is nobody else's business.

Logs of the tools dump the environment (`link.steps.log`), name the user and the host, and print full paths. Hidden are:
values of variables that hold secrets or describe the session, passwords and tokens, licence servers, addresses, hosts
and host ids, private keys, users and their folders. A user or host that a text names in one place is hidden in all of
it. Colours and UTF-16 hide nothing from the rules. What explains a failure stays: codes, file names and lines
(`<home>/prj/top.v:25`), versions, numbers. Redacting twice changes nothing.

This is a filter for the habits of tools, not a proof: a secret that looks like a word stays a word.

The rules are in `reports/logs/private/`, one file for each sort of secret. `Redactor` works on pieces of a log, so that
a log need not be in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from reports.logs.effort import Effort, hidden_whole
from reports.logs.line_filter import Line, ends_holding, ends_matching, line_to, small, with_lines
from reports.logs.private import addresses, homes, secrets, tokens
from reports.logs.private.invisible import as_it_was, visible
from reports.logs.private.keys import MARK, KeyLines
from reports.logs.private.names import Names
from reports.logs.private.rule import HIDDEN, HOME, Rule

__all__ = ["HIDDEN", "HOME", "Redactor", "log_redactor", "redact", "redact_line", "redact_part"]

RULES: tuple[Rule, ...] = (*secrets.RULES, *tokens.RULES, *addresses.RULES, *homes.RULES)
Tried = int
"""Rules to try on a line, a bit for each in the order of `RULES`; the bit after them: it may set a private variable."""
_VARIABLE = 1 << len(RULES)
_NAMING = (addresses.USER_ON_HOST, homes.IN_PATHS)
"""Rules on whose lines a user or a host may be named."""


def _by_word(rules: Iterable[Rule]) -> dict[str, Tried]:
    """Return the words of rules, each once, with the rules that want it: each word is looked for in all of a text."""
    found: dict[str, Tried] = {}
    for rule in rules:
        for word in rule.words:
            found[word] = found.get(word, 0) | 1 << RULES.index(rule)
    return found


_WORDS = _by_word(RULES) | {"setenv ": _VARIABLE}
_NAMING_WORDS = _by_word(_NAMING) | {"setenv ": _VARIABLE}
_LOOKS = tuple((look, 1 << at) for at, rule in enumerate(RULES) for look in rule.looks)
_IN_PATHS = 1 << RULES.index(homes.IN_PATHS)
_NAMING_LOOKS = tuple((look, rules) for look, rules in _LOOKS if rules == _IN_PATHS)


#: What an Effort gets: at first, and for each character of a log. Real logs need a tenth of it.
_LEARNING, _CLEANING = (10_000.0, 0.06), (30_000.0, 0.2)
_SEARCH, _PLACE, _LONG = 0.03, 1.5, 500


class Redactor:
    """Redacts one log in two passes over it, piece by piece: `learn` from all pieces, then `clean` each in order.

    A piece is a text of whole lines (the last may lack its newline), of any length: a line, some megabytes, all of it.
    Between pieces the redactor keeps the names that it has learnt, and whether it is within a private key. So pieces
    are cleaned in the order of the log, each once. Without the first pass, only what a line alone shows to be private
    goes.

    `names` are hidden everywhere (this machine's name, say), and so is the folder `home`.
    """

    def __init__(self, names: Iterable[str] = (), home: str = "") -> None:
        self._words = {name for name in names if name}
        self._names: Names | None = None
        self._key = KeyLines()
        self._learning, self._cleaning = Effort(*_LEARNING), Effort(*_CLEANING)
        self._home = re.compile(rf"{re.escape(home)}(?![\w.-])") if home else None

    def learn(self, piece: str) -> None:
        """Note the users and hosts that a piece names."""
        plain = visible(piece)
        self._words |= _names_of(plain, self._learning)
        self._learning.next_piece(len(plain))
        self._names = None

    def clean(self, piece: str) -> str:
        """Return the next piece without what is private. A private key becomes one line; all other lines stay lines."""
        if self._names is None:
            self._names = Names(self._words)
        plain = visible(piece)
        if plain == piece and MARK not in plain and not self._key.open:
            return self._without(plain, self._names)
        return self._by_lines(piece, plain, self._names)

    def _by_lines(self, piece: str, plain: str, names: Names) -> str:
        """Clean a piece with keys, colours or UTF-16: a line in which nothing is private stays as it is."""
        ended = plain.endswith("\n")
        shown = plain.split("\n")[:-1] if ended else plain.split("\n")
        kept = [(at, text) for at, line in enumerate(shown) if (text := self._key.take(line)) is not None]
        clean = self._without("\n".join(text for _, text in kept), names).split("\n") if kept else []
        before = piece.split("\n")
        lines = [
            before[at] if text == shown[at] else as_it_was(before[at], text)
            for (at, _), text in zip(kept, clean, strict=True)
        ]
        return "".join(f"{line}\n" for line in lines) + before[-1] if ended else "\n".join(lines)

    def _without(self, text: str, names: Names) -> str:
        if self._home is not None:
            text = self._home.sub(HOME, text)
        clean = with_lines(text, self._by_rules(text))
        self._cleaning.next_piece(len(text))
        return with_lines(clean, self._by_names(clean, names))

    def _by_rules(self, text: str) -> Iterator[tuple[Line, str]]:
        for (begin, end), tried in suspicious_lines(text):
            line = text[begin:end]
            affords = self._cleaning.affords(end, _work(line, tried))
            yield (begin, end), _apply(line, tried) if affords else hidden_whole(line)

    def _by_names(self, clean: str, names: Names) -> Iterator[tuple[Line, str]]:
        for begin, end in names.lines(clean):
            line = clean[begin:end]
            affords = self._cleaning.affords(0, 2 + len(line) * _SEARCH)
            yield (begin, end), names.hide(line) if affords else hidden_whole(line)


def redact(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without what is private; a private key is left out whole."""
    redactor = Redactor(names)
    redactor.learn(text)
    return redactor.clean(text)


def log_redactor(names: Iterable[str] = ()) -> Redactor:
    """Return the redactor of a log. The folder of the user who runs this is hidden wherever it lies.

    Other users' folders are known by their place.
    """
    home = Path.home()
    return Redactor(names, str(home) if len(home.parts) > 2 else "")


def redact_part(text: str, log: str) -> str:
    """Return a part of a log without what is private: also the users and hosts that the rest of the log names."""
    redactor = log_redactor(() if text == log else _names_of_log(log))
    redactor.learn(text)
    return redactor.clean(text)


def redact_line(line: str) -> str:
    """Return one line without what it alone shows to be private."""
    plain = visible(line)
    clean = _apply(plain, _rules_for(plain))
    return line if clean == plain else as_it_was(line, clean)


def suspicious_lines(
    text: str,
    words: Mapping[str, Tried] = _WORDS,
    looks: Sequence[tuple[re.Pattern[str], Tried]] = _LOOKS,
    variables: Callable[[str], Iterable[int]] = secrets.ends_of_private_variables,
) -> list[tuple[Line, Tried]]:
    """Return the lines in which a rule may find something, in their order, with the rules to try."""
    lower = small(text)
    found: dict[int, Tried] = {}
    for word, rules in words.items():
        for end in ends_holding(lower, word):
            found[end] = found.get(end, 0) | rules
    for look, rules in looks:
        for end in ends_matching(text, look):
            found[end] = found.get(end, 0) | rules
    for end in variables(text):
        found[end] = found.get(end, 0) | _VARIABLE
    return [(line_to(text, end), rules) for end, rules in sorted(found.items())]


def names_in(text: str) -> frozenset[str]:
    """Return the users and hosts that a text names: in a variable, in HLS' greeting, in a path."""
    return _names_of(visible(text), Effort(*_LEARNING))


def _names_of(plain: str, effort: Effort) -> frozenset[str]:
    names: set[str] = set()
    crowded: list[str] = []
    for (begin, end), tried in suspicious_lines(plain, _NAMING_WORDS, _NAMING_LOOKS, secrets.ends_of_persons):
        line = plain[begin:end]
        if effort.affords(end, _work(line, tried)):
            names.update(_names(line, tried))
        else:
            crowded.append(line)
    if crowded:
        text = "\n".join(crowded)
        names |= homes.possible_owners(text) | secrets.possible_names(text) | set(addresses.users_and_hosts(text))
    return frozenset(names)


@lru_cache(maxsize=1)
def _names_of_log(log: str) -> frozenset[str]:
    """The names in a whole log: a failure quotes several lines of it, and each is redacted by all of it."""
    return names_in(log)


def _work(line: str, tried: Tried) -> float:
    """Return how much work it is to try rules on a line: to search it for each, and what is done at each place."""
    work = 2 + tried.bit_count() * (1 + len(line) * _SEARCH)
    if len(line) > _LONG:
        lower = small(line)
        work += sum(lower.count(word) for word, rules in _WORDS.items() if rules & tried) * _PLACE
    return work


def _names(line: str, tried: Tried) -> Iterator[str]:
    variable = secrets.private_variable(line) if tried & _VARIABLE else None
    if variable is not None and variable[2] and HIDDEN not in variable[1]:
        yield variable[1].strip().strip("'\"")
    yield from addresses.users_and_hosts(line)
    if tried & _IN_PATHS:
        yield from homes.owners(line)


def _rules_for(line: str) -> Tried:
    lower = small(line)
    tried = _VARIABLE if any(secrets.ends_of_private_variables(line)) else 0
    for word, rules in _WORDS.items():
        if word in lower:
            tried |= rules
    for look, rules in _LOOKS:
        if look.search(line):
            tried |= rules
    return tried


def _apply(line: str, tried: Tried) -> str:
    variable = secrets.private_variable(line) if tried & _VARIABLE else None
    if variable is not None:
        return variable[0] + HIDDEN
    for rule in _decoded(tried):
        line = rule.hide(line)
    return line


@lru_cache(maxsize=4096)
def _decoded(tried: Tried) -> tuple[Rule, ...]:
    return tuple(rule for at, rule in enumerate(RULES) if tried >> at & 1)
