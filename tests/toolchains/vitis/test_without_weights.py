"""A network whose weights are all on chip: nothing in the scripts of its kernel is about weights in card memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from amd_machine import make_machine

from blocks.network import find_network
from toolchains.vitis.render_scripts import scripts

REGISTER = re.compile(r"ipx::add_register -quiet (\w+) \$block\]\nset_property address_offset (\w+)")
WEIGHTS = re.compile(r"weightsmem|gmem2")
NETWORK = "digits_chain"
CLASSIFIED = """
import sys, numpy as np, runtime
from blocks.dataset import held_out
from blocks.network import find_network
images, labels = held_out(find_network("digits_chain").dataset)
with runtime.Accelerator(sys.argv[1]) as accelerator:
    best = np.asarray(accelerator.classify(images))[:, 0]
print((best == labels).sum(), len(labels))
"""


@pytest.mark.parametrize("view", ["hls", "rtl"])
@pytest.mark.parametrize("release", ["2019.2", "2022.2", "2025.1"])
def test_scripts(release: str, view: str) -> None:
    texts = scripts(find_network(NETWORK), release, view)
    assert {path for path, text in texts.items() if WEIGHTS.search(text)} == set()
    registers = dict(REGISTER.findall(texts["stitch/kernel.tcl"]))
    # A pointer of 64 bits takes 12 bytes with its reserved word, from 0x10 on.
    assert {name: registers[name] for name in ("in_r", "out_r", "numReps")} == {
        "in_r": "0x010", "out_r": "0x01c", "numReps": "0x028",
    }  # fmt: skip
    options = texts["link/words.txt"] + texts.get("link/link.cfg", "")
    assert re.findall(r"digits_chain_1\.(\w+):", options) == ["in_r", "out_r"]


@pytest.mark.parametrize("view", ["hls", "rtl"])
def test_the_words_are_those_of_a_kernel_with_weights(view: str) -> None:
    """Otherwise the test above would find nothing in any kernel."""
    texts = scripts(find_network("digits"), "2022.2", view)
    found = {path for path, text in texts.items() if WEIGHTS.search(text)}
    assert found >= {"stitch/package.tcl", "stitch/design.tcl", "stitch/kernel.tcl", "link/link.cfg"}
    assert dict(REGISTER.findall(texts["stitch/kernel.tcl"]))["numReps"] == "0x034"


@pytest.mark.nightly
@pytest.mark.slow
def test_it_classifies_on_the_stand_in(sources: Path, tmp_path: Path) -> None:
    machine = make_machine(tmp_path, "2022.2", sources)
    machine.doit("build", f"network={NETWORK}", "target=hw")
    done = subprocess.run(
        [sys.executable, "-c", CLASSIFIED, f"build/{NETWORK}/vitis-hw/{NETWORK}.xclbin"],
        cwd=machine.checkout, env={k: v for k, v in machine.environment.items() if k != "XILINX_XRT"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["328", "360"]  # the figure of its training script, printed by the integer model
