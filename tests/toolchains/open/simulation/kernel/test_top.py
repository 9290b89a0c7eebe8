"""The top of a whole kernel: Verilator elaborates it with cores, memories and links, and no port is left open."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import needs
import pytest
from everyday import first

from blocks.core.graph import GraphCore
from blocks.core.rtl import render
from blocks.network import find_network
from blocks.parameter_memory.plan import memory_plans
from blocks.parameter_memory.rtl import FILE as MEMORY_FILE
from blocks.parameter_memory.rtl import render as render_memory
from integration.design import design_of
from integration.kernel_rtl.link import CONVERTER_FILES, FIFO_FILES, converter_core
from integration.kernel_rtl.top import kernel_top

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[5]
ACROSS = {"res2b": "slr2", "res3a": "slr2", "res3b": "slr1"}


def shell(text: str) -> str:
    """The first module of a text with its ports alone."""
    head = re.search(r"^module \w+ \(.*?^\);$", text, re.MULTILINE | re.DOTALL)
    assert head
    return f"`default_nettype none\n{head[0]}\nendmodule\n"


# Every simulation of `digits` elaborates the insides of the cores, which take ten times as long as all the rest.
CASES = {"three SLRs": (ACROSS, shell), "three SLRs, whole cores": (ACROSS, str), "one SLR": ({}, str)}


@pytest.mark.parametrize(("slrs", "part"), first(CASES.values(), 1), ids=CASES)
def test_the_top_of_digits_elaborates(
    slrs: dict[str, str], part: Callable[[str], str], netlist_models: tuple[Path, ...], tmp_path: Path
) -> None:
    verilator, network = needs.installed_verilator(), find_network("digits")
    files, texts = {*CONVERTER_FILES, *FIFO_FILES, MEMORY_FILE}, {"kernel": kernel_top(network, "kernel", slrs)}
    converters = [core for link in design_of(network).links if (core := converter_core(link))]
    for core in (*network.cores().values(), *converters):
        files |= set(core.sv_files())
        texts[core.name] = render(core).top if core in converters else part(render(core).top)
        if isinstance(core, GraphCore):
            texts |= {plan.module: render_memory(plan) for plan in memory_plans(core)}
    for name, text in texts.items():
        (tmp_path / f"{name}.sv").write_text(text)
    given = [*(ROOT / "blocks" / file for file in sorted(files)), *netlist_models]
    given += [tmp_path / f"{name}.sv" for name in texts]
    # Of a top's mistakes those count that join a wrong port or leave one open; the cores are linted elsewhere.
    quiet = ["-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wwarn-PINMISSING", "-Wwarn-WIDTH", "-Wwarn-IMPLICIT"]
    done = subprocess.run(
        [verilator.program, "--lint-only", *quiet, "--top-module", "kernel", *map(str, given)],
        capture_output=True, text=True, check=False, env={**os.environ, "VERILATOR_ROOT": str(verilator.root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "kernel.sv" not in done.stderr, done.stderr[-3000:]
