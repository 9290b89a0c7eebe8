"""Read XML documents from tools, with line numbers and without entities.

This uses expat, the reader below `xml.etree`, directly: it knows the line numbers for messages, and lets us refuse a
document type. None of these tools writes one, and with entities a kilobyte could expand to fill the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

from reports.reading.errors import (
    EmptyReportError,
    EncodingError,
    TruncatedReportError,
    UnknownLayoutError,
    WrongKindError,
)
from reports.reading.number import Number, is_absent, number

MAX_DEPTH = 200
"""Limit of nesting, deeper than any known report (an IP description has 12 levels)."""

_LATE_DECLARATION = re.compile(r"\s{0,1000}(?:<!--(?:[^-]|-(?!->)){0,20000}-->\s{0,1000}){0,8}(<\?xml[^>]{0,200}\?>)")
_ENDS_EARLY = frozenset({"no element found", "unclosed token", "unclosed CDATA section", "partial character"})


class Branch:
    """An element: tag and attributes without name spaces, children, text, and line (from 1)."""

    __slots__ = ("attributes", "branches", "file", "line", "pieces", "tag")

    def __init__(self, file: str, line: int, tag: str, attributes: dict[str, str]) -> None:
        self.file = file
        self.line = line
        self.tag = tag
        self.attributes = attributes
        self.branches: list[Branch] = []
        self.pieces: list[str] = []

    def children(self, tag: str | None = None) -> Iterator[Branch]:
        """Return the children; with `tag`, only those with this tag."""
        return (branch for branch in self.branches if tag is None or branch.tag == tag)

    def below(self, tag: str) -> Iterator[Branch]:
        """Yield all elements with this tag at any depth, in the order of the document."""
        for branch in self.branches:
            if branch.tag == tag:
                yield branch
            yield from branch.below(tag)

    def maybe(self, path: str) -> Branch | None:
        """Return the first element at `path` ("A/B"); None if there is none."""
        found: Branch | None = self
        for tag in path.split("/"):
            found = next(found.children(tag), None) if found is not None else None
        return found

    def needed(self, path: str) -> Branch:
        """Return the first element at `path`. Raises UnknownLayoutError if there is none."""
        found = self.maybe(path)
        if found is None:
            raise UnknownLayoutError(self.file, self.line, f"<{self.tag}> has no <{path}>", "expected it in this file")
        return found

    def content(self) -> str:
        """Return the text of the element, stripped."""
        return "".join(self.pieces).strip()

    def text(self, path: str) -> str | None:
        """Return the text of the element at `path`; None if it is absent, blank or NA."""
        found = self.maybe(path)
        content = found.content() if found else ""
        return None if is_absent(content) else content

    def number(self, path: str, unknown: frozenset[str] = frozenset()) -> Number | None:
        """Return the number at `path`; None if it is absent, blank, NA or one of the `unknown` words.

        Raises UnknownLayoutError for any other text.
        """
        content = self.text(path)
        if content is None or content in unknown:
            return None
        value = number(content)
        if value is None:
            line = self.needed(path).line
            raise UnknownLayoutError(self.file, line, f"<{path}> is '{content[:40]}'", "expected a number")
        return value

    def count(self, path: str, unknown: frozenset[str] = frozenset()) -> int | None:
        """Return the whole number at `path`; None as for `number`. Raises UnknownLayoutError."""
        value = self.number(path, unknown)
        if isinstance(value, float):
            line = self.needed(path).line
            raise UnknownLayoutError(self.file, line, f"<{path}> is {value}", "expected a whole number")
        return value

    def attribute(self, name: str) -> str | None:
        """Return the attribute `name`; None if absent or blank."""
        return self.attributes.get(name) or None

    def needed_attribute(self, name: str) -> str:
        """Return the attribute `name`. Raises UnknownLayoutError if it is absent."""
        value = self.attributes.get(name)
        if value is None:
            what = f"<{self.tag}> has no attribute '{name}'"
            raise UnknownLayoutError(self.file, self.line, what, "expected it in this kind of file")
        return value


class _DoctypeError(Exception):
    """The document declares a document type."""


class _TooDeepError(Exception):
    """The document has more than MAX_DEPTH levels."""


class _Reader:
    """Builds the tree from the parser's events."""

    def __init__(self, file: str) -> None:
        self.file = file
        # The text is already decoded and passed on as UTF-8, whatever encoding its first line declares.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.root = Branch(file, 1, "", {})
        self.open = [self.root]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.open) > MAX_DEPTH:
            raise _TooDeepError
        named = {_local(key): value for key, value in attributes.items()}
        branch = Branch(self.file, self.parser.CurrentLineNumber, _local(tag), named)
        self.open[-1].branches.append(branch)
        self.open.append(branch)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _data(self, text: str) -> None:
        self.open[-1].pieces.append(text)

    def _refuse(self, *_: object) -> None:
        raise _DoctypeError


def read_xml(text: str, file: str) -> Branch:
    """Return the root of the document.

    Raises EmptyReportError, EncodingError, TruncatedReportError, WrongKindError for other text, and UnknownLayoutError
    for a document type or more than MAX_DEPTH levels.
    """
    if not text.strip():
        raise EmptyReportError(file, None, "the file is empty", "run the tool that writes it again")
    text = text.removeprefix("\ufeff")
    late = _LATE_DECLARATION.match(text)
    if late:
        # People put a licence in front of the declaration, which must be the first thing in a document.
        text = text[: late.start(1)] + " " * len(late[1]) + text[late.end() :]
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodingError(file, None, "holds half a surrogate pair", "save it as UTF-8") from None
    reader = _Reader(file)
    try:
        reader.parser.Parse(data, True)
    except _DoctypeError:
        line = reader.parser.CurrentLineNumber
        what = "has a document type, which is refused"
        raise UnknownLayoutError(file, line, what, "no tool writes one; check the file's origin") from None
    except _TooDeepError:
        line = reader.parser.CurrentLineNumber
        raise UnknownLayoutError(file, line, f"has more than {MAX_DEPTH} levels", "no report has as many") from None
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "an unknown error"
        if reason in _ENDS_EARLY:
            what = f"the XML ends too early ({reason})"
            raise TruncatedReportError(file, error.lineno, what, "the file was cut off") from None
        raise WrongKindError(file, error.lineno, f"this is not XML ({reason})", "expected an XML document") from None
    return reader.root.branches[0]


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]
