"""Host programs on AMD's genuine XRT, with the emulated card behind it: C++, OpenCL and PYNQ's own device.

Results are arithmetic on the payload of `tests/runtime/conftest.py`: a result is the sum of the image's bytes, of the
weights and 1000, and the second and third of an image are one and two more.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BIAS = 1000
IMAGE_BYTES, CLASSES = 64, 3
PYNQ_HOST = """
import sys
import numpy as np
import pynq
images = np.fromfile(sys.argv[2], np.uint8).reshape(-1, 8, 8, 1)
ol = pynq.Overlay(sys.argv[1])
assert type(ol.device).__name__ == "XrtDevice", ol.device
weights = pynq.allocate((10, 16), dtype=np.int8, target=ol.bank0)
weights[:] = np.fromfile(sys.argv[3], np.int8).reshape(10, 16)
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


@pytest.fixture()
def given(tmp_path) -> list[object]:
    """Arguments behind the xclbin: kernel, images, weights, sizes."""
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (5, IMAGE_BYTES), np.uint8)
    weights = random.integers(-128, 128, 160, np.int8)
    images.tofile(tmp_path / "images.bin")
    weights.tofile(tmp_path / "weights.bin")
    return ["digits", tmp_path / "images.bin", tmp_path / "weights.bin", IMAGE_BYTES, CLASSES]


def expected(given) -> list[int]:
    sums = np.fromfile(given[1], np.uint8).reshape(-1, IMAGE_BYTES).sum(axis=1, dtype=np.int64)
    return [int(each) for each in sums + np.fromfile(given[2], np.int8).sum(dtype=np.int64) + BIAS]


def classes(output: str) -> list[int]:
    return [int(line.split()[1]) for line in output.splitlines() if line.startswith("class ")]


def ends(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == status, output + errors
    return output, errors


def left_behind() -> set[Path]:
    """Folders and processes of runs, and XRT's log beside the interpreter."""
    found = set(Path("/tmp").glob("dataflow-farm-xrt-*"))
    found |= {log for log in [Path(sys.executable).resolve().with_name("emulation_debug.log")] if log.exists()}
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if b"DATAFLOW_FARM_XRT_CONTROL=" in environment.read_bytes():
                found.add(environment)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = left_behind()
    yield
    assert left_behind() <= before


@pytest.mark.slow
def test_three_kinds_of_programs_at_once(build, native, opencl, launch, given, tmp_path):
    """One run each, at once: XRT's own waits are most of the time."""
    pytest.importorskip("pynq")
    file, script = build(), tmp_path / "host.py"
    script.write_text(PYNQ_HOST)
    runs = [
        launch("--", native, file, *given),
        launch("--", opencl, file, *given),
        launch("--", sys.executable, script, file, given[1], given[2]),
    ]
    for run in runs:
        output, errors = ends(run)
        assert classes(output) == expected(given), output + errors
        assert "error" not in output + errors
