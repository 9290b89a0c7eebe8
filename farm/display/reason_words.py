"""Reasons in words."""

from __future__ import annotations

from collections.abc import Sequence

from farm.reason import Reason

_SHORT_CHARACTERS = 60


def reason_words(reason: Reason) -> str:
    """Return one reason as a phrase."""
    change = f"{shown(reason.before)} -> {shown(reason.after)}"
    match reason.kind:
        case "no record":
            return "no record of a finished run"
        case "asked":
            return "asked for with --always"
        case "fact":
            return f"{reason.subject} {change}"
        case "argv":
            return "the command changed"
        case "input":
            verb = "is new" if not reason.before else "is no longer an input" if not reason.after else "changed"
            return f"{reason.subject} {verb}"
        case "tool":
            return f"{reason.subject} {change}"
        case "environment":
            return f"variable {reason.subject} {change}"
        case "outputs":
            return "the outputs changed"
        case "missing":
            return f"{reason.subject} is missing"
        case "altered":
            return f"{reason.subject} was altered"
        case "unreadable":
            return f"{reason.subject} cannot be read ({reason.after})"


def short_reasons(reasons: Sequence[Reason]) -> str:
    """Return the most telling reason, and how many more there are."""
    if not reasons:
        return ""
    first = reason_words(reasons[0])
    if len(first) > _SHORT_CHARACTERS:
        first = first[: _SHORT_CHARACTERS - 3] + "..."
    return first if len(reasons) == 1 else f"{first} (+{len(reasons) - 1})"


def long_reasons(reasons: Sequence[Reason]) -> list[str]:
    """Return every reason on a line of its own; a changed command word by word."""
    lines = []
    for reason in reasons:
        lines.append(reason_words(reason))
        if reason.kind in ("argv", "outputs"):
            lines += [f"  before: {reason.before}", f"  now:    {reason.after}"]
    return lines


def shown(value: str) -> str:
    """Return a value of a reason as it is shown."""
    return value or "(none)"
