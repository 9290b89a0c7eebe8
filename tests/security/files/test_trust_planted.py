"""Nobody vouches for a payload by putting files where a program is started."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

DIGEST = "b" * 64
ASK = f"from runtime import trust; print(trust.trusted('{DIGEST}'))"
ROOT = Path(__file__).resolve().parents[3]


def plant(folder: Path, text: str | bytes = f"[dataflow_farm.payloads]\n{DIGEST} = a_module\n") -> None:
    """A wheel's description, as an archive that was unpacked in the folder leaves it."""
    info = folder / "some_data-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-data\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(text.encode() if isinstance(text, str) else text)


def ask(tmp_path: Path, *argv: str, python: str = sys.executable, cwd: Path | None = None, **environment: str) -> str:
    """What a new process answers."""
    more = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), **environment}
    done = subprocess.run(
        [python, *argv], cwd=cwd or tmp_path, env=more, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("folder", ["", "sub"])
def test_not_by_the_folder_of_the_script(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    plant(place)
    (place / "host.py").write_text(ASK)
    assert ask(tmp_path, str(place / "host.py"), cwd=place) == "False"
    assert ask(tmp_path, str(place / "host.py"), cwd=Path("/")) == "False"


@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_not_by_the_working_folder(tmp_path: Path, kind: str) -> None:
    plant(tmp_path)
    (tmp_path / "some_data-1.0.dist-info").rename(tmp_path / f"some_data.{kind}")
    assert ask(tmp_path, "-c", ASK) == "False"
    assert ask(tmp_path, "-c", ASK, PYTHONPATH="") == "False"
    assert ask(tmp_path, "-c", ASK, PYTHONPATH=str(tmp_path)) == "False"
    assert ask(tmp_path, "-c", ASK, PYTHONPATH=".:") == "False"


def test_not_by_a_folder_that_the_program_adds(tmp_path: Path) -> None:
    plant(tmp_path / "added")
    added = f"import sys; sys.path[:0] = [{str(tmp_path / 'added')!r}]; {ASK}"
    assert ask(tmp_path, "-c", added) == "False"


def test_not_by_a_users_site_that_is_relative(tmp_path: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    plant(tmp_path / "lib" / version / "site-packages")
    told = f"import site; site.ENABLE_USER_SITE = True; {ASK}"
    assert ask(tmp_path, "-c", told, PYTHONUSERBASE=".") == "False"


def test_by_a_wheel_that_is_installed_and_a_damaged_one_harms_nothing(tmp_path: Path) -> None:
    """A virtual environment of its own, with the farm on the path and the wheel in its site-packages."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = str(tmp_path / "venv/bin/python")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = tmp_path / "venv/lib" / version / "site-packages"
    assert ask(tmp_path, "-c", ASK, python=python, PYTHONPATH=str(ROOT)) == "False"
    for number, text in enumerate((b"\xff\xfe\0", b"no section = 1\n", b"[dataflow_farm.payloads]\n= =\n[")):
        info = site_packages / f"a_damaged_{number}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_bytes(text)
    plant(site_packages)
    assert ask(tmp_path, "-c", ASK, python=python, PYTHONPATH=str(ROOT)) == "True"
