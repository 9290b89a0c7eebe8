"""The pictures of the README: they need nothing from elsewhere, and show what there is."""

from __future__ import annotations

import importlib.util
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs/pictures"
NAMES = ("pipeline", "terminal")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"pictures_{name}", PICTURES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    """No address but the namespace's, no font, picture, script or style that a reader would have to load."""
    svg = (PICTURES / f"{name}.svg").read_text("utf-8")
    assert set(re.findall(r"\w+://[^\s\"')]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", svg))
    assert not re.search(r"@import|@font-face|href|data:", svg)
    tags = {element.tag.partition("}")[2] for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "style", "defs", "marker", "path", "rect", "circle", "text"}


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_it(name: str) -> None:
    assert re.search(rf"!\[[^\]]+\]\(docs/pictures/{name}\.svg\)", (ROOT / "README.md").read_text("utf-8"))


def test_the_pipeline_names_the_stages_that_there_are() -> None:
    stages = {path.stem for path in ROOT.glob("toolchains/*/stages/[a-z]*.py")}
    shown = " ".join(_texts((PICTURES / "pipeline.svg").read_text("utf-8")))
    assert len(stages) == 13
    for stage in stages:
        assert re.search(rf"\b{stage}\b", shown), f"{stage} is missing; run: python docs/pictures/make.py pipeline"


def test_the_pipeline_is_what_its_command_draws() -> None:
    drawn = _module("pipeline").picture(ROOT)
    assert drawn == (PICTURES / "pipeline.svg").read_text("utf-8"), "run: python docs/pictures/make.py pipeline"


def test_the_terminal_shows_a_run_of_the_first_command() -> None:
    lines = _texts((PICTURES / "terminal.svg").read_text("utf-8"))
    shown = " ".join(lines)
    assert lines[0] == "$ .venv/bin/doit demo"
    assert "357 of 360" in re.sub(r"\s+", " ", shown)  # what training printed (digits_train.py)
    assert "every index equals the integer model's" in shown
    assert not re.search(r"/tmp|/home|/root", shown)


@pytest.fixture(scope="module")
def terminal() -> ModuleType:
    return _module("terminal")


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("working\r\x1b[2Kdone\r\n", ["done"]),  # a line erased and written anew
        ("one\r\ntwo\r\n\x1b[1A\x1b[2Knew\r\n", ["one", "new"]),  # one line up
        ("\x1b[?25lx\x1b[?25h\r\n", ["x"]),  # cursor off and on
        ("abc\rX\r\n", ["Xbc"]),
        ("0123456789" * 12 + "\r\n", [("0123456789" * 12)[:116], "6789"]),  # longer than the terminal is wide
    ],
)
def test_lines_that_are_left(terminal, written: str, left: list[str]) -> None:
    assert ["".join(cell.letter for cell in line) for line in terminal.screen(written)] == left


def test_colours(terminal) -> None:
    ((red, plain, half),) = terminal.screen("\x1b[1;31mr\x1b[0mp\x1b[38;2;1;2;255;48;2;16;0;0m▀\x1b[0m\r\n")
    assert red.look == terminal.Look(terminal.COLOURS[1], bold=True)
    assert plain.look == terminal.Look()
    assert half.look == terminal.Look("#0102ff", "#100000")
    svg = terminal.drawing([[red, plain, half]])
    assert re.search(r'<rect x="32" y="44" width="8" height="9" fill="#0102ff"/>', svg)
    assert re.search(r'<rect x="32" y="53" width="8" height="9" fill="#100000"/>', svg)


def test_a_program_that_fails_makes_no_picture(terminal, tmp_path) -> None:
    with pytest.raises(terminal.subprocess.CalledProcessError):
        terminal.record([sys.executable, "-c", "print('x'); raise SystemExit(3)"], tmp_path, {})


def test_text_is_escaped(terminal) -> None:
    line = [terminal.Cell(letter) for letter in "a <b> & c"]
    assert _texts(terminal.drawing([line])) == ["a <b> & c"]
