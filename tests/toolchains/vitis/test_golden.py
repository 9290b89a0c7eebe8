"""The rendered scripts as files, per release and view, so that a change of them shows in review.

To render them anew after a change that is meant: `python tests/toolchains/vitis/test_golden.py`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blocks.network import find_network
from toolchains.vitis.render_scripts import scripts

GOLDEN = Path(__file__).parent / "golden"
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


def stored(release: str, view: str) -> dict[str, str]:
    folder = GOLDEN / release / view
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_scripts_are_those_that_were_reviewed(release: str, view: str) -> None:
    now, before = rendered(release, view), stored(release, view)
    assert sorted(now) == sorted(before)
    for path, text in now.items():
        assert text == before[path], f"golden/{release}/{view}/{path}"


def write() -> None:
    for release in RELEASES:
        for view in VIEWS:
            shutil.rmtree(GOLDEN / release / view, ignore_errors=True)
            for path, text in rendered(release, view).items():
                place = GOLDEN / release / view / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
