"""The display of a terminal, as the terminal gets it."""

from __future__ import annotations

import os
import pty
import re

import pytest

BODY = """
BUILD = ["fast", "slow"]
def task_fast():
    yield task(python("fast", "open('fast', 'w').write('1')", outputs=("fast",)), doc="x")
def task_slow():
    yield task(python("slow", "import time; time.sleep(3); open('slow', 'w').write('1')", outputs=("slow",)), doc="x")
"""


def on_terminal(process_of, main: int) -> str:  # type: ignore[no-untyped-def]
    output = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # Linux says that the other side has closed it
            break
        if not part:
            break
        output += part
    assert process_of.wait(timeout=60) == 0
    return output.decode()


@pytest.mark.slow
def test_the_list_is_drawn_once_below_a_finished_step(checkout, started) -> None:
    checkout.dodo(BODY)
    checkout.environment |= {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    main, side = pty.openpty()
    process = started("-n", "2", stdin=side, stdout=side, stderr=side)
    os.close(side)
    output = on_terminal(process, main)
    os.close(main)
    below = re.search(r"done    fast [^\n]*\n(?:\x1b\[[0-9;]*m)* *([^\n]*)", output)
    assert below is not None
    # The list as it was before the step had ended would be drawn first, and at once again as it is now.
    assert below[1].startswith("1/2 done, 1 running"), below
