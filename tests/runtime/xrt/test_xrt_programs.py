"""Host programs on AMD's genuine XRT, with the emulated card behind it: C++, OpenCL and PYNQ's own device.

Results are arithmetic on the payload of `tests/runtime/conftest.py`: a result is the sum of the image's bytes, of the
weights and 1000, and the second and third of an image are one and two more.
"""

from __future__ import annotations

import sys

import pytest
from xrt_hosts import classes, ends, expected

pytestmark = pytest.mark.usefixtures("nothing_is_left")
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
