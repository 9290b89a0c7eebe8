from __future__ import annotations

import modulefinder
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm import modules
from farm.modules import python_files
from farm.step import StepError

FILES = {
    "app/__init__.py": "",
    "app/__main__.py": "from app import main\n",
    "app/main.py": "from . import near\nfrom app.deep.er import (  # why (so)\n    thing,\n    a as b,\n)\n",
    "app/near.py": "def f():\n    from lib import late\n    return late\n",
    "app/unused.py": "from lib import never\n",
    "app/deep/__init__.py": "from .. import up\n",
    "app/deep/er.py": "import lib.one, \\\n    lib.two\n",
    "app/deep/thing.py": "",
    "app/up.py": 'TEXT = """\nimport is a word, from the beginning\n"""\nif TEXT: import lib.three\n',
    "lib/__init__.py": "from lib.star import *\n",
    "lib/star.py": "",
    "lib/late.py": "",
    "lib/never.py": "",
    "lib/one.py": "x = 1; from lib import four\n",
    "lib/two.py": "",
    "lib/three.py": "",
    "lib/four.py": "import outside\n",
    "outside.py": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_equals_what_the_standard_library_finds(project: Path) -> None:
    finder = modulefinder.ModuleFinder(path=[str(project)])
    finder.run_script(str(project / "app/__main__.py"))
    expected = {
        Path(module.__file__).relative_to(project).as_posix() for module in finder.modules.values() if module.__file__
    }
    found = python_files("app", project, ("app", "lib"))
    assert {item.path for item in found} == expected - {"outside.py"}
    assert all(item.path == item.source for item in found)
    assert list(found) == sorted(found, key=lambda item: item.path)


def test_what_a_program_never_loads_is_left_out_with_what_only_it_imports(project: Path) -> None:
    whole = {item.path for item in python_files("app", project, ("app", "lib"))}
    found = {item.path for item in python_files("app", project, ("app", "lib"), never=("lib.one", "app.deep"))}
    assert whole - found == {
        *("app/deep/__init__.py", "app/deep/er.py", "app/up.py"),
        *("lib/one.py", "lib/two.py", "lib/three.py", "lib/four.py"),
    }
    assert found == {
        *("app/__init__.py", "app/__main__.py", "app/main.py", "app/near.py"),
        *("lib/__init__.py", "lib/star.py", "lib/late.py"),
    }


def test_a_module_alone(project: Path) -> None:
    assert [item.path for item in python_files("lib.one", project, ("lib",))] == [
        "lib/__init__.py",
        "lib/four.py",
        "lib/one.py",
        "lib/star.py",
    ]


def test_unknown_module_and_broken_module(project: Path) -> None:
    with pytest.raises(StepError, match=r"there is no module 'lib\.nine'"):
        python_files("lib.nine", project, ("lib",))
    with pytest.raises(StepError, match="there is no module 'outside'"):
        python_files("outside", project, ("lib",))
    (project / "lib/bad.py").write_text("x = 1\nfrom lib import (one\n")
    with pytest.raises(StepError, match=r"bad\.py:2:"):
        python_files("lib.bad", project, ("lib",))


def test_modules_that_were_written_after_a_look_are_found(tmp_path: Path) -> None:
    """A look at `a` finds no `b`. Asked for `c`, which is new, it looks at everything again."""
    folder = tmp_path / "pkg"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text("from pkg import b\n")
    assert [file.path for file in python_files("pkg.a", tmp_path, ("pkg",))] == ["pkg/__init__.py", "pkg/a.py"]
    (folder / "b.py").write_text("")
    (folder / "c.py").write_text("from pkg import a\n")
    every = ["pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/c.py"]
    assert [file.path for file in python_files("pkg.c", tmp_path, ("pkg",))] == every
    assert [file.path for file in python_files("pkg.a", tmp_path, ("pkg",))] == every[:3]


@pytest.mark.slow
def test_reading_pieces_finds_what_reading_everything_finds() -> None:
    import ast

    folder = Path(os.__file__).parent
    for path in [*sorted(folder.glob("*.py"))[:60], *sorted((folder / "email").glob("*.py"))]:
        tree = ast.parse(path.read_text("utf-8"))
        assert set(modules._of_tree(tree)) <= set(modules._imports(path)), path


lines = st.sampled_from(
    [
        "import a",
        "from a import b",
        "x = 1",
        "if x: import c",
        "    import d",
        "def f():",
        "'''",
        "from . import (e,",
        " f)",
        "# import g",
        "y = 2; import h",
        "import i\\",
        ", j",
        "from .k import *",
        '"import l"',
        "",
        "from m import n # (",
        "pass",
    ]
)


@given(st.lists(lines, max_size=8))
def test_no_import_is_missed(written: list[str]) -> None:
    import ast
    import tempfile

    text = "\n".join(written)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(text)
        file.flush()
        assert set(modules._of_tree(tree)) <= set(modules._imports(Path(file.name)))


def test_the_engine_itself_is_found_at_once() -> None:
    root = Path(__file__).resolve().parents[2]
    begun = time.process_time()
    found = python_files("farm.commands.run", root, ("farm", "config"))
    assert time.process_time() - begun < 0.5
    assert {"farm/__init__.py", "farm/step.py", "config/problem.py"} <= {item.path for item in found}
