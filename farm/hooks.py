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

    `list` gives the file in which it notes what it has vouched for. If it returned no sentence, it is not called again
    for current outputs while they and that file are as it left them. Without `list` it is called in each build.
    """

    call: Callable[[tuple[Path, ...], bool], str]
    list: Callable[[], Path] | None = None


#: Gets the outputs' paths, in each build: made, restored or current.
Hook = Callable[[tuple[Path, ...]], None] | Vouch


def called(hook: Hook, outputs: tuple[Path, ...], *, made_here: bool) -> str:
    """Call a hook with the paths of a step's outputs; return the sentence to print, mostly none."""
    if isinstance(hook, Vouch):
        return hook.call(outputs, made_here)
    hook(outputs)
    return ""
