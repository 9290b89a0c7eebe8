"""An install tree of each release, and runs of its programs in a folder of the test's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import needs
import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from amd_stand_in import install  # noqa: E402

PART = "xcu250-figd2104-2L-e"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the stand-ins are nightly. Whole builds on them run every day, and break if they break."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("nightly")


@dataclass(frozen=True)
class Ended:
    """A finished run: its status and its output."""

    status: int
    text: str

    def fails_with(self, code: str, words: str = "") -> None:
        """Assert that it failed with a message of this id or, without an id, with these words."""
        assert self.status == 1, self.text
        shown = [line for line in self.text.splitlines() if (f"ERROR: [{code}]" in line if code else words in line)]
        assert shown and any(words in line for line in shown), self.text


@dataclass(frozen=True)
class Bench:
    """A folder and the programs of the releases."""

    folder: Path
    tree: Callable[[str], Path]

    def write(self, **files: str) -> None:
        """Write files by name; `__` stands for the dot."""
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)

    def run(self, *words: str, release: str = "2022.2", **variables: str) -> Ended:
        """Run a program of a release, with only the tree's variables in its environment."""
        root = self.tree(release)
        environment = {**install.environment(root, release), "HOME": str(self.folder), **variables}
        for name in [name for name, value in environment.items() if value == "-"]:
            del environment[name]
        program = next(p for folder in environment["PATH"].split(":") if (p := Path(folder) / words[0]).exists())
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def vivado(self, script: str, release: str = "2022.2", **variables: str) -> Ended:
        """Run Vivado on a script."""
        self.write(s__tcl=script)
        return self.run("vivado", "-mode", "batch", "-source", "s.tcl", "-notrace", release=release, **variables)

    def hls(self, script: str, release: str = "2022.2", **variables: str) -> Ended:
        """Run the HLS program of a release on a script."""
        self.write(s__tcl=script)
        program = install.hls_program(release)
        words = ("--mode", "hls", "--tcl", "s.tcl") if program == "vitis-run" else ("-f", "s.tcl")
        return self.run(program, *words, release=release, **variables)


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """One install tree a release."""
    needs.tcl()
    made: dict[str, Path] = {}

    def tree(release: str) -> Path:
        if release not in made:
            made[release] = install.make(tmp_path_factory.mktemp("tools"), release)
        return made[release]

    return tree


@pytest.fixture
def bench(tmp_path: Path, trees: Callable[[str], Path]) -> Bench:
    """The folder of a test."""
    return Bench(tmp_path, trees)
