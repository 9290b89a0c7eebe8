"""Characters that a reader does not see, and that may stand in a secret: colours, and the zero bytes of UTF-16."""

from __future__ import annotations

import re

from reports.logs.line_filter import lines_with, with_lines

# ECMA-48: CSI with parameters, OSC up to its end, other escapes; CSI as one character.
_ESCAPE = re.compile(
    "\x1b+(?:\\[[0-?]{0,64}[ -/]{0,8}[@-~]?|\\][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\\\)?|[ -/]{0,8}[0-~]?)|"
    "\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|[\u200b\u200c\u200d\u2060\ufeff\u00ad]+"
)
_MARKS = "\x1b\x9b\u200b\u200c\u200d\u2060\ufeff\u00ad"
_BYTE_ORDER_MARKS = ("\udcff\udcfe", "\udcfe\udcff")  # as the bytes of a text that was taken for UTF-8


def visible(text: str) -> str:
    """Return a text without them, in as many lines."""
    shown = text.replace("\0", "") if "\0" in text else text
    return with_lines(shown, ((line, _ESCAPE.sub("", shown[line[0] : line[1]])) for line in lines_with(shown, _MARKS)))


def as_it_was(line: str, clean: str) -> str:
    """Return a cleaned line with the zero bytes of UTF-16, if the line that it stands for had them."""
    if line.startswith(_BYTE_ORDER_MARKS) and clean.startswith(_BYTE_ORDER_MARKS):
        return line[:2] + as_it_was(line[2:], clean[2:])
    for first in (0, 1) if "\0" in line else ():
        if set(line[first::2]) == {"\0"}:
            # In one byte order a line begins with half of a line break, in the other it ends with half of one.
            odd = len(line) % 2
            spread = "\0".join(clean)
            return f"\0{spread}" + "\0" * odd if first == 0 else spread + "\0" * (1 - odd)
    return clean
