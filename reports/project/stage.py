"""The stage of a design that a report is about: synthesised, optimised, placed, routed, optimised after routing.

Vivado prints the state of the design in memory. In a link by v++ that is the state of the shell, which is routed long
before the kernels are placed, so the name of a file may tell an earlier stage: `impl_1_full_util_synthed.rpt`.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

STAGES = ("synthesized", "optimized", "placed", "routed", "physopt postroute")
_STATES = ("synth", "optimized", "placed", "routed", "postroute")
_NAMES = (
    (4, re.compile(r"post_?route_?phys_?opt(ed)?|phys_?opt_?post_?route|postroutephysopt")),
    (3, re.compile(r"(post_?)?route[dr]?|post_?impl(ementation)?|impl(emented)?")),
    (2, re.compile(r"(post_?)?place[dr]?|phys_?opt(ed)?")),
    (1, re.compile(r"(post_?)?opt(ed)?")),
    (0, re.compile(r"(post_?)?(synth?|synthed|synthesis|synthesi[sz]ed)|vsynth")),
)
_TELLING = re.compile(r"(post_?)?(synth?|synthed|synthesis|synthesi[sz]ed)|vsynth|opted|optimized|placed")
"""Words that no one uses for a report of a later stage; "opt" and "place" may be a directive or a part of a name."""
_WORDS = re.compile(r"[a-z]+")


def of_state(state: str | None) -> int | None:
    """Return the rank of a state as printed: "fully placed" is placed, "physopt postroute" comes after "routed"."""
    words = (state or "").lower().replace(" ", "")
    found = [rank for rank, word in enumerate(_STATES) if word in words]
    return max(found) if found else None


def of_name(file: str, design: str = "") -> int | None:
    """Return the rank that the name of a file tells; None if it tells none. The last word that tells one counts.

    The name of the design is left out: it may be `router` or `synth`.
    """
    return _rank(file, design)[0]


def _rank(file: str, design: str) -> tuple[int | None, str]:
    stem = PurePosixPath(file).stem.lower()
    words = _WORDS.findall(stem.replace(design.lower(), "_") if design else stem)
    for at in range(len(words) - 1, -1, -1):
        for length in (3, 2, 1):
            word = "_".join(words[max(at - length + 1, 0) : at + 1])
            # "impl_1_full_util": the run, not the stage.
            if at == 0 and word == "impl" and len(words) > 1:
                continue
            for rank, pattern in _NAMES:
                if pattern.fullmatch(word):
                    return rank, word
    return None, ""


def stage_of(file: str, state: str | None, command: str | None = None, design: str = "") -> tuple[int, bool]:
    """Return the rank of a report's stage (-1 if unknown), and whether the name overrides the state that is printed.

    The earlier of both counts: a design cannot be routed that is only placed, and a file that is called `synthed` was
    not written from a routed design.
    """
    printed = of_state(state)
    output = re.search(r"-file (\S+)", command or "")
    named, word = _rank(file, design)
    if named is None and output:
        named, word = _rank(output[1], design)
    if printed is None:
        return (-1 if named is None else named), False
    if named is not None and named < printed and _TELLING.fullmatch(word):
        return named, True
    return printed, False
