from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("PYNQ4_PYTHON", "")

CODE = """
import runtime, pynq, numpy as np
assert pynq.__version__.startswith("4."), pynq.__version__
ol = pynq.Overlay("digits.xclbin")
fc = pynq.allocate((10, 16), dtype=np.int8, target=ol.bank0)
source = pynq.allocate((8, 8, 1), dtype=np.int8, target=ol.bank0)
result = pynq.allocate((3,), dtype=np.uint32, target=ol.bank0)
for buffer in (fc, source):
    buffer[:] = 1
    buffer.sync_to_device()
ol.digits_1.call(source, result, fc, 1)
result.sync_from_device()
print(result.tolist())
ol.free()
with runtime.Accelerator("digits.xclbin", fc_weights=np.ones((10, 16), np.int8)) as accelerator:
    print(accelerator.classify(np.ones((2, 8, 8, 1), np.uint8)).tolist())
"""


@pytest.mark.skipif(not PYTHON, reason="PYNQ4_PYTHON names no Python that has PYNQ 4")
def test_the_host_program_runs_on_pynq_4(build):
    path = build()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", CODE],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    row = [64 + 160 + 1000 + rank for rank in range(3)]
    assert done.stdout.splitlines() == [str(row), str([row, row])], done.stderr
