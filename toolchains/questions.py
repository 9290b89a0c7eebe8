"""The questions that a user can ask about a build. Each function prints its answer; on failure it returns a sentence.

They start no tool. `gates` are the gates from the settings. Each imports what it needs when it is asked: an answer from
the history needs neither the fit nor the reports of a build.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from integration.context import BuildContext
from reports.reading.errors import ReportError
from toolchains.choose import TOOLCHAINS
from toolchains.common.build import Build
from toolchains.toolchain import Toolchain

if TYPE_CHECKING:
    from reports.summary.gates import Gate


def fifos(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Write trimmed FIFO depths beside the network's file."""
    from toolchains.open.simulation.fifo_trim import TrimError, write_depths

    build = toolchain.build
    try:
        print(write_depths(build.root, build.folder, build.network))
    except TrimError as error:
        return str(error)
    return None


def fit(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Print which block goes into which SLR. If nothing fits, list the shortfall and fail."""
    from integration.fit.command import show

    return show(toolchain.build.context())


def reports(toolchain: Toolchain, gates: tuple[Gate, ...], *, form: str = "table") -> str | None:
    """Write the estimate and the fit, then make and print the reports. Fails if a gate fails.

    With `form` "github", gates that fail are annotations as well, and the build goes into the summary of the job.
    """
    from reports.summary.page import make

    build = toolchain.build
    with ExitStack() as stack:
        root = _ready(build, stack)
        try:
            report = make(root, build.folder, gates, into=build.root)
        except ReportError as error:
            return str(error)
    if form == "github":
        from reports.github import tell_build

        tell_build(report)
    failed = [gate for gate in report.gates if not gate.passed]
    return f"{len(failed)} of {len(gates)} gates failed: {failed[0]}" if failed else None


def page(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Write the estimate and the fit, then the page of the build. Fails if it cannot be written."""
    from reports.page.write import write_page
    from reports.summary.build import read_build

    build = toolchain.build
    with ExitStack() as stack:
        root = _ready(build, stack)
        try:
            path = write_page(root, build.folder, read_build(root, build.folder, gates), into=build.root)
        except ReportError as error:
            return str(error)
        except OSError as error:
            return f"{error.filename}: {error.strerror}; the page is written into the build's folder"
    print(f"{build.relative(path)}: open it in a browser; {path.with_suffix('.json').name} has the same values")
    return None


def _ready(build: Build, stack: ExitStack) -> Path:
    """Write the estimate and the fit of a build, and return the root of its folder for the reports.

    In a read-only checkout that is a temporary folder, which links to the rest of the build until the stack is closed.
    """
    context = build.context()
    try:
        _leave(context)
    except OSError:
        root = Path(stack.enter_context(TemporaryDirectory()))
        _show_build(build.root, build.folder, root)
        _leave(replace(context, folder=root / build.folder))
        return root
    return build.root


def _leave(context: BuildContext) -> None:
    from integration.estimate import leave_estimate
    from integration.fit.command import leave

    leave_estimate(context)
    leave(context)


def _show_build(checkout: Path, folder: str, root: Path) -> None:
    """Link a build's folder and its records into `root`, without the estimate and the fit."""
    from integration.estimate import FILE as ESTIMATE
    from integration.fit.file import FILE as FIT
    from reports.summary.times import RECORDS

    (root / folder).mkdir(parents=True)
    for path in (checkout / folder).glob("*"):
        if path.name not in (ESTIMATE, FIT):
            (root / folder / path.name).symlink_to(path)
    (root / RECORDS).parent.mkdir(parents=True)
    (root / RECORDS).symlink_to(checkout / RECORDS)


def history(toolchain: Toolchain, gates: tuple[Gate, ...], *words: str, as_json: bool) -> str | None:
    """Print the builds of the history, or the trend of a value. Raises ConfigError."""
    from reports.history.command import history as show_history

    return show_history(toolchain.build.root, toolchain.build.folder, words, as_json=as_json)


def diff(toolchain: Toolchain, gates: tuple[Gate, ...], *words: str, as_json: bool) -> str | None:
    """Print what differs between two builds or folders; fails if a limit of growth is exceeded. Raises ConfigError."""
    from reports.history.command import diff as show_diff

    build = toolchain.build
    return show_diff(build.root, build.folder, words, build.settings, as_json=as_json)


def remember(toolchain: Toolchain, gates: tuple[Gate, ...], account: Mapping[str, Any]) -> str:
    """Enter a build that has just ended into the history, and make its page. Returns a sentence if that fails.

    Of a build that a signal ended only what it ran is entered: there is no time for more.
    """
    build = toolchain.build
    try:
        if account["outcome"] == "interrupted":
            _remember_interrupted(build, account)
        else:
            _remember(build, gates, account)
    except OSError as error:
        return f"the history or the page of this build was not written: {error.filename}: {error.strerror}"
    except ReportError as error:
        return f"the history or the page of this build was not written: {error}"
    return ""


def _remember(build: Build, gates: tuple[Gate, ...], account: Mapping[str, Any]) -> None:
    from integration.estimate import leave_estimate
    from integration.fit.command import is_left
    from reports.history.remember import remember as enter
    from reports.page.write import write_page
    from reports.summary.build import read_build

    context = build.context()
    leave_estimate(context)
    report = read_build(build.root, build.folder, gates)
    if not is_left(context):
        # The fit in the folder is that of another build, and solving takes seconds for a large network.
        report = replace(report, fit=None)
    enter(build.root, account, build.settings, report)
    write_page(build.root, build.folder, report)


def _remember_interrupted(build: Build, account: Mapping[str, Any]) -> None:
    from reports.history.entry import Made
    from reports.history.remember import remember_interrupted

    made = Made(
        network=build.network.name,
        toolchain=build.toolchain,
        target=build.target,
        platform=build.platform.name,
        part=build.platform.part,
        clock_mhz=build.clock_mhz,
        cores={block: core.name for block, core in build.network.cores().items()},
        slrs={},
    )
    remember_interrupted(build.root, account, build.settings, made)


def tools(toolchain: Toolchain, gates: tuple[Gate, ...]) -> str | None:
    """Print the programs that each toolchain needs on this machine, beyond the project's own environment."""
    build = toolchain.build
    for name in TOOLCHAINS:
        report = getattr(import_module(f"toolchains.{name}.toolchain"), "tools_report", None)
        if report is not None:
            print(report(build.settings, build.platform))
    return None
