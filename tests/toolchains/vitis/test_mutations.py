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
from pathlib import Path

import pytest
from amd_chain import Chain
from amd_machine import LICENCE, Machine
from amd_mutations import Mutation

#: Kind and pattern of mistakes that no run can know for one, and why.
TOLERATED: tuple[tuple[str, str, str], ...] = (
    ("*", r"rename_ref -prefix_all", "one netlist of other names meets none of the same"),
    ("*", r"CONFIG\.FIFO_DEPTH|CONFIG\.Width|CONFIG\.REG_CONFIG", "an IP's own or another legal value"),
    ("swap", r"create_bd_port|create_bd_cell|make_bd_|farm_external|farm_cell", "the order of ports and cells is free"),
    ("number", r"sp=", "another bank of the same memory"),
    ("drop", r"report_dir=|temp_dir=|log_dir=", "v++'s own folders, which are looked into as well"),
    ("drop", r"ipx::add_file \S+_funcsim", "only simulators read it"),
    ("*", r"OUTSTANDING|MAX_BURST_LENGTH", "hints to the interconnect: legal with any value, or none"),
    ("drop", r"create_xgui_files", "the page for the GUI"),
    ("drop", r"set_property size 32", "a register without a size has the packager's own"),
    ("*", r"display_name|description|taxonomy|DONT_TOUCH", "words for people, and hints"),
)


def tolerated(script: str, mutation: Mutation) -> bool:
    """Whether the list knows the mistake."""
    return any(
        kind in ("*", mutation.kind) and re.search(pattern, f"{script}: {mutation}") for kind, pattern, _ in TOLERATED
    )


def check(chain: Chain, chosen: list[tuple[str, str, Mutation]], work: Path) -> list[str]:
    """Outcomes of mistakes; those that went through unknown are named. At least a third has to be refused."""
    outcomes: dict[tuple[str, Mutation], str] = {}
    for name, script in dict.fromkeys((name, script) for name, script, _ in chosen):
        mutations = [mutation for of, within, mutation in chosen if (of, within) == (name, script)]
        # One that is known to go through need not be followed to the end.
        found = chain.outcomes(name, script, mutations, work, lambda m, script=script: not tolerated(script, m))
        outcomes |= {(script, mutation): outcome for mutation, outcome in found}
    assert len(outcomes) == len(chosen)
    refused = sum(outcome not in ("", "same") for outcome in outcomes.values())
    assert refused >= len(chosen) / 3, outcomes
    return [f"{script}: {m}" for (script, m), outcome in outcomes.items() if not outcome and not tolerated(script, m)]


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
