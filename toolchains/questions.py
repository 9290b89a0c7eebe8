"""What a user asks of a build. Each function prints its answer, and returns a sentence where that is a failure.

No tool is started. `gates` are those of the settings.
"""

from __future__ import annotations

from importlib import import_module

from integration.estimate import leave_estimate
from integration.fit.command import leave, show
from reports.summary.gates import Gate
from reports.summary.page import make
from toolchains.choose import TOOLCHAINS
from toolchains.open.simulation.fifo_trim import TrimError, write_depths
from toolchains.toolchain import Toolchain


def fifos(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Write trimmed FIFO depths beside the network's file."""
    build = toolchain.build
    try:
        print(write_depths(build.root, build.folder, build.network))
    except TrimError as error:
        return str(error)
    return None


def fit(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Print which block goes into which SLR; fails and lists the shortfall where nothing fits."""
    return show(toolchain.build.context())


def reports(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Leave the estimate and the fit for the reports, and print them; fails where a gate does."""
    build = toolchain.build
    leave_estimate(build.context())
    leave(build.context())
    failed = make(build.root, build.folder, gates)
    return f"{len(failed)} of {len(gates)} gates failed: {failed[0]}" if failed else None


def tools(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Print what each toolchain needs of this machine beyond the project's own environment."""
    build = toolchain.build
    for name in TOOLCHAINS:
        report = getattr(import_module(f"toolchains.{name}.toolchain"), "tools_report", None)
        if report is not None:
            print(report(build.settings, build.platform))
    return None
