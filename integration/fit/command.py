"""`doit fit` prints the fit for the current settings and builds nothing; `doit reports` writes it to a file."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import replace

from config.problem import ConfigError
from integration.context import BuildContext
from integration.fit.file import is_answered, leave_fit, leave_no_fit
from integration.fit.needs import best, synthesised
from integration.fit.problem import FitProblem, problem_of
from integration.fit.settings import FitSettings


def asked(build: BuildContext) -> FitProblem:
    """The problem, with the build's `ooc` results if every core has them for its view, else with formulas.

    Raises:
        ConfigError: settings contradict each other, results cannot be read, or fit.source=ooc and a result is missing.
    """
    problem = problem_of(build.network, build.platform, build.settings, build.toolchain, build.views)
    source = build.settings.section(FitSettings).source
    # A build's folder has the synthesis of its own toolchain only.
    files = {block.core: build.folder / "ooc" / block.core / "values.json" for block in problem.blocks}
    if source == "formula":
        return problem
    if source == "ooc":
        return problem.with_blocks(synthesised(problem.blocks, files))
    return problem.with_blocks(*best(problem.blocks, files, problem.toolchain))


def show(build: BuildContext) -> str | None:
    """Print the fit and return None, or print the shortfall and return a one-sentence error."""
    # Import the solver only here: reports read its results from a file.
    from integration.fit.placement import UndecidedError  # noqa: PLC0415
    from integration.fit.refold import refoldings  # noqa: PLC0415
    from integration.fit.result import Misfit  # noqa: PLC0415
    from integration.fit.solve import fit_of, with_refolding  # noqa: PLC0415
    from integration.fit.text import fit_lines, misfit_lines  # noqa: PLC0415

    try:
        problem = asked(build)
        fit = fit_of(problem)
        if isinstance(fit, Misfit):
            fit = with_refolding(replace(problem, refoldings=refoldings(build.network)), fit)
    except (ConfigError, UndecidedError) as error:
        return str(error)
    if isinstance(fit, Misfit):
        _print(misfit_lines(fit))  # the engine shows only two lines of a failure
        return f"{fit.network} does not fit {fit.platform}"
    _print(fit_lines(fit))
    return None


def leave(build: BuildContext) -> None:
    """Write the fit to the build's folder for the reports, or the reason why the settings allow none."""
    try:
        leave_fit(build.folder, asked(build))
    except ConfigError as error:
        leave_no_fit(build.folder, str(error))


def is_left(build: BuildContext) -> bool:
    """Whether the fit in the build's folder is that of the present settings and results."""
    try:
        return is_answered(build.folder, asked(build))
    except ConfigError:
        return False


def _print(lines: list[str]) -> None:
    """Print lines. On a terminal, long lines are wrapped between words; those of tables fit into 80 columns."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        folded = textwrap.wrap(line, columns, subsequent_indent=indent) if columns and len(line) > columns else [line]
        print("\n".join(folded))  # noqa: T201  the command's output
