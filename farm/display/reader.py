"""The reader of a command's output may go away: `doit plan | head`."""

from __future__ import annotations

import os
import sys
from typing import Any

#: What a shell reports of a program that SIGPIPE has ended.
NOBODY_READS = 141


def give_up_writing() -> int:
    """Let what is still to be written go nowhere, and return the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return NOBODY_READS


class ReaderMayLeave:
    """Put before a command of doit: it ends quietly when nobody reads any more (`doit plan | head`)."""

    def parse_execute(self, in_args: list[str]) -> Any:
        try:
            status = super().parse_execute(in_args)  # type: ignore[misc]
            sys.stdout.flush()
        except BrokenPipeError:
            return give_up_writing()
        return status
