"""The engine's only source of time, which a test can let jump."""

from __future__ import annotations

import time


def monotonic_s() -> float:
    """Return seconds that only ever grow, for durations and deadlines: the wall clock may jump at any moment."""
    return time.monotonic()


def epoch_ns() -> int:
    """Return nanoseconds since 1970 by the wall clock, to be shown and to be compared with times of files."""
    return time.time_ns()


def epoch_s() -> float:
    """Return seconds since 1970 by the wall clock, to be shown."""
    return epoch_ns() / 1e9
