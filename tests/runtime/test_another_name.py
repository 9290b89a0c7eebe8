"""The files of the runtime work under another name: nothing in them names the package that they are in."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RUNTIME = Path(__file__).resolve().parents[2] / "runtime"
FILES = sorted(RUNTIME.rglob("*.py"))
# The checkout is installed: without this its `runtime` would serve an absolute import.
HEAD = """
import sys
sys.modules["runtime"] = None
"""


def run(folder: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A folder with the same files as package `shipped`."""
    folder = tmp_path / "site"
    shutil.copytree(RUNTIME, folder / "shipped", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def absolute_imports(text: str, name: str) -> list[int]:
    """Lines with an import that begins with this package's name."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""] if node.level == 0 else []
        else:
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [node.lineno for module in modules if module.split(".")[0] == name]
    return found


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(RUNTIME).as_posix() for file in FILES])
def test_no_file_imports_its_own_package_by_name(file: Path) -> None:
    assert absolute_imports(file.read_text("utf-8"), "runtime") == []


@pytest.mark.parametrize(
    "line",
    [
        "import runtime",
        "from runtime.errors import X",
        "import os, runtime.trust as t",
        "if 1:\n    from runtime import *",
    ],
)
def test_such_an_import_would_be_seen(line: str) -> None:
    assert absolute_imports(line, "runtime")
    assert not absolute_imports(line.replace("runtime", "runtimes"), "runtime")


def test_an_xclbin_is_opened_under_another_name(shipped: Path, build) -> None:
    code = HEAD + (
        "import shipped\n"
        "from shipped.formats import xclbin\n"
        "from shipped.formats.checks import manifest_of\n"
        "manifest = manifest_of(xclbin.read(sys.argv[1]), sys.argv[1])\n"
        "print(manifest.network, manifest.clock_mhz)\n"
    )
    assert run(shipped, "-c", code, str(build())).stdout == "digits 250.0\n"


@pytest.mark.slow
def test_a_card_classifies_under_another_name(shipped: Path, build) -> None:
    """The payload adds what it is given: 0 + 10 * 16 + 1000, and counts up."""
    pytest.importorskip("pynq")
    code = HEAD + (
        "import numpy as np, shipped\n"
        "with shipped.Accelerator(sys.argv[1]) as accelerator:\n"
        "    print(accelerator.classify(np.zeros((1, 8, 8, 1), np.uint8)).tolist())\n"
    )
    weights = bytes([1]) * 160
    assert run(shipped, "-c", code, str(build(fc=weights))).stdout == "[[1160, 1161, 1162]]\n"


@pytest.mark.slow
def test_the_commands_name_the_package_that_they_are_in(shipped: Path, build) -> None:
    pytest.importorskip("pynq")
    assert run(shipped, "-m", "shipped", "--help").stdout.startswith("usage: python -m shipped ")
    np.save(shipped / "x.npy", np.zeros((8, 8, 1), np.uint8))
    untrusted = str(build(trusted=False, fc=bytes(160)))
    refused = run(shipped, "-m", "shipped", "classify", "x.npy", "--xclbin", untrusted, status=2)
    assert f"python -m shipped trust {untrusted}" in refused.stderr
