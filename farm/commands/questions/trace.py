"""`doit trace`: the last build as a file for a trace viewer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful
from farm.display.build_log import LAST_BUILD, NewerLogError, chrome_trace, read_events
from farm.display.reason_words import reason_words
from farm.reason import Reason


class Trace(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Writes the last build as a trace."""

    name = "trace"
    doc_purpose = "write the last build as a trace for ui.perfetto.dev or chrome://tracing"
    doc_usage = "[-o FILE]"
    about = "The last build is the last one that ran or restored a step; a build without work leaves it."
    doc_description = None
    cmd_options = (
        {
            "name": "output",
            "short": "o",
            "long": "output",
            "type": str,
            "default": "build/trace.json",
            "metavar": "FILE",
            "help": "file to write [default: build/trace.json]",
        },
    )

    def execute(self, params: Any, args: list[str]) -> int:
        if args:
            raise InvalidCommand(f"'doit trace' takes no task ('{args[0]}'): it shows the whole last build")
        try:
            events = read_events(Path.cwd())
        except NewerLogError as error:
            raise InvalidCommand(str(error)) from None
        except OSError:
            raise InvalidCommand("there is no build to trace yet; run 'doit build' first") from None
        if not events:
            raise InvalidCommand(f"{LAST_BUILD} holds no event; run 'doit build' again")
        document = chrome_trace(events, reason_words=lambda item: reason_words(Reason(**item)))  # type: ignore[arg-type]
        path = Path(params["output"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document) + "\n", "utf-8")
        except OSError as error:
            raise InvalidCommand(f"{path}: {error.strerror}; name another file with -o") from None
        steps = sum(event["ph"] == "X" for event in document["traceEvents"])
        sys.stdout.write(
            f"{path}: {steps} step{'' if steps == 1 else 's'}; open it in ui.perfetto.dev or chrome://tracing\n"
        )
        return 0
