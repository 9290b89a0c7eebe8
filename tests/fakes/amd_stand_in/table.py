"""The command tables (`tables/*.txt`): the commands of a tool and their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from amd_stand_in.release import Span

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Option:
    """An option; `kind` is flag, one, list, bool, any, or choice (then `choices` has the words)."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    required: bool = False
    hidden: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Command:
    """A command. A `loose` one accepts any words; `modelled` is False if only its name is known."""

    name: str
    options: Mapping[str, Option]
    positional: tuple[str, ...]
    span: Span | None = None
    loose: bool = False
    modelled: bool = True

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the required options."""
        return tuple(option.name for option in self.options.values() if option.required)

    @cached_property
    def fewest(self) -> int:
        """The minimum number of positional words."""
        return sum(not word.rstrip("*").endswith("?") for word in self.positional)

    @cached_property
    def most(self) -> int | None:
        """The maximum number of positional words; None if unlimited."""
        return None if any(word.endswith("*") for word in self.positional) else len(self.positional)


def _option(word: str) -> Option:
    text, _, span = word.partition("@")
    name, equal, rest = text.removeprefix("-").partition("=")
    if not equal:
        name, rest = name.rstrip("!^"), name[len(name.rstrip("!^")) :]
    marks = rest[len(rest.rstrip("!^")) :]
    kinds = {"": "one", "*": "list", "?": "bool", "any": "any"}
    value = rest.rstrip("!^")
    kind = "flag" if not equal else kinds.get(value, "choice")
    choices = tuple(value.split("|")) if kind == "choice" else ()
    return Option(name, kind, choices, "!" in marks, "^" in marks, Span.read(span) if span else None)


def _command(line: str) -> Command:
    head, colon, positional = line.partition(" :")
    words = head.split()
    name, _, span = words[0].partition("@")
    return Command(
        name,
        {option.name: option for option in map(_option, words[1:])},
        tuple(positional.split()),
        Span.read(span) if span else None,
        loose=positional.strip() == "...",
        modelled=bool(colon),
    )


@cache
def commands(table: str) -> Mapping[str, Command]:
    """The commands of `tables/<table>.txt` by name."""
    found: dict[str, Command] = {}
    aliases: dict[str, str] = {}
    for line in (FOLDER / f"{table}.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if " -> " in line:
            name, target = line.split(" -> ")
            aliases[name.strip()] = target.strip()
        else:
            command = _command(line)
            found[command.name] = command
    return {**found, **{name: found[target] for name, target in aliases.items()}}
