"""The rendered scripts as files, per release and view, so that a change of them shows in review.

To render them anew after a change that is meant: `python tests/toolchains/vitis/test_golden.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.network import find_network
from integration.fit.result import Fit
from integration.fit.solve import fit_of
from toolchains.vitis.link.floorplan import floorplan_script
from toolchains.vitis.render_scripts import scripts, toolchain_for
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.structural import structural_script

GOLDEN = Path(__file__).parent / "golden"
SLRS = GOLDEN / "2022.2" / "slrs"
RELEASES = ("2019.2", "2022.2", "2024.2", "2025.1")
VIEWS = ("hls", "rtl")
#: Network, and the blocks whose cores are rendered; none: the whole build.
BUILDS = (("digits", ()), ("resnet50", ("res2b",)))


def rendered(release: str, view: str) -> dict[str, str]:
    return {
        f"{network}/{path}": text
        for network, blocks in BUILDS
        for path, text in scripts(find_network(network), release, view, blocks).items()
    }


def over_slrs() -> dict[str, str]:
    """Digits in three SLRs: crossings, resets from SLR to SLR, floorplan; both ways to stitch."""
    toolchain = toolchain_for(find_network("digits"), "2022.2", "rtl")
    pins = (("inoutdma", "slr0"), ("res2a", "slr1"), ("res3b", "slr2"))
    fit = fit_of(replace(toolchain.build.fit_problem, pins=pins))
    assert isinstance(fit, Fit)
    placed = {block.block: block.slrs[0] for block in fit.blocks}
    job = StitchJob.from_description(toolchain.build.job.describe(), placed)
    shell = toolchain.build.platform.shell(toolchain.build.platform.vbnv)
    assert shell is not None
    return {
        "design.tcl": design_script(job),
        "floorplan.tcl": floorplan_script(job, fit, shell),
        "structural.tcl": structural_script(job),
    }


def stored(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_scripts_are_those_that_were_reviewed(release: str, view: str) -> None:
    compare(rendered(release, view), GOLDEN / release / view)


def test_the_scripts_for_several_slrs_are_those_that_were_reviewed() -> None:
    compare(over_slrs(), SLRS)


def compare(now: dict[str, str], folder: Path) -> None:
    before = stored(folder)
    assert sorted(now) == sorted(before)
    for path, text in now.items():
        assert text == before[path], folder / path


def write(files: dict[str, str], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")


if __name__ == "__main__":
    for one_release in RELEASES:
        for one_view in VIEWS:
            write(rendered(one_release, one_view), GOLDEN / one_release / one_view)
    write(over_slrs(), SLRS)
