"""General networks through both emulations: classes and numbers equal an interpreter that speaks of values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
import topologies
from flow_checkout import Checkout, copy_checkout
from layer_interpreter import Interpreter

from blocks.network import Network, read_network
from blocks.parameters.recipes import drawn_arrays

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]

IMAGES = 4
RUN = """\
import sys
import numpy as np
import runtime
images, file, out = sys.argv[1:]
with runtime.Accelerator(file) as accelerator:
    np.save(out, accelerator.results(np.load(images)))
"""


@dataclass(frozen=True)
class Prepared:
    """A checkout with a network, its drawn parameters and images, and what the interpreter says of them."""

    checkout: Checkout
    network: Network
    images: np.ndarray
    expected: np.ndarray

    def run(self, target: str) -> np.ndarray:
        """Build for a target, and give the results of the emulated card."""
        name, folder = self.network.name, self.checkout.folder
        self.checkout.doit("build", f"network={name}", f"target={target}")
        np.save(folder / "images.npy", self.images)
        (folder / "run.py").write_text(RUN)
        self.checkout.python("run.py", "images.npy", f"build/{name}/open-{target}/{name}.xclbin", "out.npy")
        return np.load(folder / "out.npy")


@pytest.fixture(scope="module", params=["small", "every_layer", "oblong", "resnet8", "resnet18"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    needs.installed_verilator()
    checkout = copy_checkout(tmp_path_factory.mktemp(request.param) / "checkout")
    place = checkout.folder / "blocks" / "networks"
    name = request.param if request.param != "every_layer" else "every"
    (place / f"{name}.yaml").write_text(getattr(topologies, request.param)())
    network = read_network(place / f"{name}.yaml")
    (place / name).mkdir()
    image = network.image
    for seed in range(20, 60):  # with some values all images have the same results, so equality would show little
        rng = np.random.default_rng(seed)
        arrays = {block.name: drawn_arrays(block.recipes(), rng) for block in network.blocks}
        images = rng.integers(0, 256, (IMAGES, image.height, image.width, image.channels)).astype(np.uint8)
        expected = Interpreter(place / f"{name}.yaml", arrays).run(images)[network.last.name].reshape(IMAGES, -1)
        if len(np.unique(expected, axis=0)) > 1:
            break
    else:
        pytest.fail("no values tell the images apart")
    for block, values in arrays.items():
        np.savez(place / name / f"{block}.npz", **values)
    return Prepared(checkout, network, images, expected)


@pytest.mark.parametrize("target", ["sw_emu", "hw_emu"])
def test_results_equal_the_interpreter(prepared: Prepared, target: str) -> None:
    found = prepared.run(target).astype(np.int64).reshape(IMAGES, -1)
    assert found.tolist() == prepared.expected.tolist()


def test_blocks_alone(prepared: Prepared, tmp_path: Path) -> None:
    """`cosim` of every block: three runs each with stalls, equal to the model, and the FIFOs within their bounds."""
    if prepared.network.name == "resnet18":
        pytest.skip("its cores are those of other sizes")
    output = prepared.checkout.doit("cosim", f"network={prepared.network.name}", "target=hw_emu")
    for block in prepared.network.blocks:
        assert f"{block.name}: " in output
