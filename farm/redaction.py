"""Redaction: the texts of a log that the farm keeps or shows leave out what is private.

The engine knows no tool, so the project supplies the function, and `dodo.py` passes it to `doit_config`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Redaction:
    """`clean(text, log)` returns a text without what is private; `log` is the whole log that the text comes from.

    The log tells who the user and the host are; a line alone does not. Cleaning twice must change nothing.
    """

    clean: Callable[[str, str], str]

    def hides(self, text: str) -> bool:
        """Tell whether anything in a text is private."""
        return self.clean(text, "") != text


#: For a project whose logs hold nothing private: it has to say so.
NOTHING_PRIVATE = Redaction(lambda text, log: text)
