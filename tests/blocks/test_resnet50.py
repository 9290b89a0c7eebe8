"""The network that ships is the one of the reference design's table, block by block."""

from __future__ import annotations

from pathlib import Path

from blocks.network import find_network
from config.settings import load_settings
from farm.settings import FarmSettings

ROOT = Path(__file__).resolve().parents[2]
AS_AUTHORS = {"preres": "inpipe", "postres": "outpipe"}


def test_cores_are_those_of_the_table(reference) -> None:
    ours, theirs = find_network("resnet50").cores(), reference.network.cores()
    assert [AS_AUTHORS.get(name, name) for name in ours] == list(theirs)
    assert [core.name for core in ours.values()] == [core.name for core in theirs.values()]


def test_nineteen_blocks_and_eleven_cores() -> None:
    network = find_network("resnet50")
    assert len(network.cores()) == 19
    assert len({core.name for core in network.cores().values()}) == 11
    assert (network.last.classes, network.last.top) == (1000, 5)
    assert network.interval()[0] == 56448


def test_it_is_what_is_built_without_a_word() -> None:
    assert load_settings(ROOT, {"farm": FarmSettings}, []).network == "resnet50"
