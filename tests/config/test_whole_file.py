"""Files of a build's folder, in a folder where somebody has put other things in their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blocks.network import find_network
from config.settings import Settings
from config.whole_file import write_whole
from integration.context import BuildContext
from integration.estimate import FILE, leave_estimate
from integration.fit.file import is_answered
from integration.platform import find_platform


@pytest.mark.timeout(60)
def test_a_link_and_a_pipe_are_replaced_and_nothing_behind_them_is_written(tmp_path: Path) -> None:
    (tmp_path / "profile").write_text("mine")
    for plant in (lambda place: place.symlink_to(tmp_path / "profile"), os.mkfifo):
        place = tmp_path / "report.json"
        place.unlink(missing_ok=True)
        plant(place)
        write_whole(place, "new")
        assert place.is_file() and not place.is_symlink()
        assert place.read_text() == "new"
    assert (tmp_path / "profile").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["profile", "report.json"]


@pytest.mark.timeout(60)
def test_the_estimate_of_a_build_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "profile").write_text("mine")
    (tmp_path / FILE).symlink_to(tmp_path / "profile")
    context = BuildContext(find_network("digits"), find_platform("u250"), Settings.defaults(), tmp_path, "open", {})
    leave_estimate(context)
    assert (tmp_path / "profile").read_text() == "mine"
    assert (tmp_path / FILE).read_text().startswith("{")


@pytest.mark.timeout(60)
def test_a_pipe_in_the_place_of_a_fit_answers_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fit.json")
    assert not is_answered(tmp_path, object())  # type: ignore[arg-type]
