"""The instruction set of compiled artefacts is written in one place; what compiles and what the manifest says agree."""

from __future__ import annotations

import re
from pathlib import Path

from toolchains.open.emulation import compile_core, link, stitch
from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.simulation import compile_model
from toolchains.open.simulation.kernel import stitch as kernel_stitch

ROOT = Path(__file__).resolve().parents[3]


def test_one_place_names_the_level() -> None:
    files = [*(ROOT / "toolchains").rglob("*.py"), *(ROOT / "integration").rglob("*.py")]
    assert len(files) > 100
    # As a word or behind -march: a comment may speak of it.
    level = re.compile(r"""(["']|march=)x86-64-v""")
    named = [path.relative_to(ROOT).as_posix() for path in files if level.search(path.read_text("utf-8"))]
    assert named == ["toolchains/open/emulation/isa.py"]


def test_everything_that_compiles_uses_it() -> None:
    for module in (compile_core, stitch, compile_model, kernel_stitch):
        flags = [word for value in vars(module).values() if isinstance(value, tuple) for word in value]
        assert f"-march={ISA_LEVEL}" in flags, module.__name__
    assert link.ISA_LEVEL is ISA_LEVEL
