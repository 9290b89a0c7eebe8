"""Reads numbers from C++ headers: `#define` lines, and objects initialised by nested braces.

It compiles nothing. Everything that it does not recognise is an error with file and line. A number is decimal or
hexadecimal, bare or in quotes, as the constructors of arbitrary-precision types accept it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from config.bounded.regular_file import open_regular
from config.frozen import dataclass

_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.*?)[ \t]*(?://.*)?$", re.MULTILINE)
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/|\#[^\n]*)
    |(?P<number>[-+]?\d\w*)
    |(?P<text>"[^"\n]*")
    |(?P<name>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
    |(?P<mark>[{}\[\]<>(),;=*])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
# Words of the authors' memories have up to 256 bits. Python refuses to read much longer decimal numbers.
_MOST_DIGITS = 2_000
MOST_BYTES = 128_000_000
"""The largest header that is read."""
_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|\d+)")


class HeaderError(Exception):
    """A header cannot be read. The message names file and line, what was found and what was expected."""


@dataclass(frozen=True)
class Declaration:
    """One initialised object: the tokens before `=`, and the position in the text where its braces begin."""

    name: str
    tokens: tuple[str, ...]
    begin: int

    @property
    def kind(self) -> str:
        """The template name of its type, without `const`."""
        return next(word for word in self.tokens if word != "const")

    def arguments(self) -> tuple[str, ...]:
        """The template arguments: the text between the outermost angle brackets, split at its commas."""
        inner: list[str] = [""]
        depth = 0
        for word in self.tokens:
            depth -= word == ">"
            if depth == 1 and word == ",":
                inner.append("")
            elif depth:
                inner[-1] += word
            depth += word == "<"
        return tuple(inner)

    def dimensions(self) -> tuple[int, ...]:
        """The numbers in square brackets after its name."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return tuple(int(size) for mark, size in pairs if mark == "[" and size.isdecimal() and len(size) < 19)


@dataclass(frozen=True)
class Header:
    """A header's text, and its name in messages."""

    name: str
    text: str

    def wrong(self, at: int, what: str) -> HeaderError:
        """Make an error for position `at` of the text."""
        return HeaderError(f"{self.name}:{self.text.count(chr(10), 0, at) + 1}: {what}")

    def defines(self) -> dict[str, tuple[str, int]]:
        """`#define NAME VALUE` lines, as name to (value, position).

        Raises:
            HeaderError: a name is defined twice.
        """
        found: dict[str, tuple[str, int]] = {}
        for match in _DEFINE.finditer(self.text):
            if match[1] in found:
                raise self.wrong(match.start(1), f"{match[1]} is defined a second time; keep one")
            found[match[1]] = (match[2], match.start(1))
        return found

    def declarations(self) -> dict[str, Declaration]:
        """The initialised objects by name.

        Raises:
            HeaderError: there is text other than declarations, or a brace is not closed.
        """
        found: dict[str, Declaration] = {}
        tokens: list[str] = []
        name, depth, begin, last = "", 0, 0, 0
        for kind, word, at in self._tokens(0):
            last = at
            if depth or word == "{":
                if word == "{":
                    if not depth and (not tokens or tokens[-1] != "="):
                        raise self.wrong(at, "this brace initialises nothing; write '=' before it")
                    begin = begin if depth else at
                    depth += 1
                elif word == "}":
                    depth -= 1
                    if not depth:
                        if name in found:
                            raise self.wrong(at, f"{name} is declared a second time; keep one")
                        found[name] = Declaration(name, tuple(tokens[:-1]), begin)
                        tokens = []
                continue
            if word == ";":
                tokens = []
                continue
            if kind == "other":
                raise self.wrong(at, f"{word!r} is not part of any known declaration")
            if kind == "name" and word != "const" and "=" not in tokens and tokens.count("<") == tokens.count(">"):
                name = word
            tokens.append(word)
        if depth:
            raise self.wrong(last, f"the file ends inside {name}; {depth} braces are not closed")
        return found

    def values(self, declaration: Declaration, shape: Sequence[int], bits: int, *, signed: bool) -> list[int]:
        """The numbers of an object of nested braces, in order.

        Args:
            declaration: One of `declarations`.
            shape: The number of items at each level of braces, the outermost first.
            bits: The width of a number. Hexadecimal numbers give its bits, in two's complement if `signed`.
            signed: Whether numbers are two's complement.

        Raises:
            HeaderError: the nesting or a count is wrong, or a word is not a number of `bits` bits.
        """
        highest = (1 << bits) - 1
        found: list[int] = []
        counts: list[int] = []
        comma = True  # a number or a brace may follow
        for kind, word, at in self._tokens(declaration.begin):
            if word == ",":
                if comma:
                    raise self.wrong(at, f"a comma in {declaration.name} follows no number")
                comma = True
                continue
            if word == "}":
                if counts[-1] != shape[len(counts) - 1]:
                    raise self.wrong(at, self._count(declaration.name, shape, counts))
                counts.pop()
                comma = False
                if not counts:
                    return found
                continue
            if not comma:
                raise self.wrong(at, f"a comma is missing in {declaration.name} before {word}")
            if counts:
                counts[-1] += 1
                if counts[-1] > shape[len(counts) - 1]:
                    raise self.wrong(at, self._count(declaration.name, shape, counts))
            if word == "{":
                counts.append(0)
                if len(counts) > len(shape):
                    raise self.wrong(at, f"braces of {declaration.name} are nested deeper than {len(shape)} levels")
                continue
            if len(counts) != len(shape):
                raise self.wrong(at, f"{word} of {declaration.name} is {len(counts)} braces deep, not {len(shape)}")
            found.append(self._number(declaration.name, kind, word, at, highest, signed=signed))
            comma = False
        raise self.wrong(len(self.text), f"the file ends inside {declaration.name}")

    def _number(self, name: str, kind: str | None, word: str, at: int, highest: int, *, signed: bool) -> int:
        digits = word[1:-1] if kind == "text" else word
        if len(digits) > _MOST_DIGITS or not _NUMBER.fullmatch(digits):
            raise self.wrong(at, f"{word:.80} of {name} is not a number; write it in decimal or as 0x...")
        hexadecimal = "x" in digits or "X" in digits
        value = int(digits, 16 if hexadecimal else 10)
        half = (highest + 1) >> 1
        fits = 0 <= value <= highest if hexadecimal or not signed else -half <= value < half
        if not fits:
            raise self.wrong(at, f"{word} of {name} does not fit into {highest.bit_length()} bits")
        return value - highest - 1 if hexadecimal and signed and value >= half else value

    @staticmethod
    def _count(name: str, shape: Sequence[int], counts: Sequence[int]) -> str:
        level = len(counts) - 1
        place = "".join(f"[{count - 1}]" for count in counts[:-1])
        more = "or more" if counts[-1] > shape[level] else "items"
        return f"{name}{place} holds {counts[-1]} {more}, {shape[level]} are declared"

    def _tokens(self, begin: int) -> Iterator[tuple[str | None, str, int]]:
        for match in _TOKEN.finditer(self.text, begin):
            if match.lastgroup != "space":
                yield match.lastgroup, match[0], match.start()


def read_header(path: Path, name: str) -> Header:
    """Read a header.

    Raises:
        HeaderError: the file is missing or is not text.
    """
    try:
        with open_regular(path, most_bytes=MOST_BYTES) as stream:
            return Header(name, stream.read().decode("utf-8"))
    except FileNotFoundError:
        raise HeaderError(f"{name}: missing; the folder needs one per block") from None
    except (OSError, UnicodeDecodeError) as error:
        raise HeaderError(f"{name}: cannot be read as text ({error})") from None
