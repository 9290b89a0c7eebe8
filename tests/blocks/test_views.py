"""`view:` of a network and of its blocks: read, inherited, and refused where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.network import NETWORKS, Network, read_network
from config.problem import ConfigError

DIGITS = (NETWORKS / "digits.yaml").read_text("utf-8")
RESNET50 = (NETWORKS / "resnet50.yaml").read_text("utf-8")


def read(folder: Path, text: str, name: str = "digits") -> Network:
    (folder / f"{name}.yaml").write_text(text)
    return read_network(folder / f"{name}.yaml")


def with_view(text: str, block: str, view: str) -> str:
    return text.replace(f"  - name: {block}\n", f"  - name: {block}\n    view: {view}\n")


def views(network: Network) -> dict[str, str]:
    return {block: network.views.of(block) for block in network.cores()}


def test_rtl_where_nothing_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, DIGITS)
    assert set(views(found).values()) == {"rtl"}
    assert str(found.views) == "rtl"


def test_the_network_s_view_is_that_of_its_blocks_and_of_the_dma(tmp_path: Path) -> None:
    found = read(tmp_path, DIGITS.replace("name: digits\n", "name: digits\nview: hls\n"))
    assert set(views(found).values()) == {"hls"}


def test_a_block_s_view(tmp_path: Path) -> None:
    text = with_view(with_view(DIGITS, "res2a", "hls"), "postres", "hls")
    found = read(tmp_path, text)
    assert {block for block, view in views(found).items() if view == "hls"} == {"res2a", "postres"}
    assert str(found.views) == "rtl; hls: res2a postres"


def test_a_view_changes_no_core(tmp_path: Path) -> None:
    other = read(tmp_path, with_view(DIGITS, "res2a", "hls"))
    assert [core.name for core in other.cores().values()] == [
        core.name for core in read(tmp_path, DIGITS).cores().values()
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [(DIGITS.replace("name: digits\n", "name: digits\nview: c++\n"), 4), (with_view(DIGITS, "res2a", "c++"), 15)],
)
def test_no_such_view(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    (problem,) = error.value.problems
    assert (problem.line, problem.what) == (line, "'view' cannot be 'c++'")
    assert text.splitlines()[line - 1].split() == ["view:", "c++"]


def lines_of(text: str, *words: str) -> list[int]:
    rows = text.splitlines()
    return [next(at for at, row in enumerate(rows, 1) if word in row) for word in words]


def test_blocks_of_one_core_with_two_views(tmp_path: Path) -> None:
    """res2b and res2c of ResNet-50 are one core."""
    text = with_view(with_view(RESNET50, "res2b", "hls"), "res2c", "rtl")
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text, "resnet50")
    (problem,) = error.value.problems
    first, second = (line + 1 for line in lines_of(text, "- name: res2b", "- name: res2c"))
    assert f"res2b (line {first}, view hls) and res2c (line {second}, view rtl) share the core" in problem.what
    assert problem.line == second


def test_a_block_that_leaves_the_network_s_view_while_its_twin_stays(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, with_view(RESNET50, "res2b", "hls"), "resnet50")
    (problem,) = error.value.problems
    assert "and res2c (line" in problem.what
    assert problem.remedy == "give both the same view"


def test_blocks_of_one_core_with_one_view(tmp_path: Path) -> None:
    found = read(tmp_path, with_view(with_view(RESNET50, "res2b", "hls"), "res2c", "hls"), "resnet50")
    assert found.views.of("res2c") == "hls"
