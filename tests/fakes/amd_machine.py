"""A machine with the stand-in of a release: a checkout, doit in it, and single steps run like the engine runs them.

Tests import this module by name; their conftest.py puts this folder on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import needs
from amd_stand_in import install
from flow_checkout import copy_files, server_of, share
from once import MADE

from config.settings import load_settings
from farm.execution.failure import Failure
from farm.execution.local import LocalExecutor
from farm.execution.run import Run
from farm.execution.scratch import Scratch
from farm.execution.verdict import Memory, verdict
from farm.step import Step

if TYPE_CHECKING:
    from toolchains.toolchain import Toolchain

FAKES = Path(__file__).resolve().parent
ROOT = FAKES.parents[1]
LICENCE = {"XILINXD_LICENSE_FILE": "2100@server"}


@dataclass(frozen=True)
class Machine:
    """A machine with one release of the stand-in, and a checkout on it."""

    tools: Path
    release: str
    checkout: Path

    @property
    def words(self) -> tuple[str, ...]:
        """Settings that select these tools."""
        return (
            "toolchain=vitis",
            f"vitis.release={self.release}",
            f"vitis.install={self.tools}",
            f"vitis.platforms={self.tools}/platforms",
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a user who has a licence and XRT but has not sourced any settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XILINX", "PYTEST", "AMD_"))}
        data = str(self.checkout.parent / "data")
        return {
            **kept,
            **LICENCE,
            "XILINX_XRT": str(self.tools / "xrt"),
            "PYTHONPATH": str(self.checkout),
            "XDG_DATA_HOME": data,
            "XDG_CACHE_HOME": data,
        }

    def fault(self, text: str) -> None:
        """Request a fault; the request stays."""
        (self.tools / "stand_in_fault").write_text(text)

    def tally(self) -> list[str]:
        """Names of everything synthesised, in order."""
        return [entry["name"] for entry in self.synthesised()]

    def synthesised(self) -> list[dict[str, str]]:
        """Kind (csynth, synth) and name of everything synthesised, in order."""
        return [json.loads(line) for line in (self.tools / "stand_in_tally").read_text().splitlines()]

    def fork(self, folder: Path, release: str = "") -> Machine:
        """A copy of this machine in a new folder, optionally with tools of another release."""
        shutil.copytree(self.checkout, folder / "checkout", copy_function=share_python)
        made = Machine(folder / "amd", release or self.release, folder / "checkout")
        made.install()
        return made

    def install(self) -> None:
        """Install the tools."""
        install.make(self.tools, self.release)
        (self.tools / "stand_in_tally").write_text("")

    def processes(self) -> list[str]:
        """Command lines of all processes that run in the checkout."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if place.joinpath("cwd").readlink().is_relative_to(self.checkout):
                    found.append(place.joinpath("cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it has ended, or is not ours
        return found

    def doit(self, *words: str, status: int = 0, timeout_s: float = 850, runs: tuple[str, ...] = ("-m", "doit")) -> str:
        """Run doit in the checkout and return what it prints."""
        server = server_of(self.checkout, self.environment)
        if server is not None:
            given = (*words, *self.words)
            found, output, errors = server.program(self.checkout, runs[-1], given, joined=False, seconds=timeout_s)
            assert found == status, output + errors
            return output
        done = subprocess.run(
            [sys.executable, *runs, *words, *self.words],
            cwd=self.checkout, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def toolchain(self, *words: str, network: str = "digits", target: str = "hw") -> Toolchain:
        """The toolchain that doit would use here."""

        from blocks.network import find_network
        from farm.settings import FarmSettings
        from integration.fit.settings import FitSettings
        from integration.platform import find_platform
        from toolchains.choose import SECTIONS, find_toolchain

        sections = {"farm": FarmSettings, "fit": FitSettings, **SECTIONS}
        given = (f"network={network}", f"target={target}", "platform=u250", *self.words, *words)
        settings = load_settings(self.checkout, sections, given)
        return find_toolchain(self.checkout, settings, find_network(network), find_platform("u250"))

    def run(self, step: Step) -> Failure | None:
        """Run one step once, like the engine; put its outputs into place if it succeeds."""
        executor, scratch = LocalExecutor(self.checkout), Scratch(self.checkout)
        run = scratch.run_of(step, "0" * 64)
        scratch.prepare(run)
        executor.start(run)
        ended: list[Run] = []
        while not ended:
            if step.timeout_s is not None and run.elapsed_s > step.timeout_s:
                run.timed_out = True
                executor.stop(run)
            ended = executor.ended()
            time.sleep(0.01)
        failure = verdict(run, Memory(step.resources.memory_gib, limit_gib=1024.0))
        for output in step.outputs if failure is None else ():
            place = self.checkout / output.target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.work / output.path, place)
        scratch.discard(run)
        return failure


class Make(Protocol):
    """Makes a machine with a release; `variables` replace the licence."""

    def __call__(self, release: str = "2022.2", variables: Mapping[str, str] | None = None) -> Machine:
        """Make it in a folder of the test's own."""


def share_python(source: str, target: str) -> None:
    """Link the Python files of a checkout, which no test on a machine changes, and copy all else."""
    share(source, target, (".py", ".pyc"))


def make_machine(folder: Path, release: str, sources: Path | None = None) -> Machine:
    """A machine in a folder. `sources` is a checkout of the same test run that nobody changes."""
    needs.tcl()
    checkout = folder / "checkout"
    if sources is None:
        copy_files(checkout)
    else:
        shutil.copytree(sources, checkout, copy_function=share_python, ignore=shutil.ignore_patterns(MADE))
    made = Machine(folder / "amd", release, checkout)
    made.install()
    return made
