"""`doit log`: the output of a step's tool."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

from doit.exceptions import InvalidCommand

from config.output import clean
from farm.commands.groups import by_name
from farm.commands.questions.inspection import Inspection, warn
from farm.planning.graph import check_selection, linked, members, step_of
from farm.project import project_of
from farm.redaction import Redaction
from farm.step import Step


class Log(Inspection):
    """Shows the logs of steps, in a pager on a terminal."""

    name = "log"
    doc_purpose = "show the log of a step's last run, in $PAGER on a terminal"
    doc_usage = "TASK... [key=value...]"
    about = """
    Private values are left out: users, hosts, licence servers, tokens. A step that failed has a log too; a running step
    has one when it has ended.
    """
    examples = ("doit log hls:res2a", "doit log link > link.log")

    def _execute(self, pos_args: list[str]) -> int:
        if not pos_args:
            raise InvalidCommand("'doit log' needs the name of a task, for example: doit log hls:res2a")
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        linked(self.task_list)
        names = list(dict.fromkeys(name for word in pos_args for name in members(tasks, word)))
        steps = [step for name in names if (step := step_of(tasks[name])) is not None]
        if not steps:
            raise InvalidCommand(f"'{pos_args[0]}' stands for no step, and only steps have logs")
        there = [step for step in steps if Path(step.log).is_file()]
        missing = [step.name for step in steps if step not in there]
        if not there:
            raise InvalidCommand(
                f"there is no log of {_some(missing)} yet: no run with these settings has ended; "
                f"'doit {pos_args[0]}' makes one"
            )
        if missing:
            warn(f"no log yet: {_some(missing)}")
        if empty := [step.log for step in there if not Path(step.log).stat().st_size]:
            warn(f"printed nothing: {_some(empty)}")
        redaction = project_of(self.loader).redaction
        pieces = [read_log(step, redaction) for step in there]
        if len(there) > 1:
            heads = [f"== {step.name}: {step.log}\n" for step in there]
            pieces = [part for pair in zip(heads, pieces, strict=True) for part in pair]
        self._show(clean("".join(pieces)).encode("utf-8", errors="surrogateescape"))
        return 0

    def _show(self, text: bytes) -> None:
        if self.outstream.isatty() and _paged(text):
            return
        self.outstream.flush()
        # Bytes: some of them may not be UTF-8, and stay as they are.
        self.outstream.buffer.write(text)
        self.outstream.flush()


def read_log(step: Step, redaction: Redaction) -> str:
    """Return the redacted log of a step. It was redacted when it was stored; doing it twice changes nothing."""
    # Bytes that are not UTF-8 stay as they are.
    text = Path(step.log).read_bytes().decode("utf-8", errors="surrogateescape")
    return redaction.clean(text, text)


def _paged(text: bytes) -> bool:
    """Show a text in the user's pager; False if there is none."""
    words = shlex.split(os.environ.get("PAGER", "less"))
    if not words:
        return False
    try:
        # F: a text that fits the screen is printed. X: it stays on the screen.
        pager = subprocess.Popen(words, stdin=subprocess.PIPE, env={"LESS": "FX", **os.environ})
    except OSError:
        return False
    # Ctrl-C is for the pager.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.communicate(text)
    except BrokenPipeError:
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
