"""The limits of the house: each mistake is planted once, and the house itself has none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).with_name("house.py")
CHECK = "import sys; from pathlib import Path; import house; sys.exit(house.main(Path('.')))"


def said(folder: Path) -> tuple[int, str]:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=folder, env={"PYTHONPATH": str(HOUSE.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({f"room/m{number}.py": "" for number in range(16)}, "room: 16, at most 15"),
        ({"room/long.sv": "wire a;\n" * 401}, "room/long.sv: 401, at most 400"),
        ({"room/m.py": "class Big:\n" + "    a = 1\n" * 250}, "room/m.py: Big: 251, at most 250"),
        ({"room/build/m.py": ""}, "a folder is called build"),
        ({"a.py": "import b\n", "b.py": "import c\n", "c.py": "from a import x\n"}, "circle of imports: a <-> b <-> c"),
        (
            {"room/__init__.py": "", "room/a.py": "from . import b\n", "room/b.py": "from .a import x\n"},
            "circle of imports: room.a <-> room.b",
        ),
        (
            {"tests/fakes/room/a.py": "from room import b\n", "tests/fakes/room/b.py": "import room.a\n"},
            "circle of imports: room.a <-> room.b",
        ),
        (
            {"a.py": "if 1:\n    import b\n", "b.py": "try:\n    import a\nexcept E:\n    pass\n"},
            "circle of imports: a <-> b",
        ),
    ],
)
def test_a_room_that_is_too_full(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    status, text = said(tmp_path)
    assert f"TOO FULL  {message}" in text
    assert status == 1


def test_what_is_within_the_limits_passes(tmp_path: Path) -> None:
    """Imports inside functions and for type checking make no circle, because loading a module does not run them."""
    (tmp_path / "a.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\n")
    (tmp_path / "b.py").write_text("import a\n\ndef later():\n    import b\n")
    (tmp_path / "long.py").write_text("pass\n" * 400)
    status, text = said(tmp_path)
    assert status == 0, text


def test_the_house() -> None:
    done = subprocess.run([sys.executable, str(HOUSE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
