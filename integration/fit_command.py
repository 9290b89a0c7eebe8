"""`doit fit`: the fit of the present settings, printed; nothing is built and nothing is written."""

from __future__ import annotations

from pathlib import Path

from blocks.network import Network
from config.problem import ConfigError
from config.settings import Settings
from integration.fit import Fit, Misfit, fit_of
from integration.fit_problem import problem_of
from integration.fit_settings import FitSettings
from integration.fit_text import fit_lines, misfit_lines
from integration.needs import synthesised
from integration.placement import UndecidedError
from integration.platform import Platform


def solve(network: Network, platform: Platform, settings: Settings, folder: Path) -> Fit | Misfit:
    """The fit with what `ooc` has left in the build's `folder`, by formula where it has left nothing.

    Raises:
        ConfigError: settings that cannot be, values that cannot be read, or that fit.source=ooc asks for in vain.
        UndecidedError: the search was given up.
    """
    problem = problem_of(network, platform, settings)
    source = settings.section(FitSettings).source
    if source == "formula":
        return fit_of(problem)
    files = {block.core: folder / "ooc" / block.core / "values.json" for block in problem.blocks}
    return fit_of(problem.with_blocks(synthesised(problem.blocks, files, required=source == "ooc")))


def show(network: Network, platform: Platform, settings: Settings, folder: Path) -> str | None:
    """Print the fit, or what is missing; in that case also return a sentence that says so."""
    try:
        fit = solve(network, platform, settings, folder)
    except (ConfigError, UndecidedError) as error:
        return str(error)
    if isinstance(fit, Misfit):
        print("\n".join(misfit_lines(fit)))  # noqa: T201  the engine shows two lines of a failure only
        return f"{fit.network} does not fit {fit.platform}"
    print("\n".join(fit_lines(fit)))  # noqa: T201  the command's output
    return None
