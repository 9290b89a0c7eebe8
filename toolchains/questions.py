"""The questions that a user can ask about a build. Each function prints its answer; on failure it returns a sentence.

They start no tool. `gates` are the gates from the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from integration.context import BuildContext
from integration.estimate import FILE as ESTIMATE
from integration.estimate import leave_estimate
from integration.fit.command import leave, show
from integration.fit.file import FILE as FIT
from reports.reading.errors import ReportError
from reports.summary.gates import Gate
from reports.summary.page import make
from reports.summary.times import RECORDS
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
    """Print which block goes into which SLR. If nothing fits, list the shortfall and fail."""
    return show(toolchain.build.context())


def reports(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Write the estimate and the fit, then make and print the reports. Fails if a gate fails.

    In a read-only checkout the estimate and the fit go to a temporary folder, which links to the rest of the build.
    """
    build = toolchain.build
    with ExitStack() as stack:
        root, context = build.root, build.context()
        try:
            _leave(context)
        except OSError:
            root = Path(stack.enter_context(TemporaryDirectory()))
            _show_build(build.root, build.folder, root)
            _leave(replace(context, folder=root / build.folder))
        try:
            failed = make(root, build.folder, gates, into=build.root)
        except ReportError as error:
            return str(error)
    return f"{len(failed)} of {len(gates)} gates failed: {failed[0]}" if failed else None


def _leave(context: BuildContext) -> None:
    leave_estimate(context)
    leave(context)


def _show_build(checkout: Path, folder: str, root: Path) -> None:
    """Link a build's folder and its records into `root`, without the estimate and the fit."""
    (root / folder).mkdir(parents=True)
    for path in (checkout / folder).glob("*"):
        if path.name not in (ESTIMATE, FIT):
            (root / folder / path.name).symlink_to(path)
    (root / RECORDS).parent.mkdir(parents=True)
    (root / RECORDS).symlink_to(checkout / RECORDS)


def history(toolchain: Toolchain, gates: tuple[Gate, ...], *words: str, as_json: bool) -> str | None:
    """Print the builds of the history, or the trend of a value. Raises ConfigError."""
    from reports.history.command import history as show_history  # noqa: PLC0415 - SQLite, which other questions need not

    return show_history(toolchain.build.root, toolchain.build.folder, words, as_json=as_json)


def diff(toolchain: Toolchain, gates: tuple[Gate, ...], *words: str, as_json: bool) -> str | None:
    """Print what differs between two builds or folders; fails if a limit of growth is exceeded. Raises ConfigError."""
    from reports.history.command import diff as show_diff  # noqa: PLC0415 - as above

    build = toolchain.build
    return show_diff(build.root, build.folder, words, build.settings, as_json=as_json)


def remember(toolchain: Toolchain, gates: tuple[Gate, ...], account: Mapping[str, Any]) -> str:
    """Enter a build that has just ended into the history. Returns a sentence if it cannot be entered."""
    from reports.history.command import remember as enter  # noqa: PLC0415 - as above

    build = toolchain.build
    try:
        leave_estimate(build.context())
        enter(build.root, build.folder, account, build.settings)
    except OSError as error:
        return f"this build is not in the history: {error.filename}: {error.strerror}"
    except ReportError as error:
        return f"this build is not in the history: {error}"
    return ""


def tools(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Print the programs that each toolchain needs on this machine, beyond the project's own environment."""
    build = toolchain.build
    for name in TOOLCHAINS:
        report = getattr(import_module(f"toolchains.{name}.toolchain"), "tools_report", None)
        if report is not None:
            print(report(build.settings, build.platform))
    return None
