"""Blocks joined to a design, and the interfaces of compiled cores against it: every kind of fault is found."""

from __future__ import annotations

import copy
from dataclasses import asdict
from itertools import pairwise

import pytest

from blocks.core.hls import render
from blocks.network import find_network
from integration.design import design_of
from integration.interfaces import check_interfaces


@pytest.fixture(scope="module")
def whole():
    """The design of digits and the interfaces of its cores, as compiled cores report them."""
    network = find_network("digits")
    interfaces = {
        core.name: {"core": core.name, "ports": [asdict(port) for port in render(core).ports]}
        for core in network.cores().values()
    }
    return design_of(network).describe(), interfaces


@pytest.fixture
def design(whole):
    return copy.deepcopy(whole[0])


@pytest.fixture
def interfaces(whole):
    return copy.deepcopy(whole[1])


def core_of(design, block: str) -> str:
    return next(entry["core"] for entry in design["instances"] if entry["name"] == block)


def port_of(design, interfaces, block: str, port: str) -> dict:
    return next(each for each in interfaces[core_of(design, block)]["ports"] if each["name"] == port)


def test_a_ring_from_memory_to_memory(design) -> None:
    order = ["inoutdma", "preres", "res2a", "res2b", "res3a", "res3b", "postres", "inoutdma"]
    ends = [(link["source"]["instance"], link["sink"]["instance"]) for link in design["links"]]
    assert ends[:6] == list(pairwise(order))[:6]
    assert ends[6:] == [("inoutdma", "postres"), ("postres", "inoutdma")]
    assert [entry["name"] for entry in design["instances"]] == order[:-1]


def test_converters_stand_where_lanes_differ(design) -> None:
    for link in design["links"]:
        assert link["source"]["bits"] == link["sink"]["bits"]
        assert link["converts"] == (link["source"]["lanes"] != link["sink"]["lanes"])
        assert link["depth"] >= 2
    converted = [link["sink"]["instance"] for link in design["links"] if link["converts"]]
    # 32 lanes of the stem into 8 of res2a; 16 each into 16 each; DMA and head agree.
    assert converted == ["res2a"]


def test_nothing_wrong(design, interfaces) -> None:
    assert check_interfaces(design, interfaces) == []


def test_width(design, interfaces) -> None:
    port_of(design, interfaces, "res2b", "input_r")["width_bits"] += 1
    assert check_interfaces(design, interfaces) == ["res2b.input_r: 65 bits wide, the design needs 64"]


def test_direction(design, interfaces) -> None:
    port_of(design, interfaces, "res2b", "output_r")["direction"] = "in"
    assert check_interfaces(design, interfaces) == ["res2b.output_r: the port's direction is in, the design needs out"]


def test_port_missing(design, interfaces) -> None:
    port_of(design, interfaces, "postres", "fc_weights")["name"] = "fcweights"
    first, second = check_interfaces(design, interfaces)
    assert first == f"postres.fc_weights: core {core_of(design, 'postres')} has no such port"
    assert second == "postres.fcweights: joined 0 times instead of once"


def test_link_missing(design, interfaces) -> None:
    del design["links"][2]
    assert check_interfaces(design, interfaces) == [
        "res2a.output_r: joined 0 times instead of once", "res2b.input_r: joined 0 times instead of once",
    ]  # fmt: skip


def test_two_producers(design, interfaces) -> None:
    design["links"].append(copy.deepcopy(design["links"][2]))
    assert check_interfaces(design, interfaces) == [
        "res2a.output_r: joined 2 times instead of once", "res2b.input_r: joined 2 times instead of once",
    ]  # fmt: skip


def test_core_that_was_not_compiled(design, interfaces) -> None:
    del interfaces[core_of(design, "res3a")]
    faults = check_interfaces(design, interfaces)
    assert any(core_of(design, "res3a") in fault and "res3a" in fault for fault in faults)


def test_link_to_an_instance_that_is_not_there(design, interfaces) -> None:
    design["links"][1]["sink"]["instance"] = "res9z"
    assert any("res9z" in fault for fault in check_interfaces(design, interfaces))


def test_all_faults_at_once(design, interfaces) -> None:
    port_of(design, interfaces, "res2b", "input_r")["width_bits"] = 1
    port_of(design, interfaces, "res3a", "output_r")["direction"] = "in"
    del design["links"][-1]
    assert len(check_interfaces(design, interfaces)) == 4
