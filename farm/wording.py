"""Reasons and failures in words. Nothing else of the engine makes sentences of them."""

from __future__ import annotations

from collections.abc import Sequence

from farm.failure import Failure
from farm.reason import Reason

_SHORT_CHARACTERS = 60


def reason_words(reason: Reason) -> str:
    """Return one reason as a phrase."""
    change = f"{_shown(reason.before)} -> {_shown(reason.after)}"
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
            verb = "is new" if not reason.before else "is no input any more" if not reason.after else "changed"
            return f"{reason.subject} {verb}"
        case "tool":
            return f"{reason.subject} {change}"
        case "environment":
            return f"variable {reason.subject} {change}"
        case "outputs":
            return "the outputs are others"
        case "missing":
            return f"{reason.subject} is missing"
        case "altered":
            return f"{reason.subject} was altered"


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


def failure_words(failure: Failure) -> str:
    """Return how a step failed, as a phrase."""
    match failure.cause:
        case "exit":
            return f"ended with exit status {failure.detail}"
        case "signal":
            killed = " (often the kernel's, when memory runs out)" if failure.detail == "SIGKILL" else ""
            return f"was ended by {failure.detail}{killed}"
        case "timeout":
            return f"was not done after {failure.detail} s"
        case "program":
            return f"could not be started: {failure.detail}"
        case "outputs":
            return f"ended with exit status 0, but its output {failure.detail}"
        case "log":
            return "ended with exit status 0, but its log reports an error"
        case "input":
            return f"could not read its inputs: {failure.detail}"
        case "published":
            return f"made its outputs, but their use failed: {failure.detail}"
        case "action":
            return failure.detail
        case "engine":
            return f"met an error of the engine: {failure.detail}"


def duration_words(seconds: float) -> str:
    """Return a time as a person says it: 0.3 s, 42 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _shown(value: str) -> str:
    return value or "(none)"
