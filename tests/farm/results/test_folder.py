"""Folders are removed whatever they hold, and nothing outside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dropped import ordinary_folder

from farm.beneath import remove_beneath
from farm.results.confined import Confined

#: More than Python's limit of recursion, and than the usual limit of open files.
DEPTH = 3_000


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of an ordinary user, whom the test runs as."""
    with ordinary_folder(in_memory=True) as folder:
        yield folder


def nest(folder: Path) -> None:
    """Put folders into each other, deeper than a path may be long."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("in", dir_fd=here)
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        inner = os.open("in", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@pytest.mark.parametrize("how", ["checkout", "store"])
def test_folders_of_any_depth_and_permissions(tmp_path: Path, how: str) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_text("precious")
    folder = tmp_path / "build/full"
    (folder / "closed/inner").mkdir(parents=True)
    (folder / "closed/inner/link").symlink_to(tmp_path / "victim")
    (folder / "closed/link").symlink_to(tmp_path / "victim/file")
    os.mkfifo(folder / "pipe")
    nest(folder)
    (folder / "closed/inner").chmod(0)
    (folder / "closed").chmod(0o500)
    if how == "checkout":
        remove_beneath(tmp_path, "build/full")
    else:
        Confined(tmp_path, private=True).remove("build/full")
    assert not folder.exists()
    assert (tmp_path / "victim/file").read_text() == "precious"
