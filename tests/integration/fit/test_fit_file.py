"""`fit.json` for the reports: equal to the fit, made once for a question, and always there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blocks.network import find_network
from config.settings import load_settings
from integration.context import BuildContext
from integration.fit import answer as fit_answer
from integration.fit import placement
from integration.fit.command import asked, leave
from integration.fit.result import Fit
from integration.fit.settings import FitSettings
from integration.fit.solve import fit_of
from integration.platform import find_platform


def settings_of(folder: Path, *words: str):
    (folder / "farm.yaml").write_text("")
    return load_settings(folder, {"fit": FitSettings}, ["network=digits", *words])


def context(folder: Path, *words: str, board: str = "u250", network: str = "digits") -> BuildContext:
    settings = settings_of(folder, *words)
    return BuildContext(find_network(network), find_platform(board), settings, folder, "open", {})


def left(folder: Path, *words: str, board: str = "u250", network: str = "digits") -> dict:
    leave(context(folder, *words, board=board, network=network))
    return json.loads((folder / "fit.json").read_text())


def test_it_is_the_fit(tmp_path: Path) -> None:
    found = left(tmp_path, "fit.pin=res2b:slr2")
    fit = fit_of(asked(context(tmp_path, "fit.pin=res2b:slr2")))
    assert isinstance(fit, Fit)
    assert found["fits"] is True
    assert found["blocks"]["res2b"] == ["slr2"]
    # Two boundaries there, two back.
    assert found["boundaries_crossed"] == 4
    assert {name: each["used"]["luts"] for name, each in found["slrs"].items()} == {
        each.slr: each.used.luts for each in fit.slrs
    }
    assert (found["source"], found["better"][:25]) == ("formula", "0 of 7 cores have figures")


def test_the_same_question_is_not_solved_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []
    monkeypatch.setattr(fit_answer, "fit_of", lambda problem: asked_for.append(problem.platform) or fit_of(problem))
    first = left(tmp_path)
    assert left(tmp_path) == first
    assert asked_for == ["u250"]
    left(tmp_path, board="u50")
    left(tmp_path, "fit.pin=res2b:slr1", board="u50")
    assert asked_for == ["u250", "u50", "u50"]
    for damage in ("", "[]", "{}", '{"asked": 3}'):
        (tmp_path / "fit.json").write_text(damage)
        assert left(tmp_path) == first
    assert len(asked_for) == 7


def test_why_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = left(tmp_path, "fit.luts_percent=1")
    assert found["fits"] is False
    assert found["says"][-1].startswith("to make it fit: ")
    found = left(tmp_path, "clock_mhz=700")
    assert found["fits"] is None
    assert "700 MHz is more than the 650 MHz" in "\n".join(found["says"])
    monkeypatch.setattr(placement, "MOST_LABELS", 0)
    found = left(tmp_path, "fit.pin=res2b:slr1")
    assert (found["fits"], found["says"]) == (None, ["given up after 0 placements of the first blocks"])


def test_a_change_of_any_file_of_the_solver_asks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits that a placement has to keep are in its settings' file, for one."""
    read: set[str] = set()
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.add(path.name) or read_bytes(path))
    left(tmp_path)
    used = {Path(fit_answer.__file__).with_name(f"{name}.py").name for name in ("solve", "settings", "ring", "needs")}
    assert used <= read
