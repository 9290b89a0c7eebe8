"""What a task does with the outputs of its step when they are in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.frozen import dataclass


@dataclass(frozen=True)
class Vouch:
    """A hook that is also told whether this farm made the outputs itself, and may return a sentence to print.

    It did if it ran the step here, on nothing that came out of a shared store. Outputs that were restored, from
    whatever store, are not of its making.
    """

    call: Callable[[tuple[Path, ...], bool], str]


#: Gets the outputs' paths, in each build: made, restored or current.
Hook = Callable[[tuple[Path, ...]], None] | Vouch
