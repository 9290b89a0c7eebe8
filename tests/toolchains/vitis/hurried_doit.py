"""doit with the engine's clock a hundred times as fast: `python hurried_doit.py <words of doit>`, in a checkout.

Pauses and limits of hours pass in seconds. Only the engine hurries: what it starts takes its time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path.cwd()))

from doit.doit_cmd import DoitMain

from farm import clock
from farm.execution import local
from farm.scheduler.stop import Stop

FAST = 100.0
_wait = Stop.wait


def wait(stop: Stop, seconds: float | None, descriptors: Sequence[int] = ()) -> None:
    """Wait as long as the fast clock needs for it."""
    _wait(stop, None if seconds is None else seconds / FAST, descriptors)


if __name__ == "__main__":
    with (
        patch.object(clock, "monotonic_s", lambda: time.monotonic() * FAST),
        # How long a tool takes to end that is asked to is no time of the engine's.
        patch.object(local, "GRACE_S", local.GRACE_S * FAST),
        patch.object(Stop, "wait", wait),
    ):
        sys.exit(DoitMain().run(sys.argv[1:]))
