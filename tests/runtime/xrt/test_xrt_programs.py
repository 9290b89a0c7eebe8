"""Host programs on AMD's genuine XRT, with the emulated card behind it: C++, OpenCL and PYNQ's own device.

Results are arithmetic on the payload of `tests/runtime/conftest.py`: a result is the sum of the image's bytes, of the
weights and 1000, and the second and third of an image are one and two more.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from flow_checkout import copy_checkout
from xrt_hosts import classes, ends, expected

from benchmarks.held_out import expected_results
from blocks.dataset import held_out
from blocks.network import find_network
from runtime.formats import xclbin

pytestmark = pytest.mark.usefixtures("nothing_is_left")
PYNQ_HOST = """
import sys
import numpy as np
import pynq
images = np.fromfile(sys.argv[3], np.uint8).reshape(-1, 8, 8, 1)
for path in sys.argv[1:3]:
    ol = pynq.Overlay(path)
    assert type(ol.device).__name__ == "XrtDevice", ol.device
    weights = pynq.allocate((10, 16), dtype=np.int8, target=ol.bank0)
    weights[:] = np.fromfile(sys.argv[4], np.int8).reshape(10, 16)
    weights.sync_to_device()
    given = pynq.allocate(images.shape, dtype=np.uint8, target=ol.bank0)
    given[:] = images
    given.sync_to_device()
    best = pynq.allocate((len(images), 3), dtype=np.uint32, target=ol.bank0)
    ol.digits_1.call(given, best, weights, len(images))
    best.sync_from_device()
    for row in best:
        print("class", row[0])
"""


@pytest.mark.slow
def test_three_kinds_of_programs_at_once(build, native, opencl, launch, given, tmp_path):
    """One run each, at once: XRT's own waits are most of the time. PYNQ's program loads a second file after the first:
    XRT then frees the first one's buffers at addresses of the second one's.
    """
    pytest.importorskip("pynq")
    file, other, script = build(), build("other.xclbin", bias=2000), tmp_path / "host.py"
    script.write_text(PYNQ_HOST)
    runs = [
        launch("--", native, file, *given),
        launch("--", opencl, file, *given),
        launch("--", sys.executable, script, file, other, given[1], given[2]),
    ]
    once = expected(given)
    for run, found in zip(runs, (once, once, once + [each + 1000 for each in once]), strict=True):
        output, errors = ends(run)
        assert classes(output) == found, output + errors
        assert "error" not in output + errors
    assert not Path(sys.executable).resolve().with_name("emulation_debug.log").exists()


@pytest.mark.slow
def test_without_user_and_unzip(build, native, launch, given, tmp_path):
    """XRT calls chmod and unzip by name. All that it finds here is chmod, and our word for unzip."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "chmod").symlink_to(shutil.which("chmod"))
    run = launch("--", native, build(), *given, PATH=str(programs), USER="")
    output, errors = ends(run)
    assert classes(output) == expected(given), output + errors


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_hundred_programs(build, native, opencl, launch, given):
    """One after the other, and then eight at once. XRT itself takes 10 s of each."""
    file = build()
    for number in range(100):
        output, errors = ends(launch("--", opencl if number % 4 == 3 else native, file, *given))
        assert classes(output) == expected(given), f"{number}: {output}{errors}"
    runs = [launch("--", opencl if number % 2 else native, file, *given) for number in range(8)]
    for run in runs:
        output, errors = ends(run)
        assert classes(output) == expected(given), output + errors


@pytest.mark.nightly
@pytest.mark.parametrize("target", ["sw_emu", "hw_emu"])
def test_held_out_digits(digits_simulated, native, launch, monkeypatch, tmp_path, target):
    """Both targets' files of a real build: the classes of the integer model, and of all 360 digits 357 right."""
    monkeypatch.setenv("XDG_DATA_HOME", str(digits_simulated / "data"))
    file = digits_simulated / f"checkout/build/digits/open-{target}/digits.xclbin"
    network = find_network("digits")
    images, labels = held_out(network.dataset)
    count = len(images) if target == "sw_emu" else 8
    images[:count].tofile(tmp_path / "images.bin")
    (tmp_path / "weights.bin").write_bytes(xclbin.read(file).emulation["fc_weights"])
    run = launch("--", native, file, "digits", tmp_path / "images.bin", tmp_path / "weights.bin", 64, 3)
    output, errors = ends(run)
    assert classes(output) == expected_results(network, images[:count])[:, 0].tolist(), output + errors
    if target == "sw_emu":
        assert sum(found == label for found, label in zip(classes(output), labels, strict=True)) == 357
    else:
        assert re.search(r"note: the kernel took [\d,]+ cycles for the last call, 8 images", errors)


@pytest.mark.nightly
def test_a_kernel_without_weights(native, opencl, launch, monkeypatch, tmp_path):
    """Training printed 347 of 360 (CHANGELOG.md); the programs give no weights, because the kernel takes none."""
    checkout = copy_checkout(tmp_path / "checkout")
    checkout.doit("build", "network=digits_basic")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    images, labels = held_out(find_network("digits_basic").dataset)
    images.tofile(tmp_path / "images.bin")
    file = checkout.folder / "build/digits_basic/open-sw_emu/digits_basic.xclbin"
    for program in (native, opencl):
        output, errors = ends(launch("--", program, file, "digits_basic", tmp_path / "images.bin", "-", 64, 3))
        found = classes(output)
        assert sum(one == label for one, label in zip(found, labels, strict=True)) == 347, output + errors
