"""`doit demo`: builds digits, classifies images that it was never trained on, on the emulated card, and shows some."""

# ruff: noqa: T201
from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful

NETWORK = "digits"
BUILD = ("build", f"network={NETWORK}", "toolchain=open", "target=sw_emu")
NEXT = (
    (f"reports network={NETWORK}", "cycles, area and times of what was just built"),
    (f"build network={NETWORK}", "again: nothing runs, because nothing has changed"),
    (f"plan network={NETWORK}", f"after an edit of a pe in blocks/networks/{NETWORK}.yaml: what would run, and why"),
    ("help", "all commands"),
)


class Demo(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Runs two commands, which a user can also type."""

    name = "demo"
    doc_purpose = f"build the network {NETWORK} and classify images with it on the emulated card"
    doc_usage = ""
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Run both commands. Returns the exit status of the first one that fails, else 0."""
        if args:
            raise InvalidCommand(f"'doit demo' takes no words, not '{args[0]}'; it always shows {NETWORK}")
        # If the environment is not activated, `doit` is not on PATH.
        beside = Path(sys.executable).parent / "doit"
        here = beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside
        doit = "doit" if shutil.which("doit") else str(here)
        print(f"$ {doit} {' '.join(BUILD)}", flush=True)
        # A separate process, because the settings of this one name another network.
        built = _run([sys.executable, "-m", "doit", *BUILD])
        if built:
            return built
        print(f"\n$ python -m benchmarks.held_out {NETWORK}", flush=True)
        shown = _run([sys.executable, "-m", "benchmarks.held_out", NETWORK])
        if not shown:
            print("\nWhat to try next:")
            for words, what in NEXT:
                print(f"  {doit} {words:<22}  {what}")
        return shown


def _run(words: list[str]) -> int:
    """Run a command and wait for its end, also after Ctrl-C, which the command gets too. So no process survives."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(words, preexec_fn=_interruptible)  # noqa: PLW1509 - no threads here
        status = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - status if status < 0 else status


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
