"""Trimmed FIFO depths beside a network file: read into the cores' shapes, and every way in which they do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blocks.fifo_depths import Trimmed, bounds, render_depths
from blocks.network import NETWORKS, available, find_network, read_network
from config.problem import ConfigError


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(NETWORKS / "digits.yaml", tmp_path / "digits.yaml"))


def with_depths(network_file: Path, text: str):
    (network_file.parent / "digits.fifos.yaml").write_text(text)
    return read_network(network_file)


def depth(network, block: str) -> int:
    return bounds(network.cores()[block])["skip"]


def test_depths_are_part_of_the_shape(network_file) -> None:
    before = read_network(network_file)
    after = with_depths(network_file, "blocks:\n  res2a: {skip: 99}\n  res3b:\n    skip: 17\n")
    assert (depth(after, "res2a"), depth(after, "res3b")) == (99, 17)
    changed = {name for name, core in before.cores().items() if after.cores()[name].name != core.name}
    assert changed == {"res2a", "res3b"}
    # Nothing but the FIFO: the same operators otherwise.
    for name in changed:
        pairs = zip(before.cores()[name].graph.nodes, after.cores()[name].graph.nodes, strict=True)
        assert [one.name for one, other in pairs if one != other] == ["skip"]
    (network_file.parent / "digits.fifos.yaml").unlink()
    assert read_network(network_file) == before


def test_the_bound_itself_is_no_change(network_file) -> None:
    before = read_network(network_file)
    after = with_depths(network_file, f"blocks:\n  res2a: {{skip: {depth(before, 'res2a')}}}\n")
    assert after.cores() == before.cores()


MISTAKES = {
    "deeper than the bound": ("blocks:\n  res2a:\n    skip: 9999\n", 3, "9999 beats deep, more than its bound of 384"),
    "no such block": ("blocks:\n  res2a: {skip: 9}\n  res9a: {skip: 9}\n", 3, "the network has no block 'res9a'"),
    "a block without FIFOs": ("blocks:\n  preres: {skip: 9}\n", 2, "preres has no FIFO 'skip'"),
    "no such FIFO": ("blocks:\n  res2a: {skp: 9}\n", 2, "res2a has no FIFO 'skp'"),
    "nothing": ("blocks:\n  res2a: {skip: 0}\n", 2, "'skip' is 0"),
    "no number": ("blocks:\n  res2a: {skip: deep}\n", 2, "must be a whole number"),
    "no mapping": ("blocks:\n  res2a: 9\n", 2, "must be a mapping"),
    "another key": ("block:\n  res2a: {skip: 9}\n", 1, "unknown key 'block'"),
    "no YAML": ("blocks: {res2a\n", None, ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_file_line_and_remedy(network_file, name) -> None:
    text, line, words = MISTAKES[name]
    with pytest.raises(ConfigError) as caught:
        with_depths(network_file, text)
    problems = caught.value.problems
    assert all(problem.file.endswith("digits.fifos.yaml") and problem.remedy for problem in problems)
    assert any(words in problem.what and line in (None, problem.line) for problem in problems), problems


def test_all_mistakes_are_shown_together(network_file) -> None:
    with pytest.raises(ConfigError) as caught:
        with_depths(network_file, "blocks:\n  res2a: {skip: 9999}\n  res3c: {skip: 1}\n  res3b: {skip: x}\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_the_file_is_no_network(network_file) -> None:
    with_depths(network_file, "blocks: {}\n")
    assert available(network_file.parent) == ["digits"]
    with pytest.raises(ConfigError, match=r"did you mean 'digits'"):
        find_network("digits.fifos", network_file.parent)


def test_what_is_written_is_read(network_file) -> None:
    trimmed = [
        Trimmed("res2a", "skip", 100, 116, 384),
        Trimmed("res2b", "skip", 90, 96, 96),
        Trimmed("res3a", "skip", 500, 512, 512),
    ]
    text = render_depths("digits", trimmed, "the rule")
    assert "  # res2b: skip: mark 90, bound 96\n" in text
    network = with_depths(network_file, text)
    assert [depth(network, block) for block in ("res2a", "res2b", "res3a", "res3b")] == [116, 96, 512, 128]
    # All at their bounds: a file without entries.
    network = with_depths(network_file, render_depths("digits", trimmed[1:], "the rule"))
    assert network.cores() == find_network("digits").cores()
