"""The shipped networks of general blocks: the integer model's accuracy is what training printed."""

from __future__ import annotations

import pytest

from blocks.dataset import held_out
from blocks.network import find_network
from blocks.network_model import network_values, run_network


@pytest.mark.slow
@pytest.mark.parametrize(("name", "right"), [("digits_basic", 347), ("digits_chain", 328)])
def test_accuracy(name: str, right: int) -> None:
    network = find_network(name)
    images, labels = held_out(network.dataset)
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, images)[network.last.name].reshape(len(images), -1)
    best = found[:, 0] if network.results.indices else found.argmax(1)
    assert int((best == labels).sum()) == right
