"""Imports of the checkout's programs, and committed files that they read."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_copy_runs_its_own_modules(built) -> None:
    names = ["blocks", "config", "farm", "integration", "runtime", "toolchains", "benchmarks"]
    code = f"import {', '.join(names)}\nfor m in ({', '.join(names)}): print(m.__file__)"
    found = built.python("-c", code).split()
    assert found == [str(built.folder / name / "__init__.py") for name in names]


class TestImports:
    """`platform/` is data and has the name of a module of the standard library; dodo.py answers at once."""

    SHOW = "import platform; print(platform.__file__, platform.python_version())"

    def is_standard(self, output: str) -> bool:
        file, version = output.strip().splitlines()[-1].split()
        return not Path(file).is_relative_to(ROOT) and Path(file).name == "platform.py" and version.count(".") >= 2

    def test_pytest(self) -> None:
        import platform

        assert self.is_standard(f"{platform.__file__} {platform.python_version()}")
        assert (ROOT / "platform").is_dir()
        assert not list((ROOT / "platform").glob("*.py"))

    def test_python_in_the_checkout(self, built) -> None:
        (built.folder / "show_platform.py").write_text(self.SHOW + "\n")
        try:
            assert self.is_standard(built.python("-m", "show_platform"))
            assert self.is_standard(built.python("-c", self.SHOW))
        finally:
            (built.folder / "show_platform.py").unlink()

    def test_doit(self, built) -> None:
        (built.folder / "show_dodo.py").write_text(f"{self.SHOW}\ndef task_none():\n    return {{'actions': None}}\n")
        try:
            output = built.doit("list", "-f", "show_dodo.py")
        finally:
            (built.folder / "show_dodo.py").unlink()
        assert self.is_standard(output.splitlines()[0])

    def test_type_checker(self, built) -> None:
        pytest.importorskip("mypy")
        source = built.folder / "show_platform.py"
        source.write_text("import platform\nreveal_type(platform.python_version())\n")
        try:
            output = built.python("-m", "mypy", "--cache-dir", "../types", "show_platform.py")
        finally:
            source.unlink()
        assert 'Revealed type is "builtins.str"' in output or 'Revealed type is "str"' in output

    def test_dodo_loads_nothing_slow(self, built) -> None:
        code = "import sys; sys.argv = ['doit', 'list']; import dodo; print(*sorted(sys.modules))"
        loaded = set(built.python("-c", code).split())
        assert "blocks.network" in loaded
        slow = {"numpy", "pynq", "sklearn", "rich", "PIL", "hls4ml", "tree_sitter", "asyncio", "runtime.accelerator"}
        assert slow & loaded == set()


def test_parameters_are_plain_archives() -> None:
    """Committed archives can be read safely: stored arrays, no pickles, no folders."""
    for path in (ROOT / "blocks/networks").glob("*/*.npz"):
        with zipfile.ZipFile(path) as archive:
            assert all(re.fullmatch(r"\w+\.npy", name) for name in archive.namelist()), path
