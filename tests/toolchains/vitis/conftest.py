"""Stand-ins of AMD's tools in a folder of the test, and steps run on them as the engine runs them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from once import Once

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fakes"))

from amd_machine import LICENCE, Machine, Make, make_machine
from flow_checkout import copy_files


@pytest.fixture(scope="session")
def sources(once: Once) -> Path:
    """A checkout that nobody changes: machines share its Python files."""
    return once.make("sources", copy_files)


@pytest.fixture
def machine(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a machine with a release, for steps that the test runs itself."""

    def make(release: str = "2022.2", variables: Mapping[str, str] | None = None) -> Machine:
        found = make_machine(tmp_path, release, sources)
        for name in [name for name in os.environ if name.startswith("XILINX")]:
            monkeypatch.delenv(name)
        for name, value in (variables if variables is not None else LICENCE).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XILINX_XRT", str(found.tools / "xrt"))
        return found

    return make


@pytest.fixture(scope="session")
def first_built(once: Once, sources: Path, digits_built: Path) -> Machine:
    """A machine where digits has been built for hw, from network to xclbin. No test uses it, each file has a copy."""

    def build(folder: Path) -> None:
        # The stand-in's xclbin carries the program of sw_emu, whose cores are in the store of the open build.
        shutil.copytree(digits_built / "data", folder / "data", symlinks=True)
        printed = make_machine(folder, "2022.2", sources).doit("build", "network=digits", "target=hw")
        assert "  run     payload:" not in printed

    folder = once.make("digits-on-stand-in", build)
    return Machine(folder / "amd", "2022.2", folder / "checkout")


@pytest.fixture(scope="module")
def built(first_built: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The same for the tests of one file, which change it."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(first_built.checkout.parent / "data", folder / "data", symlinks=True)
    return first_built.fork(folder)


@pytest.fixture(scope="session")
def synthesised(first_built: Machine) -> list[str]:
    """What the build has synthesised."""
    return first_built.tally()
