"""Effective settings and where each value comes from.

Defaults in code < farm.yaml (the project) < farm.local.yaml (this machine) < key.sub=value on the command line.
Each package declares one frozen dataclass; its fields may carry metadata made by `setting`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from config.document import Section, load
from config.frozen import dataclass
from config.problem import ConfigError, Problem, Problems, suggestion
from config.scalar import integer_word, number_word

S = TypeVar("S")
#: Whole numbers of at least 0 by name: a mapping in a file, a:1,b:2 on the command line.
Counts = tuple[tuple[str, int], ...]
#: Words by name: a mapping in a file, a:x,b:y on the command line.
Names = tuple[tuple[str, str], ...]
#: Texts: a list in a file, a;b on the command line.
Texts = tuple[str, ...]

PROJECT_FILE = "farm.yaml"
MACHINE_FILE = "farm.local.yaml"
COMMAND_LINE = "command line"
DEFAULT = "default"


def setting(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare one setting: its default, one sentence of documentation, and its limits."""
    return field(default=default, metadata={"doc": doc, "choices": choices, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True)
class Build:
    """What to build: the keys at the top level of farm.yaml."""

    network: str = setting("digits", "network to build: one of blocks/networks, or a file of yours, PATH.yaml")
    target: str = setting("sw_emu", "what the kernel is built for", choices=("sw_emu", "hw_emu", "hw"))
    toolchain: str = setting("open", "programs that build it: a folder of toolchains, or auto")
    platform: str = setting("u250", "board, a file of platform")
    clock_mhz: float = setting(250.0, "kernel clock", minimum=1.0, maximum=1000.0)
    gates: Texts = setting((), "what the build must reach, e.g. wns_ns >= 0; doit reports checks it")
    diff_gates: Texts = setting((), "how much may change, e.g. lut <= +2 %; doit diff checks it")


@dataclass(frozen=True)
class _Key:
    """One setting by its dotted name, with the type that its value must have."""

    name: str
    kind: type
    optional: bool
    default: Any
    doc: str
    choices: tuple[str, ...] | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Settings:
    """Effective settings. `values`, `origins` and `docs` are keyed by dotted name, in the order of declaration."""

    build: Build
    rooms: tuple[Any, ...]
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    docs: Mapping[str, str]

    @property
    def network(self) -> str:
        """Name of the network to build."""
        return self.build.network

    @property
    def target(self) -> str:
        """One of sw_emu, hw_emu, hw."""
        return self.build.target

    @property
    def toolchain(self) -> str:
        """Name of the toolchain, or auto."""
        return self.build.toolchain

    @property
    def platform(self) -> str:
        """Name of the board."""
        return self.build.platform

    @property
    def clock_mhz(self) -> float:
        """Kernel clock in MHz."""
        return self.build.clock_mhz

    @property
    def gates(self) -> Texts:
        """The limits that `doit reports` checks, e.g. `wns_ns >= 0`."""
        return self.build.gates

    @staticmethod
    def defaults() -> Settings:
        """Return the settings of a checkout without files and sections."""
        keys = _declared("", Build)
        values = {key.name: key.default for key in keys}
        docs = {key.name: key.doc for key in keys}
        return Settings(Build(), (), values, dict.fromkeys(values, DEFAULT), docs)

    def section(self, kind: type[S]) -> S:
        """Return the values of the section declared as `kind`, or its defaults if it was not declared."""
        for room in self.rooms:
            if isinstance(room, kind):
                return room
        return kind()

    def origin(self, key: str) -> str:
        """Return where a value comes from: 'default', 'farm.yaml:3', 'farm.local.yaml:1' or 'command line'."""
        return self.origins[key]

    def resolved(self, key: str, value: object, origin: str) -> Settings:
        """Return settings in which an empty `key` has `value`, for display only. Other keys are unchanged."""
        if self.values[key] is not None:
            return self
        return replace(self, values={**self.values, key: value}, origins={**self.origins, key: origin})

    def problem(self, key: str, what: str, remedy: str) -> Problem:
        """Return a problem at the place where `key` got its value, for checks that only the key's user can make.

        `key` may also be an entry of a setting that holds words by name ("fit.pin.res5a").
        """
        whole = self.origins[key if key in self.values else key.rpartition(".")[0]]
        exact = self.origins.get(key, whole)
        # Another file or the command line may have replaced the whole setting; then the entry's line is obsolete.
        origin = exact if exact.rpartition(":")[0] == whole.rpartition(":")[0] else whole
        file, _, line = origin.rpartition(":")
        return Problem(file, int(line), what, remedy) if file else Problem(origin, None, what, remedy)


def command_line_words(argv: Sequence[str]) -> list[str]:
    """Return the key=value words of a command line, by the same rule as doit: a '=' and no leading '-'."""
    return [word for word in argv if "=" in word and not word.startswith("-")]


def load_settings(
    root: Path,
    sections: Mapping[str, type],
    words: Sequence[str] = (),
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> Settings:
    """Compose the settings of the checkout at `root`.

    `sections` maps the name of each section to the frozen dataclass that declares it. `words` are key.sub=value.
    `choices` gives the allowed values of keys for which only the caller knows them.
    Raises ConfigError with all mistakes of both files and of the words.
    """
    keys = {key.name: key for prefix, kind in (("", Build), *sections.items()) for key in _declared(prefix, kind)}
    for name, allowed in (choices or {}).items():
        keys[name] = replace(keys[name], choices=allowed)
    values = {name: key.default for name, key in keys.items()}
    origins = dict.fromkeys(keys, DEFAULT)
    problems = Problems()
    for file in (PROJECT_FILE, MACHINE_FILE):
        if (root / file).exists():
            try:
                document = load(root / file, name=file, problems=problems, may_be_empty=True)
            except ConfigError as error:
                problems.extend(error.problems)
                continue
            _read_file(document, sections, keys, values, origins)
    _read_words(words, keys, values, origins, problems)
    problems.raise_if_any()
    rooms: tuple[Any, ...] = tuple(_make(name, kind, values) for name, kind in sections.items())
    docs = {name: key.doc for name, key in keys.items()}
    return Settings(_make("", Build, values), rooms, values, origins, docs)


def _declared(prefix: str, kind: type) -> list[_Key]:
    hints = typing.get_type_hints(kind)
    keys = []
    for item in fields(kind):
        if item.default is MISSING:
            raise TypeError(f"{kind.__name__}.{item.name}: a setting needs a default")
        union = typing.get_args(hints[item.name]) if isinstance(hints[item.name], types.UnionType) else ()
        plain = [part for part in union if part is not type(None)] or [hints[item.name]]
        if plain[0] not in (str, int, float, bool, Counts, Names, Texts):
            allowed = "str, int, float, bool, or None too, or Counts, or Names, or Texts"
            raise TypeError(f"{kind.__name__}.{item.name}: a setting is {allowed}")
        meta = item.metadata
        keys.append(
            _Key(
                name=f"{prefix}.{item.name}" if prefix else item.name,
                kind={Counts: tuple, Names: dict, Texts: list}.get(plain[0], plain[0]),
                optional=bool(union),
                default=item.default,
                doc=meta.get("doc", ""),
                choices=meta.get("choices"),
                minimum=meta.get("minimum"),
                maximum=meta.get("maximum"),
            )
        )
    return keys


def _make(prefix: str, kind: type[S], values: Mapping[str, Any]) -> S:
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: values[f"{prefix}.{name}" if prefix else name] for name in names})


def _read_file(
    document: Section,
    sections: Mapping[str, type],
    keys: Mapping[str, _Key],
    values: dict[str, Any],
    origins: dict[str, str],
) -> None:
    places = {"": document}
    for name in sections:
        place = document.section(name, default=None)
        if place is not None:
            places[name] = place
    for name, key in keys.items():
        prefix, _, last = name.rpartition(".")
        if prefix not in places:
            continue
        value = _read_key(places[prefix], last, key)
        if places[prefix].has(last):
            values[name] = value
            origins[name] = f"{document.file}:{places[prefix].line(last)}"
            if key.kind is dict and (named := places[prefix].section(last, default=None)) is not None:
                origins.update({f"{name}.{each}": f"{document.file}:{named.line(each)}" for each in named.keys})
    for place in places.values():
        place.finish()


def _read_key(place: Section, last: str, key: _Key) -> Any:
    default = None if key.optional else key.default
    if key.kind is tuple:
        counts = place.section(last, default=None)
        return tuple((name, counts.integer(name, minimum=0)) for name in counts.keys) if counts is not None else ()
    if key.kind is dict:
        names = place.section(last, default=None)
        return tuple((name, names.text(name)) for name in names.keys) if names is not None else ()
    if key.kind is list:
        return place.texts(last, default=())
    if key.kind is bool:
        return place.flag(last, default=default)
    if key.kind is int:
        minimum = None if key.minimum is None else int(key.minimum)
        maximum = None if key.maximum is None else int(key.maximum)
        return place.integer(last, default=default, minimum=minimum, maximum=maximum)
    if key.kind is float:
        return place.number(last, default=default, minimum=key.minimum, maximum=key.maximum)
    return place.text(last, default=default, choices=key.choices)


def _read_words(
    words: Sequence[str],
    keys: Mapping[str, _Key],
    values: dict[str, Any],
    origins: dict[str, str],
    problems: Problems,
) -> None:
    given: set[str] = set()
    for word in words:
        name, _, written = word.partition("=")
        key = keys.get(name)
        if key is None:
            problems.add(COMMAND_LINE, None, f"unknown variable '{name}'", suggestion(name, keys))
            continue
        if name in given:
            problems.add(COMMAND_LINE, None, f"'{name}' is given twice", "keep one of them")
            continue
        given.add(name)
        value, remedy = _parse(written, key)
        if remedy:
            problems.add(COMMAND_LINE, None, f"'{name}' cannot be '{written}'", remedy)
        else:
            values[name], origins[name] = value, COMMAND_LINE


_Parsed = tuple[Any, str]
"""The value of a word and an empty remedy, or None and the remedy."""


def _parse(written: str, key: _Key) -> _Parsed:
    if key.optional and written == "":
        return None, ""
    return _PARSERS[key.kind](written, key)


def _parse_flag(written: str, key: _Key) -> _Parsed:
    return (written == "true", "") if written in ("true", "false") else (None, "write true or false")


def _parse_counts(written: str, key: _Key) -> _Parsed:
    counts = tuple((name, integer_word(count)) for name, count in _pairs(written))
    wrong = any(not name or count is None or count < 0 for name, count in counts)
    return (None, "write NAME:COUNT,NAME:COUNT") if wrong else (counts, "")


def _parse_names(written: str, key: _Key) -> _Parsed:
    names = tuple(_pairs(written))
    wrong = any(not name or not text for name, text in names)
    return (None, "write NAME:WORD,NAME:WORD") if wrong else (names, "")


def _pairs(written: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, written.split(",")):
        name, _, text = pair.partition(":")
        yield name, text


def _parse_texts(written: str, key: _Key) -> _Parsed:
    return tuple(text.strip() for text in written.split(";") if text.strip()), ""


def _parse_text(written: str, key: _Key) -> _Parsed:
    if key.choices is not None and written not in key.choices:
        return None, suggestion(written, key.choices)
    return (written, "") if written else (None, f"write {key.name}=TEXT")


def _parse_number(written: str, key: _Key) -> _Parsed:
    value = integer_word(written) if key.kind is int else number_word(written)
    if value is None:
        return None, "give a whole number" if key.kind is int else "give a number"
    if key.minimum is not None and value < key.minimum:
        return None, f"give at least {key.minimum:g}"
    if key.maximum is not None and value > key.maximum:
        return None, f"give at most {key.maximum:g}"
    return value, ""


_PARSERS: dict[type, Callable[[str, _Key], _Parsed]] = {
    bool: _parse_flag,
    tuple: _parse_counts,
    dict: _parse_names,
    list: _parse_texts,
    str: _parse_text,
    int: _parse_number,
    float: _parse_number,
}
"""By `_Key.kind`."""
