"""Whether a figure is a stand-in's: a program that takes a tool's place in tests invents what it reports.

It says so by the word in its version, at the head of what it writes, or at its end. Such figures are in the vendor's
layout and would otherwise be taken for a measurement.
"""

from __future__ import annotations

import re

WORD = "(stand-in)"
"""Stands behind a version that is a stand-in's: `Vivado 2022.2 (stand-in)`."""
MARK = "!"
"""Stands before a figure that a stand-in has invented, as ~ does before an estimate."""
_SAID = re.compile(r"written by a stand-in of |\(stand-in[:)]|stand-in for tests: nothing is ")
_HEAD_CHARACTERS, _END_CHARACTERS = 16_384, 2_048


def is_stand_in(tool: str | None) -> bool:
    """Tell whether the name of a tool, as values have it, is a stand-in's."""
    return tool is not None and tool.endswith(WORD)


def wrote(text: str) -> bool:
    """Tell whether a report or a log says, at its head or its end, that it is a stand-in's."""
    return bool(_SAID.search(text, 0, _HEAD_CHARACTERS) or _SAID.search(text, max(len(text) - _END_CHARACTERS, 0)))
