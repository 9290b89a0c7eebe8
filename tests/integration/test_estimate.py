"""The estimate of a build: plain values that the reports read."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.network import find_network
from config.settings import Settings
from integration.context import BuildContext
from integration.estimate import estimate_of
from integration.platform import find_platform


def test_digits() -> None:
    network, platform = find_network("digits"), find_platform("u250")
    build = BuildContext(network, platform, Settings.defaults(), Path(), "open", {})
    estimate = json.loads(json.dumps(estimate_of(build), allow_nan=False))
    cycles, bottleneck = network.interval()
    slowest = max(estimate["blocks"], key=lambda block: block["interval_cycles"])
    assert slowest["interval_cycles"] == cycles
    # Of equals, the network names the last and the report the first.
    assert bottleneck.partition(".")[2] == slowest["bottleneck"]
    assert [block["block"] for block in estimate["blocks"]] == list(network.cores())
    assert estimate["blocks"][0]["area"] is None, "the DMA has no formulas"
    assert estimate["budget"]["total"]["luts"] == 1576074
    assert estimate["budget"]["slrs"]["slr0"]["urams"] == 320
