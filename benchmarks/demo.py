"""`doit demo`: builds digits, classifies images that it was never trained on, on the emulated card, and shows some."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from config.settings import command_line_words
from farm.commands.helpful import Helpful

NETWORK = "digits"


def build_of(network: str) -> tuple[str, ...]:
    """The words behind `doit` that build a network for the emulated card."""
    return ("build", f"network={network}", "toolchain=open", "target=sw_emu")


def next_of(network: str) -> tuple[tuple[str, str], ...]:
    """Commands to try next, and what each does."""
    file = network if network.endswith(".yaml") else f"blocks/networks/{network}.yaml"
    return (
        (f"reports network={network}", "cycles, area and times of what was just built"),
        (f"build network={network}", "again: nothing runs, because nothing has changed"),
        (f"plan network={network}", f"after an edit of a pe in {file}: what would run, and why"),
        ("help", "all commands"),
    )


class Demo(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Runs two commands, which a user can also type."""

    name = "demo"
    doc_purpose = f"build the network {NETWORK}, or one with images of yours, and classify them on the emulated card"
    doc_usage = "[network=NAME or PATH.yaml]"
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Run both commands. Returns the exit status of the first one that fails, else 0."""
        if args:
            raise InvalidCommand(f"'doit demo' takes no words but network=, not '{args[0]}'")
        network = next(
            (word[8:] for word in reversed(command_line_words(sys.argv[1:])) if word.startswith("network=")), NETWORK
        )
        # If the environment is not activated, `doit` is not on PATH.
        beside = Path(sys.executable).parent / "doit"
        here = beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside
        doit = "doit" if shutil.which("doit") else str(here)
        words = build_of(network)
        print(f"$ {doit} {shlex.join(words)}", flush=True)
        # A separate process, because the settings of this one name another network.
        built = _run([sys.executable, "-m", "doit", *words])
        if built:
            return built
        print(f"\n$ python -m benchmarks.held_out {shlex.quote(network)}", flush=True)
        shown = _run([sys.executable, "-m", "benchmarks.held_out", network])
        if not shown:
            print("\nWhat to try next:")
            for typed, what in next_of(network):
                print(f"  {doit} {typed:<22}  {what}")
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
