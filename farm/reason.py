"""Why a step has to run: data, which only the display turns into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from config.frozen import dataclass
from farm.key import Parts

Kind = Literal[
    "no record", "asked", "fact", "argv", "input", "tool", "environment", "outputs", "missing", "altered", "unreadable"
]


@dataclass(frozen=True)
class Reason:
    """One difference between the recorded run and the present: of `subject`, from `before` to `after`."""

    kind: Kind
    subject: str = ""
    before: str = ""
    after: str = ""


def differences(
    before: Parts, after: Parts, facts_before: Mapping[str, str], facts_after: Mapping[str, str]
) -> tuple[Reason, ...]:
    """Compare two keys part by part. Facts come first: they tell in the user's terms why a digest changed."""
    reasons = _compare("fact", facts_before, facts_after)
    if before.argv != after.argv:
        reasons.append(Reason("argv", "", " ".join(before.argv), " ".join(after.argv)))
    reasons += _compare("tool", dict(before.tools), dict(after.tools))
    reasons += _compare("environment", dict(before.environment), dict(after.environment))
    reasons += _compare("input", dict(before.inputs), dict(after.inputs))
    if before.outputs != after.outputs:
        reasons.append(Reason("outputs", "", " ".join(before.outputs), " ".join(after.outputs)))
    return tuple(reasons)


def _compare(kind: Kind, before: Mapping[str, str], after: Mapping[str, str]) -> list[Reason]:
    names = [*before, *(name for name in after if name not in before)]
    return [
        Reason(kind, name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    ]
