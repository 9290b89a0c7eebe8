"""An operator is found by its folder being there, and a folder that is half an operator is one clear error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import alone
import pytest
from oblong_shapes import OBLONG

from blocks import network
from blocks.core.graph import from_description
from blocks.operators import room
from blocks.operators.base import Operator
from blocks.operators.half_made import half_made
from config.problem import ConfigError

ROOT = Path(__file__).resolve().parents[3]
NAMES = (
    "acc_pool",
    "add",
    "deinterleave",
    "duplicate",
    "fifo",
    "label_select",
    "max_pool",
    "mvau",
    "pad",
    "sliding_window",
)
NAMES += ("depthwise", "requantize", "sum_pool", "threshold", "trim", "width_converter")
"""The operators of the design."""


def test_the_operators_of_the_design_are_found() -> None:
    assert set(room.rooms()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_room_declares_its_operator(name: str) -> None:
    operator = import_module(f"blocks.operators.{name}").OPERATOR
    assert issubclass(operator, Operator)
    assert operator.__module__ == f"blocks.operators.{name}"
    assert room.operator_class(operator.__name__) is operator
    assert {*operator.sv_rooms, *operator.header_rooms} <= set(NAMES) - {name}


@pytest.mark.parametrize("name", ["os", "../dma", "Stream", "mvau"])
def test_a_graph_names_nothing_but_operators(name: str) -> None:
    node = {"name": "n", "shape": {"operator": name}, "inputs": [], "outputs": [], "parameters": []}
    with pytest.raises(room.OperatorError, match=r"there is no operator .*; known: AccPool, Add, .*WidthConverter"):
        from_description({"inputs": [], "outputs": [], "nodes": [node]})


def test_a_shape_from_json_is_the_shape() -> None:
    """Steps read their core from JSON. Pairs come back as lists there, which have no hash."""
    graph = alone.separate(OBLONG).graph
    again = from_description(json.loads(json.dumps(graph.describe())))
    assert again == graph
    assert {node.operator for node in again.nodes} == set(OBLONG)


@pytest.fixture
def operators(tmp_path: Path) -> Path:
    copy = tmp_path / "operators"
    shutil.copytree(room.OPERATORS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_whole_rooms_and_what_git_leaves_behind_are_no_problem(operators: Path) -> None:
    (operators / "gone" / "__pycache__").mkdir(parents=True)
    (operators / "__pycache__").mkdir(exist_ok=True)
    (operators / "__pycache__" / "room.cpython-311.pyc").write_bytes(b"")
    assert list(half_made(operators)) == []


@pytest.mark.parametrize("lost", ["__init__.py", "model.py", "mvau.hpp", "mvau.sv"])
def test_a_room_without_a_view(operators: Path, lost: str) -> None:
    (operators / "mvau" / lost).unlink()
    (problem,) = half_made(operators)
    assert (problem.file, problem.what) == ("blocks/operators/mvau", f"the operator mvau has no {lost}")


def test_a_new_room_with_one_file_lists_all_that_it_lacks(operators: Path) -> None:
    (operators / "relu").mkdir()
    (operators / "relu" / "relu.sv").write_text("")
    (problem,) = half_made(operators)
    assert problem.what == "the operator relu has no __init__.py, model.py, relu.hpp"


def test_a_room_that_names_no_operator(operators: Path) -> None:
    init = operators / "mvau" / "__init__.py"
    init.write_text(init.read_text().replace("OPERATOR = Mvau", ""))
    (problem,) = half_made(operators)
    assert problem.file == "blocks/operators/mvau/__init__.py"


def test_a_half_made_room_stops_the_flow(operators: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (operators / "mvau" / "mvau.sv").unlink()
    monkeypatch.setattr(network, "half_made", lambda: half_made(operators))
    with pytest.raises(ConfigError, match=r"^blocks/operators/mvau: the operator mvau has no mvau\.sv; add"):
        network.find_network("digits")


def test_a_network_is_read_without_numpy() -> None:
    """`doit list` does it at each start."""
    code = (
        "import sys; from blocks.network import find_network as f; f('digits').cores(); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
