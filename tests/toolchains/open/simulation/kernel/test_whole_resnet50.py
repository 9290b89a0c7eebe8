"""The reference design, whole, in each of its foldings: a recorded photograph, every block's tensor and the top 5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flow_checkout import copy_checkout
from whole_kernel import Built, tensors

from blocks.network import find_network

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(7200)]

MOST_LATENCY_CYCLES = {"resnet50": 180_000, "resnet50_18816": 70_000}
MOST_INTERVAL_CYCLES = {"resnet50": 57_500, "resnet50_18816": 18_999}


@pytest.fixture(scope="module", params=MOST_INTERVAL_CYCLES)
def built(request, reference, tmp_path_factory: pytest.TempPathFactory) -> Built:
    name = request.param
    checkout = copy_checkout(tmp_path_factory.mktemp("whole") / "checkout")
    checkout.python("-m", "blocks.parameters", "import", str(reference.folder))
    process = checkout.start("-m", "doit", "-n", "2", "build", f"network={name}", "target=hw_emu")
    output, _ = process.communicate(timeout=7000)
    assert process.returncode == 0, output
    folder = checkout.folder / f"build/{name}/open-hw_emu"
    return Built(folder, find_network(name, checkout.folder / "blocks/networks"))


def test_the_recorded_photograph(built: Built, reference, tmp_path: Path) -> None:
    weights = reference.fc_weights().tobytes()
    found, statistics = built.run(reference.array("image")[None], record=tmp_path, weights=weights)
    np.testing.assert_array_equal(found[0], reference.array("outpipe_top5"))
    assert statistics["end"][0] <= MOST_LATENCY_CYCLES[built.network.name]
    for block, values in tensors(built.network, tmp_path, 1):
        if block != built.network.last.name:
            name = "inpipe" if block == "preres" else block
            np.testing.assert_array_equal(values[0], reference.tensor(f"{name}_out").reshape(-1), err_msg=block)


def test_four_images_keep_the_interval(built: Built, reference) -> None:
    picture = reference.array("image")
    pictures = np.ascontiguousarray([picture, picture[:, ::-1], picture[::-1], picture[::-1, ::-1]])
    _, statistics = built.run(pictures, weights=reference.fc_weights().tobytes())
    assert statistics["interval_cycles"] <= MOST_INTERVAL_CYCLES[built.network.name]
