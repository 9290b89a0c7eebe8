"""What people read holds no control characters: a terminal would obey them.

Names of files, lines of logs and contents of reports come from others. `clean_output` filters stdout and stderr,
`console` does so for what rich lays out, and `clean` is for texts that go elsewhere, such as to a pager. JSON stays
exact without an exception for it: it is printed in ASCII.

config/output.py and runtime/output.py are the same text, because the runtime imports nothing of ours.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# C0 but newline, tab and the carriage return of an MS-DOS line end; DEL and C1; the last also as bytes that are not
# UTF-8; what Unicode calls Bidi_Control.
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udc9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\n)"


def clean(text: str) -> str:
    r"""Return a text with its control characters written out, as `\x1b`. Newlines and tabs stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text  # nearly every one, and Python takes a while to compile the pattern
    return re.sub(_CONTROL, _written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class CleanStream:
    """A stream of text that writes control characters out, and is otherwise the stream that it stands for."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, cleaned; return its length, as all streams do."""
        self._stream.write(clean(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each of the texts."""
        for line in lines:
            self.write(line)

    @property
    def rich_proxied_file(self) -> Any:
        """The stream itself. A console of rich asks for it and writes its own colours there: see `console`."""
        return _innermost(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _innermost(stream: Any) -> Any:
    """Return the stream behind filters: ours, and those that rich puts before stdout while it draws."""
    while (inner := getattr(stream, "rich_proxied_file", stream)) is not stream:
        stream = inner
    return stream


def clean_output() -> None:
    """Clean what this process prints from now on; twice is once.

    Characters that the terminal's encoding lacks are written out too: a name that is not UTF-8 must not end a command.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, CleanStream):  # None: it was closed before this process began
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, CleanStream(stream))


def console(**options: Any) -> Console:
    """Return a console of rich that cleans what it prints; its own colours and movements stay."""
    made: Console = _console_class()(**options)
    return made


@lru_cache(maxsize=1)
def _console_class() -> Any:
    from rich.console import Console  # noqa: PLC0415 - slow to import, and most commands print plain lines

    class CleanConsole(Console):
        @property
        def file(self) -> Any:
            return _innermost(super().file)

        @file.setter
        def file(self, new: Any) -> None:
            self._file = new

        def on_broken_pipe(self) -> None:
            # rich would end the program with status 1: `doit reports | head` is no failed gate.
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

        # Texts are cleaned before they are laid out, so columns stay straight; all else after.
        def render_str(self, text: str, **options: Any) -> Any:
            return super().render_str(clean(text), **options)

        def render(self, renderable: Any, options: Any = None) -> Any:
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=clean(segment.text))

    return CleanConsole
