"""The two networks of general blocks that ship, through both emulations as a user runs them."""

from __future__ import annotations

import json
import re

import needs
import pytest
from flow_checkout import Checkout, copy_checkout

from blocks.core.graph import GraphCore
from blocks.network import find_network
from integration.fit.needs import FARTHEST_PERCENT

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]

# Training printed these (CHANGELOG.md): of 360 held-out digits.
RIGHT = {"digits_basic": 347, "digits_chain": 328}
WORD = {"digits_basic": "index", "digits_chain": "sum"}
FEW = """\
import sys
import numpy as np
import runtime
from benchmarks.held_out import expected_results
from blocks.dataset import held_out
from blocks.network import find_network
network = find_network(sys.argv[1])
images = held_out(network.dataset)[0][:4]
with runtime.Accelerator(sys.argv[2]) as accelerator:
    found = accelerator.results(images)
    cycles = accelerator.statistics().interval_cycles
print("equal" if (found == expected_results(network, images)).all() else "different", cycles, network.interval()[0])
"""


@pytest.fixture(scope="module", params=sorted(RIGHT))
def shipped(request, tmp_path_factory) -> tuple[Checkout, str]:
    needs.installed_verilator()
    return copy_checkout(tmp_path_factory.mktemp(request.param) / "checkout"), request.param


def test_demo(shipped) -> None:
    checkout, name = shipped
    printed = checkout.doit("demo", f"network={name}")
    assert f"{RIGHT[name]} of 360 held-out images are right" in printed
    assert f"every {WORD[name]} equals the integer model's" in printed


def test_simulated(shipped) -> None:
    """Results of the whole kernel's RTL, and an interval of the slowest operator's cycles."""
    checkout, name = shipped
    checkout.doit("build", f"network={name}", "target=hw_emu")
    (checkout.folder / "few.py").write_text(FEW)
    printed = checkout.python("few.py", name, f"build/{name}/open-hw_emu/{name}.xclbin")
    said, interval, predicted = printed.strip().splitlines()[-1].split()
    assert said == "equal", printed
    assert int(predicted) * 0.9 <= float(interval) <= int(predicted) * 1.05


def check_synthesis(checkout: Checkout, name: str) -> None:
    """No path is doubtful, and every core takes what its formula says."""
    printed = checkout.doit("ooc", f"network={name}")
    cores = find_network(name).cores().values()
    for core in cores:
        assert re.search(rf"(?m)^{core.name}: ~[\d,]+ LUT", printed), core.name
        values = json.loads((checkout.folder / f"build/{name}/open-sw_emu/ooc/{core.name}/values.json").read_text())
        assert values["doubtful_at_250_mhz"] == [], core.name
        if isinstance(core, GraphCore):
            area = core.area()
            assert area.luts == pytest.approx(values["luts"], rel=FARTHEST_PERCENT / 100), core.name
            assert (area.bram_tiles, area.dsps) == (values["bram_tiles"], values["dsps"]), core.name


def test_synthesised(shipped) -> None:
    check_synthesis(*shipped)


def test_the_first_network_synthesised(tmp_path) -> None:
    """The formulas of `digits` too, which the README builds; its blocks are of the short forms."""
    needs.installed_verilator()
    check_synthesis(copy_checkout(tmp_path / "checkout"), "digits")


def test_blocks_alone_and_their_fifos(shipped) -> None:
    """`cosim` and `kernel`, then `doit fifos`: the depths it writes are read, and the network builds with them."""
    checkout, name = shipped
    checkout.doit("cosim", "kernel", f"network={name}", "target=hw_emu")
    printed = checkout.doit("fifos", f"network={name}", "target=hw_emu")
    assert f"written: blocks/networks/{name}.fifos.yaml" in printed
    assert re.search(r"mark \d+", printed)
    checkout.doit("list", f"network={name}")
