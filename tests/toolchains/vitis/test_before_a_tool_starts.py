"""A build where something is missing or does not fit: one clear error, and no tool has been started."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

U250 = "xilinx_u250_xdma_201830_2"


@pytest.fixture
def here(machine):  # type: ignore[no-untyped-def]
    return machine("2022.2")


def build(here, *words: str, without: str = "") -> str:  # type: ignore[no-untyped-def]
    """What a build prints that does not come to its end; up to stitch, since open's payload takes its time."""
    environment = {**here.environment, "HOME": str(here.checkout.parent)}
    environment.pop(without, None)
    given = {word.partition("=")[0]: word for word in ("network=digits", "target=hw", *here.words, *words)}
    done = subprocess.run(
        [sys.executable, "-m", "doit", "stitch", *given.values()],
        cwd=here.checkout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert here.tally() == []
    logs = [path.read_text() for path in (here.checkout / "build").rglob("ooc.log")]
    assert not any("Start of session" in text for text in logs)
    return done.stdout + done.stderr


def change(file: Path, old: str, new: str) -> None:
    """Change a file of the copied checkout."""
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))


@pytest.mark.parametrize(
    ("words", "without", "said"),
    [
        ((), "XILINXD_LICENSE_FILE", "there is no licence: set XILINXD_LICENSE_FILE or LM_LICENSE_FILE"),
        ((), "XILINX_XRT", "XRT is not installed"),
        (("vitis.platforms=/nowhere",), "", f"platform {U250} is not installed; install its package"),
        (("vitis.release=2018.3",), "", "release 2018.3 of AMD's tools is too old"),
        (("vitis.release=2023.1",), "", "release 2023.1 of AMD's tools is not installed; installed: 2022.2"),
    ],
)
def test_what_is_missing(here, words: tuple[str, ...], without: str, said: str) -> None:  # type: ignore[no-untyped-def]
    assert said in build(here, *words, without=without)


def test_a_part_that_is_not_the_platform_s(here) -> None:  # type: ignore[no-untyped-def]
    archive = here.tools / "platforms" / U250 / "hw" / f"{U250}.xsa"
    with zipfile.ZipFile(archive) as reader:
        text = reader.read(f"{U250}.hpfm").decode()
    assert "xcu250-figd2104-2L-e" in text
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr(f"{U250}.hpfm", text.replace("2L-e", "2-e"))
    printed = build(here)
    assert "platform/u250.yaml has part xcu250-figd2104-2L-e" in printed
    assert "is for part xcu250-figd2104-2-e" in printed


def test_a_part_of_another_board(here) -> None:  # type: ignore[no-untyped-def]
    change(here.checkout / "platform" / "u250.yaml", "part: xcu250-figd2104-2L-e", "part: xcu280-fsvh2892-2L-e")
    printed = build(here)
    assert f"the part xcu280-fsvh2892-2L-e and the platform {U250} are of different boards" in printed
    assert "correct platform/u250.yaml" in printed


def test_more_memory_ports_than_memories(here) -> None:  # type: ignore[no-untyped-def]
    board = here.checkout / "platform" / "u250.yaml"
    change(board, ', weightsmem: [bank0, "PLRAM[0]"]', "")
    line = 1 + next(at for at, text in enumerate(board.read_text().splitlines()) if text.startswith("connect:"))
    printed = build(here)
    assert f"platform/u250.yaml:{line}: 'weightsmem' is missing in 'connect'; add 'weightsmem:'" in printed
