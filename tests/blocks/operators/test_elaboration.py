"""Yosys gets through the widest shapes of the networks: what grows with the square of a width would take it hours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BLOCKS = Path(__file__).resolve().parents[3] / "blocks"
MOST_S = 120
"""Elaborating it takes a second or two. In the square of its width it took more than ten minutes."""


@pytest.mark.slow
def test_the_converter_behind_the_stem_of_resnet50_elaborates(tmp_path: Path) -> None:
    """1,024 sums of 24 bits leave as 32 beats of 768 bits."""
    script = tmp_path / "wide.ys"
    script.write_text(
        f"read_verilog -sv {BLOCKS}/operators/farm_stream.sv {BLOCKS}/operators/width_converter/width_converter.sv\n"
        "chparam -set WIDTH 768 -set RATIO 32 -set INPUT_HELD 1 farm_narrow\n"
        "hierarchy -check -top farm_narrow\n"
    )
    command = [sys.executable, "-m", "toolchains.open.synthesis.yosys", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
