"""The pragmas that each HLS release knows, read from `docs/hls_pragmas.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from toolchains.hls_subset.release import RELEASES, release_order

TABLE = Path(__file__).resolve().parents[2] / "docs" / "hls_pragmas.yaml"

_VALUES = {
    "number": re.compile(r"\d+|[A-Za-z_]\w*"),
    "name": re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"),
}


@dataclass(frozen=True)
class Span:
    """The first and the last release that know a word; None means no bound."""

    since: str | None
    until: str | None

    def missing(self, releases: tuple[str, ...]) -> tuple[str, ...]:
        """The subset of `releases` that does not know the word."""
        first, last = release_order(self.since or RELEASES[0]), self.until and release_order(self.until)
        orders = {release: release_order(release) for release in releases}
        return tuple(one for one, order in orders.items() if order < first or (last and order > last))


@dataclass(frozen=True)
class Option:
    """An option of a pragma. `kind` is flag, number, name or words; for words, `words` lists the legal values."""

    kind: str
    words: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Pragma:
    """A pragma: its options by lower-case name, and groups of options; it needs one option of each group."""

    name: str
    span: Span
    options: Mapping[str, Option]
    needs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Objection:
    """A mistake in a pragma, and its remedy."""

    what: str
    remedy: str


def _option(given: Any) -> Option:
    if isinstance(given, list):
        return Option("words", tuple(given), Span(None, None))
    if isinstance(given, dict):
        return Option(given["kind"], (), Span(given.get("since"), given.get("until")))
    return Option(given, (), Span(None, None))


@cache
def table(path: Path = TABLE) -> Mapping[str, Pragma]:
    """Read the pragmas, by upper-case name."""
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: Pragma(
            name,
            Span(entry.get("since"), entry.get("until")),
            {word.lower(): _option(given) for word, given in entry["options"].items()},
            tuple(tuple(group.split(" | ")) for group in entry.get("needs", ())),
        )
        for name, entry in read.items()
    }


def objections(text: str, release: str | None = None) -> tuple[Objection, ...]:
    """Check a pragma such as `HLS PIPELINE II=1`. Empty if it is legal, or not an HLS pragma.

    Without `release`, every release must know the pragma.
    """
    words = re.sub(r"\s*=\s*", "=", text).split()
    if not words or words[0].upper() != "HLS":
        return ()
    if len(words) == 1:
        return (Objection("a pragma without a name", "name one of docs/hls_pragmas.yaml"),)
    known, name = table(), words[1].upper()
    releases = (release,) if release else RELEASES
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"write {near[0]}" if near else f"use one of {', '.join(known)}"
        return (Objection(f"no pragma {words[1]} in docs/hls_pragmas.yaml", hint),)
    pragma = known[name]
    found = _span(f"pragma {name}", pragma.span, releases)
    given = set()
    for word in words[2:]:
        option_name, _, value = word.partition("=")
        option = pragma.options.get(option_name.lower())
        if option is None:
            legal = ", ".join(pragma.options) or "none"
            found.append(Objection(f"pragma {name} has no option {option_name}", f"its options are: {legal}"))
            continue
        given.add(option_name.lower())
        found += _span(f"option {option_name} of pragma {name}", option.span, releases)
        found += _value(name, option_name, option, value, "=" in word)
    for group in pragma.needs:
        if not given & {word.lower() for word in group}:
            found.append(Objection(f"pragma {name} lacks {' or '.join(group)}", "add it"))
    return tuple(found)


def _span(what: str, span: Span, releases: tuple[str, ...]) -> list[Objection]:
    missing = span.missing(releases)
    if not missing:
        return []
    return [Objection(f"{what} is unknown to {', '.join(missing)}", "use a macro of farm_release.hpp")]


def _value(pragma: str, name: str, option: Option, value: str, has_value: bool) -> list[Objection]:
    if option.kind == "flag":
        return [Objection(f"option {name} of pragma {pragma} takes no value", f"write {name}")] if has_value else []
    if option.kind == "words":
        fits, legal = value in option.words, f"one of {', '.join(option.words)}"
    else:
        fits, legal = bool(_VALUES[option.kind].fullmatch(value)), f"a {option.kind}"
    return [] if fits else [Objection(f"option {name} of pragma {pragma} is {value!r}", f"{name}= takes {legal}")]
