"""Assign blocks to SLRs and arguments to memories, with the area of each core from `ooc`."""

from __future__ import annotations

from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.vitis.build import VitisBuild

PROGRAM = "integration.fit.program"


def placement(build: VitisBuild, network: Network) -> Step:
    """The step that places a network's blocks. It starts no tool of AMD's."""
    values = {name: f"{build.folder}/ooc/{name}/values.json" for name in build.job.cores}
    given = tuple(f"{name}=ooc/{name}.json" for name in values)
    place = f"{build.folder}/stitch"
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--problem", "problem.json", "--out", "fit.json", "--values", *given),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            Text("problem.json", json_text(build.fit_problem.describe())),
            *(File(f"ooc/{name}.json", path) for name, path in values.items()),
        ),
        outputs=(Output("fit.json", f"{place}/fit.json"),),
        log=f"{place}/fit.log",
        tools=interpreter(),
        error_lines=ERROR_LINES,
        signatures=signatures("vitis"),
    )


STAGE = Stage("placement", Per.NETWORK, placement, "SLRs of the blocks of", needs=("ooc",))
