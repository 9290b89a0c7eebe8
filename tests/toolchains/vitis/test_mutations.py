"""The stand-in's strictness: a small mistake in any command of a script is refused, by it or by what judges its run.

A mistake that its own step lets pass goes on through the rest of the build, as it would at a user's: a netlist without
prefixed names is refused where it meets another. What passes all of it and makes something else is listed in TOLERATED
with the reason why no tool could know better, or the test fails.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from amd_chain import Chain
from amd_machine import LICENCE, Machine
from amd_mutations import Mutation


@dataclass(frozen=True)
class Tolerated:
    """Mistakes with which AMD's tools make something equivalent: their script and kinds, a pattern, and why.

    `builds` is a pattern for release and view ("2022.2 hls").
    """

    script: str
    kinds: tuple[str, ...]
    pattern: str
    why: str
    builds: str = ""

    def knows(self, build: str, script: str, mutation: Mutation) -> bool:
        here = script == self.script and mutation.kind in self.kinds and re.search(self.builds, build)
        return bool(here and re.search(self.pattern, str(mutation)))


TOLERATED = (
    Tolerated(
        "export.tcl",
        ("word", "number"),
        r"'config_export ",
        "a name or number in the IP's VLNV: the flow takes the RTL out of the IP, and packages the netlist by its own",
    ),
    Tolerated(
        "ooc.tcl",
        ("twice", "word"),
        r"'rename_ref -prefix_all ",
        "modules have another prefix, which is no other core's either",
    ),
    Tolerated(
        "ooc.tcl",
        ("drop", "swap"),
        r"rename_ref -prefix_all ",
        "config_rtl -module_auto_prefix has put the same prefix before the names already (from 2020.1 on)",
        builds=r"^202\d.* hls$",
    ),
    Tolerated(
        "design.tcl", ("swap",), r"'create_bd_port .*\\ncreate_bd_port ", "ports of a block design have no order"
    ),
    Tolerated("design.tcl", ("swap",), r"'farm_cell .*\\nfarm_cell ", "cells of a block design have no order"),
    Tolerated(
        "kernel.tcl", ("swap",), r"bus_parameter .*\\n.*bus_parameter ", "parameters of an interface have no order"
    ),
    Tolerated(
        "kernel.tcl", ("drop",), r"'ipx::create_xgui_files ", "a page of Vivado's window: nobody sets this kernel there"
    ),
)


def tolerated(build: str, script: str, mutation: Mutation) -> bool:
    """Whether the list knows the mistake."""
    return any(each.knows(build, script, mutation) for each in TOLERATED)


def check(chain: Chain, chosen: list[tuple[str, str, Mutation]], work: Path) -> list[str]:
    """Outcomes of mistakes; those that went through unknown are named. At least a third has to be refused."""
    outcomes: dict[tuple[str, Mutation], str] = {}
    for name, script in dict.fromkeys((name, script) for name, script, _ in chosen):
        mutations = [mutation for of, within, mutation in chosen if (of, within) == (name, script)]
        # One that is known to go through need not be followed to the end.
        found = chain.outcomes(
            name, script, mutations, work, lambda m, script=script: not tolerated(chain.build, script, m)
        )
        outcomes |= {(script, mutation): outcome for mutation, outcome in found}
    assert len(outcomes) == len(chosen)
    refused = sum(outcome not in ("", "same") for outcome in outcomes.values())
    assert refused >= len(chosen) / 3, outcomes
    return [
        f"{script}: {m}"
        for (script, m), outcome in outcomes.items()
        if not outcome and not tolerated(chain.build, script, m)
    ]


SEED = 7
SAMPLE = 12


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Callable[[Machine], Machine]:
    """Lets steps that the test runs itself find a machine's tools."""

    def found(machine: Machine) -> Machine:
        for name in [name for name in os.environ if name.startswith("XILINX")]:
            monkeypatch.delenv(name)
        for name, value in {**LICENCE, "XILINX_XRT": str(machine.tools / "xrt")}.items():
            monkeypatch.setenv(name, value)
        return machine

    return found


def test_a_sample_of_mistakes_is_refused(built: Machine, tools: Callable[[Machine], Machine], tmp_path: Path) -> None:
    chain = Chain(tools(built), "rtl", tmp_path / "good")
    every = [(name, script, m) for name, script in chain.scripts() for m in chain.mutations(name, script, SEED, 1, 1)]
    assert check(chain, random.Random(SEED).sample(every, SAMPLE), tmp_path / "work") == []


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("view", ["hls", "rtl"])
@pytest.mark.parametrize("release", ["2019.2", "2022.2", "2024.2", "2025.1"])
def test_every_mistake_is_refused(
    built: Machine, tools: Callable[[Machine], Machine], release: str, view: str, tmp_path: Path
) -> None:
    # The steps that know nothing of the release are those of the other build.
    machine = tools(built.fork(tmp_path, release))
    machine.doit("link", "network=digits", "target=hw", f"vitis.view={view}", timeout_s=1500)
    chain = Chain(machine, view, tmp_path / "good")
    every = [(name, script, m) for name, script in chain.scripts() for m in chain.mutations(name, script, SEED, 1, 2)]
    assert check(chain, every, tmp_path / "work") == []
