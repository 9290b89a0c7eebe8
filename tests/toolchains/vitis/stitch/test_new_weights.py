"""New weights: the netlist stays, its memories are filled anew, and nothing is synthesised."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from amd_machine import Machine

from blocks.network import find_network
from toolchains.vitis.render_scripts import toolchain_for
from toolchains.vitis.stitch.packaging import packaging_script
from toolchains.vitis.stitch.structural import structural_script

FOLDER = "build/digits/vitis-hw"


def filled(machine: Machine) -> dict[str, dict[str, str]]:
    """What the kernel's checkpoint holds, by the path of the cell."""
    with zipfile.ZipFile(machine.checkout / FOLDER / "stitch" / "digits.dcp") as checkpoint:
        found: dict[str, dict[str, str]] = json.loads(checkpoint.read("stand_in.json"))["contents"]
    return found


def beats_in(contents: dict[str, dict[str, str]], memory: str, depth: int) -> list[int]:
    """The beats of a memory of look-up tables: bit `b` of beat `d` is bit `d` of the table of bit `b`."""
    found = [0] * depth
    for path, values in contents.items():
        match = re.search(rf"/{memory}/inst/bit(\d+)$", path)
        table = int(values.get("INIT", "0'h0").partition("h")[2], 16) if match else 0
        for beat in range(depth):
            if match:
                found[beat] |= (table >> beat & 1) << int(match[1])
    return found


def image(machine: Machine, block: str, port: str) -> list[int]:
    """The beats of a parameter port, as `weights` has left them."""
    place = machine.checkout / FOLDER / "weights" / block
    entry = next(each for each in json.loads((place / "memories.json").read_text())["memories"] if each["port"] == port)
    data = (place / "memories.bin").read_bytes()[entry["offset"] : entry["offset"] + entry["bytes"]]
    size = entry["bytes"] // entry["depth"]
    return [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]


def test_the_kernel_s_memories_hold_the_images(built: Machine) -> None:
    contents = filled(built)
    for port in ("conv2a_weights", "conv2b_weights", "conv2c_thresholds"):
        wanted = image(built, "res2b", port)
        assert any(wanted)
        assert beats_in(contents, f"res2b_{port}_memory", len(wanted)) == wanted


def test_new_weights_run_no_synthesis(built: Machine, tmp_path_factory: pytest.TempPathFactory) -> None:
    machine = built.fork(tmp_path_factory.mktemp("weights"))
    before, synthesised = filled(machine), machine.tally()
    path = machine.checkout / "blocks" / "networks" / "digits" / "res2b.npz"
    trained = dict(np.load(path))
    trained["conv2a_weights_packed"] ^= 0xFF
    np.savez(path, **trained)
    printed = machine.doit("stitch", "network=digits", "target=hw")
    assert re.findall(r"^  run +(\S+)", printed, re.MULTILINE) == ["weights:res2b", "stitch:digits"]
    assert machine.tally() == synthesised
    after = filled(machine)
    changed = {cell for cell in before.keys() | after.keys() if before.get(cell) != after.get(cell)}
    assert changed
    assert all("/res2b_conv2a_weights_memory/" in cell for cell in changed)
    wanted = image(machine, "res2b", "conv2a_weights")
    assert beats_in(after, "res2b_conv2a_weights_memory", len(wanted)) == wanted


@pytest.mark.parametrize("style", ["ipi", "structural"])
def test_what_is_synthesised_knows_no_weights(style: str) -> None:
    toolchain = toolchain_for(find_network("digits"), "2022.2", "rtl")
    script = (packaging_script if style == "ipi" else structural_script)(toolchain.build.job)
    assert "synth_design" in script
    step = toolchain.step("netlist")
    assert not [item for item in step.inputs if "weights" in item.path or item.path.endswith(".bin")]
    after = toolchain.step("stitch")
    assert [item.path for item in after.inputs if item.path.endswith(".dcp")] == ["digits_empty.dcp"]


def test_one_module_for_each_width_and_depth() -> None:
    job = toolchain_for(find_network("resnet50"), "2022.2", "rtl").build.job
    shapes = {(memory.width_bits, memory.depth) for memory in job.memories}
    assert len(job.memory_plans) == len(shapes) < len(job.memories)
    assert {memory.module for memory in job.memories} == {plan.module for plan in job.memory_plans}
    script = packaging_script(job)
    assert all(script.count(f"synth_design -mode out_of_context -top {plan.module} ") == 1 for plan in job.memory_plans)


def test_the_contents_are_set_in_an_open_checkpoint(built: Machine) -> None:
    script = (Path(built.checkout) / FOLDER / "stitch" / "contents.tcl").read_text()
    assert "open_checkpoint digits_empty.dcp" in script
    assert "synth_design" not in script
    assert "launch_runs" not in script
