"""Kinds of reports are found by being there, and which of them reads a text is decided by what each states."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reports.reading.errors import ReportError
from reports.reading.kind import HEAD_CHARACTERS, Kind, Precedence
from reports.reading.source import read
from reports.registry import KINDS, parts, recognise

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "reports_corpus"
needs_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of reports (../shared/reports_corpus) is not here"
)
NEW = '''
from dataclasses import dataclass
from reports.reading.kind import Kind, Precedence

@dataclass(frozen=True)
class Recipe:
    """How a cake is baked."""
    eggs: int

def matches(head: str) -> bool:
    return head.startswith("Recipe")

def parse(text: str, file: str = "") -> Recipe:
    return Recipe(text.count("egg"))

KIND = Kind("recipe", Precedence.TITLE, matches, parse, heads=("Recipe",))
'''


def rivals(text: str, kinds: tuple[Kind, ...]) -> list[str]:
    """The names of the kinds that match a text with the same precedence as another that does."""
    found = [kind for kind in kinds if kind.matches(text[:HEAD_CHARACTERS])]
    return [one.name for one in found for other in found if one is not other and one.precedence == other.precedence]


def corpus() -> list[tuple[str, str]]:
    texts = []
    for path in sorted(path for path in CORPUS.rglob("*.*") if path.name != "MANIFEST.yaml"):
        try:
            texts.append((path.name, read(path)))
        except ReportError:
            continue
    return texts


def test_every_kind_in_the_sources_is_found() -> None:
    files = [path for path in (ROOT / "reports").rglob("*.py") if path.parent.name not in ("reading", "summary")]
    written = re.findall(r'\bKind\(\s*"(\w+)"', "".join(path.read_text("utf-8") for path in files))
    assert len(written) >= 37
    assert sorted(written) == sorted(kind.name for kind in KINDS)
    assert len(set(written)) == len(written), "two kinds of one name"


@pytest.mark.slow
def test_a_new_kind_is_one_new_file(tmp_path: Path) -> None:
    for room in ("reports", "config"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "reports/logs/recipe.py").write_text(NEW)
    (tmp_path / "cakes.txt").write_text("Recipe\n2 eggs: egg, egg\nRecipe\n1 egg\n")
    words = [sys.executable, "-m", "reports", "cakes.txt", "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.count('"kind": "recipe"') == 2
    words = [sys.executable, "-m", "reports", "--schema"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "How a cake is baked." in done.stdout


def test_a_kind_that_states_no_precedence_is_refused() -> None:
    kind = KINDS[0]
    with pytest.raises(TypeError, match="precedence"):
        Kind(name="new", matches=kind.matches, parse=kind.parse)  # type: ignore[call-arg]


@needs_corpus
def test_no_real_text_is_of_two_kinds_with_the_same_precedence() -> None:
    texts = [(name, part.text) for name, text in corpus() for part in parts(text)]
    assert len(texts) > 200
    assert {name: found for name, text in texts if (found := rivals(text, KINDS))} == {}


@needs_corpus
def test_a_kind_that_matches_what_another_reads_is_noticed() -> None:
    """The check above fails for a kind that takes everything, at whichever precedence it is."""
    for precedence in Precedence:
        greedy = Kind("greedy", precedence, bool, KINDS[0].parse)
        own = next(text for _, text in corpus() if recognise(text).precedence == precedence)
        assert "greedy" in rivals(own, (*KINDS, greedy))


def test_a_report_that_quotes_a_message_is_no_log() -> None:
    """A log of Yosys or a FINN build may contain messages of Vivado; the more particular kind reads it."""
    message = "ERROR: [Common 17-69] Command failed: no"
    finn = f"[2024-01-01 10:00:00,000] Running step: step_tidy_up [1/9]\n{message}\n"
    assert [kind.name for kind in KINDS if kind.matches(finn)] == ["finn_log", "xilinx_log"]
    assert recognise(finn).name == "finn_log"
    assert recognise(message + "\n").name == "xilinx_log"
