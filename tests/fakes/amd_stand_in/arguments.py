"""Check a command's words against its entry in the table. Anything not listed is an error, worded like the tool's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from amd_stand_in.errors import ToolError
from amd_stand_in.table import Command, Option

_TRUTH = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}


@dataclass
class Arguments:
    """The options given (name to word, or to a truth value) and the positional words."""

    command: str
    options: dict[str, str | bool] = field(default_factory=dict)
    positional: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """The word of an option."""
        return str(self.options.get(name, default))

    def flag(self, name: str) -> bool:
        """Whether a flag is set."""
        return bool(self.options.get(name, False))

    def word(self, index: int, default: str = "") -> str:
        """A positional word."""
        return self.positional[index] if index < len(self.positional) else default


@dataclass(frozen=True)
class Grammar:
    """How a tool reads words and reports mistakes: its message ids, and whether it accepts prefixes of options."""

    release: str
    unknown: str
    missing_value: str
    bad_value: str
    too_many: str
    too_few: str
    prefixes: bool
    bool_words: bool
    warn: Callable[[str], None]
    hidden_allowed: Callable[[], bool] = lambda: False

    def read(self, command: Command, name: str, words: Sequence[str]) -> Arguments:
        """Return the arguments. Raises ToolError."""
        found = Arguments(name)
        if not command.modelled:
            raise ToolError("Stand-in 1-2", f"'{name}' exists but the stand-in does not model it.")
        self._span(f"'{name}'", command.span)
        if command.loose:
            found.positional = list(words)
            return found
        rest = list(words) if any(word[:1] == "-" for word in words) else []
        found.positional = [] if rest else list(words)
        while rest:
            word = rest.pop(0)
            if not self._is_option(word):
                found.positional.append(word)
                continue
            given, equal, attached = word[1:].partition("=")
            option = self._option(command, name, given)
            self._span(f"option '-{option.name}' of '{name}'", option.span)
            if option.hidden and not self.hidden_allowed():
                raise ToolError(self.unknown, f"'{name}': Unknown option '-{option.name}'.")
            found.options[option.name] = self._value(name, option, attached if equal else None, rest)
        for option in command.required:
            if option not in found.options:
                raise ToolError(
                    self.too_few,
                    f"Missing value for option '{option}', please type '{name} -help' for usage info.",
                )
        self._count(command, found)
        return found

    def _is_option(self, word: str) -> bool:
        return len(word) > 1 and word[0] == "-" and (word[1].isalpha() or word[1] == "_")

    def _option(self, command: Command, name: str, given: str) -> Option:
        if given in command.options:
            return command.options[given]
        near = [option for key, option in command.options.items() if self.prefixes and key.startswith(given)]
        if len(near) == 1:
            self.warn(f"'-{given}' of '{name}' is short for '-{near[0].name}': spell it in full")
            return near[0]
        if len(near) > 1:
            raise ToolError(self.unknown, f"Ambiguous option '-{given}', please type '{name} -help' for usage info.")
        raise ToolError(self.unknown, f"Unknown option '-{given}', please type '{name} -help' for usage info.")

    def _value(self, name: str, option: Option, attached: str | None, rest: list[str]) -> str | bool:
        if option.kind == "flag":
            if attached is not None:
                raise ToolError(self.bad_value, f"Option '-{option.name}' of '{name}' takes no value.")
            return True
        if option.kind == "bool":
            if attached is None and self.bool_words and rest and rest[0].lower() in _TRUTH:
                attached = rest.pop(0)
            if attached is None:
                return True
            if attached.lower() not in _TRUTH:
                raise ToolError(self.bad_value, f"Invalid option value '{attached}' specified for '{option.name}'.")
            return _TRUTH[attached.lower()]
        if attached is None:
            if not rest:
                raise ToolError(
                    self.missing_value,
                    f"Missing value for option '{option.name}', please type '{name} -help' for usage info.",
                )
            attached = rest.pop(0)
        if option.kind == "choice" and attached not in option.choices:
            allowed = ", ".join(option.choices)
            raise ToolError(
                self.bad_value, f"Invalid option value '{attached}' specified for '{option.name}'. Allowed: {allowed}."
            )
        return attached

    def _count(self, command: Command, found: Arguments) -> None:
        count, most = len(found.positional), command.most
        # Options may replace positional words (set_property -name -value -objects).
        places = {word.rstrip("?*") for word in command.positional if word.rstrip("?*") in found.options}
        if most is not None and count > most:
            raise ToolError(
                self.too_many,
                f"Too many positional options when parsing '{found.positional[most]}', please type '{found.command} -help' for usage info.",
            )
        if count + len(places) < command.fewest and "dict" not in found.options:
            missing = command.positional[count]
            raise ToolError(
                self.too_few, f"Missing value for required positional option '{missing}' of '{found.command}'."
            )

    def _span(self, what: str, span: object) -> None:
        if span is None or span.has(self.release):
            return
        text = f"{what} is not in release {self.release}: it is known from {span}."
        if span.sure:
            raise ToolError(self.unknown, text)
        self.warn(text + " The span is an estimate.")
