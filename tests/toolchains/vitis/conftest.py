"""Stand-ins of AMD's tools in a folder of the test, and steps run on them as the engine runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import load_settings
from farm.executor import Executor
from farm.failure import Failure
from farm.step import Step

ROOT = Path(__file__).resolve().parents[3]
FAKES = ROOT / "tests" / "fakes"
LICENCE = {"XILINXD_LICENSE_FILE": "2100@server"}


@dataclass(frozen=True)
class Machine:
    """A machine with one release of the stand-in, and a checkout on it."""

    tools: Path
    release: str
    checkout: Path

    @property
    def words(self) -> tuple[str, ...]:
        """Settings that lead to these tools."""
        return (
            "toolchain=vitis",
            f"vitis.release={self.release}",
            f"vitis.install={self.tools}",
            f"vitis.platforms={self.tools}/platforms",
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a user who has sourced nothing but has a licence and XRT."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XILINX", "PYTEST", "AMD_"))}
        data = str(self.checkout.parent / "data")
        return {
            **kept,
            **LICENCE,
            "XILINX_XRT": str(self.tools / "xrt"),
            "PYTHONPATH": str(self.checkout),
            "XDG_DATA_HOME": data,
            "XDG_CACHE_HOME": data,
        }

    def fault(self, text: str) -> None:
        """Ask for a fault; nothing takes it back."""
        (self.tools / "stand_in_fault").write_text(text)

    def tally(self) -> list[str]:
        """Names of what was synthesised, in order."""
        return [json.loads(line)["name"] for line in (self.tools / "stand_in_tally").read_text().splitlines()]

    def doit(self, *words: str, status: int = 0, timeout_s: float = 280) -> str:
        """Run doit in the checkout and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "doit", *words, *self.words],
            cwd=self.checkout, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def toolchain(self, *words: str, network: str = "digits", target: str = "hw"):  # type: ignore[no-untyped-def]
        """The toolchain that doit would take here."""
        from blocks.network import find_network
        from farm.settings import FarmSettings
        from integration.fit_settings import FitSettings
        from integration.platform import find_platform
        from toolchains.choose import find_toolchain
        from toolchains.simulation_settings import CosimSettings
        from toolchains.vitis.settings import VitisSettings

        sections = {"farm": FarmSettings, "cosim": CosimSettings, "fit": FitSettings, "vitis": VitisSettings}
        given = (f"network={network}", f"target={target}", "platform=u250", *self.words, *words)
        settings = load_settings(self.checkout, sections, given)
        return find_toolchain(self.checkout, settings, find_network(network), find_platform("u250"))

    def run(self, step: Step) -> Failure | None:
        """Run one step once, as the engine does; its outputs are put into place if it is good."""
        executor = Executor(self.checkout)
        run = executor.prepare(step, "0" * 64)
        executor.start(run)
        ended: list[object] = []
        while not ended:
            executor.enforce_timeouts()
            ended = list(executor.reap())
            time.sleep(0.01)
        failure = executor.verdict(run)
        for output in step.outputs if failure is None else ():
            place = self.checkout / output.target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.work / output.path, place)
        executor.discard(run)
        return failure


def copy_checkout(folder: Path) -> None:
    """What git knows or would add, without the tests."""
    if shutil.which("git") is None:
        pytest.skip("git is needed for a copy of the checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout, so that nobody says which files belong to it")
    for name in done.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)


Make = Callable[..., Machine]


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


def make_machine(folder: Path, release: str) -> Machine:
    """A machine in a folder."""
    monkey = str(FAKES)
    if monkey not in sys.path:
        sys.path.insert(0, monkey)
    from amd_stand_in import install

    checkout = folder / "checkout"
    copy_checkout(checkout)
    install.make(folder / "amd", release)
    (folder / "amd" / "stand_in_tally").write_text("")
    return Machine(folder / "amd", release, checkout)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine where digits has been built for hw, from network to xclbin."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is needed for what the stand-in's xclbin carries")
    found = make_machine(tmp_path_factory.mktemp("built"), "2022.2")
    found.doit("build", "network=digits", "target=hw")
    return found
