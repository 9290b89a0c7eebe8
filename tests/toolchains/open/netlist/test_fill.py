"""Memories put into a made-up kernel: what does not belong to it ends the step with one error, and no file is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_kernel import JOB, SLRS, filled_memory, written

from toolchains.open.netlist.fill import main
from toolchains.open.netlist.merge import merge

ARGUMENTS = ["--job", "job.json", "--kernel", "kernel.json", "--cells", "given.v"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the step: logic files, and the memories of both blocks."""
    merge(JOB, SLRS, written(tmp_path), "")
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    (tmp_path / "kernel.json").write_text(json.dumps({"name": "small", "arguments": []}))
    (tmp_path / "area.json").write_text("{}")
    (tmp_path / "given.v").write_text("")
    (tmp_path / "filled").mkdir()
    for block in "ab":
        (tmp_path / f"filled/{block}.json").write_text(json.dumps(filled_memory(f"{block}_weights")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def narrower(module: dict[str, Any]) -> None:
    module["ports"]["out_TDATA"]["bits"].pop()


def deeper(module: dict[str, Any]) -> None:
    """One register more: the memory of a network in which the block has another depth."""
    module["cells"]["$more"] = module["cells"]["$rout0"] | {"connections": {"Q": [900]}}


def rewired(module: dict[str, Any]) -> None:
    module["cells"]["$rout1"]["connections"]["CE"] = ["1"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (narrower, "b_weights has 7 bits, but b.weights, which it feeds, has 8; make the memories again"),
        *(
            (edit, "b_weights of b.json is the memory of another network: it differs from memory, which was merged for "
             "b.weights, by more than its contents; make the memories again: doit memories")
            for edit in (deeper, rewired)
        ),
    ],
)  # fmt: skip
def test_a_memory_of_another_network(place: Path, capsys: Any, edit: Callable[..., None], message: str) -> None:
    (place / "filled/b.json").write_text(json.dumps(filled_memory("b_weights", edit)))
    refused(place, capsys, message)


@pytest.mark.parametrize(
    "text", [json.dumps(filled_memory("c_weights")), "[]", '{"modules": []}', "{", "\xff", "[" * 100_000]
)
def test_a_file_that_is_no_netlist_of_the_memory(place: Path, capsys: Any, text: str) -> None:
    (place / "filled/b.json").write_text(text, "latin-1")
    refused(place, capsys, "filled/b.json: this is no netlist of b_weights; make it again: doit memories")


@pytest.mark.parametrize("ending", ["v", "json", "edf"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_logic_that_ends_early(place: Path, capsys: Any, ending: str, kept: float) -> None:
    """The other two formats would be written, and are not kept."""
    file = place / f"logic.{ending}.gz"
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content))])
    refused(place, capsys, f"logic.{ending}.gz is damaged", "make it again: doit netlist")


def refused(place: Path, capsys: Any, *words: str) -> None:
    """The step prints one error with these words, and writes nothing."""
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main(ARGUMENTS) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ERROR: ")
    assert all(word in line for word in words), line
    assert before == {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
