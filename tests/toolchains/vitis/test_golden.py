"""The rendered scripts as files, so that a change of them shows in review.

Releases and views share their files. `golden/RELEASE/both` holds what both views share, `golden/RELEASE/VIEW` what only
one view has, and a file that a release does not have is the one of the release before it. `@RELEASE@` stands for the
release, and an empty file for one that this release does not render any more.

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
BOTH = "both"
MARK = "@RELEASE@"
Texts = dict[str, str]
#: Network, and the blocks whose cores are rendered; none: the whole build.
BUILDS = (("digits", ()), ("resnet50", ("res2b",)))


def rendered(release: str, view: str) -> Texts:
    return {
        f"{network}/{path}": text
        for network, blocks in BUILDS
        for path, text in scripts(find_network(network), release, view, blocks).items()
    }


def over_slrs() -> Texts:
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


def expected(golden: Path, release: str, view: str) -> Texts:
    """The texts of a release and view, put together by the rule above."""
    found: Texts = {}
    for earlier in RELEASES[: RELEASES.index(release) + 1]:
        found |= stored(golden / earlier / BOTH) | stored(golden / earlier / view)
    return {path: text.replace(MARK, release) for path, text in found.items() if text}


def files_of(texts: dict[tuple[str, str], Texts]) -> Texts:
    """The fewest files from which `expected` puts together the texts of every release and view."""
    files: Texts = {}
    before: dict[str, Texts] = {view: {} for view in VIEWS}
    for release in RELEASES:
        now = {view: {path: marked(text, release) for path, text in texts[release, view].items()} for view in VIEWS}
        for path in sorted(set().union(*now.values(), *before.values())):
            has = {view: now[view].get(path, "") for view in VIEWS}
            had = {view: before[view].get(path, "") for view in VIEWS}
            if len(set(has.values())) == 1 and has != had:
                files[f"{release}/{BOTH}/{path}"] = next(iter(has.values()))
            else:
                files |= {f"{release}/{view}/{path}": has[view] for view in VIEWS if has[view] != had[view]}
        before = now
    return files


def marked(text: str, release: str) -> str:
    """A text as its file has it."""
    assert text and MARK not in text
    return text.replace(release, MARK)


def stored(folder: Path) -> Texts:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_scripts_are_those_that_were_reviewed(release: str, view: str) -> None:
    compare(rendered(release, view), expected(GOLDEN, release, view))


def test_each_text_is_there_once() -> None:
    texts = {(release, view): expected(GOLDEN, release, view) for release in RELEASES for view in VIEWS}
    slrs = {f"{SLRS.relative_to(GOLDEN).as_posix()}/{path}" for path in stored(SLRS)}
    assert {path: text for path, text in stored(GOLDEN).items() if path not in slrs} == files_of(texts)


def test_files_put_together_give_every_text(tmp_path: Path) -> None:
    """Texts that come, change, are shared, differ and go."""
    texts: dict[tuple[str, str], Texts] = {(release, view): {} for release in RELEASES for view in VIEWS}
    texts["2019.2", "hls"] = {"a": "1 of 2019.2", "b": "one view", "c": "goes"}
    texts["2019.2", "rtl"] = {"a": "1 of 2019.2", "c": "goes"}
    texts["2022.2", "hls"] = {"a": "1 of 2022.2", "b": "shared", "d": "hls"}
    texts["2022.2", "rtl"] = {"a": "2", "b": "shared", "d": "rtl"}
    texts["2024.2", "hls"] = {"a": "1 of 2024.2", "b": "shared", "d": "same"}
    texts["2024.2", "rtl"] = {"a": "1 of 2024.2", "b": "shared", "d": "same"}
    texts["2025.1", "hls"] = {"a": "1 of 2025.1", "c": "back", "d": "same"}
    texts["2025.1", "rtl"] = {"a": "1 of 2025.1", "b": "shared", "d": "same"}
    files = files_of(texts)
    write(files, tmp_path)
    for (release, view), wanted in texts.items():
        assert expected(tmp_path, release, view) == wanted
    assert {path: text for path, text in files.items() if path.endswith("/a")} == {
        "2019.2/both/a": f"1 of {MARK}",
        "2022.2/rtl/a": "2",
        "2024.2/both/a": f"1 of {MARK}",
    }


def test_the_scripts_for_several_slrs_are_those_that_were_reviewed() -> None:
    compare(over_slrs(), stored(SLRS))


def compare(now: Texts, before: Texts) -> None:
    assert sorted(now) == sorted(before)
    for path, text in now.items():
        assert text == before[path], path


def write(files: Texts, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")


if __name__ == "__main__":
    write(files_of({(release, view): rendered(release, view) for release in RELEASES for view in VIEWS}), GOLDEN)
    write(over_slrs(), SLRS)
