"""Tasks that are no steps behave with the farm as with doit alone: exit status, files, what ran, and the listing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from doit_samples import ACTIONS, HEAD, NEEDS, UP_TO_DATE, Sample
from doit_samples_late import LATE, WORDS
from doit_server import BEFORE_A_DODO, DoitServer
from small_checkout import IMPORTED

ROOT = Path(__file__).resolve().parents[3]
PYPROJECT = "[tool.doit" + (ROOT / "pyproject.toml").read_text().partition("[tool.doit")[2].partition("[tool.pytest")[0]
STOCK_HEAD = "DOIT_CONFIG = {}\n"
FARM_HEAD = """
from pathlib import Path
from config.settings import load_settings
from farm.redaction import NOTHING_PRIVATE
from farm.settings import FarmSettings
from farm.tasks import doit_config
SETTINGS = load_settings(Path.cwd(), {"farm": FarmSettings})
DOIT_CONFIG = doit_config("build", settings=SETTINGS, redaction=NOTHING_PRIVATE)
del DOIT_CONFIG["default_tasks"]
"""
SAMPLES = (*ACTIONS, *NEEDS, *UP_TO_DATE, *LATE, *WORDS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[DoitServer]:
    made = DoitServer((*BEFORE_A_DODO, *IMPORTED))
    yield made
    made.close()


def prepare(folder: Path, sample: Sample, *, farm: bool) -> None:
    folder.mkdir()
    for path, text in sample.files:
        (folder / path).write_text(text)
    (folder / "dodo.py").write_text((FARM_HEAD if farm else STOCK_HEAD) + HEAD + sample.body)
    if farm:
        (folder / "pyproject.toml").write_text(PYPROJECT)


def contents(folder: Path) -> dict[str, str]:
    """All files but those of doit and the farm themselves."""
    mine = {"dodo.py", "pyproject.toml"}
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in mine and ".doit.db" not in path.name and path.parts[-2] != "__pycache__"
        if path.relative_to(folder).parts[0] != "build"
    }


def type_in(server: DoitServer, folder: Path, line: str) -> tuple[int, str]:
    """Run one line of a sample; return the exit status and, for a command that lists, the list."""
    kind, _, rest = line.partition(" ")
    if kind in (">", "-"):
        path, _, text = rest.partition(" ")
        if kind == ">":
            (folder / path).write_text(text)
        else:
            (folder / path).unlink()
        return 0, ""
    words = shlex.split(line)
    if kind == "list":
        # The farm lists in the order of work, with an introduction; doit sorts by name.
        words.insert(1, "--sort=name")
    status, listing, _ = server.doit(folder, *words, XDG_CACHE_HOME=str(folder.parent / "cache"))
    if kind != "list":
        listing = ""
    if "-s" in line.split():
        # doit always calls a group out of date; the farm looks at the tasks behind it.
        listing = "\n".join(row for row in listing.splitlines() if row[2:3] != "g")
    return status, listing


def test_the_names_are_different() -> None:
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample(server: DoitServer, tmp_path: Path, sample: Sample) -> None:
    stock, farm = tmp_path / "stock", tmp_path / "farm"
    prepare(stock, sample, farm=False)
    prepare(farm, sample, farm=True)
    for line in sample.typed:
        expected = type_in(server, stock, line)
        assert (line, *type_in(server, farm, line), contents(farm)) == (line, *expected, contents(stock))


def test_the_samples_tell_a_difference(server: DoitServer, tmp_path: Path) -> None:
    """The comparison in this file detects a dodo.py that differs."""
    sample = next(sample for sample in SAMPLES if sample.name == "setup")
    other = Sample("other", sample.body.replace('"setup": ["server"], ', ""), sample.typed, sample.files)
    for name, one in (("one", sample), ("other", other)):
        prepare(tmp_path / name, one, farm=True)
        assert type_in(server, tmp_path / name, "client")[0] == 0
    assert contents(tmp_path / "one") != contents(tmp_path / "other")
