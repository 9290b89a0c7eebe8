"""Recognise figures of stand-ins: programs that replace a tool in tests and invent their figures.

A stand-in marks its version, and the head or the end of its files. Without the marks its figures would pass for
measurements, because they have the vendor's layout.
"""

from __future__ import annotations

import re

WORD = "(stand-in)"
"""Follows the version of a stand-in: `Vivado 2022.2 (stand-in)`."""
MARK = "!"
"""Precedes a figure invented by a stand-in, as ~ precedes an estimate."""
_SAID = re.compile(r"written by a stand-in of |\(stand-in[:)]|stand-in for tests: nothing is ")
_HEAD_CHARACTERS, _END_CHARACTERS = 16_384, 2_048


def is_stand_in(tool: str | None) -> bool:
    """Whether the name of a tool, as in values, is a stand-in's."""
    return tool is not None and tool.endswith(WORD)


def wrote(text: str) -> bool:
    """Whether the head or the end of a report or a log says that a stand-in wrote it."""
    return bool(_SAID.search(text, 0, _HEAD_CHARACTERS) or _SAID.search(text, max(len(text) - _END_CHARACTERS, 0)))
