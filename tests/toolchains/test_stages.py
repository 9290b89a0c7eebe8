"""A stage says what it needs, stands in the flow, and is in one file; nobody else knows a toolchain by name."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.network import find_network
from config.settings import Settings
from integration.platform import find_platform
from toolchains.choose import CHOICES, TOOLCHAINS
from toolchains.common.build import Build
from toolchains.open.toolchain import toolchain_of as open_toolchain
from toolchains.toolchain import Toolchain
from toolchains.vitis.render_scripts import toolchain_for

ROOT = Path(__file__).resolve().parents[2]
FLOW = re.findall(r'^ +Task\("(\w+)"', (ROOT / "dodo.py").read_text(), re.MULTILINE)


def toolchains() -> dict[str, Toolchain]:
    network, platform = find_network("digits"), find_platform("u250")
    build = Build("open", ROOT, network, platform, "sw_emu", 250.0, Settings.defaults())
    return {
        "open": open_toolchain(build),
        "simulated": open_toolchain(replace(build, target="hw_emu")),
        "rtl": toolchain_for(network, "2022.2", "rtl"),
        "hls": toolchain_for(network, "2022.2", "hls"),
    }


def test_every_stage_stands_in_the_flow_and_nothing_else_does() -> None:
    found = {stage for toolchain in toolchains().values() for stage in toolchain.places}
    assert sorted(FLOW) == sorted(found)


def test_a_need_comes_earlier_in_the_flow_or_is_made_on_request() -> None:
    """Up to the xclbin the page is in the order in which data flows."""
    last = FLOW.index("link")
    for toolchain in toolchains().values():
        for name in FLOW[: last + 1]:
            for need in toolchain.stage(name).needs if name in toolchain.places else ():
                made_on_request = need == name or FLOW.index(need) > last
                assert FLOW.index(need) < FLOW.index(name) or made_on_request, (name, need)


@pytest.mark.parametrize("which", ["open", "simulated", "rtl", "hls"])
def test_a_stage_needs_the_stages_whose_outputs_its_steps_read_and_no_other(which: str) -> None:
    toolchain = toolchains()[which]
    made = {target: name for name in toolchain.places for item in toolchain.items(name) for target in item.step.targets}
    for name in toolchain.places:
        read = {made[source] for item in toolchain.items(name) for source in item.step.sources if source in made}
        unmade = [
            source
            for item in toolchain.items(name)
            for source in item.step.sources
            if source.startswith("build/") and source not in made
        ]
        assert unmade == []
        needs = set(toolchain.stage(name).needs)
        assert read - {name} <= needs, name
        # A need may be of another view, or of a stand-in; of the open toolchain each one is used.
        if which in ("open", "simulated"):
            assert needs - {name} == read - {name}, name


def test_a_toolchain_is_known_by_name_in_one_place() -> None:
    """Outside its room, and but for names of AMD's reports, which are called so by AMD."""
    files = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {
        name
        for name in files.split()
        if not name.startswith(
            ("tests/", "benchmarks/", "toolchains/vitis/", "reports/", "toolchains/hls_subset/", "docs/")
        )
        and re.search(r"\bvitis\b", (ROOT / name).read_text())
    }
    assert found == {"toolchains/choose.py"}
    assert (*TOOLCHAINS, "auto") == CHOICES
