"""Stand-ins of AMD's tools in a folder of the test, and steps run on them as the engine runs them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fakes"))

from amd_machine import LICENCE, Machine, Make, make_machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a machine with a release, for steps that the test runs itself."""

    def make(release: str = "2022.2", variables: Mapping[str, str] | None = None) -> Machine:
        found = make_machine(tmp_path, release)
        for name in [name for name in os.environ if name.startswith("XILINX")]:
            monkeypatch.delenv(name)
        for name, value in (variables if variables is not None else LICENCE).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XILINX_XRT", str(found.tools / "xrt"))
        return found

    return make


@pytest.fixture(scope="session")
def build_and_tally(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, list[str]]:
    """`built` and `synthesised`."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is needed for what the stand-in's xclbin carries")
    found = make_machine(tmp_path_factory.mktemp("built"), "2022.2")
    found.doit("build", "network=digits", "target=hw", timeout_s=1500)
    return found, found.tally()


@pytest.fixture(scope="session")
def built(build_and_tally: tuple[Machine, list[str]]) -> Machine:
    """A machine where digits has been built for hw, from network to xclbin."""
    return build_and_tally[0]


@pytest.fixture(scope="session")
def synthesised(build_and_tally: tuple[Machine, list[str]]) -> list[str]:
    """What that build has synthesised; the machine's own tally grows with every test."""
    return build_and_tally[1]
