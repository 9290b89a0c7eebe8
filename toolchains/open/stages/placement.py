"""Blocks to SLRs by formula: where the simulated kernel has the registers of a crossing. It limits no build."""

from __future__ import annotations

from blocks.network import Network
from farm.step import PYTHON, Inputs, Output, Step, Text
from integration.fit.settings import FitSettings
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage

PROGRAM = "integration.fit.answer"
FIT = "fit.json"


def placement(build: Build, network: Network) -> Step:
    """The step of a network. Of a board without budgets per SLR it says that nothing is known.

    Raises:
        ConfigError: a block is pinned that does not exist, or to an SLR that does not exist.
    """
    place = f"{build.folder}/{STAGE.name}"
    if build.settings.section(FitSettings).pin:
        # A mistake in a pin ends the command and not a step.
        _problem(build, network)
    argv = (PYTHON, "-m", PROGRAM, "--problem", "problem.json", "--out", FIT)
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=argv,
        inputs=Inputs(modules_of(build.root, PROGRAM), Text("problem.json", lambda: _problem(build, network))),
        outputs=(Output(FIT, f"{place}/{FIT}"),),
        log=f"{place}/placement.log",
        tools=interpreter(),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


def _problem(build: Build, network: Network) -> str:
    # Loaded here: `doit list` takes a tenth longer with it.
    from integration.fit.problem import problem_of  # noqa: PLC0415

    problem = None
    if build.platform.budget.slrs:
        views = {core.name: build.view(core) for core in network.cores().values()}
        # A simulation may run at a clock that no shell gives; its crossings are the same.
        found = problem_of(network, build.platform, build.settings, build.toolchain, views, any_clock=True)
        problem = found.describe()
    return json_text(problem)


STAGE = Stage("placement", Per.NETWORK, placement, "SLRs of the blocks of")
