"""Tools that do not say that they are stand-ins are taken for AMD's: nothing is slipped into what they link."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from amd_machine import make_machine

from runtime.formats import xclbin
from runtime.formats.header import Kind


@pytest.mark.slow
def test_a_build_from_network_to_xclbin(sources: Path, tmp_path: Path, xrt_agrees) -> None:
    here = make_machine(tmp_path, "2022.2", sources)
    marks = list(here.tools.rglob("STAND_IN"))
    assert marks
    for mark in marks:
        mark.unlink()
    # Real tools take more than a small machine has.
    room = ("network=digits", "farm.cores=8", "farm.memory_gib=64")
    for target in ("hw_emu", "hw"):
        here.doit("build", f"target={target}", *room)
        path = here.checkout / f"build/digits/vitis-{target}/digits.xclbin"
        xrt_agrees(path)
        file = xclbin.read(path)
        assert file.section(Kind.EMULATION_DATA) is None
        assert set(file.emulation) == {"fc_weights"}
        # 10 classes of 128 channels.
        assert np.frombuffer(file.emulation["fc_weights"], np.int8).size == 1280
        assert not file.tail
        words = [sys.executable, "-m", "runtime", "info", str(path)]
        done = subprocess.run(
            words, cwd=here.checkout, env=here.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "fc_weights" in done.stdout
